"""The main file among decoys, encodings, limits, and the papers beside the project where they are present."""

# tests _definitions.py, _drafts.py, _document.py, _tex_commands.py and _tex_text.py, which have no door of their own

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from aquarius.core import BadInput, Place
from aquarius.reading import Document, _latex, read, source_files
from aquarius.reading._latex import main_file, read_latex

Untrue = Callable[[Document, Mapping[str, bytes]], list[Place]]
PAPER = r"\documentclass{article}\title{Real}\begin{document}\maketitle\section{One}Text.\input{more}\end{document}"


@pytest.mark.parametrize(
    "decoys",
    [
        {},
        {
            "template.tex": r"\documentclass{article}\title{Formatting Instructions for X}\begin{document}\maketitle "
            + "words " * 9000
            + r"\end{document}"
        },
        {
            "supp.tex": r"\documentclass{article}\title{Supplementary Material}\begin{document}\section{A}\section{B}"
            + "x " * 2000
            + r"\end{document}"
        },
        {"notes.tex": "% \\documentclass{article}\\begin{document}" + "\nlong notes " * 4000},
        {
            "fig/plot.tex": r"\documentclass{standalone}\begin{document}\begin{tikzpicture}"
            + "x" * 9000
            + r"\end{tikzpicture}\end{document}"
        },
        {"old/main.tex": PAPER},
    ],
)
def test_the_main_file_is_found_among_decoys(decoys: dict[str, str]) -> None:
    files = {"paper.tex": PAPER, "more.tex": r"\section{Two}" + "text " * 1000} | decoys
    assert main_file("p", {name: text.encode() for name, text in files.items()}) == "paper.tex"


def test_no_main_file_is_refused() -> None:
    with pytest.raises(BadInput, match=r"p holds no LaTeX paper: no file has \\begin\{document\}"):
        main_file("p", {"a.tex": b"\\section{x}"})


def test_latin_1_is_read_and_said(untrue: Untrue) -> None:
    files = {
        "main.tex": r"\documentclass{article}\title{Größe}\begin{document}\maketitle Köln hat 7 Brücken.\end{document}".encode("latin-1")
    }
    document = read_latex("p", files)
    assert document.title == "Größe"
    assert document.passages[-1].text == "Köln hat 7 Brücken."
    assert document.problems == ("main.tex is not UTF-8; it is read as latin-1.",)
    assert untrue(document, files) == []


def test_utf_8_with_a_mark_at_its_beginning(untrue: Untrue) -> None:
    files = {"main.tex": "\ufeff\\documentclass{article}\\begin{document}Zwölf \U0001f600 Boxkämpfer $α$.\\end{document}".encode()}
    document = read_latex("p", files)
    assert document.passages[0].text == "Zwölf \U0001f600 Boxkämpfer $α$."
    assert untrue(document, files) == []


def test_a_paper_that_takes_too_long_is_read_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_latex, "SECONDS", 0.05)
    body = "The first words.\n\n" + r"\footnote{$x_{1}$ and \textbf{more}} " * 200_000
    started = time.process_time()
    document = read_latex("p", {"main.tex": (r"\documentclass{article}\begin{document}" + body).encode()})
    assert time.process_time() - started < 8
    assert any("the time for one paper" in problem for problem in document.problems)


def test_a_file_beyond_measure_is_left_out(latex: Callable[..., Document]) -> None:
    document = latex(r"Words. \input{big}", big="x " * 5_000_000)
    assert [passage.text for passage in document.passages] == ["Words."]
    assert any("at most 8,388,608" in problem for problem in document.problems)


def test_deep_nesting_is_bounded(latex: Callable[..., Document]) -> None:
    assert any("deep" in problem for problem in latex(r"\footnote{x" * 500 + "}" * 500).problems)
    assert latex("{" * 50_000 + "x" + "}" * 50_000).passages[0].text == "x"
    assert latex(r"\begin{center}" * 3_000 + "x").passages[0].text == "x"


PAPERS = [
    "advantage_alignment",
    "attention",
    "cebm",
    "diff_transformer",
    "e_maml",
    "ff_attention",
    "ilm",
    "repa_e",
    "siss",
    "style_transfer",
]


@pytest.mark.parametrize("paper", PAPERS)
def test_the_papers_beside_the_project_are_read_and_every_place_is_true(shared: Path, paper: str, untrue: Untrue) -> None:
    source = shared / "papers" / paper / "source"
    document = read(source)
    assert untrue(document, source_files(source)) == []
    assert document.title and document.sections and document.passages
    assert not any("time for one paper" in problem for problem in document.problems)
    for table in document.tables:
        assert len({len(row) for row in table.rows}) == 1


@pytest.mark.parametrize("paper", ["attention", "ff_attention"])
def test_hand_checked_papers(shared: Path, paper: str) -> None:
    gold = json.loads((shared / "papers" / paper / "gold.json").read_text())
    document = read(shared / "papers" / paper / "source")
    assert document.title == gold["title"]
    assert list(document.authors) == gold["authors"]
    squeezed = {
        (equation.number, equation.label, re.sub(r"[\s{}.,]", "", equation.latex)) for equation in document.equations if equation.number
    }
    assert squeezed == {(e["number"], e["label"], re.sub(r"[\s{}.,]", "", e["latex"])) for e in gold["equations"]}
    tables = {table.number: table for table in document.tables}
    for wanted in gold["tables"]:
        table = tables[wanted["number"]]
        assert table.label == wanted["label"]
        assert table.caption.startswith(wanted["caption_start"])
        assert [len(row) for row in table.rows] == [len(row) for row in wanted["cells"]]
        for row, cells in zip(table.texts(), wanted["cells"], strict=True):
            assert [_bare(cell) for cell in row] == [_bare(cell) for cell in cells]


def _bare(cell: str) -> str:
    return re.sub(r"[\s${}\\_]", "", cell.replace(r"\text", ""))
