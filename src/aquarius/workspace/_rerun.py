"""Rerunning evidence and comparing every number with what was recorded: on the same processor and libraries, none may differ."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..core import BadInput, Evidence, Receipt, Record
from ..verdict import judge
from ._again import copy_workspace, new_interpreter, perform, perform_apart
from ._facts import Facts
from ._layout import Workspace
from ._ledger import EVERYTHING, RERUN, first_hand
from ._registered import known
from ._stages import now

_WORDS = ("result", "implementation", "execution", "scale", "registered")  # of a claim's verdict
_SHOWN = 5  # differences in a message; all of them are in the details


class Drift(Record):
    """One number that is not what it was."""

    of: str  # the piece of evidence: "gcn-cora, seed 3", or "verdict"
    check: str = ""  # its check or experiment
    name: str
    was: float | str | None
    now: float | str | None
    difference: float | None = None
    relative: float | None = None  # of the number as it was
    budget: float | None = None  # the registered drift budget that it lies within, where one applies


def rerun(workspace: Workspace, identity: str | None, *, everything: bool, fresh: bool, workers: int | None) -> Evidence:
    """Make evidence again in a copy of the workspace, compare it number by number, and keep the comparison as evidence of its own.

    Raises:
        BadInput: no such evidence, or neither or both of an identity and everything.
    """
    if everything == (identity is not None):
        raise BadInput("name the evidence to rerun, or give --all for a whole reproduction, not both.")
    facts, started = Facts(workspace), now()
    current = [one for one in facts.divided[0] if first_hand(one)]
    chosen = current if identity is None else select(facts, identity)
    if not chosen:
        raise BadInput("there is no fresh evidence to rerun: run aquarius reproduce first.")
    wanted = list(dict.fromkeys((one.kind, one.check, one.receipt.seed if one.receipt else None) for one in chosen))
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_workspace(workspace, Path(folder) / "copy")
        room = "a copy of the folder, this virtual environment"
        if fresh:
            python, how = new_interpreter(Path(folder) / "venv")
            room = f"a copy of the folder, {how}"
            made = perform_apart(python, copy, wanted, workers=workers)
        else:
            made = perform(copy, wanted, workers=workers)
    drifts, numbers = compare(chosen, made)
    if everything:
        more, count = _verdicts(facts, made)
        drifts, numbers = [*drifts, *more], numbers + count
    one = _evidence(chosen, made, drifts, numbers, budgets(facts), room=room, fresh=fresh, everything=everything, started=started)
    workspace.open_ledger().append("evidence", one)
    return one


def select(facts: Facts, identity: str) -> list[Evidence]:
    """Return the evidence that stands and that an identity names: the start of its hash or of its run, or a check or experiment.

    Raises:
        BadInput: nothing has it, several unlike pieces have it, or the inputs of what it names have changed.
    """
    fresh, old = facts.divided
    every = [one for one in (*fresh, *(one for one, _ in old)) if first_hand(one)]
    found = [one for one in every if one.check == identity]
    if not found and len(identity) >= 4:
        found = [one for one in every if one.content_hash.startswith(identity) or str(one.details.get("run", "")).startswith(identity)]
        if len(found) > 1:
            raise BadInput(f"{identity!r} is the start of {len(found)} pieces of evidence: give more of it.")
    if not found:
        names = ", ".join(dict.fromkeys(one.check for one in sorted(every, key=lambda one: one.kind != "run"))) or "there is none"
        raise BadInput(f"no evidence has the hash, the run or the name {identity!r} (names: {names:.300}).")
    for one, reasons in old:
        if one in found:
            raise BadInput(f"{label(one)} cannot be run again as it was: {'; '.join(reasons)}. aquarius reproduce makes it anew.")
    return found


def compare(before: Sequence[Evidence], after: Sequence[Evidence]) -> tuple[list[Drift], int]:
    """Return every number that differs, and how many were compared; evidence that did not come again differs in its status."""
    known: dict[tuple[Any, ...], list[Evidence]] = {}
    for one in after:
        known.setdefault(_key(one), []).append(one)
    drifts: list[Drift] = []
    numbers = 0
    for one in before:
        again = known.get(_key(one)) or []
        if not again:
            drifts.append(Drift(of=label(one), check=one.check, name="status", was=one.status, now=None))
            continue
        other = again.pop(0)
        if one.status != other.status:
            drifts.append(Drift(of=label(one), check=one.check, name="status", was=one.status, now=other.status))
        was, is_now = dict(_flat(_measured(one))), dict(_flat(_measured(other)))
        numbers += len(was)
        drifts += [drift.model_copy(update={"check": one.check}) for drift in _drifts(label(one), was, is_now)]
    return drifts, numbers


def budgets(facts: Facts) -> dict[tuple[str, str], float]:
    """Return (experiment, metric) -> how far its registered rule lets the metric move where hardware or versions differ."""
    rules = {rule.claim: rule for rule in facts.registration.rules} if facts.registration is not None else {}
    known = ((name, item.metric, rules.get(item.claim)) for name, item in facts.experiments.items() if item.claim and item.metric)
    return {(name, metric): rule.drift for name, metric, rule in known if rule is not None}


def within_budget(drifts: Sequence[Drift], allowed: dict[tuple[str, str], float]) -> list[Drift] | None:
    """Return the drifts with the budget that each lies within; None where a number under a rule, a status or a word of the verdict is beyond any.

    Numbers that no rule is about (curves, other metrics) and those that a verdict computes from the runs are named and decide nothing.
    """
    found = []
    for drift in drifts:
        budget = allowed.get((drift.check, drift.name))
        beyond = budget is not None and (drift.difference is None or abs(drift.difference) > budget)
        word = drift.name == "status" or drift.name.rpartition(".")[2] in _WORDS
        if beyond or word:
            return None
        found.append(drift.model_copy(update={"budget": budget}))
    return found


def label(one: Evidence) -> str:
    """Return how a piece of evidence is called in a sentence."""
    seed = f", seed {one.receipt.seed}" if one.receipt is not None and one.receipt.seed is not None else ""
    claim = f" ({one.claim})" if one.claim and one.kind == "count" else ""
    where = f" at {one.path or one.where}" if one.kind == "finding" and (one.path or one.where) else ""
    return f"{one.check}{claim}{where}{seed}"


def _key(one: Evidence) -> tuple[Any, ...]:
    return (one.kind, one.check, one.claim, one.where, one.path, one.assumptions, one.receipt.seed if one.receipt else None)


def _measured(one: Evidence) -> dict[str, Any]:
    return {**one.values, **{f"curve {name}": [value for _, value in curve] for name, curve in one.curves.items()}}


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, float | str]]:
    """Give every number and word inside plain data, with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _flat(item, f"{name}[{index}]")
    elif isinstance(value, str):
        yield name, value
    elif value is not None:
        yield name, float(value)


