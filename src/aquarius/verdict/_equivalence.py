"""Statistics of a comparison, on plain floats: equivalence, difference, order, and the correction for a family of them.

One form serves them all: a difference, its standard error and the t distribution. The interval of the difference at level 1 - 2 alpha decides:
inside the margin is equivalence (two one-sided tests), outside it is a difference, and with margin 0 its lower bound is a test of order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from ..core import BadInput, Measure, MissingExtra

Design = Literal["independent", "paired"]
INTERVAL_QUANTILE = 1.959963984540054  # of the normal distribution; a printed interval is read as one of 95 %


@dataclass(frozen=True)
class Comparison:
    """A difference held against a margin: its interval at level 1 - 2 alpha, and the p values of the three answers."""

    test: str
    difference: float
    standard_error: float
    degrees: float  # of freedom of the t distribution
    low: float
    high: float
    margin: float
    p_equivalent: float  # of |difference| >= margin
    p_above: float  # of difference <= margin
    p_below: float  # of difference >= -margin

    @property
    def equivalent(self) -> bool:
        """Say whether the interval lies inside the margin."""
        return -self.margin < self.low and self.high < self.margin

    @property
    def above(self) -> bool:
        """Say whether the interval lies above the margin."""
        return self.low > self.margin

    @property
    def below(self) -> bool:
        """Say whether the interval lies below the margin's negative."""
        return self.high < -self.margin


@dataclass(frozen=True)
class Reading:
    """One reading of the spread that a paper prints: the standard error of its value, and the runs behind it where they are known."""

    name: str
    standard_error: float
    runs: int | None = None


def equivalence(
    values: Sequence[float], target: float, margin: float, alpha: float = 0.05, *, target_error: float = 0.0, target_runs: int | None = None
) -> Comparison:
    """Hold the mean of `values` against a number that is itself known to `target_error` (its standard error, 0 = exactly).

    With `target_error` the degrees of freedom follow Welch and Satterthwaite; where the runs behind the target are not known, it is given
    as many as `values`.

    Source: Schuirmann 1987, two one-sided tests; Welch 1947.

    Raises:
        BadInput: fewer than two values, a value that is not finite, a negative margin or error, or an alpha outside (0, 0.5).
    """
    mean, sd = moments(values)
    _check_level(margin, alpha)
    if not (math.isfinite(target) and math.isfinite(target_error)) or target_error < 0:
        raise BadInput(f"the target and its standard error must be finite and the error not negative, got {target} and {target_error}.")
    n = len(values)
    target_degrees = target_runs - 1 if target_runs is not None and target_runs > 1 else n - 1
    error, degrees = combine(sd**2 / n, n - 1, target_error**2, target_degrees)
    test = "TOST, one-sample t" if target_error == 0 else "TOST, Welch t with the paper's own spread"
    return _comparison(test, mean - target, error, degrees, margin, alpha)


def contrast(
    first: Sequence[float], second: Sequence[float], margin: float = 0.0, alpha: float = 0.05, *, design: Design = "independent"
) -> Comparison:
    """Hold the mean of `first` against that of `second`: Welch, or paired by position; with margin 0 it is a test of order.

    Raises:
        BadInput: as `equivalence`; or a paired design with unequal numbers of values.
    """
    _check_level(margin, alpha)
    kind = "TOST" if margin else "one-sided"
    if design == "paired":
        if len(first) != len(second):
            raise BadInput(f"a paired comparison needs as many values on both sides, got {len(first)} and {len(second)}.")
        mean, sd = moments([a - b for a, b in zip(first, second, strict=True)])
        return _comparison(f"{kind}, paired t", mean, sd / math.sqrt(len(first)), len(first) - 1, margin, alpha)
    mean_a, sd_a = moments(first)
    mean_b, sd_b = moments(second)
    error, degrees = combine(sd_a**2 / len(first), len(first) - 1, sd_b**2 / len(second), len(second) - 1)
    return _comparison(f"{kind}, Welch t", mean_a - mean_b, error, degrees, margin, alpha)


