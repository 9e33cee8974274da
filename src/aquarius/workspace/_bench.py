"""Benchmarks: the figures that Aquarius states about itself are printed by these, never typed."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import Any

from ..core import BadInput

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
