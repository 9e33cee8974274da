"""The last-layer posterior against a brute-force Jacobian, against sampling, and in the ways it must refuse.  # tests _curvature.py"""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from aquarius.aql import LaplacianUncertainty, mutual_information
from aquarius.core import BadInput


def case(rows: int = 40, width: int = 5, classes: int = 4, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Features [M, d], the head's weight [C, d] and logits [M, C], in double precision."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(rows, width, generator=generator, dtype=torch.float64)
    weight = torch.randn(classes, width, generator=generator, dtype=torch.float64)
    return features, weight, features @ weight.T


def ranks(values: Tensor) -> Tensor:
    return values.argsort().argsort().double()


def spearman(one: Tensor, other: Tensor) -> float:
    return float(torch.corrcoef(torch.stack([ranks(one), ranks(other)]))[0, 1])


def gauss_newton(features: Tensor, logits: Tensor) -> Tensor:
    """Σ_n J_nᵀ Λ_n J_n over the head's weights [C·d, C·d], J by autograd."""
    classes, width = logits.shape[1], features.shape[1]
    total = torch.zeros(classes * width, classes * width, dtype=torch.float64)
    for phi, z in zip(features, logits, strict=True):
        jacobian = torch.autograd.functional.jacobian(
            lambda w, phi=phi: w.reshape(classes, width) @ phi, torch.zeros(classes * width).double()
        )
        p = z.softmax(0)
        total += jacobian.T @ (torch.diag(p) - torch.outer(p, p)) @ jacobian
    return total


def test_the_diagonal_form_equals_brute_force() -> None:
    features, _, logits = case()
    own = LaplacianUncertainty(form="diagonal", decay=None, prior=0.7)
    own.update_fisher(logits[:25], features[:25])
    own.update_fisher(logits[25:], features[25:])
    posterior = torch.diag(1 / (gauss_newton(features, logits).diagonal() + 0.7))
    got = own.logit_variance(features[:6])
    for row, phi in enumerate(features[:6]):
        jacobian = torch.kron(torch.eye(4).double(), phi.unsqueeze(0))
        variance = jacobian @ posterior @ jacobian.T
        assert torch.allclose(got[row], variance.diagonal(), rtol=1e-6, atol=0)
        p = logits[row].softmax(0)
        expected = 0.5 * torch.trace((torch.diag(p) - torch.outer(p, p)) @ variance)
        assert float(own.estimate(logits[:6], features[:6]).epistemic[row]) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("samples", [None, 1000])
def test_the_kronecker_form_equals_its_dense_posterior(samples: int | None) -> None:
    features, _, logits = case()
    own = LaplacianUncertainty(form="kronecker", decay=None, prior=2.0, samples=samples)
    own.update_fisher(logits, features)
    p = logits.softmax(-1)
    a = features.T @ features / 40
    g = (torch.diag_embed(p) - p.unsqueeze(2) * p.unsqueeze(1)).mean(0)
    posterior = torch.linalg.inv((samples or 40) * torch.kron(g, a) + 2.0 * torch.eye(20))
    got = own.estimate(logits, features)
    for row in range(6):
        jacobian = torch.kron(torch.eye(4).double(), features[row].unsqueeze(0))
        variance = jacobian @ posterior @ jacobian.T
        curvature = torch.diag(p[row]) - torch.outer(p[row], p[row])
        assert float(got.variance[row]) == pytest.approx(float(variance.trace()), rel=1e-8)
        assert float(got.epistemic[row]) == pytest.approx(0.5 * float((curvature @ variance).trace()), rel=1e-8)
        assert torch.allclose(own.logit_variance(features)[row], variance.diagonal(), rtol=1e-8)


def test_the_kronecker_trace_holds_in_single_precision() -> None:
    features, _, logits = case(rows=300, width=12, classes=7)
    exact, single = (LaplacianUncertainty(form="kronecker", decay=None) for _ in range(2))
    exact.update_fisher(logits, features)
    single.update_fisher(logits.float(), features.float())
    wanted, got = exact.estimate(logits, features).variance, single.estimate(logits.float(), features.float()).variance
    assert torch.allclose(got.double(), wanted, rtol=1e-2, atol=0)


@pytest.mark.parametrize("form", ["diagonal", "kronecker"])
def test_the_epistemic_score_ranks_as_sampled_disagreement_does(form: str) -> None:
    features, weight, _ = case(rows=200, width=6, classes=5, seed=3)
    weight = weight * 0.4
    logits = features @ weight.T
    own = LaplacianUncertainty(form=form, decay=None, prior=1.0)  # type: ignore[arg-type]
    own.update_fisher(logits, features)
    noise = torch.randn(400, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    factors = own._curvature.factors(10)
    if form == "diagonal":
        moved = weight + noise * factors[0].sqrt()
    else:
        variances, q, r = factors
        moved = weight + r @ (noise * variances.T.sqrt()) @ q.T
    sampled = mutual_information(torch.einsum("scd,md->smc", moved, features).softmax(-1))
    assert spearman(own.estimate(logits, features).epistemic, sampled) >= 0.9


def test_a_decay_is_the_exponential_average_of_the_formulas() -> None:
    features, _, logits = case(rows=60)
    own = LaplacianUncertainty(form="diagonal", decay=0.9, prior=1.0)
    for start in (0, 20, 40):
        own.update_fisher(logits[start : start + 20], features[start : start + 20])
    p = logits.softmax(-1)
    means = [(p * (1 - p))[start : start + 20].T @ features[start : start + 20].square() / 20 for start in (0, 20, 40)]
    average = (0.81 * means[0] + 0.9 * means[1] + means[2]) / (0.81 + 0.9 + 1)
    count = 20 * (0.81 + 0.9 + 1)
    assert own.monitor()["positions"] == pytest.approx(count)
    assert torch.allclose(own.logit_variance(features[:3]), features[:3].square() @ (1 / (count * average + 1)).T)


def test_a_score_that_ignores_the_fisher_is_seen() -> None:
    """A direction that training has seen a thousand times is known; one it never saw is not, at equal probabilities and norms."""
    own = LaplacianUncertainty(form="kronecker", decay=None)
    seen, unseen = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 3.0]])
    own.update_fisher(torch.randn(1000, 3, generator=torch.Generator().manual_seed(0)), seen.expand(1000, 2))
    logits = torch.tensor([[1.0, 0.5, 0.0]])
    known, unknown = own.estimate(logits, seen), own.estimate(logits, unseen)
    assert float(unknown.epistemic) > 50 * float(known.epistemic)
    assert float(unknown.aleatoric) == pytest.approx(float(known.aleatoric))  # what a score of probabilities alone would say


