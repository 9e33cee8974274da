"""Power: what a number of seeds could have shown, and how many seeds it takes."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from ..core import BadInput, MissingExtra
from ._equivalence import Design, special

NODES = 400  # of the Gauss-Legendre rule over the quantiles of the sample's standard deviation; the error stays below 1e-6
MOST_SEEDS = 10_000


def power(
    n: int,
    margin: float,
    sd: float,
    *,
    true_difference: float = 0.0,
    alpha: float = 0.05,
    target_error: float = 0.0,
    target_runs: int | None = None,
) -> float:
    """Return the probability that `equivalence` of `n` values says equivalent, when their standard deviation is `sd`.

    Exact for normal values: the normal probability of the acceptance region, integrated over the distribution of the sample's standard deviation.

    Source: Phillips 1990 (power of two one-sided tests), with the paper's own standard error added to that of the mean.

    Raises:
        BadInput: `n` below 2, or a margin, sd or error that is negative or not finite.
    """
    _check(n, margin, sd, target_error)
    total = math.sqrt(sd**2 / n + target_error**2)
    if total == 0:
        return float(abs(true_difference) < margin)
    functions = special()
    ratio, density_weights = _scaled_deviation(n - 1)
    square = (ratio * sd) ** 2 / n
    error, degrees = _welch(square, n - 1, target_error**2, target_runs - 1 if target_runs is not None and target_runs > 1 else n - 1)
    half = functions.stdtrit(degrees, 1 - alpha) * error
    upper = functions.ndtr((margin - half - true_difference) / total)
    lower = functions.ndtr((half - margin - true_difference) / total)
    accepted = (upper - lower).clip(min=0.0)  # no acceptance region where the half-width exceeds the margin
    return float(min(1.0, max(0.0, (accepted * density_weights).sum())))


def order_power(n: int, effect: float, sd: float, *, alpha: float = 0.05, design: Design = "independent") -> float:
    """Return the probability that `n` seeds on each side show the order, when the true difference is `effect`.

    `sd` is that of one arm, or of the paired differences.

    Raises:
        BadInput: as `power`.
    """
    _check(n, abs(effect), sd, 0.0)
    if sd == 0:
        return float(effect > 0)
    functions = special()
    degrees, error = (n - 1, sd / math.sqrt(n)) if design == "paired" else (2 * n - 2, sd * math.sqrt(2 / n))
    critical = functions.stdtrit(degrees, 1 - alpha)
    return float(1 - functions.nctdtr(degrees, effect / error, critical))


def seeds_needed(
    margin: float, sd: float, wanted: float = 0.8, *, alpha: float = 0.05, target_error: float = 0.0, target_runs: int | None = None
) -> int | None:
    """Return the smallest number of seeds whose power, at a true difference of 0, is at least `wanted`; None where no 10,000 seeds reach it.

    Raises:
        BadInput: as `power`; or `wanted` outside (0, 1).
    """
    return _solve(lambda n: power(n, margin, sd, alpha=alpha, target_error=target_error, target_runs=target_runs), wanted)


def order_seeds_needed(effect: float, sd: float, wanted: float = 0.8, *, alpha: float = 0.05, design: Design = "independent") -> int | None:
    """Return the smallest number of seeds on each side that shows an effect of this size with power `wanted`; None as in `seeds_needed`."""
    return _solve(lambda n: order_power(n, effect, sd, alpha=alpha, design=design), wanted)


def _solve(power_of: Any, wanted: float) -> int | None:
    if not 0 < wanted < 1:
        raise BadInput(f"the wanted power must lie between 0 and 1, got {wanted}.")
    low, high = 1, 2  # power grows with n: double, then halve
    while power_of(high) < wanted:
        low, high = high, high * 2
        if high > MOST_SEEDS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(middle) >= wanted else (middle, high)
    return high


def _check(n: int, margin: float, sd: float, error: float) -> None:
    if n < 2:
        raise BadInput(f"power needs at least 2 seeds, got {n}.")
    if not all(math.isfinite(x) and x >= 0 for x in (margin, sd, error)):
        raise BadInput(f"margin, standard deviation and standard error must be finite and not negative, got {margin}, {sd} and {error}.")


def _welch(first: Any, first_degrees: float, second: float, second_degrees: float) -> tuple[Any, Any]:
    # `combine` for arrays
    total = first + second
    share = first / total
    return total**0.5, 1 / (share**2 / first_degrees + (1 - share) ** 2 / second_degrees)


@lru_cache(maxsize=256)  # a table of claims asks for the same numbers of seeds again and again
def _scaled_deviation(degrees: int) -> tuple[Any, Any]:
    # s / sigma follows a chi distribution over sqrt(degrees); integrated over its quantile, so that the density is in the nodes
    nodes, weights = _legendre()
    low, high = 1e-9, 1 - 1e-9
    quantile = (high - low) / 2 * nodes + (high + low) / 2
    ratio = (2 * special().gammaincinv(degrees / 2, quantile) / degrees) ** 0.5
    return ratio, weights * (high - low) / 2


@lru_cache(maxsize=1)
def _legendre() -> tuple[Any, Any]:
    try:
        import numpy
    except ImportError:
        raise MissingExtra("numpy", "stats", "The power of a comparison") from None
    return numpy.polynomial.legendre.leggauss(NODES)
