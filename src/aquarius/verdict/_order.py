"""Orders: one system ahead of another, on a par with it, or not behind it by more than a margin."""

from __future__ import annotations

import math

from ..dossier import Claim
from ._bootstrap import FEWEST, MOST, bootstrap
from ._decide import (
    WANTED_POWER,
    Answer,
    difference_of,
    estimate,
    interval_of,
    level_of,
    needed_sentence,
    p_of,
    place_of_interval,
    solved,
    unconfirmed,
    value_result,
)
from ._equivalence import Comparison, contrast
from ._gather import Samples
from ._numbers import number
from ._power import order_power, order_seeds_needed, seeds_needed
from ._verdict import Estimate, Result, Rule


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
    if rule is not None and rule.test != "usual":
        return _within(claim, rule, mine, theirs, measured)
    test = contrast(mine, theirs, 0.0, alpha, design=design)
    result: Result = "reproduced" if test.above else "refuted" if test.below else "inconclusive"
    effect = abs(claim.measure.value) if claim.measure is not None else None
    beside = f" (the paper: {number(effect)})" if effect else ""
    ahead = f"{claim.subject} is ahead by {number(test.difference, test.standard_error)}{beside}"
    reasons = [f"{ahead}; the {level_of(alpha)} interval is {interval_of(test)}."]
    needed: dict[str, int] = {}
    if result == "inconclusive" and effect:
        spread = test.standard_error * math.sqrt(len(mine) if design == "paired" else len(mine) * len(theirs) / (len(mine) + len(theirs)))
        seen = order_power(min(len(mine), len(theirs)), effect, spread, alpha=alpha, design=design)
        needed = solved({wanted: order_seeds_needed(effect, spread, wanted, alpha=alpha, design=design) for wanted in WANTED_POWER})
        if seen < 0.5:
            result = "not tested"
            reasons.insert(0, f"Not tested at this scale: an effect of the paper's size is seen with probability {seen:.2f} only.")
        reasons.append(needed_sentence(needed, "show an effect of the paper's size"))
    name = test.test
    if result in ("reproduced", "refuted") and (ends := _bootstrapped(mine, theirs, alpha, design, test)) is not None:
        confirmed = ends[0] > 0 if test.above else ends[1] < 0
        name = f"{name}, confirmed by a bootstrap" if confirmed else name
        if not confirmed:
            reasons.insert(0, unconfirmed(result, *ends, test.standard_error))
            result = "inconclusive"
    return Answer(result, name, tuple(reasons), measured, difference_of(test), p_of(test), needed, ahead=True)


def _within(claim: Claim, rule: Rule, mine: list[float], theirs: list[float], measured: Estimate | None) -> Answer:
    """Answer "A is on a par with B" (equivalence) or "A is not behind B" (non-inferiority), by more than the registered margin."""
    if rule.margin is None:
        return Answer("inconclusive", "none", (f"The rule registers {rule.test} for an order, and no margin.",), measured)
    test = contrast(mine, theirs, rule.margin, rule.alpha, design=rule.design)
    result = value_result(test, "higher", rule)  # a claim where lower is better has changed sides already
    kept: Result = (
        "reproduced" if rule.test == "non-inferiority" and result == "better" else "refuted" if result in ("better", "worse") else result
    )
    sentence = place_of_interval(test, rule.alpha, f"{claim.subject} − its rival, the better way up")
    needed: dict[str, int] = {}
    if kept == "inconclusive" and test.standard_error:
        spread = test.standard_error * math.sqrt(len(mine))  # of the paired differences; for two samples, of as many pairs
        needed = solved({wanted: seeds_needed(rule.margin, spread, wanted, alpha=rule.alpha) for wanted in WANTED_POWER})
    reasons = (sentence, needed_sentence(needed, "decide, were the two equal")) if kept == "inconclusive" else (sentence,)
    name = test.test.replace("TOST", rule.test) if rule.test == "non-inferiority" else test.test
    return Answer(kept, name, reasons, measured, difference_of(test), p_of(test), needed)


def _bootstrapped(mine: list[float], theirs: list[float], alpha: float, design: str, test: Comparison) -> tuple[float, float] | None:
    """Return the bootstrap's interval of the difference, None where there are too few values for it, or no spread."""
    if test.standard_error == 0 or not FEWEST <= min(len(mine), len(theirs)) <= max(len(mine), len(theirs)) <= MOST:
        return None
    if design == "paired":
        return bootstrap([a - b for a, b in zip(mine, theirs, strict=True)], alpha=alpha)
    return bootstrap(mine, theirs, alpha)