def _drifts(of: str, was: dict[str, float | str], is_now: dict[str, float | str]) -> Iterator[Drift]:
    for name in dict.fromkeys((*was, *is_now)):
        old, new = was.get(name), is_now.get(name)
        if old == new or (isinstance(old, float) and isinstance(new, float) and math.isnan(old) and math.isnan(new)):
            continue
        if isinstance(old, float) and isinstance(new, float):
            relative = (new - old) / abs(old) if old else None
            yield Drift(of=of, name=name, was=old, now=new, difference=new - old, relative=relative)
        else:
            yield Drift(of=of, name=name, was=old, now=new)


def _verdicts(facts: Facts, made: list[Evidence]) -> tuple[list[Drift], int]:
    """Judge what was made again by the same rules, and compare every number and word of the two verdicts."""
    frozen = facts.registration
    usable = [one for one in facts.divided[0] if first_hand(one)]
    again = judge(facts.dossier, made, frozen, **known(facts.entries, usable, frozen, facts.dossier))
    was, is_now = (dict(_flat([_plain(claim.to_data()) for claim in one.claims])) for one in (facts.judged, again))
    return list(_drifts("verdict", was, is_now)), len(was)


def _plain(claim: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claim.items() if name not in ("evidence", "assumptions")}  # hashes hold times


