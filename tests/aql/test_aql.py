"""The front: a loop trains, its choices follow the scores, it goes on exactly, and it leaves the model alone.  # tests _loader.py"""

# tests _scoring.py
# tests _wrapped.py

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from aquarius.aql import AQL, CurriculumScheduler, Linear, Payoff, Root, ScoreStore, SoftPruning, TopK, Uniform
from aquarius.aql._loader import rows_of, unpacked
from aquarius.core import BadInput

COUNT = 240


def dataset() -> TensorDataset:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(COUNT, 6, generator=generator)
    return TensorDataset(x, (x[:, 0] > 0).long() + (x[:, 1] > 1).long())


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))


def loader(batch_size: int = 8, **options: Any) -> DataLoader:
    return DataLoader(dataset(), batch_size=batch_size, **options)


def train(aql: AQL, wrapped: Any, optimizer: torch.optim.Optimizer, steps: int) -> list[list[int]]:
    """Train for some steps over as many epochs as that takes; return the ids of each batch."""
    ids: list[list[int]] = []
    while len(ids) < steps:
        for batch in wrapped:
            optimizer.zero_grad()
            aql.loss(aql.model(batch.x), batch.y).backward()
            optimizer.step()
            ids.append(batch.ids.tolist())
            if len(ids) == steps:
                break
    return ids


def started(**options: Any) -> tuple[AQL, Any, torch.optim.Optimizer]:
    model = network()
    workers = options.pop("workers", 0)
    aql = AQL(model, budget=None, **options)
    return aql, aql.wrap(loader(num_workers=workers), epochs=4), torch.optim.SGD(model.parameters(), lr=0.1)


SCORERS = ["epistemic", "entropy", "margin", "gini", "loss", "el2n", "gradient_norm", lambda z, y, f: z.sum(-1)]


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_loop_trains_and_counts_what_it_does(scorer: Any) -> None:
    aql, wrapped, optimizer = started(scorer=scorer)
    assert len(wrapped) == 7  # a quarter of 240 samples in batches of 8
    ids = train(aql, wrapped, optimizer, 28)
    assert all(len(set(batch)) == 8 for batch in ids)
    report = aql.report()
    assert (report.steps, report.trained, report.scored) == (28, 224, 224)
    assert 28 * 32 <= report.seen < 28 * 33  # a candidate met twice where one permutation ends and the next begins is seen twice
    assert report.forwards == 3 * 224 and report.overhead > 0 and report.oldest >= report.mean_age
    assert sum(report.mass.values()) == pytest.approx(1) and report.visited == len({n for batch in ids for n in batch}) / COUNT


def test_the_loss_is_cross_entropy_and_the_batch_is_the_samples() -> None:
    aql, wrapped, _ = started()
    batch = next(iter(wrapped))
    assert torch.equal(batch.x, dataset().tensors[0][batch.ids]) and torch.equal(batch.y, dataset().tensors[1][batch.ids])
    aql.model.eval()
    logits = aql.model(batch.x)
    assert torch.equal(aql.loss(logits, batch.y), functional.cross_entropy(logits, batch.y))
    z, y = torch.randn(8, 5, 4), torch.randint(0, 4, (8, 5))
    y[0, 2:] = -100
    other = AQL(network(), scorer="entropy")
    assert float(other.loss(z, y, ids=torch.arange(8))) == pytest.approx(
        float(functional.cross_entropy(z.flatten(0, 1), y.flatten())), rel=1e-6
    )


def test_what_was_never_seen_goes_first_and_then_the_highest_scores() -> None:
    aql, wrapped, optimizer = started(scorer=lambda z, y, f: aql.current.ids.float(), policy=TopK(0.25, floor=0.0))
    first = {n for batch in train(aql, wrapped, optimizer, 30) for n in batch}
    assert len(first) > 0.6 * COUNT
    train(aql, wrapped, optimizer, 60)
    late = [n for batch in train(aql, wrapped, optimizer, 14) for n in batch]
    assert sum(late) / len(late) > 180  # the highest quarter by the score, which is the id


