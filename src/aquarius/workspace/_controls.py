"""Negative controls: each check, equation, count and comparison of a workspace meets broken twins, and must fail on one of them."""

from __future__ import annotations

import fnmatch
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..blueprint import count_claims
from ..core import AquariusError, Evidence, Receipt, Status, progress, read_text, write_text
from ..gauntlet import examine
from ..lab import environment
from ..subject import Subject
from ..verdict import judge
from ._again import copy_workspace
from ._config import ExperimentFile
from ._conformance import Request, conform_in_child
from ._facts import Facts
from ._layout import Workspace
from ._ledger import CONTROL, first_hand
from ._registered import registrations
from ._stages import now, run_experiment
from ._twins import DATA_TWINS, SUBJECT_TWINS, code_twins, data_twin, subject_twin

MOST_TWINS = 12  # changed places of one function that are tried


@dataclass
class _Tried:
    """What became of the twins of one check."""

    of: Evidence | None
    killed: list[str] = field(default_factory=list)
    survived: list[str] = field(default_factory=list)
    why: str = ""  # where no twin could be tried


def control(workspace: Workspace, *, workers: int | None = None, twins: Sequence[str] = tuple(SUBJECT_TWINS)) -> list[Evidence]:
    """Try everything that passed on broken twins, in a copy of the workspace, and keep one piece of evidence for each.

    pass: a twin made it fail. fail: twins were tried and none did, so its own pass shows nothing here. unsure: no twin could be tried.

    Raises:
        BadInput: the workspace lacks what its evidence was made from.
    """
    facts, started = Facts(workspace), now()
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_workspace(workspace, Path(folder) / "copy")
        tried: dict[str, _Tried] = {}
        progress.step("Equations: changed code must differ")
        tried |= _equations(facts, copy)
        progress.step("Counts: a tenth more parameters must be seen")
        tried |= _counts(facts, copy)
        progress.step("The gauntlet on broken models")
        tried |= _checks(facts, copy, twins)
        progress.step("Comparisons: broken runs must not reproduce")
        tried |= _comparisons(facts, copy, workers)
    made = [_evidence(path, one, started) for path, one in tried.items()]
    workspace.open_ledger().append_all("evidence", made)
    return made


def expected(facts: Facts) -> list[str]:
    """Return the paths of the controls that a workspace needs: one for each check, equation and count that passed, and each comparison."""
    fresh = [one for one in facts.divided[0] if first_hand(one) and one.status == "pass"]
    return list(dict.fromkeys([*(path for one in fresh if (path := _path(one))), *(f"claim {item.claim}" for item in facts.experiments.values() if item.claim)]))  # fmt: skip


def _path(one: Evidence) -> str | None:
    if one.kind == "finding":
        return f"check {one.check}"
    if one.kind == "conformance":
        return f"{one.check} {one.where or ''}".strip()
    return f"count {one.claim}" if one.kind == "count" and one.claim else None


def _checks(facts: Facts, copy: Workspace, twins: Sequence[str]) -> dict[str, _Tried]:
    """Examine one broken model after the other, each by the checks that no twin before it has made fail."""
    passed = {one.check: one for one in facts.evidence("finding")[0] if first_hand(one) and one.status == "pass"}
    found = {f"check {name}": _Tried(one) for name, one in passed.items()}
    if facts.plan.subject is None or not passed:
        return found
    path = copy.inside(facts.plan.subject)
    source = read_text(path)
    for number, twin in enumerate(twins, 1):
        left = [name for name in passed if not found[f"check {name}"].killed]
        if not left:
            break
        write_text(path, subject_twin(source, twin))
        progress.note(f"twin {number} of {len(twins)}: {twin}; {len(left)} checks have not failed yet")
        try:
            seen = examine(Subject(path), facts.dossier, only=left)
        except AquariusError:
            continue  # a twin that is no model any more shows nothing
        failed = {one.check for one in seen if one.status == "fail"}
        for name in left:
            (found[f"check {name}"].killed if name in failed else found[f"check {name}"].survived).append(twin)
    write_text(path, source)
    return found


def _equations(facts: Facts, copy: Workspace) -> dict[str, _Tried]:
    found: dict[str, _Tried] = {}
    latex = {formula.id: formula.latex for formula in facts.dossier.formulas}
    for binding in facts.plan.equations:
        name, _, function = binding.code.rpartition(":")
        mine = next((one for one in facts.evidence("conformance", binding.formula)[0] if one.where in (None, function) and one.status == "pass"), None)  # fmt: skip
        if mine is None:
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


