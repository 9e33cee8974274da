"""Trends and correlations: does a quantity rise or fall along a setting, and does a coefficient agree with the paper's?

A sweep that ran the same seeds at every level is decided by the slope of each seed over the levels in their order, so that a logarithmic sweep
counts like an even one; anything else by Spearman's coefficient over all points. A trend that turns back between two levels is not shown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from ..core import BadInput
from ..dossier import Claim
from ._decide import Answer, difference_of, interval_of, level_of, p_of, place_of_interval
from ._equivalence import Comparison, contrast, equivalence, holm, special
from ._gather import Samples
from ._numbers import carried, many, number
from ._verdict import Difference, Estimate, Result, Rule

Coefficient = Literal["pearson", "spearman", "kendall"]
FEWEST_LEVELS = 3
FEWEST_POINTS = 10  # below them the interval of a coefficient covers too rarely; Kendall's, whose error is the coarsest, below 20


def correlation(
    first: Sequence[float],
    second: Sequence[float],
    target: float = 0.0,
    margin: float = 0.0,
    alpha: float = 0.05,
    *,
    kind: Coefficient = "spearman",
) -> Comparison:
    """Hold a coefficient of correlation against `target`: its interval is that of Fisher's transformation.

    Source: Fisher 1921; Bonett and Wright 2000 (the standard error for Spearman); Fieller, Hartley and Pearson 1957 (for Kendall).

    Raises:
        BadInput: fewer than 10 points (20 for Kendall), unequal numbers of them, a value that is not finite, or a side whose values are all equal.
    """
    n = len(first)
    if n != len(second):
        raise BadInput(f"a correlation needs as many values on both sides, got {n} and {len(second)}.")
    fewest = _fewest(kind)
    if n < fewest:
        raise BadInput(f"the interval of a correlation needs at least {fewest} points, got {n}.")
    if not all(math.isfinite(x) for x in (*first, *second)):
        raise BadInput("a value that is not finite cannot enter a correlation: leave the point out, and say so.")
    if min(first) == max(first) or min(second) == max(second):
        raise BadInput("a correlation needs values that differ on both sides, and one side is constant.")
    found = _coefficient(first, second, kind)
    edge = 1 - 6 / (n**3 - n)  # half a step below 1: a perfect order of n points is no proof of a perfect correlation
    z = math.atanh(max(-edge, min(edge, found)))
    variance = {"pearson": 1 / (n - 3), "spearman": (1 + found**2 / 2) / (n - 3), "kendall": 0.437 / (n - 4)}[kind]
    functions, error = special(), math.sqrt(variance)
    half = float(functions.ndtri(1 - alpha)) * error
    low, high = math.tanh(z - half) - target, math.tanh(z + half) - target
    p_above = _beyond(z, target + margin, error, functions)
    p_below = _beyond(-z, margin - target, error, functions)
    inside = max(1 - _beyond(z, target + margin, error, functions), 1 - _beyond(-z, margin - target, error, functions))
    spread = error * (1 - math.tanh(z) ** 2)
    return Comparison(f"{kind.capitalize()}, Fisher interval", found - target, spread, n - 2, low, high, margin, inside, p_above, p_below)


def decide_trend(claim: Claim, rule: Rule, levels: Sequence[tuple[float, Samples]]) -> Answer:
    """Test whether the claim's quantity rises (direction "higher") or falls along the registered setting, or how strongly the two correlate."""
    if claim.direction is None and (claim.measure is None or rule.margin is None):
        return Answer("inconclusive", "none", ("The claim does not say whether the quantity rises or falls.",))
    if len(levels) < FEWEST_LEVELS:
        return Answer(
            "inconclusive",
            "none",
            (f"A trend needs at least {FEWEST_LEVELS} levels of {rule.along}, and {many(len(levels), 'level')} ran.",),
        )
    if claim.measure is not None and rule.margin is not None:
        return _agreement(claim, rule, levels)
    sign = 1.0 if claim.direction == "higher" else -1.0
    seeds = [[sample.seed for sample in found.values] for _, found in levels]
    if len(seeds[0]) > 1 and None not in seeds[0] and all(own == seeds[0] for own in seeds):
        return _slopes(claim, rule, levels, sign)
    points = [(x, sign * sample.value) for x, found in levels for sample in found.values]
    if len(points) < FEWEST_POINTS:
        reason = f"A trend over {many(len(points), 'point')} of unequal seeds needs at least {FEWEST_POINTS} of them, or the same seeds at every level."
        return Answer("inconclusive", "none", (reason,))
    if len({y for _, y in points}) == 1:
        return Answer("inconclusive", "none", (f"{claim.quantity} is the same at every level of {rule.along}.",))
    test = correlation([x for x, _ in points], [y for _, y in points], alpha=rule.alpha)
    sentence = f"{_way(claim)} along {rule.along} with a coefficient of {number(test.difference, 0.01)} over {len(points)} points; the {level_of(rule.alpha)} interval is {interval_of(test)}."
    return Answer(_ahead(test), f"one-sided, {test.test}", (sentence,), None, difference_of(test), p_of(test), ahead=True)