@pytest.mark.parametrize("workers", [0, 2])
def test_a_resumed_run_trains_on_the_same_batches(workers: int) -> None:
    options: dict[str, Any] = {"workers": workers, "curriculum": Root(start=0.3, until=0.8), "policy": TopK(0.25, floor=0.2)}
    whole, wrapped, optimizer = started(**options)
    iterator, ids = iter(wrapped), []
    for step in range(7):
        batch = next(iterator)
        optimizer.zero_grad()
        whole.loss(whole.model(batch.x), batch.y).backward()
        optimizer.step()
        ids.append(batch.ids.tolist())
        if step == 2:
            saved = {
                "aql": whole.state_dict(),
                "model": {k: v.clone() for k, v in whole.model.state_dict().items()},
                "random": torch.get_rng_state(),
            }
    again, wrapped, optimizer = started(**options)
    again.load_state_dict(saved["aql"])
    again.model.load_state_dict(saved["model"])
    iterator = iter(wrapped)
    torch.set_rng_state(saved["random"])
    got = []
    for batch in iterator:
        optimizer.zero_grad()
        again.loss(again.model(batch.x), batch.y).backward()
        optimizer.step()
        got.append(batch.ids.tolist())
    assert got == ids[3:]
    assert torch.equal(again.store.get("score").nan_to_num(-1), whole.store.get("score").nan_to_num(-1))
    assert (again.report().trained, again.report().seen) == (whole.report().trained, whole.report().seen)


def test_an_epoch_that_was_left_goes_on() -> None:
    aql, wrapped, _ = started(scorer="loss")
    assert aql.wrap(wrapped.source) is wrapped
    for number, _batch in enumerate(wrapped):
        if number == 2:
            break
    assert sum(1 for _ in wrapped) == 4 and sum(1 for _ in wrapped) == 7


def test_a_curriculum_trains_on_what_is_easy_first() -> None:
    """Scores are fixed by hand: at first no batch holds a sample from the harder half."""
    aql, wrapped, optimizer = started(scorer="loss", curriculum=Linear(start=0.25, until=1.0), policy=Uniform(0.25))
    assert aql.curriculum is not None
    losses = torch.linspace(0.5, 3.0, COUNT)
    aql.store.update(torch.arange(COUNT), 0, {"loss": losses, "uncertainty": losses, "gradient_norm": losses, "perplexity": losses})
    aql.curriculum.freeze()
    early = [n for batch in train(aql, wrapped, optimizer, 7) for n in batch]
    assert max(early) < 0.45 * COUNT
    train(aql, wrapped, optimizer, 14)
    assert max(n for batch in train(aql, wrapped, optimizer, 7) for n in batch) > 0.8 * COUNT
    telemetry = aql.report().curriculum
    assert telemetry is not None and telemetry["stage"] == "hard" and telemetry["step"] == 28


def test_a_curriculum_by_the_run_itself_uses_four_measures() -> None:
    aql, wrapped, optimizer = started(curriculum=Root())
    train(aql, wrapped, optimizer, 3)
    assert {"loss", "uncertainty", "gradient_norm", "perplexity", "score", "label"} == set(aql.store.columns)


@pytest.mark.parametrize("mode", ["online", "proxy"])
def test_fresh_scores_choose_inside_the_candidates_and_keep_every_mode(mode: Any) -> None:
    proxy = network() if mode == "proxy" else None
    aql, wrapped, optimizer = started(mode=mode, scorer="loss", proxy=proxy, policy=TopK(0.25, floor=0.0))
    aql.model[2].eval()
    modes = [module.training for module in aql.model.modules()]
    batch = next(iter(wrapped))
    assert [module.training for module in aql.model.modules()] == modes and aql.model[0].training
    assert len(batch.ids) == 8 == len(batch.x) and torch.equal(batch.x, dataset().tensors[0][batch.ids])
    assert (aql.report().scored, aql.report().seen, aql.fresh) == (32, 32, 32)
    train(aql, wrapped, optimizer, 7)
    assert aql.report().forwards == 3 * 56 + 32 + 7 * 32 - (32 if mode == "never" else 0)