def _counts(facts: Facts, copy: Workspace) -> dict[str, _Tried]:
    """Count again with a builder whose models have a tenth more parameters."""
    passed = {one.claim: one for one in facts.evidence("count")[0] if one.status == "pass" and one.claim}
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


def _comparisons(facts: Facts, copy: Workspace, workers: int | None) -> dict[str, _Tried]:
    found: dict[str, _Tried] = {}
    for name, item in facts.experiments.items():
        if item.claim is None or facts.registration is None:
            continue
        runs = [one for one in facts.evidence("run", name)[0] if one.status == "pass" and one.claim == item.claim]
        tried = found.setdefault(f"claim {item.claim}", _Tried(runs[0] if runs else None))
        enough = next((count for count in range(1, len(runs) + 1) if _result(facts, item.claim, runs[:count]) == "reproduced"), None)
        if enough is None:
            tried.why = "the claim is not reproduced by the runs themselves, so there is nothing that a twin could lose"
            continue
        path = copy.inside(item.experiment)
        source = read_text(path)
        for words, text in _experiment_twins(source, item):
            write_text(path, text)
            result = _twin_result(facts, copy, name, item, runs[:enough], workers)
            progress.note(f"{item.claim}: {words}: {result or 'does not run'}")
            if result is None:
                continue  # a crash shows nothing about the comparison
            (tried.survived if result == "reproduced" else tried.killed).append(f"{words} ({result})")
            if tried.killed:
                break
        write_text(path, source)
    return found


def _experiment_twins(source: str, item: ExperimentFile) -> Iterator[tuple[str, str]]:
    if item.data and all(name.startswith("planetoid-") for name in item.data):
        yield from ((name, data_twin(source, name)) for name in DATA_TWINS)
    for number, twin in enumerate(code_twins(source)):
        if number == MOST_TWINS:
            return
        yield twin


def _twin_result(facts: Facts, copy: Workspace, name: str, item: ExperimentFile, runs: list[Evidence], workers: int | None) -> str | None:
    seeds = [one.receipt.seed for one in runs if one.receipt is not None and one.receipt.seed is not None]
    try:
        made = run_experiment(copy, name, item, workers=workers, seeds=seeds)
    except AquariusError:
        return None
    if any(one.status != "pass" for one in made):
        return None
    # only the numbers are the twin's: what else a verdict looks at is that of the honest runs
    return _result(facts, str(item.claim), [one.model_copy(update={"values": other.values}) for one, other in zip(runs, made, strict=True)])


def _result(facts: Facts, claim: str, runs: list[Evidence]) -> str:
    """Judge a claim from these runs, as if so many had been registered."""
    assert facts.registration is not None
    rules = tuple(rule.model_copy(update={"seeds": len(runs)}) if rule.claim == claim else rule for rule in facts.registration.rules)
    frozen = facts.registration.model_copy(update={"rules": rules})
    others = [one for one in facts.divided[0] if first_hand(one) and not (one.kind == "run" and one.claim == claim)]
    when = registrations(facts.entries, facts.registration, facts.dossier)
    verdict = judge(facts.dossier, [*others, *runs], frozen, registered=when)
    return next((one.result for one in verdict.claims if one.claim == claim), "not tested")


def _evidence(path: str, tried: _Tried, started: str) -> Evidence:
    status: Status
    if tried.killed:
        status, message = "pass", f"{path}: it fails on a broken twin ({tried.killed[0]}), as it must."
    elif tried.survived:
        status, message = "fail", f"{path}: empty: none of {len(tried.survived)} broken twins made it fail, so its pass shows nothing here."
    else:
        status, message = "unsure", f"{path}: no twin was tried: {tried.why or 'none could be made'}."
    receipt = tried.of.receipt if tried.of is not None else None
    inputs = dict(receipt.inputs) if receipt else {}
    own = Receipt(command="aquarius controls", inputs={name: value for name, value in inputs.items() if name != "value:stage"}, environment=environment(), started=started, ended=now())  # fmt: skip
    details = {"of": tried.of.content_hash if tried.of else None, "killed": tried.killed, "survived": tried.survived}
    return Evidence(kind="finding", check=CONTROL, status=status, message=message, path=path, claim=None, counts=False, details=details, receipt=own, assumptions=(path,))  # fmt: skip
