"""A workspace is laid out from a paper or a shipped reproduction; nothing that is there is overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.workspace._start import paper_path, read_paper, start_workspace
from aquarius.workspace._templates import template_files, template_names
from workspace.small_paper import PAPER, write_paper


@pytest.mark.parametrize("name", template_names())
def test_a_shipped_reproduction_becomes_a_workspace(name: str, tmp_path: Path) -> None:
    workspace = start_workspace(name, tmp_path / "w", name=name)
    manifest = json.loads(workspace.manifest.read_text())
    assert manifest["paper"]["year"] in (2017, 2019, 2025)
    for path in template_files(name):
        assert (workspace.root / path).is_file()
    assert workspace.dossier.exists() and workspace.document.exists()
    assert start_workspace(name, tmp_path / "w", name=name) == workspace


def test_a_dossier_edited_by_hand_is_kept(tmp_path: Path) -> None:
    workspace = start_workspace(write_paper(tmp_path), tmp_path / "w")
    text = workspace.dossier.read_text()
    workspace.dossier.write_text("# mine\n" + text)
    read_paper(workspace)
    assert workspace.dossier.read_text().startswith("# mine\n")


def test_another_paper_under_an_old_dossier_is_refused(tmp_path: Path) -> None:
    workspace = start_workspace(write_paper(tmp_path), tmp_path / "w")
    paper = workspace.paper / "small.md"
    paper.write_text(PAPER.replace("80.0", "90.0"))
    with pytest.raises(BadInput, match="is about another version of the paper"):
        read_paper(workspace)
    assert paper_path(workspace) == workspace.paper


def test_what_cannot_be_started_is_refused(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.tex").write_text("mine")
    with pytest.raises(BadInput, match="is not empty"):
        start_workspace(write_paper(tmp_path), full)
    with pytest.raises(BadInput, match="Did you mean 'gcn-cora'"):
        start_workspace("gcn_cora", tmp_path / "w")
    undated = tmp_path / "undated.md"
    undated.write_text(PAPER.replace("Year: 2024\n", ""))
    with pytest.raises(BadInput, match="give --year"):
        start_workspace(undated, tmp_path / "u")
    assert start_workspace(undated, tmp_path / "u", year=2024).manifest.exists()
