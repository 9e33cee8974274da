"""Overhead stays inside the budget by a clock of the test's own."""

from __future__ import annotations

import pytest
import torch

from aquarius.aql import Governor
from aquarius.core import BadInput


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def run(budget: float | None, cost: float, steps: int = 2000, pause: float = 0.0) -> Governor:
    clock = Clock()
    governor = Governor(budget, clock=clock)
    for step in range(steps):
        if governor.due():
            with governor.measured(torch.zeros(1)):
                clock.now += cost
        clock.now += 1.0 + (pause if step % 500 == 499 else 0)
    return governor


@pytest.mark.parametrize("cost", [0.001, 0.02, 0.3, 2.0])
def test_overhead_stays_inside_the_budget(cost: float) -> None:
    governor = run(0.02, cost)
    assert governor.overhead <= 0.0205 or (cost == 2.0 and governor.scorings <= 20)
    assert governor.scorings >= min(2000, 0.9 * 0.02 * 2000 / cost)


def test_what_the_budget_covers_is_never_left_out() -> None:
    assert run(0.02, 0.001).scorings == 2000
    assert run(None, 5.0).scorings == 2000


def test_a_pause_earns_no_budget() -> None:
    assert run(0.02, 0.3, pause=1000).scorings <= 1.1 * run(0.02, 0.3).scorings


def test_a_budget_is_a_share() -> None:
    with pytest.raises(BadInput, match="share of the wall time"):
        Governor(2.0)
    assert Governor(0.1).overhead == 0