def paper_readings(measure: Measure) -> tuple[Reading, ...]:
    """Return what the spread of a printed value may mean for its standard error; with two readings, a verdict must hold under both.

    A standard deviation without its number of runs, a range, and a spread of unknown kind leave the standard error open between two bounds.
    An interval is read as the half-width of one of 95 %.

    Raises:
        BadInput: the spread is negative or not finite.
    """
    spread, kind, runs = measure.spread, measure.spread_kind, measure.n
    if spread is None:
        return (Reading("the paper prints no spread, so its number is taken as exact", 0.0),)
    if not math.isfinite(spread) or spread < 0:
        raise BadInput(f"the paper's spread must be finite and not negative, got {spread}.")
    if kind == "se":
        return (Reading("the paper's spread is a standard error", spread, runs),)
    if kind == "interval":
        return (Reading("the paper's spread is read as the half-width of a 95 % interval", spread / INTERVAL_QUANTILE, runs),)
    if kind == "sd" and runs:
        return (Reading(f"the paper's spread is a standard deviation over {runs} runs", spread / math.sqrt(runs), runs),)
    if kind == "sd":
        return (
            Reading("the paper's spread is a standard deviation over very many runs", 0.0),
            Reading("the paper's spread is a standard deviation of one run", spread),
        )
    if kind == "range" or not runs:
        return (
            Reading("the paper's spread says nothing of its mean's error", 0.0),
            Reading("the paper's spread is a standard error", spread, runs),
        )
    return (
        Reading(f"the paper's spread is a standard deviation over {runs} runs", spread / math.sqrt(runs), runs),
        Reading("the paper's spread is a standard error", spread, runs),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p values of a family adjusted for its size, in the given order.

    Source: Holm 1979, the step-down procedure.

    Raises:
        BadInput: a p value outside [0, 1].
    """
    if any(not 0 <= p <= 1 for p in p_values):
        raise BadInput(f"p values must lie between 0 and 1, got {list(p_values)}.")
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def moments(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and standard deviation (n - 1); the same to the last bit in whichever order the values come.

    Raises:
        BadInput: fewer than two values, or one that is not finite.
    """
    if len(values) < 2:
        raise BadInput(f"a spread between seeds needs at least 2 values, got {len(values)}.")
    if not all(math.isfinite(value) for value in values):
        raise BadInput("a value that is not finite cannot enter a comparison: leave the run out, and say so.")
    if min(values) == max(values):  # otherwise the rounding of the mean leaves a spread of 1e-17
        return values[0], 0.0
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def combine(first: float, first_degrees: float, second: float, second_degrees: float) -> tuple[float, float]:
    """Return the standard error and the degrees of freedom of a difference, from two squared standard errors (Welch, Satterthwaite)."""
    total = first + second
    if total == 0:
        return 0.0, first_degrees
    share = first / total  # shares, not squares of squares: tiny errors must not underflow
    return math.sqrt(total), 1 / (share**2 / first_degrees + (1 - share) ** 2 / second_degrees)


def special() -> ModuleType:
    """Return scipy.special.

    Raises:
        MissingExtra: scipy is not installed.
    """
    try:
        import scipy.special
    except ImportError:
        raise MissingExtra("scipy", "stats", "Judging a measured value") from None
    return scipy.special  # type: ignore[no-any-return]


def _comparison(test: str, difference: float, error: float, degrees: float, margin: float, alpha: float) -> Comparison:
    if error == 0:  # no spread at all: the difference is what it is
        p_above, p_below = float(difference <= margin), float(difference >= -margin)
        p_equivalent = float(abs(difference) >= margin)
        return Comparison(test, difference, 0.0, degrees, difference, difference, margin, p_equivalent, p_above, p_below)
    functions = special()
    half = float(functions.stdtrit(degrees, 1 - alpha)) * error
    p_above = float(functions.stdtr(degrees, -(difference - margin) / error))
    p_below = float(functions.stdtr(degrees, (difference + margin) / error))
    inside_high = float(functions.stdtr(degrees, (difference - margin) / error))
    inside_low = float(functions.stdtr(degrees, -(difference + margin) / error))
    return Comparison(
        test, difference, error, degrees, difference - half, difference + half, margin, max(inside_high, inside_low), p_above, p_below
    )


def _check_level(margin: float, alpha: float) -> None:
    if not math.isfinite(margin) or margin < 0:
        raise BadInput(f"a margin must be finite and not negative, got {margin}.")
    if not 0 < alpha < 0.5:
        raise BadInput(f"alpha must lie between 0 and 0.5, got {alpha}.")