def test_online_takes_the_worst_of_its_candidates() -> None:
    aql, wrapped, _ = started(mode="online", scorer="loss", policy=TopK(0.25, floor=0.0))
    batch = next(iter(wrapped))
    aql.model.eval()
    x, y = dataset().tensors
    losses = functional.cross_entropy(aql.model(x), y, reduction="none").detach()
    assert float(losses[batch.ids].mean()) > float(losses.mean()) + 0.5 * float(losses.std())


def test_offline_scores_are_made_once_and_stay() -> None:
    aql, wrapped, optimizer = started(mode="offline", scorer="loss", policy=TopK(0.25, floor=0.0))
    before = aql.score(loader())
    assert before.shape == (COUNT,) and not bool(before.isnan().any()) and aql.report().visited == 0
    ids = train(aql, wrapped, optimizer, 14)
    assert torch.equal(aql.store.get("score"), before)
    assert float(before[[n for batch in ids for n in batch]].mean()) > float(before.mean())


def test_soft_pruning_weighs_the_loss() -> None:
    aql, wrapped, optimizer = started(scorer="loss", policy=SoftPruning(0.5))
    train(aql, wrapped, optimizer, 60)
    batch = next(iter(wrapped))
    assert set(batch.weights.tolist()) == {1.0, 2.0}
    aql.model.eval()
    logits = aql.model(batch.x)
    each = functional.cross_entropy(logits, batch.y, reduction="none").detach()
    assert float(aql.loss(logits, batch.y).detach()) == pytest.approx(float((batch.weights * each).mean()), rel=1e-5)


def test_importance_weights_and_quotas_reach_the_batch() -> None:
    aql, wrapped, optimizer = started(scorer="loss", policy=TopK(0.25, floor=0.25), importance=True)
    train(aql, wrapped, optimizer, 30)
    assert len({round(weight, 4) for batch in wrapped for weight in batch.weights.tolist()}) > 1
    fair, wrapped, optimizer = started(scorer=lambda z, y, f: -y.float(), policy=TopK(0.25, floor=0.0), quota=0.9)
    train(fair, wrapped, optimizer, 90)
    rare = [int(batch.y.max()) for batch in wrapped]
    plain, wrapped, optimizer = started(scorer=lambda z, y, f: -y.float(), policy=TopK(0.25, floor=0.0))
    train(plain, wrapped, optimizer, 90)
    assert sum(rare) > sum(int(batch.y.max()) for batch in wrapped)


def test_uniform_windows_and_the_return_to_uniform() -> None:
    aql, wrapped, optimizer = started(
        scorer=lambda z, y, f: aql.current.ids.float(), policy=TopK(0.25, floor=0.0), payoff=Payoff(period=2, least=2)
    )
    train(aql, wrapped, optimizer, 90)
    for loss in (4.0, 3.9, 3.0, 2.9, 2.0, 1.9, 1.2, 1.19):
        aql.observe(loss)
    assert aql.payoff is not None and aql.payoff.ended == (sum(aql.payoff.differences()) < 0)
    aql.payoff.ended = True
    assert not aql.report().selecting
    late = [n for batch in train(aql, wrapped, optimizer, 21) for n in batch]
    assert sum(late) / len(late) < 150  # the mean of all ids is 119.5


def test_reducible_loss_from_a_table() -> None:
    table = torch.linspace(0, 1, COUNT)
    aql, wrapped, _ = started(scorer="reducible", irreducible=table)
    batch = next(iter(wrapped))
    logits = aql.model(batch.x)
    aql.loss(logits, batch.y)
    wanted = functional.cross_entropy(logits, batch.y, reduction="none") - table[batch.ids]
    assert torch.allclose(aql.store.get("score", batch.ids), wanted.detach())


def test_a_head_that_is_no_linear_still_has_a_curriculum() -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.Unflatten(1, (4, 1)), nn.Conv1d(4, 3, 1), nn.Flatten())
    aql = AQL(model, scorer="loss", curriculum=Root())
    for batch in aql.wrap(loader()):
        aql.loss(model(batch.x), batch.y)
    assert "gradient_norm" not in aql.store.columns and aql.report().steps == 7


