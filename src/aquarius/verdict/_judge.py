"""Judging: every claim of a dossier against the evidence, by rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..core import BadInput, Evidence, did_you_mean
from ..dossier import Claim, Dossier
from ._conditions import EXACT, MEASURED, Case, Lowered, Registered, holding
from ._curve import decide_curve
from ._decide import ONE_RUN_LEVEL, ONE_RUN_TEST, Answer, decide_value
from ._equivalence import holm
from ._exact import decide_exact
from ._gather import Samples, bears_on, end_of_curve, implementation, ordered, same_name, samples, stated, stated_number
from ._margin import suggest_margin
from ._numbers import many, number
from ._order import decide_order
from ._registration import family, twins
from ._trend import decide_trend
from ._verdict import ClaimVerdict, Execution, Registration, Result, Rule, Scale, Verdict

LOWER: tuple[Lowered, ...] = ("inconclusive", "not tested")


@dataclass(frozen=True)
class _Draft:
    """A claim half judged: what the numbers say, and what the conditions are looked up in."""

    claim: Claim
    answer: Answer
    case: Case | None  # None: nothing bears on it
    execution: Execution
    scale: Scale
    notes: tuple[str, ...] = ()


def judge(
    dossier: Dossier,
    evidence: Iterable[Evidence],
    registration: Registration | None = None,
    *,
    registered: Registered | Mapping[str, Registered] | None = None,
    seen_before: Mapping[str, int] | None = None,
    apart: Mapping[str, str] | None = None,
) -> Verdict:
    """Judge every claim of a dossier by rule, from evidence alone; the same evidence in any order gives the same bytes.

    `registered` says when the rules were registered, relative to the first run that counts, for all claims or by claim, and `seen_before` how many
    runs of a claim that counted were since replaced, or made stale, by other numbers; `apart` names, for a claim whose rule was frozen after runs
    for another claim of its table, that other claim. The ledger knows all three.
    Baselines' numbers that the paper prints are judged only where something bears on them; `Verdict.left_out` counts the others. Evidence
    that does not count is never used.

    Raises:
        BadInput: the dossier has a claim twice or with a number that cannot be; or the registration has two rules for one claim, a rule for no claim, or a margin, level or number of seeds that cannot be.
        MissingExtra: a measured value is to be judged, and scipy is not installed.
    """
    _check(dossier)
    rules = _rules(dossier, registration)
    when = _when(registered)
    by_hash = {digest: item for digest, item in ordered(evidence).items() if item.counts}
    hashes = {id(item): digest for digest, item in by_hash.items()}  # a hash is slow where a run has long curves
    usable = list(by_hash.values())
    drafts = [_draft(dossier, claim, rules.get(claim.id), registration, when(claim.id), usable) for claim in dossier.claims]
    drafts = [_with_earlier(draft, (seen_before or {}).get(draft.claim.id, 0)) for draft in drafts]
    judged = [draft for draft in drafts if draft.claim.own or draft.case is not None]
    corrected = _chosen(_corrected(judged), apart or {})
    return Verdict(
        title=dossier.title,
        dossier=dossier.content_hash,
        registration=registration.content_hash if registration else None,
        claims=tuple(_verdict_of(dossier, draft, hashes) for draft in corrected),
        left_out=len(drafts) - len(judged),
    )


@dataclass(frozen=True)
class Score:
    """Weighted shares of the claims, which add up to 1; none is hidden in another."""

    claims: int
    reproduced: float
    better: float
    contradicted: float  # worse, or refuted
    inconclusive: float
    not_tested: float
    left_out: int  # baselines' numbers, which no share counts


def score(verdict: Verdict, weights: Mapping[str, float] | None = None) -> Score:
    """Return the weighted share of claims reproduced with every other share beside it; a claim without a weight weighs 1.

    Raises:
        BadInput: a weight that is negative or not finite, for no claim, or all of them zero.
    """
    given = dict(weights or {})
    known = {claim.claim for claim in verdict.claims}
    for name, weight in sorted(given.items()):
        if name not in known:
            raise BadInput(f"there is a weight for {name!r}, which is no claim of the verdict.{did_you_mean(name, known)}")
        if not math.isfinite(weight) or weight < 0:
            raise BadInput(f"the weight of {name!r} must be finite and not negative, got {weight}.")
    total = math.fsum(given.get(name, 1.0) for name in known)
    if known and total == 0:
        raise BadInput("all weights are zero, so no share can be told.")

    def share(*results: Result) -> float:
        mine = math.fsum(given.get(claim.claim, 1.0) for claim in verdict.claims if claim.result in results)
        return round(mine / total, 6) if known else 0.0

    return Score(
        claims=len(verdict.claims),
        reproduced=share("reproduced"),
        better=share("better"),
        contradicted=share("worse", "refuted"),
        inconclusive=share("inconclusive"),
        not_tested=share("not tested"),
        left_out=verdict.left_out,
    )


def _when(registered: Registered | Mapping[str, Registered] | None) -> Callable[[str], Registered]:
    if registered is None:
        return lambda claim: "never"
    if isinstance(registered, str):
        return lambda claim: registered
    return lambda claim: registered.get(claim, "never")


def _check(dossier: Dossier) -> None:
    seen: set[str] = set()
    for claim in dossier.claims:
        if claim.id in seen:
            raise BadInput(f"the dossier has two claims of the id {claim.id!r}: give one of them another.")
        seen.add(claim.id)
        measure = claim.measure
        numbers = (measure.value, measure.last_place, measure.spread or 0.0) if measure else ()
        if measure and (not all(math.isfinite(x) for x in numbers) or min(numbers[1:]) < 0 or (measure.n is not None and measure.n < 1)):
            raise BadInput(
                f"the claim {claim.id!r} of the dossier has a number that cannot be ({measure.printed or measure.value}): correct it there."
            )


def _rules(dossier: Dossier, registration: Registration | None) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    known = {claim.id for claim in dossier.claims}
    for rule in registration.rules if registration else ():
        if rule.claim in rules:
            raise BadInput(f"the registration has two rules for {rule.claim!r}: keep one.")
        if rule.claim not in known:
            raise BadInput(
                f"the registration has a rule for {rule.claim!r}, which is no claim of the dossier.{did_you_mean(rule.claim, known)}"
            )
        if rule.margin is not None and not (math.isfinite(rule.margin) and rule.margin > 0):
            raise BadInput(f"the margin registered for {rule.claim!r} must be finite and positive, got {rule.margin}.")
        if not 0 < rule.alpha < 0.5:
            raise BadInput(f"the level registered for {rule.claim!r} must lie between 0 and 0.5, got {rule.alpha}.")
        if rule.seeds < 1:
            raise BadInput(f"the number of seeds registered for {rule.claim!r} must be positive, got {rule.seeds}.")
        if rule.curve and (rule.along or len(rule.curve) < 2 or not all(math.isfinite(x) for point in rule.curve for x in point)):
            raise BadInput(f"the curve registered for {rule.claim!r} needs at least 2 finite points, and no `along` beside it.")
        if not math.isfinite(rule.reading_error) or rule.reading_error < 0:
            raise BadInput(f"the reading error registered for {rule.claim!r} must be finite and not negative, got {rule.reading_error}.")
        if not 0 <= rule.drift <= (rule.margin or 0.0) or (rule.drift and not rule.drift_source.strip()):
            raise BadInput(
                f"the drift budget of {rule.claim!r} must lie between 0 and its margin and say where it was measured (drift_source), got {rule.drift}."
            )
        rules[rule.claim] = rule
    return rules


def _draft(
    dossier: Dossier, claim: Claim, rule: Rule | None, registration: Registration | None, when: Registered, usable: Sequence[Evidence]
) -> _Draft:
    own_dossier = registration is None or registration.dossier == dossier.content_hash
    wanted = ("count", "finding", "conformance", "run") if claim.kind == "exact" else ("run",)
    arms = [[item for item in usable if bears_on(item, claim.id) and item.kind in wanted]]
    if claim.kind == "order":
        arms = _arms(dossier, claim, usable)
    arms, notes = _at_best_scale(arms)
    lost: tuple[str, ...] = ()
    if claim.kind == "trend" and rule is not None and rule.along:
        arms, lost = _levels(arms[0], rule.along)
    decisive = [item for arm in arms for item in arm]
    if not decisive:
        return _Draft(claim, Answer("not tested", "none", (*lost, _untested(claim))), None, "none", "full")
    value_of = end_of_curve if claim.kind == "trend" and rule is not None and rule.curve else None
    taken = [samples(arm, claim, rule, value_of) for arm in arms]
    state, why = implementation(usable, claim.id, decisive)
    case = Case(dossier, claim, rule, when, own_dossier, decisive, taken, state, why)
    answer = _answer(dossier, claim, rule, decisive, taken)
    if lost:  # what is left may be a selection
        answer = replace(answer, result="inconclusive", reasons=(*lost, *answer.reasons))
    scales: list[Scale] = ["proxy" if item.stand_in else item.scale for item in decisive]
    scale: Scale = "proxy" if "proxy" in scales else "reduced" if "reduced" in scales else "full"
    partial = claim.kind != "exact" and (
        any(arm.failed for arm in taken) or (rule is not None and min(len(a.values) for a in taken) < rule.seeds)
    )
    return _Draft(claim, answer, case, "partial" if partial else "complete", scale, notes)


def _answer(dossier: Dossier, claim: Claim, rule: Rule | None, decisive: Sequence[Evidence], taken: Sequence[Samples]) -> Answer:
    """Return what the numbers alone say, by the kind of the claim."""
    if claim.kind == "exact":
        return decide_exact(dossier, claim, decisive)
    if claim.kind == "value":
        return decide_value(claim, rule, taken[0])
    if claim.kind == "order" and len(taken) == 2:
        return decide_order(claim, rule, taken[0], taken[1])
    if claim.kind == "order":
        return Answer("not tested", "none", ("Not tested: one of the two systems was not run, and a printed number is no opponent.",))
    if claim.kind == "trend" and rule is not None and rule.curve:
        return decide_curve(claim, rule, taken[0])
    if claim.kind == "trend" and rule is not None and rule.along:
        return decide_trend(claim, rule, [(_level(arm, rule.along), arm) for arm in taken])
    hint = " (a rule may name the setting that a trend goes along, or the paper's curve)" if claim.kind == "trend" else ""
    return Answer(
        "inconclusive", "none", (f"A {claim.kind} claim is not decided by rule{hint}: its evidence is shown, and a person judges it.",)
    )


def _level(arm: Samples, along: str) -> float:
    first = arm.values[0].evidence if arm.values else arm.failed[0]
    level = stated_number(first, along)
    assert level is not None  # `_levels` has sorted the runs by it
    return level


def _levels(runs: Sequence[Evidence], along: str) -> tuple[list[list[Evidence]], tuple[str, ...]]:
    """Return the runs of each level of a setting, lowest first, and a note on those that do not state it."""
    levels: dict[float, list[Evidence]] = {}
    lost = 0
    for item in runs:
        level = stated_number(item, along)
        if level is None:
            lost += 1
        else:
            levels.setdefault(level, []).append(item)
    note = f"{many(lost, 'run')} did not say at which {along}, and could not be used."
    return [levels[level] for level in sorted(levels)], (note,) if lost else ()


def _arms(dossier: Dossier, claim: Claim, usable: Sequence[Evidence]) -> list[list[Evidence]]:
    """Return the runs of the claim's system and of the one it is said to beat: by the system they name, else by the claims of both."""
    runs = [item for item in usable if item.kind == "run"]
    other = dossier.claim(claim.against) if claim.against else None
    rival = other.subject if other is not None else claim.against
    mine = [item for item in runs if bears_on(item, claim.id) and same_name(stated(item, "system") or claim.subject, claim.subject)]
    theirs = [
        item
        for item in runs
        if bears_on(item, claim.id) and same_name(stated(item, "system"), rival) and not same_name(stated(item, "system"), claim.subject)
    ]
    if not mine:
        values = twins(dossier, claim)
        mine = [item for item in runs if any(bears_on(item, twin) for twin in values)]
    if not theirs and other is not None:
        theirs = [item for item in runs if bears_on(item, other.id)]
    return [mine, theirs] if mine and theirs else [mine or theirs]


