"""A count as an affine function of a size that the paper does not state, and for which sizes it agrees with what is printed. Exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

# Two to draw the line, one to see that it holds. None is round: a size that is padded to a multiple of 64 does not pass for a straight line.
PROBES = (8_191, 20_011, 39_989)


@dataclass(frozen=True)
class Line:
    """count = offset + slope * size."""

    offset: int
    slope: int


def agrees(count: int, printed: float, last_place: float) -> bool:
    """Say whether a count is printed like that: |count - printed| <= last_place / 2."""
    return abs(count - Fraction(printed)) <= Fraction(last_place) / 2


def line(count: Callable[[int], int]) -> Line | None:
    """Return the line through the counts at the probes, or None where the three do not lie on one."""
    one, two, three = (count(size) for size in PROBES)
    slope = Fraction(two - one, PROBES[1] - PROBES[0])
    offset = one - slope * PROBES[0]
    if slope.denominator != 1 or offset + slope * PROBES[2] != three:
        return None
    return Line(int(offset), int(slope))


def interval(straight: Line, printed: float, last_place: float) -> tuple[int, int] | None:
    """Return the sizes (from 1, both ends included) at which the count agrees with the printed number, or None where there is none.

    The slope must not be 0: a count that does not depend on the size agrees everywhere or nowhere.
    """
    half = Fraction(last_place) / 2
    ends = sorted((Fraction(printed) + sign * half - straight.offset) / straight.slope for sign in (-1, 1))
    low, high = max(1, ceil(ends[0])), floor(ends[1])
    return (low, high) if low <= high else None


def serves_most(intervals: Sequence[tuple[int, int] | None]) -> tuple[int, list[tuple[int, int]]]:
    """Return how many intervals at most share a size, and where they do: one interval, or several that are equally good."""
    starts = sorted({low for low, _ in filter(None, intervals)})
    best = 0
    places: list[tuple[int, int]] = []
    for low in starts:
        over = [each for each in intervals if each is not None and each[0] <= low <= each[1]]
        if len(over) > best:
            best, places = len(over), []
        if len(over) == best:
            places.append((low, min(high for _, high in over)))
    return best, places