def _evidence(
    chosen: list[Evidence],
    made: list[Evidence],
    drifts: list[Drift],
    numbers: int,
    allowed: dict[tuple[str, str], float],
    *,
    room: str,
    fresh: bool,
    everything: bool,
    started: str,
) -> Evidence:
    changes = _environments(chosen, made)
    what = (
        f"{len(chosen)} pieces of evidence and the verdict"
        if everything
        else label(chosen[0])
        if len(chosen) == 1
        else f"{len(chosen)} pieces of {chosen[0].check}"
    )
    if not drifts:
        status, message = "pass", f"Rerun of {what}: all {numbers:,} numbers are the same"
    else:
        named = "; ".join(_phrase(drift) for drift in drifts[:_SHOWN]) + (
            f"; and {len(drifts) - _SHOWN} more" if len(drifts) > _SHOWN else ""
        )
        # a budget is for other hardware and versions; between equal processors it is none
        inside = within_budget(drifts, allowed) if any(allowed.values()) and (changes or _accelerated(made)) else None
        drifts = inside or drifts
        status, message = (
            "pass" if inside else "unsure" if changes else "fail",
            f"Rerun of {what}: {len(drifts)} of {numbers:,} numbers differ: {named}",
        )
        message += (
            f"; the environment differs too: {'; '.join(changes)}"
            if changes
            else "; nothing in the environment explains it"
            if not inside
            else ""
        )
        if inside:
            message += f"; each metric under a rule is within its drift budget ({', '.join(f'{metric} ±{size:g}' for (_, metric), size in allowed.items() if size)})"
    identity = EVERYTHING if everything else chosen[0].content_hash[:12]
    inputs = {name: value for one in chosen if one.receipt for name, value in one.receipt.inputs.items() if not name.startswith("value:")}
    environment = next((one.receipt.environment for one in made if one.receipt), None)
    command = f"aquarius rerun {'--all' if everything else chosen[0].check}{' --fresh' if fresh else ''}"
    details = {"of": [one.content_hash for one in chosen], "room": room, "fresh": fresh, "numbers": numbers, "environment": changes, "differences": [drift.to_data() for drift in drifts]}  # fmt: skip
    receipt = Receipt(command=command, inputs=dict(sorted(inputs.items())) | {f"value:{RERUN} {identity}": chosen[0].content_hash}, environment=environment, started=started, ended=now())  # fmt: skip
    return Evidence(kind="finding", check=RERUN, status=status, message=f"{message}.", path=identity, counts=False, details=details, receipt=receipt)  # type: ignore[arg-type]  # fmt: skip


def _accelerated(made: Iterable[Evidence]) -> bool:
    return any(one.receipt and one.receipt.environment and one.receipt.environment.accelerator for one in made)


def _phrase(drift: Drift) -> str:
    size = f" ({drift.relative:+.2%})" if drift.relative is not None else ""
    return f"{drift.of}: {drift.name} was {drift.was} and is {drift.now}{size}"


def _environments(before: Iterable[Evidence], after: Iterable[Evidence]) -> list[str]:
    """Return what is different about processor, interpreter, threads and libraries."""
    seen: dict[str, None] = {}
    known = {_key(one): one for one in after}
    for one in before:
        other = known.get(_key(one))
        if (
            other is None
            or one.receipt is None
            or other.receipt is None
            or one.receipt.environment is None
            or other.receipt.environment is None
        ):
            continue
        was, is_now = (
            dict(_flat(each.receipt.environment.to_data())) for each in (one, other) if each.receipt and each.receipt.environment
        )
        seen |= {
            f"{name} was {was.get(name)} and is {is_now.get(name)}": None
            for name in dict.fromkeys((*was, *is_now))
            if was.get(name) != is_now.get(name)
        }
    return list(seen)