def _slopes(claim: Claim, rule: Rule, levels: Sequence[tuple[float, Samples]], sign: float) -> Answer:
    columns = [[sign * value for value in found.numbers] for _, found in levels]  # (level, seed)
    middle = (len(levels) - 1) / 2
    weights = [(index - middle) / math.fsum((i - middle) ** 2 for i in range(len(levels))) for index in range(len(levels))]
    slopes = [math.fsum(w * column[seed] for w, column in zip(weights, columns, strict=True)) for seed in range(len(columns[0]))]
    test = equivalence(slopes, 0.0, 0.0, rule.alpha)
    result = _ahead(test)
    sentence = f"{_way(claim)} by {number(test.difference, test.standard_error)} from one level of {rule.along} to the next; the {level_of(rule.alpha)} interval is {interval_of(test)}."
    reasons = [sentence]
    turn = _turn(levels, columns, rule, result) if result in ("reproduced", "refuted") else None
    if turn is not None:
        result = "inconclusive"
        reasons.insert(
            0,
            f"{claim.quantity} turns back between {rule.along} = {number(turn[0])} and {number(turn[1])}, so the trend does not hold all along.",
        )
    return Answer(result, "one-sided, t on the slope of each seed", tuple(reasons), None, difference_of(test), p_of(test), ahead=True)


def _turn(
    levels: Sequence[tuple[float, Samples]], columns: Sequence[Sequence[float]], rule: Rule, result: Result
) -> tuple[float, float] | None:
    """Return the first step of the sweep that goes the other way, corrected for the number of steps (Holm)."""
    steps = [contrast(later, earlier, 0.0, rule.alpha, design="paired") for earlier, later in pairwise(columns)]
    against = holm([step.p_below if result == "reproduced" else step.p_above for step in steps])
    backward = [step.below if result == "reproduced" else step.above for step in steps]
    for (first, _), (second, _), p, back in zip(levels, levels[1:], against, backward, strict=False):
        if back and p <= rule.alpha:
            return first, second
    return None


def _agreement(claim: Claim, rule: Rule, levels: Sequence[tuple[float, Samples]]) -> Answer:
    """Hold the coefficient over the levels, each with the mean of its seeds, against the paper's."""
    assert claim.measure is not None and rule.margin is not None
    full = [(x, math.fsum(found.numbers) / len(found.numbers)) for x, found in levels if found.values]
    if len({y for _, y in full}) == 1:
        return Answer("inconclusive", "none", (f"{claim.quantity} is the same at every level of {rule.along}.",))
    words = set(re.findall(r"[a-z]+", f"{claim.quantity} {rule.metric}".casefold()))
    kind: Coefficient = "pearson" if "pearson" in words else "kendall" if "kendall" in words else "spearman"
    if len(full) < _fewest(kind):
        reason = (
            f"The interval of {kind.capitalize()}'s coefficient needs at least {_fewest(kind)} levels of {rule.along}, and {len(full)} ran."
        )
        return Answer("inconclusive", "none", (reason,))
    margin = rule.margin + claim.measure.last_place / 2
    test = correlation([x for x, _ in full], [y for _, y in full], claim.measure.value, margin, rule.alpha, kind=kind)
    found = carried(test.difference + claim.measure.value, test.standard_error)
    measured = Estimate(mean=found, sd=None, n=len(full), low=None, high=None)
    result: Result = "reproduced" if test.equivalent else "refuted" if test.above or test.below else "inconclusive"
    sentence = place_of_interval(test, rule.alpha, "measured − paper, registered and half a unit in the last printed place")
    shown: Difference = difference_of(test)
    return Answer(result, f"TOST, {test.test}", (sentence,), measured, shown, p_of(test))


def _fewest(kind: Coefficient) -> int:
    return 2 * FEWEST_POINTS if kind == "kendall" else FEWEST_POINTS


def _coefficient(first: Sequence[float], second: Sequence[float], kind: Coefficient) -> float:
    if kind == "kendall":
        return _kendall(first, second)
    if kind == "spearman":
        first, second = _ranks(first), _ranks(second)
    mean_a, mean_b = math.fsum(first) / len(first), math.fsum(second) / len(second)
    a, b = [x - mean_a for x in first], [y - mean_b for y in second]
    product = math.fsum(x * y for x, y in zip(a, b, strict=True))
    return product / math.sqrt(math.fsum(x * x for x in a) * math.fsum(y * y for y in b))


def _kendall(first: Sequence[float], second: Sequence[float]) -> float:
    """Return tau-b, which allows for ties."""
    score = ties_a = ties_b = 0
    pairs = [(i, j) for i in range(len(first)) for j in range(i)]
    for i, j in pairs:
        a, b = (first[i] > first[j]) - (first[i] < first[j]), (second[i] > second[j]) - (second[i] < second[j])
        score, ties_a, ties_b = score + a * b, ties_a + (a == 0), ties_b + (b == 0)
    return score / math.sqrt((len(pairs) - ties_a) * (len(pairs) - ties_b))


def _ranks(values: Sequence[float]) -> list[float]:
    """Return ranks from 1; equal values share the mean of theirs."""
    order = sorted(values)
    first = {value: index for index, value in reversed(list(enumerate(order, 1)))}
    last = {value: index for index, value in enumerate(order, 1)}
    return [(first[value] + last[value]) / 2 for value in values]


def _beyond(z: float, edge: float, error: float, functions: object) -> float:
    """Return the p value of the coefficient being at most `edge`, where its transform is `z`."""
    if not -1 < edge < 1:
        return 1.0 if edge >= 1 else 0.0
    return float(functions.ndtr(-(z - math.atanh(edge)) / error))  # type: ignore[attr-defined]


def _ahead(test: Comparison) -> Result:
    return "reproduced" if test.above else "refuted" if test.below else "inconclusive"


def _way(claim: Claim) -> str:
    return f"{claim.quantity} {'rises' if claim.direction == 'higher' else 'falls'}"
