"""What the numbers alone say of one claim, before any condition of the test is looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..core import Measure
from ..dossier import Claim
from ._equivalence import Comparison, Reading, contrast, equivalence, moments, paper_readings, special
from ._gather import Samples
from ._numbers import carried, many, number, plus_minus
from ._power import order_power, order_seeds_needed, power, seeds_needed
from ._verdict import Difference, Estimate, Result, Rule

ONE_RUN_LEVEL = 0.001  # two-sided: a single run refutes only what it makes this improbable
ONE_RUN_TEST = "one run against the paper's own spread"
WANTED_POWER = (0.8, 0.9)


@dataclass(frozen=True)
class Answer:
    """A result with its test and sentences; `p` is the p value of a difference, which the correction over a family of claims needs."""

    result: Result
    test: str
    reasons: tuple[str, ...]
    measured: Estimate | None = None
    difference: Difference | None = None
    p: float | None = None
    seeds_needed: dict[str, int] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()


def decide_value(claim: Claim, rule: Rule | None, found: Samples) -> Answer:
    """Hold the measured values of a claim against the paper's number: equivalence inside the margin, a difference outside it."""
    paper = claim.measure
    values, alpha = found.numbers, rule.alpha if rule else 0.05
    measured = estimate(values, alpha)
    if paper is None:
        return Answer("inconclusive", "none", ("The claim states no number to be held against.",), measured)
    if not values:
        return Answer("inconclusive", "none", (f"No run gave a finite {claim.quantity}.",))
    margin = (rule.margin or 0.0) + paper.last_place / 2 if rule else paper.last_place / 2
    readings = paper_readings(paper)
    if len(values) == 1:
        return _one_run(claim, paper, values[0], margin, measured)
    if rule is None or rule.margin is None:
        return Answer("inconclusive", "none", (_measured(measured, paper),), measured)
    tests = [
        equivalence(values, paper.value, margin, alpha, target_error=reading.standard_error, target_runs=reading.runs)
        for reading in readings
    ]
    results = [_value_result(test, claim.direction) for test in tests]
    widest = max(tests, key=lambda test: test.high - test.low)
    sentence = _place_of_interval(
        widest, alpha, f"measured − paper, {number(rule.margin)} registered and half a unit in the last printed place"
    )
    names = tuple(reading.name for reading in readings)
    if len(set(results)) > 1:
        first = " and ".join(f"{result} if {reading.name}" for result, reading in zip(results, readings, strict=True))
        return Answer(
            "inconclusive", widest.test, (f"The readings of the paper's spread disagree: {first}.", sentence), measured,
            _difference(widest), max(_p(test) for test in tests), _value_seeds(values, margin, alpha, readings), names,
        )  # fmt: skip
    needed: dict[str, int] = {}
    reasons = [sentence]
    if results[0] == "inconclusive":
        needed = _value_seeds(values, margin, alpha, readings)
        reasons.append(_power_sentence(values, margin, alpha, readings, needed))
    return Answer(
        results[0], widest.test, tuple(reasons), measured, _difference(widest), max(_p(test) for test in tests), needed, names
    )  # fmt: skip


def decide_order(claim: Claim, rule: Rule | None, first: Samples, second: Samples) -> Answer:
    """Test whether the claim's system is ahead of the one it is said to beat."""
    alpha, design = (rule.alpha, rule.design) if rule else (0.05, "independent")
    measured = estimate(first.numbers, alpha)
    if claim.direction is None:
        return Answer("inconclusive", "none", ("The claim does not say whether higher or lower is better.",), measured)
    if min(len(first.values), len(second.values)) < 2:
        return Answer("inconclusive", "none", ("An order needs at least 2 seeds of both systems.",), measured)
    mine, theirs = first.numbers, second.numbers
    if design == "paired":
        seeds = [sample.seed for sample in first.values]
        if None in seeds or seeds != [sample.seed for sample in second.values]:
            return Answer("inconclusive", "none", ("A paired design is registered, and the two systems ran on different seeds.",), measured)
    if claim.direction == "lower":
        mine, theirs = theirs, mine
    test = contrast(mine, theirs, 0.0, alpha, design=design)
    result: Result = "reproduced" if test.above else "refuted" if test.below else "inconclusive"
    paper = claim.measure
    effect = abs(paper.value) if paper is not None else None
    beside = f" (the paper: {number(effect)})" if effect else ""
    ahead = f"{claim.subject} is ahead by {number(test.difference, test.standard_error)}{beside}"
    reasons = [f"{ahead}; the {_level(alpha)} interval is {_interval(test)}."]
    needed: dict[str, int] = {}
    if result == "inconclusive" and effect:
        spread = test.standard_error * math.sqrt(len(mine) if design == "paired" else len(mine) * len(theirs) / (len(mine) + len(theirs)))
        seen = order_power(min(len(mine), len(theirs)), effect, spread, alpha=alpha, design=design)
        needed = _solved({wanted: order_seeds_needed(effect, spread, wanted, alpha=alpha, design=design) for wanted in WANTED_POWER})
        if seen < 0.5:
            result = "not tested"
            reasons.insert(0, f"Not tested at this scale: an effect of the paper's size is seen with probability {seen:.2f} only.")
        reasons.append(_needed_sentence(needed, "show an effect of the paper's size"))
    return Answer(result, test.test, tuple(reasons), measured, _difference(test), _p(test), needed)


