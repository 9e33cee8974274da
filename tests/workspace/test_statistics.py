"""Power before the runs, and the calibration, as the faces show them."""

from __future__ import annotations

from typing import Any

import pytest

from aquarius.core import BadInput
from aquarius.workspace import _verdict_actions as on_verdict


def test_power_names_the_seeds_and_what_a_number_of_them_shows() -> None:
    found = on_verdict.power(sd=0.7, margin=1.0).data
    assert [row["seeds"] for row in found["rows"]] == [3, 5, 10, 20]
    assert found["seeds_needed"]["0.8"] <= found["seeds_needed"]["0.9"] < 20
    one = on_verdict.power(sd=0.7, margin=1.0, seeds=found["seeds_needed"]["0.9"]).data["rows"]
    assert len(one) == 1 and one[0]["power"] >= 0.9
    ahead = on_verdict.power(sd=0.7, effect=0.5).data["seeds_needed"]["0.8"]
    assert on_verdict.power(sd=0.7, effect=0.5, paired=True).data["seeds_needed"]["0.8"] < ahead


def test_power_says_where_no_number_of_seeds_helps() -> None:
    outcome = on_verdict.power(sd=0.7, margin=0.5, paper_error=0.5)
    assert outcome.data["seeds_needed"] == {"0.8": None, "0.9": None}
    assert outcome.view().row_count == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [({}, "either --margin"), ({"margin": 1.0, "effect": 1.0}, "either --margin"), ({"margin": 1.0, "paired": True}, "belongs to --effect"),
     ({"effect": 1.0, "paper_error": 0.2}, "belong to --margin"), ({"margin": 1.0, "alpha": 0.7}, "--alpha must lie"), ({"margin": 1.0, "seeds": 1}, "at least 2 seeds")],
)  # fmt: skip
def test_power_refuses_what_it_cannot_answer(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        on_verdict.power(sd=0.7, **options)


def test_the_calibration_says_how_often_and_with_which_seed() -> None:
    outcome = on_verdict.bench_verdict(simulations=100, seed=3)
    assert (outcome.data["simulations"], outcome.data["seed"]) == (100, 3)
    assert outcome.ok == all(row["kept"] for row in outcome.data["rows"])
    assert "100 simulations each, seed 3" in str(outcome.view().title)
    with pytest.raises(BadInput, match="at least 100 simulations"):
        on_verdict.bench_verdict(simulations=10)
