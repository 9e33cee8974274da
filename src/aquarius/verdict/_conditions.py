"""What each condition of a test does to what may be concluded: never to the number.

A condition that holds lowers the verdict to "inconclusive" or to "not tested", with its sentence. The table is the rule; each row has a test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..core import Evidence
from ..dossier import Claim, Dossier
from ._gather import (
    CODE_AND_DATA,
    Samples,
    names_within,
    same_name,
    speaks_of,
    split_kinds,
    stated,
    stated_number,
    stated_signature,
    stated_split,
)
from ._numbers import many, number
from ._verdict import Implementation, Rule

Lowered = Literal["inconclusive", "not tested"]
Registered = Literal["before", "after", "never"]


@dataclass(frozen=True)
class Case:
    """One claim with everything that its conditions look at."""

    dossier: Dossier
    claim: Claim
    rule: Rule | None
    registered: Registered
    rule_of_this_dossier: bool
    runs: Sequence[Evidence]  # those that the verdict rests on
    samples: Sequence[Samples]  # one per arm: one for a value, two for an order
    implementation: Implementation
    implementation_reason: str


@dataclass(frozen=True)
class Condition:
    """One row: its name, what it lowers a verdict to, and the function that returns its sentence where it holds."""

    name: str
    lowers_to: Lowered
    sentence: Callable[[Case], str | None]
    only: tuple[str, ...] = ("reproduced", "better", "worse", "refuted", "inconclusive")  # the results that it lowers
    comparable: bool = True  # False: the measured number may not even stand beside the paper's


def holding(case: Case, table: Sequence[Condition]) -> list[tuple[Condition, str]]:
    """Return the conditions that hold, with their sentences, in the order of the table."""
    found = ((condition, condition.sentence(case)) for condition in table)
    return [(condition, sentence) for condition, sentence in found if sentence is not None]


def _stand_in(case: Case) -> str | None:
    if any(run.stand_in for run in case.runs):
        return (
            f"Not tested: the data were a stand-in{_needs(case.claim)}, and no number on other data can be held against the paper's table."
        )
    return None


def _scale(case: Case) -> str | None:
    scales = {run.scale for run in case.runs} - {"full"}
    if not scales:
        return None
    kind = "a proxy experiment" if "proxy" in scales else "a reduced scale"
    return f"Not tested at this scale: the evidence comes from {kind}, and the claim is about the full one{_needs(case.claim)}."


def _dataset(case: Case) -> str | None:
    registered, claimed = case.rule.dataset if case.rule else None, case.claim.dataset
    if registered and claimed and not names_within(registered, claimed):
        return f"Not tested: the rule is registered for {registered}, and the claim is about {claimed}."
    wanted = registered or claimed
    other = sorted({name for run in case.runs if (name := stated(run, "dataset")) and wanted and not names_within(name, wanted)})
    return f"Not tested: the runs used {other[0]}, and the claim is about {wanted}." if other else None


def _dataset_unstated(case: Case) -> str | None:
    wanted = (case.rule.dataset if case.rule else None) or case.claim.dataset
    if wanted and any(stated(run, "dataset") is None for run in case.runs):
        return f"The runs do not say which data set they used, and the claim is about {wanted}."
    return None


def _split(case: Case) -> str | None:
    registered, claimed = case.rule.split if case.rule else None, case.claim.split
    if registered and claimed and not _same_split(registered, claimed):
        return f"The rule is registered for the split {registered!r}, and the paper's number is on {claimed!r}."
    wanted = claimed or registered
    for run in case.runs if wanted else ():
        name = stated_split(run, case.claim, case.rule)
        if name is None:
            return f"The runs do not say which split they were measured on, and {wanted!r} is asked for."
        if not (same_name(name, registered) or _same_split(name, wanted or "")):
            return f"The runs were measured on the split {name!r}, and {wanted!r} is asked for."
    return None


def _metric(case: Case) -> str | None:
    if case.rule is None or not case.rule.metric:
        return None
    for run in case.runs:
        name = stated_signature(run)
        if name is not None and not same_name(name, case.rule.metric):
            return f"The runs measured {name!r}, and {case.rule.metric!r} is registered: two metrics are not compared."
    if not speaks_of(case.rule.metric, case.claim.quantity):
        return f"The rule is registered for the metric {case.rule.metric!r}, and the claim is about {case.claim.quantity}: two metrics are not compared."
    return None


def _unit(case: Case) -> str | None:
    measure = case.claim.measure
    if measure is None:
        return None
    for run in case.runs:
        unit = stated(run, "unit")
        if unit is not None and measure.unit and not _same_unit(unit, measure.unit):
            return f"The runs measured in {unit!r}, and the paper prints {measure.unit!r}."
    values = [value for arm in case.samples for value in arm.numbers]
    if 1 < measure.value <= 100 and values and all(0 <= value <= 1 for value in values) and case.claim.kind == "value":
        mean = sum(values) / len(values)
        if abs(100 * mean - measure.value) < abs(mean - measure.value):
            return f"The measured values, about {number(mean, 0.001)}, look like fractions where the paper prints {measure.printed or number(measure.value)}: state them in the paper's unit."
    return None


def _selection(case: Case) -> str | None:
    registered = case.rule.selection if case.rule else "none"
    for run in case.runs:
        chosen = stated(run, "selection")
        words = set((chosen or "").casefold().replace("_", " ").replace("-", " ").split())
        if "test" in words:
            return f"The model was selected on the test split ({chosen}), so its number is not an estimate on unseen data."
        if "best" in words and words & {"seed", "seeds", "run", "runs"}:
            return f"The number was selected among seeds ({chosen}), so it is not an average."
        if chosen is not None and case.rule is not None and not same_name(chosen, registered):
            return f"The model was selected by {chosen!r}, and {registered!r} is registered."
    return None


def _receipt(case: Case) -> str | None:
    missing = sum(run.receipt is None for run in case.runs)
    return f"{many(missing, 'number')} came without a receipt, so nobody can make it again." if missing else None


def _seedless(case: Case) -> str | None:
    missing = sum(sample.seed is None for arm in case.samples for sample in arm.values)
    return f"{many(missing, 'run')} did not record a seed, so it cannot be told whether the runs are different ones." if missing else None


def _repeated(case: Case) -> str | None:
    again = sorted({seed for arm in case.samples for seed in arm.repeated})
    return f"Seed {again[0]} gave two different values: the run does not follow from its seed." if again else None


def _failed(case: Case) -> str | None:
    failed = sum(len(arm.failed) for arm in case.samples)
    total = failed + sum(len(arm.values) for arm in case.samples)
    if not failed:
        return None
    names = sorted({name for arm in case.samples for run in arm.failed for name in run.values})
    gave = f" (they gave {', '.join(names)})" if names else ""
    return f"{failed} of {many(total, 'run')} failed or gave no finite {case.claim.quantity}{gave}: the rest may be a favourable selection."


def _number_of_seeds(case: Case) -> str | None:
    if case.rule is None:
        return None
    ran, wanted = min(len(arm.values) for arm in case.samples), case.rule.seeds
    if ran < wanted:
        return f"{many(ran, 'seed')} of the {wanted} registered gave a value."
    most = max(len(arm.values) for arm in case.samples)
    if most > wanted:
        return f"{most} seeds ran where {wanted} were registered: when to stop may have been decided by the results."
    return None


def _horizon(case: Case) -> str | None:
    wanted = case.rule.horizon if case.rule else None
    if wanted is None:
        return None
    reached = [_last_step(run) for run in case.runs]
    if any(step is None for step in reached):
        return f"Not tested: the runs do not say how far they went, and the effect is registered to appear at step {number(wanted)}."
    least = min(step for step in reached if step is not None)
    if least < wanted:
        return f"Not tested at this scale: a run ended at step {number(least)}, and the effect is registered to appear at step {number(wanted)}."
    return None


def _last_step(run: Evidence) -> float | None:
    steps = [curve[-1][0] for curve in run.curves.values() if curve]
    said = [count for name in ("steps", "epochs", "iterations") if (count := stated_number(run, name)) is not None]
    return float(max(steps)) if steps else max(said, default=None)


def _mixed_code(case: Case) -> str | None:
    hashes: dict[str, set[str]] = {}
    for run in case.runs:
        for name, value in (run.receipt.inputs if run.receipt else {}).items():
            if name.startswith(CODE_AND_DATA):
                hashes.setdefault(name, set()).add(value)
    mixed = sorted(name for name, values in hashes.items() if len(values) > 1)
    return f"The runs are of different code or data: {mixed[0]} changed between them." if mixed else None


def _identical(case: Case) -> str | None:
    measure = case.claim.measure
    for arm in case.samples:
        if len(arm.values) > 1 and len(set(arm.numbers)) == 1:
            if measure is not None and measure.spread is not None and measure.spread <= measure.last_place / 2:
                continue  # the paper prints no spread between its runs either
            return f"All {len(arm.values)} values are equal: the seed may not reach the run, and one run never reproduces a value."
    return None


def _never(case: Case) -> str | None:
    if case.rule is None:
        what = "no margin was registered" if case.claim.kind == "value" else "no rule was registered"
        return f"Nothing can be concluded: {what} for this claim before it was tested."
    if case.registered == "never":
        return "Nothing can be concluded: it is not known when the rule was registered."
    return None


def _marginless(case: Case) -> str | None:
    if case.claim.kind == "value" and case.rule is not None and case.rule.margin is None:
        return "Nothing can be concluded: the registered rule states no margin."
    return None


def _after(case: Case) -> str | None:
    if case.rule is not None and case.registered == "after":
        return "The rule was registered after the first run that counts, or it or its claim was changed then, so it may have been chosen to fit: it decides nothing."
    return None


def _other_dossier(case: Case) -> str | None:
    if case.rule is not None and not case.rule_of_this_dossier:
        return "The rule was registered for another version of the dossier: register it again, then run."
    return None


def _level(case: Case) -> str | None:
    if case.rule is not None and case.rule.alpha > 0.05:
        return f"The rule's level, {number(case.rule.alpha)}, is laxer than 0.05."
    return None


def _broken(case: Case) -> str | None:
    return case.implementation_reason if case.implementation == "broken" else None


def _wide_margin(case: Case) -> str | None:
    found = claimed_gap(case.dossier, case.claim)
    if found is None or case.rule is None or case.rule.margin is None or case.claim.measure is None:
        return None
    gap, baseline = found
    margin = case.rule.margin + case.claim.measure.last_place / 2
    if margin <= gap:
        return None
    return f"Refused: the margin, {number(margin)}, is wider than the gap of {number(gap)} that the paper claims over {baseline}, so it cannot support the claim."


def claimed_gap(dossier: Dossier, claim: Claim) -> tuple[float, str] | None:
    """Return how far the paper's number is ahead of its best baseline for the same quantity, data set and split, and that baseline's name."""
    if claim.measure is None or claim.direction is None or not claim.own:
        return None
    sign = 1 if claim.direction == "higher" else -1
    rivals = [
        (sign * other.measure.value, other.subject)
        for other in dossier.claims
        if not other.own
        and other.measure is not None
        and same_name(other.quantity, claim.quantity)
        and (other.dataset, other.split) == (claim.dataset, claim.split)
    ]
    if not rivals:
        return None
    best, name = max(rivals)
    gap = round(sign * claim.measure.value - best, 12)
    return (gap, name) if gap > 0 else None


def _needs(claim: Claim) -> str:
    return f" (needs {', '.join(claim.needs)})" if claim.needs else ""


def _same_split(first: str, second: str) -> bool:
    """Of one kind (test, validation) where both say which; else of one name."""
    one, other = split_kinds(first), split_kinds(second)
    return bool(one & other) if one and other else names_within(first, second) or bool(one) != bool(other)


def _same_unit(first: str, second: str) -> bool:
    spelled = {"%": "percent", "per cent": "percent"}
    return same_name(spelled.get(first.strip(), first), spelled.get(second.strip(), second))


SCALE: tuple[Condition, ...] = (
    Condition("stand-in data", "not tested", _stand_in, comparable=False),
    Condition("reduced scale", "not tested", _scale, comparable=False),
    Condition("another data set", "not tested", _dataset, comparable=False),
    Condition("horizon", "not tested", _horizon),
)
ALWAYS: tuple[Condition, ...] = (
    Condition("broken implementation", "inconclusive", _broken),
    Condition("no receipt", "inconclusive", _receipt),
)
MEASURED: tuple[Condition, ...] = (
    *SCALE,
    Condition("no registration", "inconclusive", _never),
    Condition("no margin", "inconclusive", _marginless),
    Condition("registered after", "inconclusive", _after),
    Condition("registered for another dossier", "inconclusive", _other_dossier),
    Condition("lax level", "inconclusive", _level),
    *ALWAYS,
    Condition("data set unstated", "inconclusive", _dataset_unstated),
    Condition("another split", "inconclusive", _split, comparable=False),
    Condition("another metric", "inconclusive", _metric, comparable=False),
    Condition("another unit", "inconclusive", _unit, comparable=False),
    Condition("selection", "inconclusive", _selection),
    Condition("mixed code", "inconclusive", _mixed_code),
    Condition("seed unrecorded", "inconclusive", _seedless),
    Condition("seed repeated", "inconclusive", _repeated),
    Condition("failed runs", "inconclusive", _failed),
    Condition("number of seeds", "inconclusive", _number_of_seeds),
    Condition("identical values", "inconclusive", _identical),
    Condition("wide margin", "inconclusive", _wide_margin, only=("reproduced",)),
)
EXACT: tuple[Condition, ...] = (*SCALE, *ALWAYS)
