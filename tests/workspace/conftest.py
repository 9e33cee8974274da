"""A finished workspace, walked once for all tests of this folder; each test that changes it works on its own copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aquarius.workspace import Workspace
from workspace.small_paper import fill, write_paper


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from aquarius.workspace._road import travel
    from aquarius.workspace._start import start_workspace

    folder = tmp_path_factory.mktemp("finished")
    workspace = start_workspace(write_paper(folder), folder / "line", name="line")
    fill(workspace.root, "table1/Line (ours)/accuracy")
    travel(workspace, workers=2)
    return workspace.root


@pytest.fixture
def work(finished: Path, tmp_path: Path) -> Workspace:
    return Workspace.open(shutil.copytree(finished, tmp_path / "line"))
