"""A trajectory against the paper's: every point inside the registered band, the difference at no point corrected away, and the range reached.

All points must hold, so an equivalence at every point needs no correction (an intersection-union test keeps its level). A difference at any one
point is enough, so the level of each is divided by their number: the band that is told is simultaneous, not pointwise.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..dossier import Claim
from ._decide import WANTED_POWER, Answer, difference_of, needed_sentence, solved
from ._equivalence import Comparison, equivalence, moments
from ._gather import Samples, measured_curve
from ._numbers import number, plus_minus
from ._power import seeds_needed
from ._verdict import Result, Rule

MOST_POINTS = 20  # of the paper's curve that are tested; a denser one is thinned evenly, its ends kept
Curve = Sequence[tuple[float, float]]


def decide_curve(claim: Claim, rule: Rule, found: Samples) -> Answer:
    """Hold the curves of all seeds against the paper's curve, as it was read before the first run, with its reading error."""
    if rule.margin is None:
        return Answer("inconclusive", "none", ("A curve is registered for this claim, and no margin for its band.",))
    curves = [curve for sample in found.values if (curve := measured_curve(sample.evidence, claim, rule))]
    if len(curves) < 2:
        return Answer("inconclusive", "none", ("One seed never reproduces a curve: a band needs at least 2.",))
    paper = thinned(sorted(rule.curve))
    begin, end = max(curve[0][0] for curve in curves), min(curve[-1][0] for curve in curves)
    reached = [(x, y) for x, y in paper if begin <= x <= end]
    if len(reached) < 2:
        return Answer(
            "not tested", "none", (f"Not tested: the runs' curves share {len(reached)} of {len(paper)} points with the paper's.",)
        )
    margin = rule.margin + rule.reading_error
    result, points, band = curve_tests(curves, reached, margin, rule.alpha, claim.direction)
    worst = max(range(len(points)), key=lambda index: (abs(points[index].difference), -index))
    inside = sum(test.equivalent for test in band)
    reasons = [
        _sentence(result, reached, points, band, worst),
        f"The simultaneous band lies inside the margin at {inside} of {len(reached)} points.",
    ]
    needed: dict[str, int] = {}
    if result == "inconclusive":
        sd = max(moments([at(curve, x) for curve in curves])[1] for x, _ in reached)
        needed = solved({wanted: seeds_needed(margin, sd, wanted, alpha=rule.alpha) for wanted in WANTED_POWER}) if sd else {}
        reasons.append(needed_sentence(needed, "decide at the noisiest point, were the difference there zero"))
    if len(reached) < len(paper):
        short = f"Not tested at this scale: the runs go from step {number(begin)} to {number(end)}, the paper's curve from {number(paper[0][0])} to {number(paper[-1][0])}."
        result, reasons = "not tested", [short, *reasons]
    p = min(1.0, len(band) * min(min(test.p_above, test.p_below) for test in band))
    return Answer(
        result, "TOST at every point; simultaneous band (Bonferroni)", tuple(reasons), None, difference_of(points[worst]), p, needed
    )


def curve_tests(
    curves: Sequence[Curve], paper: Curve, margin: float, alpha: float, direction: str | None
) -> tuple[Result, list[Comparison], list[Comparison]]:
    """Return the result with the test of each point at the rule's level, and at the level of the simultaneous band (Bonferroni)."""
    columns = [[at(curve, x) for curve in curves] for x, _ in paper]
    points = [equivalence(column, y, margin, alpha) for column, (_, y) in zip(columns, paper, strict=True)]
    band = [equivalence(column, y, margin, alpha / len(paper)) for column, (_, y) in zip(columns, paper, strict=True)]
    above, below = any(test.above for test in band), any(test.below for test in band)
    if all(test.equivalent for test in points):
        return "reproduced", points, band
    if not (above or below):
        return "inconclusive", points, band
    if direction is None or (above and below):
        return "refuted", points, band
    return "better" if above == (direction == "higher") else "worse", points, band


def thinned(curve: Curve) -> list[tuple[float, float]]:
    """Return at most 20 points of a curve, evenly chosen, the first and the last among them."""
    if len(curve) <= MOST_POINTS:
        return list(curve)
    return [curve[round(index * (len(curve) - 1) / (MOST_POINTS - 1))] for index in range(MOST_POINTS)]


def at(curve: Curve, x: float) -> float:
    """Return the value of a curve at `x`, on the line between its neighbours; the ends beyond its range."""
    before = max((point for point in curve if point[0] <= x), default=curve[0])
    after = min((point for point in curve if point[0] >= x), default=curve[-1])
    if after[0] == before[0]:
        return before[1]
    return before[1] + (after[1] - before[1]) * (x - before[0]) / (after[0] - before[0])


def _sentence(result: Result, reached: Curve, points: Sequence[Comparison], band: Sequence[Comparison], worst: int) -> str:
    margin = plus_minus(points[0].margin)
    if result == "reproduced":
        return f"At all {len(points)} points of the paper's curve the interval of the difference lies inside the band {margin}; the largest is {number(points[worst].difference, points[worst].standard_error)} at step {number(reached[worst][0])}."
    if result == "inconclusive":
        open_ones = [reached[index][0] for index, test in enumerate(points) if not test.equivalent]
        return f"At {len(open_ones)} of {len(points)} points, the first at step {number(open_ones[0])}, the interval of the difference crosses the edge of the band {margin}."
    outside = [index for index, test in enumerate(band) if test.above or test.below]
    first = band[outside[0]]
    return f"At {len(outside)} of {len(points)} points, the first at step {number(reached[outside[0]][0])} with a difference of {number(first.difference, first.standard_error)}, the simultaneous band lies outside {margin}."
