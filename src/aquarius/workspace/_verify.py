"""Verifying a workspace: the chain, every receipt, every run against its own files, every report against what the ledger makes of it."""

from __future__ import annotations

import gc
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..core import AquariusError, Evidence, file_hash, hash_data, read_text
from ._artifacts import artifacts_differ
from ._facts import Facts, places_in, untrue_places
from ._judging import render_report
from ._layout import Workspace
from ._ledger import Entry, bears
from ._report_numbers import KINDS, untraced
from ._stale import unseen


def verify_workspace(workspace: Workspace) -> tuple[list[str], dict[str, int]]:
    """Check everything that can be checked without running anything; return problems, one sentence each, and what was looked at."""
    collects = gc.isenabled()
    gc.disable()  # all entries stay alive to the end: collecting among them only costs time, more than half of it for a long ledger
    try:
        return _verify(workspace)
    finally:
        if collects:
            gc.enable()


def _verify(workspace: Workspace) -> tuple[list[str], dict[str, int]]:
    entries, problems = workspace.open_ledger().read()
    if problems:
        return problems, {"ledger lines": len(entries)}
    facts = Facts(workspace, entries)
    evidence = facts.standing
    for item, reasons in facts.divided[1]:
        problems.append(f"{item.check} is stale: {'; '.join(reasons)}.")
    problems += [problem for item in evidence for problem in receipt_problems(item)]
    problems += [problem for item in evidence if item.kind == "run" for problem in run_problems(workspace, item)]
    problems += unknown_runs(workspace, entries)
    problems += [f"the data file {name} is not at hand, so it cannot be told whether it changed." for name in unseen(workspace, evidence)]
    problems += _healed(workspace, entries)
    checked = {"ledger entries": len(entries), "pieces of evidence": len(evidence)}
    checked["runs against their files"] = sum(item.kind == "run" for item in evidence)
    if workspace.dossier.exists() and workspace.document.exists():
        checked["places"] = sum(1 for _ in places_in(facts.dossier))
        problems += [
            f"dossier.yaml: a quote does not stand in the paper: {place}." for place in untrue_places(facts.dossier, facts.sources)
        ]
        reported, checked["numbers of reports"] = _reports(facts)
        problems += reported
    return problems, checked


def receipt_problems(item: Evidence) -> list[str]:
    """Return what a receipt does not name of all that it takes to make the evidence again."""
    receipt = item.receipt
    if receipt is None:
        return []  # said already: it is stale
    missing = [name for name in ("command", "environment", "started", "ended") if not getattr(receipt, name)]
    if item.kind == "run":
        missing += ["configuration"] * ("value:settings" not in receipt.inputs)
        missing += ["seed"] * (receipt.seed is None) + ["log line"] * (receipt.log is None)
    wrong = [f"{item.check}{_seed(item)}: its receipt names no {', no '.join(missing)}."] if missing else []
    if item.kind == "run" and (receipt.exit_status == 0) != (item.status == "pass"):
        wrong.append(f"{item.check}{_seed(item)}: it says {item.status!r}, and its exit status was {receipt.exit_status}.")
    if receipt.started and receipt.ended and receipt.ended < receipt.started:
        wrong.append(f"{item.check}{_seed(item)}: its receipt ends before it starts.")
    return wrong


def run_problems(workspace: Workspace, item: Evidence) -> list[str]:
    """Hold a run's evidence against what the run itself wrote: result, log line, curves, configuration, environment."""
    from ..lab import read_metrics
    from ..lab._metrics import thin

    receipt, name = item.receipt, f"{item.check}{_seed(item)}"
    if receipt is None or receipt.log is None:
        return []
    log, _, line = receipt.log.rpartition(":") if receipt.log.rpartition(":")[2].isdigit() else (receipt.log, "", "")
    path = workspace.inside(f".aquarius/{log}")
    if not path.is_file():
        return [f"{name}: the run's log {receipt.log} is gone."]
    folder, problems = path.parent, []
    try:
        result = Evidence.load(folder / "result.json")
        for field in ("values", "status", "curves", "seconds", "receipt", "scale", "stand_in", "counts"):
            if getattr(result, field) != getattr(item, field):
                problems.append(f"{name}: {folder.name}/result.json and the ledger differ in {_where(result, item, field)}.")
    except AquariusError as error:
        problems.append(f"{name}: {folder.name}/{str(error).rpartition('/')[2]}")
    if item.status == "pass":
        problems += [f"{name}: {problem}." for problem in _log_line(path, line, item.values)]
    curves = {key: [tuple(point) for point in thin(curve)] for key, curve in read_metrics(folder / "metrics.jsonl").items()}
    if repr(sorted(curves.items())) != repr(sorted((key, [tuple(point) for point in curve]) for key, curve in item.curves.items())):
        problems.append(f"{name}: {folder.name}/metrics.jsonl is not what its curves were made of.")
    config = _load(folder / "config.json")
    if config is None or config.get("seed") != receipt.seed or hash_data(config.get("settings")) != receipt.inputs.get("value:settings"):
        problems.append(f"{name}: {folder.name}/config.json is gone or has another seed or other settings than the receipt.")
    there = _load(folder / "environment.json") or {}
    if receipt.environment is not None and any(there.get(key) != value for key, value in receipt.environment.to_data().items()):
        problems.append(f"{name}: {folder.name}/environment.json is gone or has another environment than the receipt.")
    return problems


