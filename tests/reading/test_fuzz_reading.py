"""The long hunt's targets run on a few bytes here, and it says so where atheris is not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reading.fuzz_reading import FRAMES, target

SCRIPT = Path(__file__).with_name("fuzz_reading.py")


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("data", [b"", b"\xff\x00<p>{$", b"Words & \\begin{tabular}"])
def test_a_target_reads_or_is_refused(name: str, data: bytes) -> None:
    target(name)(data)


def test_without_atheris_it_is_skipped_with_the_reason() -> None:
    code = f"import sys, runpy; sys.modules['atheris'] = None; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.startswith("skipped: atheris is not installed")
