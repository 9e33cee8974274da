"""Scores by id, with ages; difficulty by ranks."""

from __future__ import annotations

import math

import pytest
import torch

from aquarius.aql import ScoreStore, rank_mixture
from aquarius.aql._store import ranks
from aquarius.core import BadInput


def test_scores_ages_and_visits_by_id() -> None:
    store = ScoreStore()
    store.update(torch.tensor([4, 1]), 10, {"loss": torch.tensor([0.4, 0.1])})
    store.update(torch.tensor([1, 1]), 12, {"loss": torch.tensor([0.2, 0.3]), "entropy": torch.tensor([1.0, 2.0])})
    assert len(store) == 5 and store.visits.tolist() == [0, 3, 0, 0, 1]
    assert store.get("loss", torch.tensor([1, 4])).tolist() == pytest.approx([0.3, 0.4])
    assert math.isnan(store.get("loss", torch.tensor([0]))[0]) and math.isnan(store.get("loss", torch.tensor([99]))[0])
    assert bool(store.get("unknown", torch.tensor([1])).isnan().all())
    assert sorted(store.ages(15).tolist()) == [3, 5]


def test_a_memory_averages_over_visits() -> None:
    store = ScoreStore(memory=0.5)
    for value in (1.0, 3.0):
        store.update(torch.tensor([0]), 0, {"loss": torch.tensor([value])})
    assert store.get("loss").tolist() == [2.0]


def test_ranks_are_shares_and_ties_are_equal() -> None:
    assert ranks(torch.tensor([5.0, 1.0, 1.0, 9.0])).tolist() == [0.75, 0.375, 0.375, 1.0]
    got = ranks(torch.tensor([2.0, math.nan, 1.0]))
    assert got[[0, 2]].tolist() == [1.0, 0.5] and math.isnan(got[1])


def test_a_mixture_has_no_unit_and_uses_what_there_is() -> None:
    scores = {"loss": torch.tensor([0.1, 0.2, 9e9, math.nan]), "norm": torch.tensor([3.0, 2.0, math.nan, math.nan])}
    got = rank_mixture(scores, {"loss": 0.5, "norm": 0.5})
    assert got[:3].tolist() == pytest.approx([(1 / 3 + 1) / 2, (2 / 3 + 0.5) / 2, 1.0]) and math.isnan(got[3])
    with pytest.raises(BadInput, match="'age', which was never scored; scored: loss, norm"):
        rank_mixture(scores, {"age": 1.0})
    with pytest.raises(BadInput, match="at least 0"):
        rank_mixture(scores, {"loss": 0.0})


def test_state_goes_on_exactly_and_bad_ids_are_refused() -> None:
    one, other = ScoreStore(3), ScoreStore()
    one.update(torch.tensor([2]), 5, {"loss": torch.tensor([1.5])})
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.stamps, other.stamps) and other.get("loss")[2] == 1.5
    with pytest.raises(BadInput, match="negative"):
        one.update(torch.tensor([-1]), 0, {})
    with pytest.raises(BadInput, match="for ids"):
        one.update(torch.tensor([1]), 0, {"loss": torch.ones(2)})


def test_an_unknown_score_is_replaced_and_leaves_no_trace() -> None:
    store = ScoreStore()
    store.update(torch.tensor([0]), 0, {"score": torch.tensor([float("inf")])})
    store.update(torch.tensor([0, 0]), 1, {"score": torch.tensor([2.0, 2.0])})
    assert store.get("score").tolist() == [2.0] and store.visits.tolist() == [3]