@pytest.mark.parametrize("form", ["diagonal", "kronecker", "leverage"])
def test_language_model_logits_are_classes_last(form: str) -> None:
    generator = torch.Generator().manual_seed(2)
    features, logits = torch.randn(3, 8, 6, generator=generator), torch.randn(3, 8, 5, generator=generator)
    labels = torch.zeros(3, 8, dtype=torch.long)
    labels[1, 4:] = -100
    whole, flat = (LaplacianUncertainty(form=form, decay=None) for _ in range(2))  # type: ignore[arg-type]
    whole.update_fisher(logits, features, labels)
    keep = labels.flatten() != -100
    flat.update_fisher(logits.flatten(0, 1)[keep], features.flatten(0, 1)[keep])
    got, wanted = whole.estimate(logits, features, labels), flat.estimate(logits.flatten(0, 1), features.flatten(0, 1))
    assert whole.monitor()["positions"] == 20
    assert torch.allclose(got.epistemic.flatten(), wanted.epistemic, rtol=1e-5)
    assert got.probabilities.sum(-1).allclose(torch.ones(3, 8))  # softmax over dimension 1 would sum to 1 over positions
    assert torch.allclose(got.sample[1], got.epistemic[1, :4].mean())


def test_a_stride_uses_the_last_position_of_each_stretch() -> None:
    features, logits = torch.randn(2, 8, 3), torch.randn(2, 8, 4)
    own = LaplacianUncertainty(form="kronecker", stride=4)
    own.update_fisher(logits, features)
    assert own.monitor()["positions"] == 4
    assert torch.allclose(own.score(logits, features), own.estimate(logits, features).epistemic[:, [3, 7]].mean(1))


def test_half_precision_and_autocast_keep_single_precision_sums() -> None:
    features, _, logits = case(rows=64, width=16, classes=6)
    half, cast, plain = (LaplacianUncertainty(form="kronecker", decay=None) for _ in range(3))
    plain.update_fisher(logits.float(), features.float())
    half.update_fisher(logits.bfloat16(), features.bfloat16())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast.update_fisher(logits.float(), features.float())
        scores = cast.score(logits.float(), features.float())
    wanted = plain.score(logits.float(), features.float())
    assert torch.equal(scores, wanted)
    assert half.score(logits.bfloat16(), features.bfloat16()).dtype == torch.float32
    assert torch.allclose(half.score(logits.bfloat16(), features.bfloat16()), wanted, rtol=0.1)


def test_the_form_follows_the_number_of_classes() -> None:
    small, large = LaplacianUncertainty(), LaplacianUncertainty()
    small.update_fisher(torch.randn(4, 10), torch.randn(4, 3))
    large.update_fisher(torch.randn(4, 1025), torch.randn(4, 3))
    assert small.state_dict()["form"] == "kronecker" and large.state_dict()["form"] == "leverage"
    assert set(large.state_dict()["sums"]) == {"A"}
    assert large.estimate(torch.randn(4, 1025), torch.randn(4, 3)).epistemic.shape == (4,)
    with pytest.raises(BadInput, match="no variance per class"):
        large.logit_variance(torch.randn(4, 3))


def test_leverage_times_gini_is_the_formula() -> None:
    features, _, logits = case()
    own = LaplacianUncertainty(form="leverage", decay=None)
    own.update_fisher(logits, features)
    a = features.T @ features / 40
    inverse = torch.linalg.inv(a + 1e-3 * a.trace() / 5 * torch.eye(5))
    wanted = torch.einsum("mi,ij,mj->m", features, inverse, features) * (1 - logits.softmax(-1).square().sum(-1))
    assert torch.allclose(own.score(logits, features), wanted)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(6, 11, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.dropout(self.embedding(tokens)))


