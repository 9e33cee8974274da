"""Equations scored against known right answers: translation, refusal, emitted text, conformance, parsing, and other readers beside us."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core import BadInput, progress, read_text
from ..subject import Limits, run_in_child

OURS = "Aquarius"


def score_equations(
    cases: Path | None = None, *, mutants: Path | None = None, refuse: Path | None = None, papers: Path | None = None, seeds: int = 3
) -> dict[str, Any]:
    """Score `aquarius.equations` in a child process, because a reference is somebody's code; return the table and what went wrong.

    Without `cases`, our own corpus with its mutants and displays to be refused is scored.

    Raises:
        BadInput: a file cannot be read, a case lacks a field, a mutant names no case, no paper is found, or the child did not end.
    """
    if seeds < 1:
        raise BadInput(f"each translation is compared on at least 1 draw of inputs, got {seeds}.")
    lists = _payload(cases, mutants, refuse) | {"displays": displays_of(papers) if papers is not None else []}
    payload: dict[str, Any] = {**lists, "seeds": seeds}
    total = sum(len(records) for records in lists.values())
    heard: list[dict[str, Any]] = []

    def hear(message: Any) -> None:
        heard.append(message)
        progress.advance("equations", len(heard) / total)

    result = run_in_child("aquarius.equations._score:score_task", payload, limits=Limits(seconds=60.0 + 5.0 * total), on_message=hear)
    if result.status != "ok":
        raise BadInput(f"the scoring of {cases or 'our own cases'} did not end ({result.status}): {result.error}")
    return {"rows": score_rows(heard), "cases": heard}


def _payload(cases: Path | None, mutants: Path | None, refuse: Path | None) -> dict[str, list[dict[str, Any]]]:
    from ..equations._corpus import corpus

    if cases is None:
        if mutants is not None or refuse is not None:
            raise BadInput("--mutants and --refuse go with a file of CASES; without one our own cases are scored, with their own mutants.")
        return corpus()
    entries = lines(cases, ("id", "latex", "inputs", "reference"))
    wrong_code = lines(mutants, ("id", "correct", "mutant")) if mutants is not None else []
    hard = lines(refuse, ("id", "latex", "declarations")) if refuse is not None else []
    known = {entry["id"] for entry in entries}
    for mutant in wrong_code:
        if mutant["id"] not in known:
            raise BadInput(f"{mutants} has a mutant of {mutant['id']!r}, which is no case of {cases}.")
    return {"cases": entries, "mutants": wrong_code, "refuse": hard}


def lines(path: Path, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    """The records of a JSONL file, each with the fields named.

    Raises:
        BadInput: it cannot be read, a line is not JSON or lacks a field, or there is none.
    """
    found = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            raise BadInput(f"line {number} of {path} is not JSON.") from None
        missing = [name for name in fields if not isinstance(record, dict) or name not in record]
        if missing:
            raise BadInput(f"line {number} of {path} has no {missing[0]!r}.")
        found.append(record)
    if not found:
        raise BadInput(f"{path} holds nothing to score.")
    return found


def displays_of(folder: Path) -> list[dict[str, Any]]:
    """Every display of the papers of a folder (each a LaTeX folder, or a folder with source/), as `aquarius equations` takes them.

    Raises:
        BadInput: the folder holds no paper.
    """
    from ..dossier import distill
    from ..reading import read
    from ._equations import joined

    papers = (
        sorted(path / "source" if (path / "source").is_dir() else path for path in folder.iterdir() if path.is_dir())
        if folder.is_dir()
        else []
    )
    papers = [path for path in papers if any(path.rglob("*.tex"))]
    if not papers:
        raise BadInput(f"{folder} holds no paper: a folder with LaTeX source for each.")
    found = []
    for index, paper in enumerate(papers):
        groups = joined(distill(read(paper)).formulas)
        name = paper.parent.name if paper.name == "source" else paper.name
        found += [{"id": f"{name}: {group[0].id}", "latex": " \\\\ ".join(formula.latex for formula in group)} for group in groups]
        progress.advance("papers", (index + 1) / len(papers))
    return found


def score_rows(heard: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The table: a row for each measure, a column for Aquarius and each other reader."""
    by_kind = {kind: [item for item in heard if item["kind"] == kind] for kind in ("case", "refuse", "mutant", "display")}
    translated, hard, held, displays = by_kind["case"], by_kind["refuse"], by_kind["mutant"], by_kind["display"]
    readers = list(dict.fromkeys(name for item in translated for name in item["others"]))
    rows = []
    for words, outcome in (("translated right", "right"), ("refused", "refused"), ("silently wrong", "silently wrong")):
        beside = {name: _share(item["others"][name]["outcome"] == outcome for item in translated) for name in readers}
        rows.append({"measure": words, OURS: _share(item["outcome"] == outcome for item in translated)} | beside)
    texts = [item["text"] for item in translated if item["text"] is not None]
    ours = {
        "emitted text = interpreter": _share(texts),
        "refused of those that must be": _share(item["outcome"] == "refused" for item in hard),
        "right code accepted": _share(_each(held, "correct", "conforms").values()),
        "mutants rejected": _share(item["mutant"] == "differs" for item in held),
        "displays of papers parsed, no symbol lost": _share(item["outcome"] == "tree" for item in displays),
    }
    rows += [{"measure": words, OURS: value} for words, value in ours.items() if value]
    for name in ("parse", "translate"):
        beside = (
            {reader: f"{statistics.median(item['others'][reader]['ms'] for item in translated):.2f}" for reader in readers}
            if name == "parse"
            else {}
        )
        rows.append({"measure": f"{name}, median ms", OURS: f"{statistics.median(item[f'{name}_ms'] for item in translated):.2f}"} | beside)
    if displays:
        rows.append(
            {"measure": "parse of papers' displays, median ms", OURS: f"{statistics.median(item['parse_ms'] for item in displays):.2f}"}
        )
    columns = [OURS, *readers]
    return [{"measure": row["measure"]} | {name: row.get(name, "") for name in columns} for row in rows]


def _each(held: Sequence[dict[str, Any]], which: str, verdict: str) -> dict[Any, bool]:
    """Right code stands beside several mutants and counts once."""
    return {(item["id"], item["code"]): item[which] == verdict for item in held}


def _share(flags: Any) -> str:
    found = list(flags)
    return f"{sum(found)}/{len(found)} = {sum(found) / len(found):.1%}" if found else ""