def _at_best_scale(arms: list[list[Evidence]]) -> tuple[list[list[Evidence]], tuple[str, ...]]:
    """Keep the full-scale evidence on the paper's data where every arm has some; the rest is named, not used."""
    full = [[item for item in arm if item.scale == "full" and not item.stand_in] for arm in arms]
    if not all(full):
        return arms, ()
    dropped = sum(len(arm) for arm in arms) - sum(len(arm) for arm in full)
    return full, (f"{many(dropped, 'piece')} of evidence at another scale, or on other data, left out.",) if dropped else ()


def _corrected(drafts: Sequence[_Draft]) -> list[_Draft]:
    """Adjust the differences found within one table for their number (Holm); equivalences need no correction."""
    families: dict[str, list[int]] = {}
    for index, draft in enumerate(drafts):
        if draft.answer.p is not None:
            families.setdefault(family(draft.claim.id), []).append(index)
    result = list(drafts)
    for table, members in families.items():
        if len(members) < 2:
            continue
        adjusted = holm([p for index in members if (p := drafts[index].answer.p) is not None])
        for index, p in zip(members, adjusted, strict=True):
            draft = drafts[index]
            level = draft.case.rule.alpha if draft.case and draft.case.rule else 0.05
            level = ONE_RUN_LEVEL if draft.answer.test == ONE_RUN_TEST else level
            if _is_difference(draft.answer) and p > level:
                reason = f"Among the {len(members)} tested claims of {table} the difference does not stand (Holm, p = {p:.3f})."
                answer = replace(draft.answer, result="inconclusive", reasons=(reason, *draft.answer.reasons))
                result[index] = replace(draft, answer=answer)
    return result


