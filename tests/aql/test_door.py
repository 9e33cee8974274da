"""The door is cheap, every name behind it is documented, and it needs nothing of Aquarius but core."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aquarius import aql

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "aql.md").read_text()


def test_importing_it_loads_no_torch_and_using_it_no_other_package() -> None:
    code = "import sys, aquarius.aql as a; print('torch' in sys.modules); a.AQL; print(sorted({n.split('.')[1] for n in sys.modules if n.startswith('aquarius.')}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == ["False", "['aql', 'core']"]


@pytest.mark.parametrize("name", aql.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    assert (getattr(aql, name).__doc__ or "").strip()


@pytest.mark.parametrize("name", aql.__all__)
def test_the_page_names_every_public_name(name: str) -> None:
    assert f"`{name}" in PAGE or f" {name}(" in PAGE


def test_what_the_page_shows_is_there() -> None:
    shown = ("AQL", "TopK", "Root", "Payoff", "LaplacianUncertainty", "PerSampleFisher", "StreamingAQL", "CurriculumScheduler", "WarmUp")
    assert all(name in PAGE and name in aql.__all__ for name in shown)