def unknown_runs(workspace: Workspace, entries: Iterable[Entry]) -> list[str]:
    """Return the finished runs on disk that the ledger does not know: a run that was seen and left out would be a chosen number."""
    known = {entry.record.get("details", {}).get("run") for entry in entries if entry.kind == "evidence"}
    folders = sorted(path.parent.name for path in workspace.runs.glob("*/result.json"))
    return [
        f"the run {name} is finished, and the ledger does not know it: run aquarius reproduce ." for name in folders if name not in known
    ]


def _healed(workspace: Workspace, entries: Iterable[Entry]) -> list[str]:
    torn = workspace.ledger.with_suffix(".torn")
    healed = any(entry.kind == "note" and entry.record.get("about") == "healed" for entry in entries)
    return [f"{torn.name} is gone, and the ledger says that a torn line was kept there."] if healed and not torn.exists() else []


def _reports(facts: Facts) -> tuple[list[str], int]:
    """Hold verdict, artifacts and every report against the evidence; return the problems and how many numbers were looked at."""
    workspace, entries, recorded, judged = facts.workspace, facts.entries, facts.verdict, facts.judged
    problems = []
    if recorded is not None:
        if recorded != judged:
            problems.append("the recorded verdict does not follow from the evidence as it is now: run aquarius judge.")
        saved = workspace.private / "verdict.json"
        if not saved.is_file() or read_text(saved) != recorded.to_json():
            problems.append("verdict.json is gone or is not the recorded verdict.")
        if recorded == judged:
            problems += [f"{problem}." for problem in artifacts_differ(workspace, judged)]
    notes = {str(entry.record["file"]): entry for entry in entries if entry.kind == "note" and entry.record.get("about") == "report"}
    for name, entry in notes.items():
        problems += _noted_report(facts, name, entry)
    looked = 0
    for path in sorted(workspace.report.rglob("*")) if workspace.report.is_dir() else []:
        name = workspace.relative(path)
        if path.is_file() and path.suffix.casefold() in KINDS:
            found, number = untraced(facts, path)
            looked += number
            if name not in notes:
                problems += [f"{name}, line {line}: {text} stands in no evidence, claim or setting." for line, text in found]
    return problems, looked


def _noted_report(facts: Facts, name: str, note: Entry) -> list[str]:
    path = facts.workspace.inside(name)
    if not path.is_file():
        return [f"the report {name} is gone."]
    if file_hash(path) != note.record["hash"]:
        return [f"the report {name} was changed after it was written."]
    newer = any(bears(entry) and entry.seq > note.seq for entry in facts.entries)
    if newer or note.record.get("verdict") != facts.judged.content_hash:
        return []  # of an earlier state, as it was written; the gate says that it is no longer the newest
    with tempfile.TemporaryDirectory() as folder:
        again = render_report(facts, Path(folder) / path.name)
        same = again.read_bytes() == path.read_bytes()
    return [] if same else [f"the report {name} is not what the evidence makes: its numbers have no receipt; run aquarius write."]


def _log_line(path: Path, line: str, values: dict[str, float]) -> list[str]:
    """Say where the line that a run's numbers came from does not hold them."""
    if not line:
        return ["its receipt names a log and no line of it"]
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    text = lines[int(line) - 1] if 0 < int(line) <= len(lines) else ""
    try:
        there = json.loads(text.removeprefix("result "))
    except ValueError:
        return [f"line {line} of {path.parent.name}/log.txt holds no result"]
    differ = sorted(name for name in values.keys() | there.keys() if values.get(name) != there.get(name))
    return [f"line {line} of {path.parent.name}/log.txt says {key} = {there.get(key)}, and the ledger {values.get(key)}" for key in differ]


def _where(there: Evidence, here: Evidence, field: str) -> str:
    if field != "values":
        return field
    names = sorted(there.values.keys() | here.values.keys())
    return ", ".join(
        f"{name}: {there.values.get(name)} there, {here.values.get(name)} here"
        for name in names
        if there.values.get(name) != here.values.get(name)
    )


def _load(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(read_text(path))
    except (AquariusError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _seed(item: Evidence) -> str:
    return f", seed {item.receipt.seed}" if item.receipt is not None and item.receipt.seed is not None else ""
