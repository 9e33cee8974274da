"""Judging, verifying and exporting the same ledger gives the same bytes, in whatever process and under whatever order of sets."""
# tests _judging.py _verify.py _exports.py

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def printed(finished: Path, seed: str, *words: str) -> bytes:
    variables = os.environ | {"PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-m", "aquarius", *words, str(finished), "--json"], env=variables, capture_output=True)
    assert done.returncode in (0, 1), done.stderr.decode()
    return done.stdout


def test_judging_twice_gives_the_same_bytes(finished: Path) -> None:
    ledger = (finished / ".aquarius" / "ledger.jsonl").read_bytes()
    first, second = (printed(finished, seed, "judge") for seed in ("1", "4294967295"))
    assert first == second and b'"claims"' in first
    assert (finished / ".aquarius" / "ledger.jsonl").read_bytes() == ledger  # and it writes nothing


@pytest.mark.slow
@pytest.mark.parametrize("words", [("verify",), ("status",), ("export",), ("export", "--format", "badges")])
def test_what_else_follows_from_the_ledger_is_the_same_too(finished: Path, words: tuple[str, ...]) -> None:
    first, second = (printed(finished, seed, *words) for seed in ("1", "4294967295"))
    assert first == second and first
