"""What the numbers alone say of one claim, before any condition of the test is looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..core import Measure
from ..dossier import Claim
from ._bootstrap import FEWEST, MOST, bootstrap
from ._equivalence import Comparison, Reading, equivalence, moments, paper_readings, special
from ._gather import Samples
from ._numbers import carried, many, number, plus_minus
from ._power import order_seeds_needed, power, seeds_needed
from ._verdict import Difference, Estimate, Result, Rule

ONE_RUN_LEVEL = 0.001  # two-sided: a single run refutes only what it makes this improbable
ONE_RUN_TEST = "one run against the paper's own spread"
WANTED_POWER = (0.8, 0.9)


@dataclass(frozen=True)
class Answer:
    """A result with its test and sentences; `p` is the p value of a difference, which the correction over a family of claims needs.

    `ahead` marks a "reproduced" that is itself a difference (an order, a trend), and is corrected with the others.
    """

    result: Result
    test: str
    reasons: tuple[str, ...]
    measured: Estimate | None = None
    difference: Difference | None = None
    p: float | None = None
    seeds_needed: dict[str, int] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    ahead: bool = False


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
    if rule.test == "non-inferiority" and claim.direction is None:
        reason = "Non-inferiority is registered, and the claim does not say whether higher or lower is better."
        return Answer("inconclusive", "none", (reason,), measured)
    tests = [
        equivalence(values, paper.value, margin, alpha, target_error=reading.standard_error, target_runs=reading.runs)
        for reading in readings
    ]
    results = [value_result(test, claim.direction, rule) for test in tests]
    widest = max(tests, key=lambda test: test.high - test.low)
    named = widest.test.replace("TOST", "non-inferiority") if rule.test == "non-inferiority" else widest.test
    sentence = place_of_interval(
        widest, alpha, f"measured − paper, {number(rule.margin)} registered and half a unit in the last printed place"
    )
    names = tuple(reading.name for reading in readings)
    shown, p = difference_of(widest), max(p_of(test) for test in tests)
    undecided = len(set(results)) > 1 or results[0] == "inconclusive"
    needed = _value_seeds(values, margin, rule, readings) if undecided else {}
    if len(set(results)) > 1:
        first = " and ".join(f"{result} if {reading.name}" for result, reading in zip(results, readings, strict=True))
        ask = "Say in dossier.yaml what the spread is (spread_kind: sd, se or interval; n: the runs), where the paper or its authors tell."
        reason = f"The readings of the paper's spread disagree: {first}. {ask}"
        return Answer("inconclusive", named, (reason, sentence), measured, shown, p, needed, names)
    if results[0] == "inconclusive":
        reasons = (sentence, _power_sentence(values, margin, rule, readings, needed))
        return Answer("inconclusive", named, reasons, measured, shown, p, needed, names)
    if widest.standard_error and FEWEST <= len(values) <= MOST and all(reading.standard_error == 0 for reading in readings):
        low, high = (end - paper.value for end in bootstrap(values, alpha=alpha))
        if value_result(replace(widest, low=low, high=high), claim.direction, rule) != results[0]:
            reasons = (unconfirmed(results[0], low, high, widest.standard_error), sentence)
            return Answer("inconclusive", named, reasons, measured, shown, p, {}, names)
        named = f"{named}, confirmed by a bootstrap"
    return Answer(results[0], named, (sentence,), measured, shown, p, {}, names)


def unconfirmed(result: Result, low: float, high: float, error: float) -> str:
    """Say that the bootstrap's interval does not lead where the t interval leads."""
    interval = f"{number(low, error)} to {number(high, error)}"
    return f"By the t interval it would be {result}, and a bootstrap, {interval}, does not confirm it: the values are too skewed so near the edge."


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
        "inconclusive", test, (f"One seed never reproduces a value: {number(value)} was measured, the paper prints {printed_of(paper)}.",), measured
    )  # fmt: skip