def test_a_tied_head_predicts_and_keeps_every_mode() -> None:
    model = Tied()
    own = LaplacianUncertainty(model)
    tokens = torch.arange(10).reshape(2, 5)
    own.update_fisher(model(tokens))
    model.embedding.eval()
    modes = [module.training for module in model.modules()]
    got = own.predict(tokens)
    assert [module.training for module in model.modules()] == modes and model.dropout.training
    assert got.predictions.shape == (2, 5) and got.sample.shape == (2,)
    assert torch.equal(own.predict(tokens).epistemic, got.epistemic)  # dropout was off


def test_a_bias_counts_as_a_feature_of_one() -> None:
    model = nn.Sequential(nn.Linear(3, 4))
    own, given = LaplacianUncertainty(model, form="diagonal"), LaplacianUncertainty(form="diagonal")
    x = torch.randn(6, 3)
    logits = model(x)
    own.update_fisher(logits)
    with_one = torch.cat([x, torch.ones(6, 1)], 1)
    given.update_fisher(logits, with_one)
    assert torch.allclose(own.logit_variance(x), given.logit_variance(with_one))


def test_no_gradient_flows_and_none_is_lost() -> None:
    model = nn.Linear(3, 4)
    own = LaplacianUncertainty(model)
    logits = model(torch.randn(5, 3))
    own.update_fisher(logits)
    assert not own.score(logits).requires_grad
    logits.sum().backward()
    assert model.weight.grad is not None


def test_a_batch_that_is_not_finite_is_skipped_and_counted() -> None:
    own = LaplacianUncertainty()
    assert own.update_and_score(torch.full((2, 3), float("nan")), torch.randn(2, 4)).tolist() == [math.inf, math.inf]
    own.update_fisher(torch.randn(2, 3), torch.randn(2, 4))
    assert own.monitor()["skipped"] == 1 and own.monitor()["updates"] == 1


def test_state_and_reset() -> None:
    own, other = LaplacianUncertainty(refresh=3), LaplacianUncertainty(refresh=3)
    batches = [(torch.randn(8, 3), torch.randn(8, 4)) for _ in range(5)]
    for logits, features in batches[:2]:
        own.update_fisher(logits, features)
        own.score(logits, features)
    other.load_state_dict(own.state_dict())
    for logits, features in batches[2:]:
        for each in (own, other):
            each.update_fisher(logits, features)
        assert torch.equal(own.score(logits, features), other.score(logits, features))
    own.reset()
    with pytest.raises(BadInput, match="call update_fisher first"):
        own.score(*batches[0])


def test_the_factors_are_made_again_after_refresh_updates() -> None:
    own = LaplacianUncertainty(refresh=3, decay=None)
    batch = torch.randn(8, 3), torch.randn(8, 4)
    own.update_fisher(*batch)
    first = own.score(*batch)
    own.update_fisher(*batch)
    assert torch.equal(own.score(*batch), first)
    own.update_fisher(*batch)
    own.update_fisher(*batch)
    assert bool((own.score(*batch) < first).all())


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"form": "full"}, "form is one of"),
        ({"decay": 1.5}, r"decay lies in \(0, 1\]"),
        ({"prior": 0.0}, "prior must be positive"),
        ({"model": nn.ReLU()}, "no Linear"),
        ({"model": nn.Sequential(nn.Linear(2, 2)), "head": "1"}, "Did you mean|Known: 0"),
        ({"model": nn.Linear(2, 2), "head": nn.Linear(2, 2)}, "no part of the model"),
    ],
)
def test_what_cannot_be_is_refused(given: dict, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        LaplacianUncertainty(**given)


def test_shapes_that_do_not_agree_are_refused() -> None:
    own = LaplacianUncertainty()
    with pytest.raises(BadInput, match="Features are needed"):
        own.update_fisher(torch.randn(4, 3))
    with pytest.raises(BadInput, match="all but the last dimension must agree"):
        own.update_fisher(torch.randn(4, 3), torch.randn(5, 2))
    own.update_fisher(torch.randn(4, 3), torch.randn(4, 2))
    with pytest.raises(BadInput, match="reset first"):
        own.update_fisher(torch.randn(4, 3), torch.randn(4, 6))


@pytest.mark.parametrize("form", ["diagonal", "kronecker", "leverage"])
def test_log_probabilities_in_place_of_logits_give_the_same_scores(form: str) -> None:
    features, _, logits = case()
    plain = LaplacianUncertainty(form=form)  # type: ignore[arg-type]
    given = LaplacianUncertainty(form=form)  # type: ignore[arg-type]
    for _ in range(3):
        expected = plain.update_and_score(logits, features)
        scores = given.update_and_score(logits.log_softmax(-1), features, normalised=True)
    assert torch.allclose(scores, expected, rtol=1e-10, atol=1e-14)
    assert not torch.allclose(given.update_and_score(logits, features, normalised=True), expected)  # logits are no log-probabilities