def estimate(values: Sequence[float], alpha: float) -> Estimate | None:
    """Return mean, spread and interval of the mean at level 1 - 2 alpha, with the digits they carry; None where nothing was measured."""
    if not values:
        return None
    if len(values) == 1:
        return Estimate(mean=carried(values[0]), sd=None, n=1, low=None, high=None)
    mean, sd = moments(values)
    error = sd / math.sqrt(len(values))
    half = float(special().stdtrit(len(values) - 1, 1 - alpha)) * error if error else 0.0
    low, high = carried(mean - half, error), carried(mean + half, error)
    return Estimate(mean=carried(mean, error), sd=carried(sd, sd), n=len(values), low=low, high=high)


def _one_run(claim: Claim, paper: Measure, value: float, margin: float, measured: Estimate | None) -> Answer:
    test = ONE_RUN_TEST
    sd = {"sd": paper.spread, "se": (paper.spread or 0.0) * math.sqrt(paper.n or 0)}.get(paper.spread_kind or "")
    distance = abs(value - paper.value)
    if sd is not None and sd > 0 and paper.n is not None and paper.n > 1:
        functions = special()
        error = sd * math.sqrt(1 + 1 / paper.n)
        half = float(functions.stdtrit(paper.n - 1, 1 - ONE_RUN_LEVEL / 2)) * error + margin
        if distance > half:
            p = 2 * float(functions.stdtr(paper.n - 1, -(distance - margin) / error))
            return Answer(
                "refuted", test,
                (f"One run refutes the value: it lies {number(distance)} from the paper's number, and its own spread allows {number(half)}.",),
                measured, p=p,
            )  # fmt: skip
    return Answer(
        "inconclusive", test, (f"One seed never reproduces a value: {number(value)} was measured, the paper prints {_printed(paper)}.",), measured
    )  # fmt: skip


def _value_result(test: Comparison, direction: str | None) -> Result:
    if test.equivalent:
        return "reproduced"
    if not (test.above or test.below):
        return "inconclusive"
    if direction is None:
        return "refuted"
    return "better" if test.above == (direction == "higher") else "worse"


def _value_seeds(values: Sequence[float], margin: float, alpha: float, readings: Sequence[Reading]) -> dict[str, int]:
    _, sd = moments(values)
    if sd == 0:
        return {}
    worst = max(readings, key=lambda reading: reading.standard_error)
    return _solved(
        {
            wanted: seeds_needed(margin, sd, wanted, alpha=alpha, target_error=worst.standard_error, target_runs=worst.runs)
            for wanted in WANTED_POWER
        }
    )


def _power_sentence(values: Sequence[float], margin: float, alpha: float, readings: Sequence[Reading], needed: dict[str, int]) -> str:
    _, sd = moments(values)
    if sd == 0:
        return "The values show no spread, so no number of seeds can be named."
    worst = max(readings, key=lambda reading: reading.standard_error)
    had = power(len(values), margin, sd, alpha=alpha, target_error=worst.standard_error, target_runs=worst.runs)
    return f"With {len(values)} seeds the power was {had:.2f}, were the true difference zero. {_needed_sentence(needed, 'decide, were it zero')}"


def _needed_sentence(needed: dict[str, int], what: str) -> str:
    if not needed:
        return f"No 10,000 seeds would {what}."
    counts = [f"{many(seeds, 'seed')} (power {wanted})" for wanted, seeds in needed.items()]
    return f"{' and '.join(counts)} would {what}."


def _solved(seeds: dict[float, int | None]) -> dict[str, int]:
    return {str(wanted): count for wanted, count in seeds.items() if count is not None}


def _difference(test: Comparison) -> Difference:
    error = test.standard_error
    return Difference(
        value=carried(test.difference, error), low=carried(test.low, error), high=carried(test.high, error), margin=carried(test.margin)
    )


def _place_of_interval(test: Comparison, alpha: float, meaning: str) -> str:
    if test.equivalent:
        where = "lies inside"
    elif test.above or test.below:
        where = "lies outside"
    else:
        where = "crosses the edge of"
    return f"The {_level(alpha)} interval of the difference, {_interval(test)}, {where} the margin {plus_minus(test.margin)} ({meaning})."


def _interval(test: Comparison) -> str:
    return f"{number(test.low, test.standard_error)} to {number(test.high, test.standard_error)}"


def _measured(measured: Estimate | None, paper: Measure) -> str:
    if measured is None or measured.sd is None:
        return "Nothing was measured."
    mean = number(measured.mean, measured.sd / math.sqrt(measured.n) or None)
    return f"{mean} was measured over {measured.n} seeds, the paper prints {_printed(paper)}."


def _printed(paper: Measure) -> str:
    return paper.printed or number(paper.value)


def _level(alpha: float) -> str:
    return f"{number(100 * (1 - 2 * alpha))} %"


def _p(test: Comparison) -> float:
    return min(test.p_above, test.p_below)
