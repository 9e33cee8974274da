"""Files stay readable: none over 700 lines."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LONGEST = 700


def test_no_file_is_too_long() -> None:
    long = {
        str(path.relative_to(PROJECT)): lines
        for folder in ("src", "tests")
        for path in (PROJECT / folder).rglob("*.py")
        if (lines := path.read_text().count("\n")) > LONGEST
    }
    assert not long
