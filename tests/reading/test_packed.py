"""A paper sent as bytes is the paper that was there, and lands nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.reading import Packed, packed, read, unpacked
from reading import pdf_papers

TEX = r"\documentclass{article}\title{A title}\begin{document}\maketitle\input{sections/one}\end{document}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "paper"
    (source / "sections").mkdir(parents=True)
    (source / "main.tex").write_text(TEX)
    (source / "sections" / "one.tex").write_text(r"\section{One} Words.")
    return source


@pytest.mark.parametrize("part", ["", "main.tex"])
def test_a_folder_and_a_file_with_what_it_includes(folder: Path, tmp_path: Path, part: str) -> None:
    (tmp_path / "there").mkdir()
    there = unpacked(packed(str(folder / part)), tmp_path / "there")
    assert read(there) == read(folder / part)
    assert [section.title for section in read(there).sections] == ["One"]


def test_a_pdf_goes_without_its_text_layer(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "paper.pdf").write_bytes(pdf_papers.tables())
    for source in (tmp_path / "a", tmp_path / "a" / "paper.pdf"):
        paper = packed(str(source))
        assert list(paper.files) == ["paper.pdf"] and paper.url is None


@pytest.mark.parametrize("paper", [Packed("../out", {"a.tex": b""}, True), Packed("in", {"../../out.tex": b""}, True)])
def test_nothing_lands_outside(tmp_path: Path, paper: Packed) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(BadInput):
        unpacked(paper, tmp_path / "there")
    assert sorted(found.name for found in tmp_path.rglob("*") if found.is_file()) == []


def test_what_is_not_there_is_refused_here(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        packed(str(tmp_path / "none.tex"))
