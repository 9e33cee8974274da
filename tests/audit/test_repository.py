"""Reading a folder: within bounds, and with one sentence where there is nothing to read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from aquarius.audit import _repository, audit
from aquarius.audit._repository import is_settings, load
from aquarius.core import BadInput


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a folder: name the folder of a finished repository"):
        audit(tmp_path / "absent")


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    with pytest.raises(BadInput, match="is not a folder"):
        audit(tmp_path / "a.py")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no Python file, notebook, record or README"):
        audit(tmp_path)


def test_binary_large_and_broken_files_are_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("x = 1\n")
    (tmp_path / "binary.py").write_bytes(b"\0\1\2" * 50)
    (tmp_path / "old.py").write_text("print 'no'\n")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "large.csv").write_text("a\n" * 600_000)
    repository = load(tmp_path)
    assert [module.path for module in repository.modules] == ["good.py"]
    assert sorted(repository.unread) == ["binary.py", "large.csv", "old.py"]
    assert all(item.status in ("pass", "skipped") for item in audit(tmp_path))


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    os.symlink(tmp_path, tmp_path / "loop", target_is_directory=True)
    os.symlink("/etc/hostname", tmp_path / "b.txt")
    repository = load(tmp_path)
    assert [module.path for module in repository.modules] == ["a.py"] and not repository.files


def test_many_files_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_repository, "MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"m{number}.py").write_text("x = 1\n")
    repository = load(tmp_path)
    assert repository.cut and len(repository.modules) == 3


def test_code_cells_of_a_notebook_are_read(tmp_path: Path) -> None:
    cells = [{"cell_type": "markdown", "source": ["# Title"]}, {"cell_type": "code", "source": ["%matplotlib inline\n", "x = 1\n"]}]
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": cells}))
    (module,) = load(tmp_path).modules
    assert "x = 1" in module.text and "%" not in module.text


def test_settings_are_no_results() -> None:
    assert is_settings("config.json") and is_settings("a/settings.toml") and not is_settings("results.json")
