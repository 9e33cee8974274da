"""Benchmarks: the figures that Aquarius states about itself are printed by these, never typed."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ..core import BadInput, progress, read_text
from ..subject import Limits, run_in_child

START_BUDGET_MS = 150.0  # of `aquarius --help` over bare Python


def startup(runs: int) -> dict[str, Any]:
    """Start bare Python and `aquarius --help` in turn; return milliseconds of wall time, median and range.

    Raises:
        BadInput: fewer than 3 runs.
    """
    if runs < 3:
        raise BadInput(f"at least 3 runs are needed for a median, got {runs}.")
    commands = {"bare Python": [sys.executable, "-c", "pass"], "aquarius --help": [sys.executable, "-m", "aquarius", "--help"]}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            begin = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, timeout=60)
            if turn:  # the first turn warms the file system's cache
                times[name].append((time.perf_counter() - begin) * 1e3)
    rows = [{"command": name, "median": statistics.median(t), "least": min(t), "most": max(t)} for name, t in times.items()]
    over = statistics.median(a - b for a, b in zip(times["aquarius --help"], times["bare Python"], strict=True))
    rows.append({"command": "difference, pair by pair", "median": over, "least": 0.0, "most": START_BUDGET_MS})
    pairs = [a - b for a, b in zip(times["aquarius --help"], times["bare Python"], strict=True)]
    rows[-1] |= {"least": min(pairs), "most": max(pairs)}
    return {"runs": runs, "rows": rows, "difference_ms": over, "budget_ms": START_BUDGET_MS, "within": over <= START_BUDGET_MS}


def reading(folder: Path) -> dict[str, Any]:
    """Read every paper of a folder that has a gold.json; return what was found of title, authors, equations and tables, and the seconds.

    Raises:
        BadInput: no folder, or none of its papers has LaTeX source and gold.
    """
    from ..reading import read

    papers = sorted(path.parent for path in folder.glob("*/gold.json") if (path.parent / "source").is_dir()) if folder.is_dir() else []
    if not papers:
        raise BadInput(f"{folder} holds no paper with source/ and gold.json.")
    rows = []
    for index, paper in enumerate(papers):
        gold = json.loads(read_text(paper / "gold.json"))
        begin = time.perf_counter()
        document = read(paper / "source")
        seconds = time.perf_counter() - begin
        rows.append(
            {
                "paper": paper.name,
                "title": document.title == gold["title"],
                "authors": _share(gold["authors"], document.authors),
                "equation numbers": _share([e["number"] for e in gold["equations"]], [e.number for e in document.equations]),
                "tables": _share([t["number"] for t in gold["tables"]], [t.number for t in document.tables]),
                "seconds": f"{seconds:.2f}",
            }
        )
        progress.advance("papers", (index + 1) / len(papers))
    return {"rows": rows}


def score_equations(cases: Path, *, mutants: Path | None = None, refuse: Path | None = None, seeds: int = 3) -> dict[str, Any]:
    """Score `aquarius.equations` in a child process, because a reference is somebody's code; return the table and what went wrong.

    Raises:
        BadInput: a file cannot be read, a case lacks a field, a mutant names no case, or the child did not end.
    """
    if seeds < 1:
        raise BadInput(f"each translation is compared on at least 1 draw of inputs, got {seeds}.")
    entries = _lines(cases, ("id", "latex", "inputs", "reference"))
    wrong_code = _lines(mutants, ("id", "correct", "mutant")) if mutants is not None else []
    hard = _lines(refuse, ("id", "latex", "declarations")) if refuse is not None else []
    known = {entry["id"] for entry in entries}
    for mutant in wrong_code:
        if mutant["id"] not in known:
            raise BadInput(f"{mutants} has a mutant of {mutant['id']!r}, which is no case of {cases}.")
    total = len(entries) + len(wrong_code) + len(hard)
    heard: list[dict[str, Any]] = []

    def hear(message: Any) -> None:
        heard.append(message)
        progress.advance("equations", len(heard) / total)

    payload = {"cases": entries, "mutants": wrong_code, "refuse": hard, "seeds": seeds}
    result = run_in_child("aquarius.equations._score:score_task", payload, limits=Limits(seconds=60.0 + 5.0 * total), on_message=hear)
    if result.status != "ok":
        raise BadInput(f"the scoring of {cases} did not end ({result.status}): {result.error}")
    return {"rows": _score_rows(heard), "cases": heard}


def _lines(path: Path, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    """The records of a JSONL file, each with the fields named."""
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


def _score_rows(heard: list[dict[str, Any]]) -> list[dict[str, Any]]:
    translated = [item for item in heard if item["kind"] == "case"]
    outcomes = [item["outcome"] for item in translated]
    rows = [(name, f"{outcomes.count(name)}/{len(translated)}") for name in ("right", "refused", "silently wrong")]
    hard = [item for item in heard if item["kind"] == "refuse"]
    if hard:
        rows.append(("refused of those that must be", f"{sum(item['outcome'] == 'refused' for item in hard)}/{len(hard)}"))
    held = [item for item in heard if item["kind"] == "mutant"]
    if held:
        rows.append(("right code accepted", f"{sum(item['correct'] == 'conforms' for item in held)}/{len(held)}"))
        rows.append(("mutants rejected", f"{sum(item['mutant'] == 'differs' for item in held)}/{len(held)}"))
    for name in ("parse", "translate"):
        rows.append((f"{name}, median ms", f"{statistics.median(item[f'{name}_ms'] for item in translated):.2f}"))
    others = [item["sympy"] for item in translated]
    beside = {"parse, median ms": "not installed", "right": "not installed"}
    if None not in others:
        times = [item["ms"] for item in others]
        beside = {
            "parse, median ms": f"{statistics.median(times):.2f}",
            "right": f"parses {sum(item['parsed'] for item in others)}, computes none",
        }
    return [{"measure": name, "Aquarius": value, "sympy parse_latex": beside.get(name, "")} for name, value in rows]


def _share(wanted: Any, found: Any) -> str:
    return f"{sum(item in found for item in wanted)}/{len(wanted)}"
