"""A second opinion on the t interval, where there are values enough: a bootstrap that follows the skew of the values.

At 5 values the bootstrap's interval is too narrow (it covers 90 % of the time less often than it says), so below 20 values t stands alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..core import BadInput, MissingExtra
from ._equivalence import special

FEWEST, MOST = 20, 200  # values a side; beyond 200 a mean is normal enough, and t stands alone
RESAMPLES = 19_999
_SEED = 20_260_101  # always the same: the same values give the same interval


def bootstrap(first: Sequence[float], second: Sequence[float] | None = None, alpha: float = 0.05) -> tuple[float, float]:
    """Return the interval at level 1 - 2 alpha of the mean of `first`, less that of `second`: bias-corrected and accelerated (BCa).

    Values are sorted first and the draws are always the same, so that the order in which they come changes nothing.

    Source: Efron 1987, the BCa method; for two samples the acceleration comes from the jackknife of both.

    Raises:
        BadInput: fewer than 20 values on a side, or all of them equal.
    """
    sides = [sorted(side) for side in (first, second) if side is not None]
    for side in sides:
        if len(side) < FEWEST:
            raise BadInput(
                f"a bootstrap needs at least {FEWEST} values on each side, got {len(side)}: at fewer, its interval is too narrow."
            )
    if all(side[0] == side[-1] for side in sides):
        raise BadInput("a bootstrap needs values that differ, and all are equal.")
    numpy, functions = _numpy(), special()
    chance = numpy.random.default_rng(_SEED)
    signs = (1.0, -1.0)
    draws, observed, influence = numpy.zeros(RESAMPLES), 0.0, []
    for sign, side in zip(signs, sides, strict=False):
        values = numpy.asarray(side)
        draws += sign * values[chance.integers(0, len(side), (RESAMPLES, len(side)))].mean(axis=1)
        mean = math.fsum(side) / len(side)
        observed += sign * mean
        influence += [sign * (value - mean) / (len(side) - 1) / len(side) for value in side]
    below = ((draws < observed).sum() + 0.5 * (draws == observed).sum()) / RESAMPLES
    bias = float(functions.ndtri(min(max(below, 1 / RESAMPLES), 1 - 1 / RESAMPLES)))
    squares = math.fsum(x * x for x in influence)
    acceleration = math.fsum(x**3 for x in influence) / (6 * squares**1.5) if squares else 0.0
    ends = []
    for quantile in (alpha, 1 - alpha):
        z = bias + float(functions.ndtri(quantile))
        ends.append(float(functions.ndtr(bias + z / (1 - acceleration * z))))
    low, high = numpy.quantile(draws, ends)
    return float(low), float(high)


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        raise MissingExtra("numpy", "stats", "A bootstrap") from None
    return numpy