def test_closing_takes_the_hook_off() -> None:
    aql, wrapped, optimizer = started()
    train(aql, wrapped, optimizer, 1)
    assert any(module._forward_hooks for module in aql.model.modules())
    aql.close()
    assert not any(module._forward_hooks for module in aql.model.modules())


class Stream(IterableDataset):
    def __iter__(self):
        return iter(())


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: AQL(network(), scorer="entropie"), "Did you mean 'entropy'"),
        (lambda: AQL(network(), mode="async"), "online, proxy, offline, asynchronous or streaming"),
        (lambda: AQL(network(), mode="proxy"), "needs proxy="),
        (lambda: AQL(network(), scorer="reducible"), "needs irreducible="),
        (lambda: AQL(network(), scorer="loss", importance=True, quota=0.5), "one of importance and quota"),
        (lambda: AQL(nn.ReLU()), "no Linear"),
        (lambda: AQL(network()).wrap([1, 2]), "takes a torch DataLoader"),
        (lambda: AQL(network()).wrap(DataLoader(Stream())), "iterable data set"),
        (lambda: AQL(network()).wrap(DataLoader(dataset(), batch_size=None)), "no batch size"),
        (lambda: AQL(network()).wrap(DataLoader(TensorDataset(torch.empty(0, 2)), batch_size=2)), "empty"),
        (lambda: AQL(network()).loss(torch.randn(2, 3), torch.zeros(2).long()), "No ids"),
        (lambda: AQL(network()).loss(torch.randn(2, 3), torch.zeros(2).long(), ids=torch.arange(3)), "the batch is of 3"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        make()


def test_a_second_loader_and_a_state_of_another_kind_are_refused() -> None:
    aql, wrapped, _ = started()
    with pytest.raises(BadInput, match="wraps another loader"):
        aql.wrap(loader())
    with pytest.raises(BadInput, match="differ in loader"):
        AQL(network()).load_state_dict(aql.state_dict())
    other = AQL(network(), curriculum=CurriculumScheduler(Root(), 10))
    other.wrap(loader())
    with pytest.raises(BadInput, match="differ in curriculum"):
        other.load_state_dict(aql.state_dict())
    assert isinstance(aql.store, ScoreStore) and len(wrapped) == 7


def test_rows_and_labels_of_any_collated_data() -> None:
    places = torch.tensor([2, 0])
    data = {"x": torch.arange(3), "labels": (torch.arange(3) * 10, torch.arange(3)), "names": ["a", "b", "c"]}
    got = rows_of(data, places)
    assert got["x"].tolist() == [2, 0] and got["labels"][0].tolist() == [20, 0] and got["names"] == ["c", "a"]
    assert unpacked(data) == (data["x"], data["labels"]) and unpacked((1, 2, 3)) == (1, 3) and unpacked(5) == (5, None)
    assert unpacked({"input_ids": 1, "labels": 2}) == ({"input_ids": 1, "labels": 2}, 2)


def language_model() -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(20, 8)
            self.head = nn.Linear(8, 20, bias=False)
            self.head.weight = self.embedding.weight

        def forward(self, tokens: Tensor) -> Tensor:
            return self.head(torch.tanh(self.embedding(tokens)))

    return Model()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_language_model_with_a_tied_head(dtype: torch.dtype) -> None:
    tokens = torch.randint(0, 20, (64, 17), generator=torch.Generator().manual_seed(0))
    model = language_model()
    aql = AQL(model, curriculum=Root(), budget=None)
    for batch in aql.wrap(DataLoader(TensorDataset(tokens[:, :-1], tokens[:, 1:]), batch_size=4)):
        with torch.autocast("cpu", dtype=dtype, enabled=dtype is torch.bfloat16):
            logits = model(batch.x)
        aql.loss(logits, batch.y).backward()
    report = aql.report()
    assert report.trained == 16 and report.mass == {} and report.uncertainty is not None and report.uncertainty["positions"] > 0
    assert bool(torch.isfinite(aql.store.get("score")[aql.store.visits > 0]).all())
