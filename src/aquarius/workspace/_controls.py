"""Negative controls: each check, equation, count and comparison of a workspace meets broken twins, and must fail on one of them."""

from __future__ import annotations

import fnmatch
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..blueprint import count_claims
from ..core import AquariusError, BadInput, Evidence, Receipt, Status, progress, read_text, write_text
from ..gauntlet import examine
from ..lab import environment
from ..subject import Subject
from ..verdict import ClaimVerdict, judge
from ._again import copy_workspace
from ._config import ExperimentFile
from ._conformance import Request, conform_in_child
from ._data_twins import data_twin, data_twins
from ._facts import Facts
from ._layout import Workspace
from ._ledger import CONTROL, first_hand
from ._registered import registrations
from ._stages import now, run_experiment
from ._subject_twins import SUBJECT_TWINS, subject_twin
from ._twins import code_twins

MOST_TWINS = 12  # changed places of one function that are tried
GOOD = ("reproduced", "better")
CHANGES = 12  # changed places of the subject's file that are tried on checks which no twin has made fail


@dataclass
class _Tried:
    """What became of the twins of one check."""

    of: Evidence | None
    killed: list[str] = field(default_factory=list)
    survived: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)  # twins on which it did not look: the interface broke first
    why: str = ""  # where no twin could be tried


def control(
    workspace: Workspace,
    *,
    only: Sequence[str] = (),
    workers: int | None = None,
    twins: Sequence[str] = SUBJECT_TWINS,
    changes: int = CHANGES,
) -> list[Evidence]:
    """Try everything that passed on broken twins, in a copy of the workspace, and keep one piece of evidence for each.

    `only` names an experiment, or what is tried as it is listed ("check twins", "equation*", "claim table1/*").

    pass: a twin made it fail. fail: twins were tried and none did, so its own pass shows nothing here. unsure: no twin could be tried.

    Raises:
        BadInput: the workspace lacks what its evidence was made from, or nothing there has a name of `only`.
    """
    facts, started = Facts(workspace), now()
    names = [*expected(facts), *supported(facts)]
    if lost := [name for name in only if not any(_wanted(one, [name]) for one in names)]:
        raise BadInput(
            f"nothing that passed here is named {lost[0]!r}: {', '.join(names) or 'no evidence is fresh'}"[:600].rstrip(".") + "."
        )
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_workspace(workspace, Path(folder) / "copy")
        tried: dict[str, _Tried] = {}
        progress.step("Equations: changed code must differ")
        tried |= _equations(facts, copy, only)
        progress.step("Counts: a tenth more parameters must be seen")
        tried |= _counts(facts, copy, only)
        progress.step("The gauntlet on broken models")
        tried |= _checks(facts, copy, only, twins, changes)
        progress.step("Comparisons: broken runs must not reproduce")
        tried |= _comparisons(facts, copy, only, workers)
    made = [_evidence(path, one, started) for path, one in tried.items()]
    workspace.open_ledger().append_all("evidence", made)
    return made


def expected(facts: Facts) -> list[str]:
    """Return the paths of the controls that a workspace needs: each check, equation and count that passed, and each claim that runs support."""
    fresh = [one for one in facts.divided[0] if first_hand(one) and one.status == "pass"]
    claims = [f"claim {claim}" for claims in supported(facts).values() for claim in claims]
    return list(dict.fromkeys([*(path for one in fresh if (path := _path(one))), *claims]))


def _wanted(path: str, only: Sequence[str]) -> bool:
    return not only or any(fnmatch.fnmatchcase(path, name) for name in only)


def _path(one: Evidence) -> str | None:
    if one.kind == "finding":
        return f"check {one.check}"
    if one.kind == "conformance":
        return f"{one.check} {one.where or ''}".strip()
    return f"count {one.claim}" if one.kind == "count" and one.claim else None


def _checks(facts: Facts, copy: Workspace, only: Sequence[str], twins: Sequence[str], changes: int) -> dict[str, _Tried]:
    """Examine one broken model after the other, each by the checks that no twin before it has made fail."""
    passed = {one.check: one for one in facts.evidence("finding")[0] if first_hand(one) and one.status == "pass"}
    passed = {name: one for name, one in passed.items() if _wanted(f"check {name}", only)}
    found = {f"check {name}": _Tried(one) for name, one in passed.items()}
    if facts.plan.subject is None or not passed:
        return found
    path = copy.inside(facts.plan.subject)
    source = read_text(path)
    broken = [*((name, subject_twin(source, name)) for name in twins), *spread(list(code_twins(source)), changes)]
    for number, (twin, text) in enumerate(broken, 1):
        left = [name for name in passed if not found[f"check {name}"].killed]
        if not left:
            break
        write_text(path, text)
        progress.note(f"twin {number} of {len(broken)}: {twin}; {len(left)} checks have not failed yet")
        try:
            seen = examine(Subject(path), facts.dossier, only=left)
        except AquariusError:
            continue  # a twin that is no model any more shows nothing
        failed = {one.check for one in seen if one.status == "fail"}
        looked = failed | {one.check for one in seen if one.status in ("pass", "unsure")}
        for name in left:
            tried = found[f"check {name}"]
            (tried.killed if name in failed else tried.survived if name in looked else tried.skipped).append(twin)
    write_text(path, source)
    return found


