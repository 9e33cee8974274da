"""The README's commands run as they stand, and print what the README says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TEXT = (PROJECT / "README.md").read_text()
LINES = [line.strip() for line in TEXT.splitlines() if re.match(r" {4}aquarius ", line)]
LONG = {"aquarius reproduce gcn-cora --seeds 20"}  # minutes, and real data: the figure of the closing note
EXPECTED = {
    "check": (1, "changing tokens after a position changes"),
    "equation": (1, "without the division by math.sqrt(d_k)"),
    "start": (0, "is laid out"),
    "next": (0, "Phase 1"),
}


def test_the_readme_shows_commands() -> None:
    assert len(LINES) >= 5 and set(LINES) >= LONG


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    (folder / "examples").symlink_to(PROJECT / "examples")
    return folder


def test_the_commands_run(room: Path) -> None:
    for line in LINES:
        if line in LONG:
            continue
        words = shlex.split(line)[1:]
        code, said = EXPECTED[words[0]]
        done = subprocess.run([sys.executable, "-m", "aquarius", *words], capture_output=True, text=True, timeout=120, cwd=room)
        assert done.returncode == code, f"{line}: {done.stderr}"
        assert " ".join(said.split()) in " ".join(re.sub(r"[│\s]+", " ", done.stdout).split()), f"{line}: {done.stdout}"
