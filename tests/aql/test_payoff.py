"""Selection ends where uniform windows fall faster than their neighbours, and nowhere else."""

from __future__ import annotations

import math

import pytest
import torch

from aquarius.aql import Payoff
from aquarius.core import BadInput


def run(selected: float, uniform: float, noise: float = 0.0, windows: int = 40) -> tuple[Payoff, int]:
    """Log falls per window by kind; return the payoff and the number of uniform windows."""
    own, loss, flat, generator = Payoff(period=4, least=3), 5.0, 0, torch.Generator().manual_seed(0)
    for _ in range(windows):
        flat += not own.selecting
        fall = selected if own.selecting else uniform
        loss *= math.exp(-fall * (1 + noise * float(torch.randn((), generator=generator))))
        own.observe(loss)
    return own, flat


def test_selection_that_does_not_pay_ends() -> None:
    own, _ = run(0.05, 0.1, noise=0.1)
    assert own.ended and not own.selecting and all(difference < 0 for difference in own.differences()[:3])


@pytest.mark.parametrize("uniform", [0.0, 0.05])
def test_selection_that_pays_stays(uniform: float) -> None:
    own, flat = run(0.1, uniform, noise=0.1)
    assert not own.ended and flat == 10


def test_noise_alone_does_not_end_it_at_once() -> None:
    own, _ = run(0.1, 0.1, windows=12)
    assert not own.ended


def test_slowing_down_is_not_taken_for_a_difference() -> None:
    own, loss = Payoff(period=2, least=3), 5.0
    for window in range(30):
        loss *= math.exp(-0.2 / (1 + window))
        own.observe(loss)
    assert max(abs(difference) for difference in own.differences()[2:]) < 0.01


def test_state_goes_on_and_bad_losses_are_refused() -> None:
    own, _ = run(0.05, 0.1)
    other = Payoff()
    other.load_state_dict(own.state_dict())
    assert other.ended and other.differences() == own.differences()
    with pytest.raises(BadInput, match="a number of at least 0"):
        own.observe(math.nan)
    with pytest.raises(BadInput, match="at least 2"):
        Payoff(period=1)
