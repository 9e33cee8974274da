"""Interrupted, the same command goes on where it was, and ends in the same verdict."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from aquarius.verdict import Verdict
from aquarius.workspace._start import start_workspace
from workspace.small_paper import fill, write_paper

SLOW = "import time\n"


def test_an_interrupted_walk_goes_on(tmp_path: Path) -> None:
    workspace = start_workspace(write_paper(tmp_path), tmp_path / "line", name="line")
    fill(workspace.root, "table1/Line (ours)/accuracy")
    train = workspace.root / "src/line/train.py"
    train.write_text(SLOW + train.read_text().replace("for step in range(3):", "for step in range(3):\n        time.sleep(0.5)"))
    command = [sys.executable, "-m", "aquarius", "reproduce", str(workspace.root), "--workers", "1"]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(workspace.runs.glob("*/result.json")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(first.pid, signal.SIGINT)
    _, said = first.communicate(timeout=60)
    assert first.returncode == 130
    assert "aquarius: interrupted; what was finished is kept" in said and "Traceback" not in said
    finished = {path: path.stat().st_mtime_ns for path in workspace.runs.glob("*/result.json")}
    assert 1 <= len(finished) < 4

    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in finished} == finished  # finished seeds were not run again
    verdict = Verdict.load(workspace.private / "verdict.json")
    claim = next(item for item in verdict.claims if item.claim == "table1/Line (ours)/accuracy")
    assert claim.result == "reproduced" and claim.measured is not None and claim.measured.n == 4