def _chosen(drafts: Sequence[_Draft], apart: Mapping[str, str]) -> list[_Draft]:
    """Take back a difference whose claim joined its table after results of that table were seen: no correction holds for claims chosen so."""
    result = list(drafts)
    for index, draft in enumerate(drafts):
        other = apart.get(draft.claim.id)
        if other is None or draft.case is None:
            continue
        note = f"Its rule was frozen after runs for {other} of the same table, so it may have been chosen by their results."
        if _is_difference(draft.answer):
            reason = f"{note} A difference needs the claims of its table to be registered together."
            result[index] = replace(draft, answer=replace(draft.answer, result="inconclusive", reasons=(reason, *draft.answer.reasons)))
        else:
            result[index] = replace(draft, notes=(*draft.notes, note))
    return result


def _is_difference(answer: Answer) -> bool:
    return answer.result in ("better", "worse", "refuted") or (answer.ahead and answer.result == "reproduced")


def _with_earlier(draft: _Draft, earlier: int) -> _Draft:
    """Note the numbers that were seen before these and are not used: the code or its settings may have been changed to fit."""
    if not earlier or draft.case is None:
        return draft
    note = f"{many(earlier, 'earlier run')} that counted gave other numbers and {'is' if earlier == 1 else 'are'} not used: code, data or settings were changed after {'it was' if earlier == 1 else 'they were'} seen."
    return replace(draft, notes=(*draft.notes, note))


