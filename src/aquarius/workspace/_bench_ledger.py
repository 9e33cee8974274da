"""The ledger's figures: how long it takes to verify a long one, and to append to it."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from ..core import BadInput, Evidence, Receipt
from ._ledger import Ledger

VERIFY_SECONDS, APPEND_MS = 5.0, 5.0  # for 100,000 entries
_ONCE = 2_000  # entries of one append while it is filled


def ledger_figures(entries: int, appends: int) -> dict[str, Any]:
    """Fill a ledger with runs in a temporary folder, then time its verification and single appends (wall time, flushed to the disk).

    Raises:
        BadInput: fewer than 1 entry or 3 appends.
    """
    if entries < 1 or appends < 3:
        raise BadInput(f"at least 1 entry and 3 appends are needed, got {entries} and {appends}.")
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.jsonl")
        for start in range(0, entries, _ONCE):
            ledger.append_all("evidence", (_run(seed) for seed in range(start, min(start + _ONCE, entries))))
        size = ledger.path.stat().st_size
        begin = time.perf_counter()
        problems = ledger.verify()
        verify = time.perf_counter() - begin
        times = []
        for seed in range(appends):
            begin = time.perf_counter()
            ledger.append("evidence", _run(entries + seed))
            times.append((time.perf_counter() - begin) * 1e3)
    middle = statistics.median(times)
    rows = [
        {"figure": f"verify {entries:,} entries, s", "median": verify, "least": verify, "most": verify, "budget": VERIFY_SECONDS},
        {"figure": "append one, ms", "median": middle, "least": min(times), "most": max(times), "budget": APPEND_MS},
    ]
    within = not problems and verify < VERIFY_SECONDS and middle < APPEND_MS
    return {"entries": entries, "bytes": size, "verify_seconds": verify, "append_ms": middle, "rows": rows, "within": within}


def _run(seed: int) -> Evidence:
    receipt = Receipt(command="aquarius reproduce .", inputs={"workspace:src/a/train.py": "a" * 64, "value:settings": "b" * 64}, seed=seed)
    return Evidence(
        kind="run",
        check="a",
        status="pass",
        message=f"Seed {seed}.",
        claim="table1/a",
        values={"accuracy": 80.0 + seed / 1e5},
        receipt=receipt,
    )
