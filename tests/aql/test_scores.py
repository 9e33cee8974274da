"""Each score against its definition written out, on [B, C] and [B, T, V].  # tests _shapes.py"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from aquarius.aql import el2n, entropy, gini, gradient_norm, loss, margin, mutual_information, per_sample
from aquarius.core import BadInput


def batch(*shape: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(len(shape))
    return 3 * torch.randn(*shape, 6, generator=generator), torch.randint(0, 6, shape, generator=generator)


@pytest.mark.parametrize("shape", [(9,), (4, 5)])
def test_the_scores_are_their_definitions_over_the_last_dimension(shape: tuple[int, ...]) -> None:
    logits, labels = batch(*shape)
    p, y = logits.softmax(-1), functional.one_hot(labels, 6)
    ordered = p.sort(-1, descending=True).values
    close = lambda one, other: torch.allclose(one, other, atol=1e-5)
    assert close(entropy(logits), -(p * p.log()).sum(-1))
    assert close(margin(logits), 1 - (ordered[..., 0] - ordered[..., 1]))
    assert close(gini(logits), 1 - p.square().sum(-1))
    assert close(loss(logits, labels), -p.log().gather(-1, labels.unsqueeze(-1)).squeeze(-1))
    assert close(el2n(logits, labels), (p - y).norm(dim=-1))
    over_dimension_one = logits.softmax(1)
    if len(shape) == 2:
        assert not close(gini(logits), 1 - over_dimension_one.square().sum(-1))


def test_the_gradient_norm_is_that_of_the_head() -> None:
    head, x, labels = nn.Linear(4, 6), torch.randn(5, 4), torch.arange(5)
    for n in range(5):
        head.zero_grad()
        functional.cross_entropy(head(x[n : n + 1]), labels[n : n + 1]).backward()
        whole = torch.cat([head.weight.grad, head.bias.grad.unsqueeze(1)], 1).norm()
        logits = head(x).detach()
        assert float(gradient_norm(logits, labels, x)[n]) == pytest.approx(float(head.weight.grad.norm()), rel=1e-4)
        assert float(gradient_norm(logits, labels, x, bias=True)[n]) == pytest.approx(float(whole), rel=1e-4)


def test_extreme_logits_stay_finite() -> None:
    logits = torch.tensor([[1e4, -1e4, 0.0], [-float("inf"), 2.0, 2.0]])
    for score in (entropy, gini, margin):
        assert bool(torch.isfinite(score(logits)).all())
    assert entropy(logits).tolist() == pytest.approx([0.0, 0.6931], abs=1e-3)


def test_half_precision_is_scored_in_single() -> None:
    logits, labels = batch(7)
    assert loss(logits.bfloat16(), labels).dtype == torch.float32
    assert torch.allclose(gini(logits.bfloat16()), gini(logits), atol=0.02)


def test_ignored_positions_count_for_nothing() -> None:
    logits, labels = batch(3, 4)
    labels[0, 1:] = -100
    labels[2] = -100
    values = loss(logits, labels)
    assert bool((values[0, 1:] == 0).all())
    averaged = per_sample(values, labels != -100)
    assert float(averaged[0]) == pytest.approx(float(values[0, 0])) and float(averaged[2]) == 0
    assert torch.allclose(per_sample(values), values.mean(1))


def test_mutual_information_is_what_members_disagree_about() -> None:
    agree, disagree = torch.tensor([[0.5, 0.5], [0.5, 0.5]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    got = mutual_information(torch.stack([agree, disagree], 1))
    assert got.tolist() == pytest.approx([0.0, 0.6931], abs=1e-4)
    with pytest.raises(BadInput, match="two members"):
        mutual_information(agree[:1])


def test_classes_first_are_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"\[B, C, T\]: transpose"):
        loss(torch.randn(2, 6, 5), torch.zeros(2, 5, dtype=torch.long))
    with pytest.raises(BadInput, match="one label per position"):
        loss(torch.randn(2, 6), torch.zeros(3, dtype=torch.long))
    with pytest.raises(BadInput, match="floating point"):
        entropy(torch.arange(4))
    with pytest.raises(BadInput, match=r"outside 0 \.\. 5"):
        loss(torch.randn(2, 6), torch.tensor([0, 6]))
