"""Fixtures for every test: the measurement data outside the project, skipped with a reason where it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two test processes share two cores

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of measurement data beside the project: papers, labelled subjects, equations, cheats."""
    folder = PROJECT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no folder 'shared' beside the project")
    return folder


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real data sets: AQUARIUS_DATA, else the one beside the project."""
    named = os.environ.get("AQUARIUS_DATA")
    folder = Path(named) if named else PROJECT.parent / "shared" / "data"
    if not (folder / "catalog.json").is_file():
        pytest.skip(f"no data sets: {folder.name}/catalog.json is absent (set AQUARIUS_DATA)")
    return folder
