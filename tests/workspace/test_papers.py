"""Many papers at a time: each read or refused, in order, with a file each where asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.workspace._papers import read_paper, read_papers
from aquarius.workspace.actions import read
from reading import pdf_papers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "paper.pdf").write_bytes(pdf_papers.tables())
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "paper.pdf").write_bytes(b"%PDF-1.4 broken")
    (tmp_path / "c.md").write_text("# A sheet\n\nText of it.\n")
    return tmp_path


def test_one_that_is_refused_does_not_stop_the_others(folder: Path) -> None:
    sources = [str(folder / "a" / "paper.pdf"), str(folder / "b" / "paper.pdf"), str(folder / "c.md")]
    first, second, third = read_papers(sources, jobs=2, to=folder / "out")
    assert first["title"].startswith("Steps") and third["title"] == "A sheet"
    assert second == {"source": sources[1], "refused": "paper.pdf is not a PDF that can be opened."}
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["a.json", "b.json", "c.md.json"]
    assert json.loads((folder / "out" / "b.json").read_text()) == second


def test_the_action_says_so_by_its_exit_code(folder: Path) -> None:
    good, bad = str(folder / "c.md"), str(folder / "b")
    assert read((good,)).data["title"] == "A sheet" == read_paper(good)[2]["title"]
    both = read((good, bad), jobs=1)
    assert not both.ok and [row["source"] for row in both.data["papers"]] == [good, bad]
    assert read((good, good), jobs=1).ok


def test_bad_input(folder: Path) -> None:
    with pytest.raises(BadInput, match="give at least one paper"):
        read(())
    with pytest.raises(BadInput, match="is a file, and a folder is needed"):
        read_papers([str(folder / "c.md")], to=folder / "c.md")
    with pytest.raises(BadInput, match="at least one process, got -1"):
        read_papers([str(folder / "c.md")], jobs=-1)


def test_two_papers_of_one_name_get_two_files(folder: Path) -> None:
    (folder / "d").mkdir()
    (folder / "d" / "c.md").write_text("# Another\n\nText.\n")
    read_papers([str(folder / "c.md"), str(folder / "d" / "c.md")], jobs=1, to=folder / "out")
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["c.md-2.json", "c.md.json"]