def value_result(test: Comparison, direction: str | None, rule: Rule) -> Result:
    """Return what an interval says: inside the margin, beyond it on one side, or across its edge; for non-inferiority only the bad edge counts."""
    good, bad = (test.above, test.below) if direction != "lower" else (test.below, test.above)
    if rule.test == "non-inferiority":
        inside = test.low > -test.margin if direction != "lower" else test.high < test.margin
        return "better" if good else "reproduced" if inside else "worse" if bad else "inconclusive"
    if test.equivalent:
        return "reproduced"
    if not (good or bad):
        return "inconclusive"
    return "refuted" if direction is None else "better" if good else "worse"


def _value_seeds(values: Sequence[float], margin: float, rule: Rule, readings: Sequence[Reading]) -> dict[str, int]:
    _, sd = moments(values)
    if sd == 0:
        return {}
    worst = max(readings, key=lambda reading: reading.standard_error)
    if rule.test == "non-inferiority":  # one-sided and one sample: what a paired order needs; the paper's own error leaves it open
        known = worst.standard_error == 0
        return solved({w: order_seeds_needed(margin, sd, w, alpha=rule.alpha, design="paired") for w in WANTED_POWER}) if known else {}
    return solved(
        {
            wanted: seeds_needed(margin, sd, wanted, alpha=rule.alpha, target_error=worst.standard_error, target_runs=worst.runs)
            for wanted in WANTED_POWER
        }
    )


def _power_sentence(values: Sequence[float], margin: float, rule: Rule, readings: Sequence[Reading], needed: dict[str, int]) -> str:
    _, sd = moments(values)
    if sd == 0:
        return "The values show no spread, so no number of seeds can be named."
    if rule.test == "non-inferiority":
        return needed_sentence(needed, "decide, were the true difference zero")
    worst = max(readings, key=lambda reading: reading.standard_error)
    had = power(len(values), margin, sd, alpha=rule.alpha, target_error=worst.standard_error, target_runs=worst.runs)
    return f"With {len(values)} seeds the power was {had:.2f}, were the true difference zero. {needed_sentence(needed, 'decide, were it zero')}"


def needed_sentence(needed: dict[str, int], what: str) -> str:
    """Say how many seeds would do it."""
    if not needed:
        return f"No 10,000 seeds would {what}."
    counts = [f"{many(seeds, 'seed')} (power {wanted})" for wanted, seeds in needed.items()]
    return f"{' and '.join(counts)} would {what}."


def solved(seeds: dict[float, int | None]) -> dict[str, int]:
    """Keep the numbers of seeds that could be told, under their power."""
    return {str(wanted): count for wanted, count in seeds.items() if count is not None}


def difference_of(test: Comparison) -> Difference:
    """Return the difference with the digits that it carries."""
    error = test.standard_error
    return Difference(
        value=carried(test.difference, error), low=carried(test.low, error), high=carried(test.high, error), margin=carried(test.margin)
    )


def place_of_interval(test: Comparison, alpha: float, meaning: str) -> str:
    """Say where the interval lies, against the margin."""
    if test.equivalent:
        where = "lies inside"
    elif test.above or test.below:
        where = "lies outside"
    else:
        where = "crosses the edge of"
    return (
        f"The {level_of(alpha)} interval of the difference, {interval_of(test)}, {where} the margin {plus_minus(test.margin)} ({meaning})."
    )


def interval_of(test: Comparison) -> str:
    """Write the interval of a difference."""
    return f"{number(test.low, test.standard_error)} to {number(test.high, test.standard_error)}"


def _measured(measured: Estimate | None, paper: Measure) -> str:
    if measured is None or measured.sd is None:
        return "Nothing was measured."
    mean = number(measured.mean, measured.sd / math.sqrt(measured.n) or None)
    return f"{mean} was measured over {measured.n} seeds, the paper prints {printed_of(paper)}."


def printed_of(paper: Measure) -> str:
    """Return the paper's number as it is printed."""
    return paper.printed or number(paper.value)


def level_of(alpha: float) -> str:
    """Write the level of the interval: "90 %"."""
    return f"{number(100 * (1 - 2 * alpha))} %"


def p_of(test: Comparison) -> float:
    """Return the p value of a difference, in whichever direction it shows."""
    return min(test.p_above, test.p_below)
