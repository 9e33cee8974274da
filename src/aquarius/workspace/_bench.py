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


def _share(wanted: Any, found: Any) -> str:
    return f"{sum(item in found for item in wanted)}/{len(wanted)}"