def _verdict_of(dossier: Dossier, draft: _Draft, hashes: Mapping[int, str]) -> ClaimVerdict:
    claim, answer, case = draft.claim, draft.answer, draft.case
    held = holding(case, EXACT if claim.kind == "exact" else MEASURED) if case else []
    lowering = [(condition, sentence) for condition, sentence in held if answer.result in condition.only]
    result: Result = answer.result
    for target in LOWER:
        if any(condition.lowers_to == target for condition, _ in lowering):
            result = target
    if not all(condition.comparable for condition, _ in held):  # a number that may not be compared is not put beside the paper's
        kept = answer.measured if result == "inconclusive" else None
        answer = Answer(answer.result, "none", (), kept, assumptions=answer.assumptions)
    first = [sentence for condition, sentence in lowering if condition.lowers_to == result]
    later = [sentence for condition, sentence in lowering if condition.lowers_to != result]
    reasons = [*first, *later, *answer.reasons, *draft.notes]
    suggestion = suggest_margin(dossier, claim) if case is not None and case.rule is None else None
    if suggestion is not None:
        reasons.append(f"A margin to register: {number(suggestion[0])} ({suggestion[1]}).")
    if case is not None and case.implementation != "broken":
        reasons.append(case.implementation_reason)
    shown: Literal["before", "after", "never"] = case.registered if case and case.rule else "never"
    return ClaimVerdict(
        claim=claim.id,
        statement=claim.statement,
        implementation=case.implementation if case else "unverified",
        execution=draft.execution,
        result=result,
        scale=draft.scale,
        paper=claim.measure,
        measured=answer.measured,
        difference=answer.difference,
        rule=case.rule if case else None,
        registered=shown,
        test=answer.test,
        reasons=tuple(dict.fromkeys(reasons)),
        assumptions=answer.assumptions,
        seeds_needed=answer.seeds_needed if result == "inconclusive" or answer.result == "not tested" else {},
        evidence=tuple(hashes[id(item)] for item in case.runs) if case else (),
    )


def _untested(claim: Claim) -> str:
    if claim.needs:
        return f"Not tested: needs {', '.join(claim.needs)}."
    return "Not tested: no evidence bears on it."
