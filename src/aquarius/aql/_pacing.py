"""Pacing: the share c(t) of the samples, easiest first, that a curriculum admits at progress t of the run. A quantile, never a threshold of a score."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..core import BadInput

Pacing = Callable[[float], float]  # progress t in [0, 1] -> c in (0, 1]


def _checked(start: float, until: float = 1.0, power: float = 1.0) -> None:
    if not (0 < start <= 1 and 0 < until <= 1 and power > 0):
        raise BadInput(
            f"A pacing starts in (0, 1], ends at a share in (0, 1] of the run, with a positive power; got {start}, {until}, {power}."
        )


@dataclass(frozen=True)
class Linear:
    """c = b + (1 - b) t/a.

    Source: Platanios et al. (2019), section 2.2.
    """

    start: float = 0.2
    until: float = 0.5

    def __post_init__(self) -> None:
        _checked(self.start, self.until)

    def __call__(self, t: float) -> float:
        return min(1.0, self.start + (1 - self.start) * max(t, 0) / self.until)


@dataclass(frozen=True)
class Root:
    """c = (bᵖ + (1 - bᵖ) t/a)^(1/p).

    Source: Platanios et al. (2019), section 2.2 (p = 2 is theirs).
    """

    start: float = 0.2
    until: float = 0.5
    power: float = 2.0

    def __post_init__(self) -> None:
        _checked(self.start, self.until, self.power)

    def __call__(self, t: float) -> float:
        low = self.start**self.power
        return min(1.0, (low + (1 - low) * max(t, 0) / self.until) ** (1 / self.power))


@dataclass(frozen=True)
class Polynomial:
    """c = b + (1 - b)(t/a)ᵖ, the quadratic for p = 2.

    Source: Wu, Dyer, Neyshabur, "When Do Curricula Work?" (2021), the pacing functions compared there.
    """

    start: float = 0.2
    until: float = 0.5
    power: float = 2.0

    def __post_init__(self) -> None:
        _checked(self.start, self.until, self.power)

    def __call__(self, t: float) -> float:
        return min(1.0, self.start + (1 - self.start) * (max(t, 0) / self.until) ** self.power)


@dataclass(frozen=True)
class Exponential:
    """c = b + (1 - b)(e^(10 t/a) - 1)/(e¹⁰ - 1).

    Source: Wu, Dyer, Neyshabur (2021), the pacing functions compared there.
    """

    start: float = 0.2
    until: float = 0.5

    def __post_init__(self) -> None:
        _checked(self.start, self.until)

    def __call__(self, t: float) -> float:
        x = min(max(t, 0) / self.until, 1.0)
        return min(1.0, self.start + (1 - self.start) * math.expm1(10 * x) / math.expm1(10))


@dataclass(frozen=True)
class Step:
    """c = b · factor^⌊t/every⌋.

    Source: Hacohen, Weinshall, "On The Power of Curriculum Learning in Training Deep Networks" (2019), fixed exponential pacing.
    """

    start: float = 0.2
    factor: float = 1.9
    every: float = 0.1

    def __post_init__(self) -> None:
        _checked(self.start, self.every)
        if not self.factor > 1:
            raise BadInput(f"The factor of a step pacing is more than 1, or it never admits all; got {self.factor}.")

    def __call__(self, t: float) -> float:
        steps = math.floor(max(t, 0) / self.every + 1e-9)
        return min(1.0, self.start * self.factor ** min(steps, 1000 / self.factor))


@dataclass(frozen=True)
class Logarithmic:
    """c = b + (1 - b)(1 + 0.1 ln(t/a + e⁻¹⁰)).

    Source: Wu, Dyer, Neyshabur (2021), the pacing functions compared there.
    """

    start: float = 0.2
    until: float = 0.5

    def __post_init__(self) -> None:
        _checked(self.start, self.until)

    def __call__(self, t: float) -> float:
        return min(1.0, self.start + (1 - self.start) * max(0.0, 1 + 0.1 * math.log(max(t, 0) / self.until + math.exp(-10))))


@dataclass(frozen=True)
class WarmUp:
    """For the first `ratio` of the run c rises evenly from `least` to where `pacing` starts; the rest of the run is the pacing's own."""

    pacing: Pacing
    ratio: float = 0.2
    least: float = 0.05

    def __post_init__(self) -> None:
        if not (0 < self.ratio < 1 and 0 < self.least <= 1):
            raise BadInput(f"A warm-up takes a share in (0, 1) of the run and starts in (0, 1]; got {self.ratio} and {self.least}.")

    def __call__(self, t: float) -> float:
        t = max(t, 0.0)
        if t >= self.ratio:
            return self.pacing((t - self.ratio) / (1 - self.ratio))
        end = self.pacing(0.0)
        return min(self.least, end) + (end - min(self.least, end)) * t / self.ratio