def spread(twins: Sequence[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    """Return at most so many twins, evenly chosen from all of them."""
    if len(twins) <= most:
        return list(twins)
    return [twins[index * len(twins) // most] for index in range(most)]


def _equations(facts: Facts, copy: Workspace, only: Sequence[str]) -> dict[str, _Tried]:
    found: dict[str, _Tried] = {}
    latex = {formula.id: formula.latex for formula in facts.dossier.formulas}
    for binding in facts.plan.equations:
        name, _, function = binding.code.rpartition(":")
        mine = next((one for one in facts.evidence("conformance", binding.formula)[0] if one.where in (None, function) and one.status == "pass"), None)  # fmt: skip
        if mine is None or not _wanted(str(_path(mine)), only):
            continue
        tried = found.setdefault(str(_path(mine)), _Tried(mine))
        path = copy.inside(name)
        source = read_text(path)
        request = Request(binding.latex or latex.get(binding.formula, ""), function, binding.symbols, binding.bind, check=binding.formula)
        changed = list(code_twins(source, function))[:MOST_TWINS] if "." not in function else []
        if not changed:
            tried.why = f"{binding.code} has no operator and no number that could be changed"
        for words, text in changed:
            write_text(path, text)
            try:
                seen = conform_in_child(path, [request], root=copy.root)[0]
            except AquariusError:
                continue
            (tried.killed if seen.status == "fail" else tried.survived).append(words)
            if tried.killed:
                break
        write_text(path, source)
    return found


def _counts(facts: Facts, copy: Workspace, only: Sequence[str]) -> dict[str, _Tried]:
    """Count again with a builder whose models have a tenth more parameters."""
    passed = {one.claim: one for one in facts.evidence("count")[0] if one.status == "pass" and one.claim}
    passed = {claim: one for claim, one in passed.items() if _wanted(f"count {claim}", only)}
    found = {f"count {claim}": _Tried(one) for claim, one in passed.items()}
    for item in facts.plan.counts:
        where, _, function = item.builder.rpartition(":")
        lines = read_text(copy.inside(where)) if where.endswith(".py") else f"from {where} import {function}\n"
        path = copy.inside(where).with_name("twin_of_builder.py") if where.endswith(".py") else copy.root / "twin_of_builder.py"
        write_text(path, f"{lines}\n{_MORE.format(function=function)}")
        assumed = [{"settings": entry.settings, "source": entry.source} for entry in item.assumed]
        seen = count_claims(facts.dossier, f"{path}:{function}", claims=item.claims, assumed=assumed)
        for claim in [claim for claim in passed if fnmatch.fnmatch(claim, item.claims)]:
            again = [one for one in seen if one.claim == claim]
            tried = found[f"count {claim}"]
            (tried.survived if any(one.status == "pass" for one in again) else tried.killed).append("a tenth more parameters")
    return found


_MORE = """
_whole_builder = {function}
def {function}(*given, **named):
    import torch
    model = _whole_builder(*given, **named)
    extra = sum(parameter.numel() for parameter in model.parameters()) // 10 + 1
    model.register_parameter("spare", torch.nn.Parameter(torch.empty(extra)))
    return model
"""


def _comparisons(facts: Facts, copy: Workspace, only: Sequence[str], workers: int | None) -> dict[str, _Tried]:
    """Run each experiment on twins until no claim that its own runs support is supported by them any more; one run serves all its claims."""
    found: dict[str, _Tried] = {}
    for name, claims in supported(facts).items():
        claims = [claim for claim in claims if _wanted(f"claim {claim}", only) or _wanted(name, only)]
        item = facts.experiments[name]
        runs = [one for one in facts.evidence("run", name)[0] if one.status == "pass" and first_hand(one)]
        for claim in claims:
            found[f"claim {claim}"] = _Tried(runs[0] if runs else None)
        enough = next((count for count in range(1, len(runs) + 1) if _held(facts, claims, name, runs[:count]) == claims), None)
        if not claims or enough is None:
            continue
        honest = _judged(facts, claims, name, runs[:enough])
        path = copy.inside(item.experiment)
        source = read_text(path)
        for words, text in _experiment_twins(source, item):
            left = [claim for claim in claims if not found[f"claim {claim}"].killed]
            if not left:
                break
            write_text(path, text)
            made = _twin_runs(copy, name, item, runs[:enough], workers)
            judged = _judged(facts, left, name, made) if made is not None else {}
            held = [claim for claim, one in judged.items() if one.result in GOOD]
            progress.note(f"{name}: {words}: {f'{len(held)} of {len(left)} claims still hold' if made is not None else 'does not run'}")
            for claim, one in judged.items():  # none after a crash, which shows nothing about the comparison
                tried = found[f"claim {claim}"]
                same = (one.measured, one.reasons) == (honest[claim].measured, honest[claim].reasons)
                (tried.killed if claim not in held else tried.skipped if same else tried.survived).append(words)
        write_text(path, source)
        for claim in claims:
            found[f"claim {claim}"].why = f"none of the {len(found[f'claim {claim}'].skipped)} that ran moved its number"
    return found


def supported(facts: Facts) -> dict[str, list[str]]:
    """Return for each experiment the claims that its runs bear on and support: those that a twin could lose."""
    good = {one.claim for one in facts.judged.claims if one.result in GOOD} if facts.registration is not None else set()
    found = {}
    for name, item in facts.experiments.items():
        claims = [item.claim, *(rule.claim for rule in item.rules)]
        found[name] = [claim for claim in dict.fromkeys(claims) if claim is not None and claim in good]
    return {name: claims for name, claims in found.items() if claims}


def _experiment_twins(source: str, item: ExperimentFile) -> Iterator[tuple[str, str]]:
    yield from ((twin, data_twin(source, twin)) for twin in data_twins(item.data))
    yield from spread(list(code_twins(source)), MOST_TWINS)


def _twin_runs(copy: Workspace, name: str, item: ExperimentFile, runs: list[Evidence], workers: int | None) -> list[Evidence] | None:
    """Return the runs with the numbers of a twin; what else a verdict looks at is that of the honest runs. None where the twin does not run."""
    seeds = [one.receipt.seed for one in runs if one.receipt is not None and one.receipt.seed is not None]
    try:
        made = run_experiment(copy, name, item, workers=workers, seeds=seeds)
    except AquariusError:
        return None
    if any(one.status != "pass" for one in made) or len(made) != len(runs):
        return None
    return [one.model_copy(update={"values": other.values, "curves": other.curves}) for one, other in zip(runs, made, strict=True)]


def _held(facts: Facts, claims: Sequence[str], name: str, runs: list[Evidence]) -> list[str]:
    """Return the claims that these runs of an experiment support."""
    return [claim for claim, one in _judged(facts, claims, name, runs).items() if one.result in GOOD]


def _judged(facts: Facts, claims: Sequence[str], name: str, runs: list[Evidence]) -> dict[str, ClaimVerdict]:
    """Judge claims from these runs of an experiment, as if so many had been registered."""
    assert facts.registration is not None
    rules = tuple(rule.model_copy(update={"seeds": len(runs)}) if rule.claim in claims else rule for rule in facts.registration.rules)
    frozen = facts.registration.model_copy(update={"rules": rules})
    others = [one for one in facts.divided[0] if first_hand(one) and not (one.kind == "run" and one.check == name)]
    when = registrations(facts.entries, facts.registration, facts.dossier)
    verdict = judge(facts.dossier, [*others, *runs], frozen, registered=when)
    found = {one.claim: one for one in verdict.claims}
    return {claim: found[claim] for claim in claims if claim in found}


def _evidence(path: str, tried: _Tried, started: str) -> Evidence:
    status: Status
    if tried.killed:
        status, message = "pass", f"{path}: it fails on a broken twin ({tried.killed[0]}), as it must."
    elif tried.survived:
        blind = f" ({len(tried.skipped)} more it could not look at)" if tried.skipped else ""
        status, message = (
            "fail",
            f"{path}: empty: none of {len(tried.survived)} broken twins made it fail{blind}, so its pass shows nothing here.",
        )
    else:
        status, message = (
            "unsure",
            f"{path}: no twin was tried: {tried.why or ('it could look at none' if tried.skipped else 'none could be made')}.",
        )
    receipt = tried.of.receipt if tried.of is not None else None
    inputs = dict(receipt.inputs) if receipt else {}
    own = Receipt(command="aquarius controls", inputs={name: value for name, value in inputs.items() if name != "value:stage"}, environment=environment(), started=started, ended=now())  # fmt: skip
    details = {
        "of": tried.of.content_hash if tried.of else None,
        "killed": tried.killed,
        "survived": tried.survived,
        "skipped": tried.skipped,
    }
    return Evidence(kind="finding", check=CONTROL, status=status, message=message, path=path, claim=None, counts=False, details=details, receipt=own, assumptions=(path,))  # fmt: skip
