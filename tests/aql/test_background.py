"""Background scores are those of the model as it was, with their age; the queue is bounded, the thread ends, and its errors are raised."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from aql.loops import COUNT, loader, network, samples
from aquarius.aql import AQL, Background, BackgroundScorer, ScorerBandit
from aquarius.aql._loader import unpacked
from aquarius.aql._scoring import Scoring
from aquarius.core import BadInput


def until(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.005)
    return true()


def threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "aql background scorer"]


def scorer(model: Any, how: Background, data: Any = None) -> tuple[BackgroundScorer, Scoring]:
    scoring = Scoring(model, "auto", "loss", irreducible=None, uncertainty=None, difficulty=False)
    return BackgroundScorer(model, scoring, loader(batch_size=32) if data is None else data, unpacked, how), scoring


def test_scores_are_those_of_the_model_as_it_was_and_the_queue_is_bounded() -> None:
    model = network()
    beside, scoring = scorer(model, Background(every=10, waiting=3))
    assert not threads() and beside.renew(model, scoring, 0) and not beside.renew(model, scoring, 5)
    x, y = samples()
    model.eval()
    wanted = functional.cross_entropy(model(x), y, reduction="none").detach()
    with torch.no_grad():
        model[0].weight.zero_()  # the copy does not follow
    assert until(lambda: beside._queue.full())
    time.sleep(0.05)
    made = list(beside.arrived())
    assert 3 <= len(made) <= 5 and {each.step for each in made} == {0}
    for each in made:
        assert torch.allclose(each.values["score"], wanted[each.ids], atol=1e-6)
    assert beside.renew(model, scoring, 12)
    assert until(lambda: any(each.step == 12 for each in beside.arrived()))
    beside.close()
    assert not beside.running and not threads()
    assert not beside.renew(model, scoring, 99)


@pytest.mark.parametrize("kind", ["epistemic", "loss", "bandit"])
def test_a_loop_uses_them_and_ends_clean(kind: str) -> None:
    choice: Any = ScorerBandit(["epistemic", "loss"]) if kind == "bandit" else kind
    model = network()
    with AQL(model, scorer=choice, mode="asynchronous", background=Background(every=4), budget=None) as aql:
        wrapped, optimizer = aql.wrap(loader(), epochs=100), torch.optim.SGD(model.parameters(), lr=0.1)

        def turn() -> bool:
            for batch in wrapped:
                optimizer.zero_grad()
                aql.loss(model(batch.x), batch.y).backward()
                optimizer.step()
            time.sleep(0.01)
            return int((aql.store.stamps >= 0).sum()) == COUNT and aql.steps > 20

        assert until(turn)  # every sample has a score, most of them without a visit
        report = aql.report()
        assert report.scored > report.trained and report.forwards == 3 * report.trained + aql.fresh and aql.fresh > 0
        assert 0 < report.mean_age <= report.oldest <= report.steps and report.visited <= 1
        assert model.training and report.mode == "asynchronous"
    assert not threads() and not any(each._forward_hooks for each in model.modules())


class Failing(Dataset[Any]):
    def __len__(self) -> int:
        return 64

    def __getitem__(self, index: int) -> Any:
        if threading.current_thread().name == "aql background scorer" and index == 7:
            raise RuntimeError("sample 7 is broken")
        return torch.ones(6) * index, index % 3


def test_what_fails_in_the_thread_is_raised_in_the_loop() -> None:
    aql = AQL(network(), scorer="loss", mode="asynchronous", budget=None)
    wrapped = aql.wrap(DataLoader(Failing(), batch_size=8))
    end = time.monotonic() + 20
    with pytest.raises(RuntimeError, match="sample 7 is broken"):
        while time.monotonic() < end:
            for batch in wrapped:
                aql.loss(aql.model(batch.x), batch.y)
    assert not threads()
    aql.close()


def test_a_scorer_that_was_never_started_closes() -> None:
    beside, _ = scorer(network(), Background())
    beside.close()
    assert not threads() and list(beside.arrived()) == []


def test_state_can_be_taken_and_loaded() -> None:
    with (
        AQL(network(), scorer="loss", mode="asynchronous", budget=None) as one,
        AQL(network(), scorer="loss", mode="asynchronous", budget=None) as other,
    ):
        for batch in one.wrap(loader()):
            one.loss(one.model(batch.x), batch.y)
        other.wrap(loader())
        other.load_state_dict(one.state_dict())
        assert other.steps == one.steps and torch.equal(other.store.stamps, one.store.stamps)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput, match="one batch or more may wait; got 0 and 8"):
        Background(every=0)
