"""The bench of reading counts what is right, and says no where something is wrong."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from aquarius.core import BadInput
from aquarius.reading import read, source_files
from aquarius.workspace._bench_reading import _PARTS, _expanded, _places, cell_text, score_reading, tables
from aquarius.workspace._show import table_view
from reading import pdf_papers

GOLD = {
    "title": "Steps from Two Numbers: A Study",
    "authors": ["Ada B. Lovelace", "Jean-Luc de la Tour"],
    "n_numbered_equations": 0,
    "equations": [],
    "tables": [
        {"number": "3", "cells": [["Name", "Value"], ["depth", "6"], ["width", "512"]]},
        {"number": "2", "cells": [["Setting", "Learning rate", "Batch size"], ["small", "0.10", "64"], ["large", "0.02", "128"]]},
        {"number": "9", "cells": [["a", "1.0"], ["b", "2.0"]]},
    ],
    "hyperparameters": [],
    "datasets": [],
    "metrics": [],
}


def paper(folder: Path, gold: dict[str, object]) -> Path:
    folder.mkdir()
    (folder / "paper.pdf").write_bytes(pdf_papers.tables())
    (folder / "gold.json").write_text(json.dumps(gold))
    return folder


def test_what_is_found_and_what_is_not(tmp_path: Path) -> None:
    paper(tmp_path / "one", GOLD)
    figures = score_reading(tmp_path, jobs=1)
    (row, total) = figures["rows"]
    assert row["title"] == "1/1" and row["authors"] == "2/2" and row["tables"] == "2/3"
    assert row["numbers"] == "5/8"  # 0.02 is printed as 0.01, and table 9 is not there
    assert row["number precision"] == "5/6" and total["paper"] == "all 1"
    assert figures["figures"]["numbers"] == 0.625 and figures["figures"]["settings"] is None


def test_a_pdf_is_held_against_its_source(tmp_path: Path) -> None:
    folder = paper(tmp_path / "one", GOLD)
    (folder / "gold.json").unlink()
    (folder / "source").mkdir()
    (folder / "source" / "main.tex").write_text(
        r"\documentclass{article}\title{Another title}\author{Ada B. Lovelace}\begin{document}\maketitle"
        r"\setcounter{table}{2}\begin{table}\caption{Sizes.}\begin{tabular}{ll}Name & Value\\ depth & 6\\ width & 513\end{tabular}\end{table}\end{document}"
    )
    alone = score_reading(tmp_path, jobs=1)["rows"][0]
    assert (alone["against"], alone["title"], alone["places"]) == ("–", "–", "11/11")
    with pytest.raises(BadInput, match="holds no paper"):
        score_reading(tmp_path / "one")
    row = score_reading(tmp_path, pdf=True, jobs=1)["rows"][0]
    assert (row["against"], row["title"], row["authors"], row["cells"]) == ("source", "0/1", "1/1", "5/6")


def test_a_place_that_is_not_true_is_counted(tmp_path: Path) -> None:
    (tmp_path / "paper.md").write_text("# A sheet\n\nText of it.\n")
    document, files = read(tmp_path / "paper.md"), source_files(tmp_path / "paper.md")
    right, of = _places([document], files)
    assert right == of > 0
    assert _places([document], {"paper.md": files["paper.md"].replace(b"Text", b"Word")}) == (of - 1, of)
    assert _places([document], {}) == (0, of)


def test_a_macro_that_is_left_is_counted(tmp_path: Path) -> None:
    equation = SimpleNamespace(expanded=r"\model x")
    paper = SimpleNamespace(equations=[equation, SimpleNamespace(expanded="x")])
    assert _expanded(paper, {"a.tex": rb"\newcommand{\model}{M}"}) == (1, 2)
    assert _expanded(paper, {"a.tex": b"none"}) == (0, 0)


def test_cells_are_compared_without_their_dress() -> None:
    assert cell_text(r"$\mathbf{0.930}$") == cell_text(".93") == "0.93"
    assert cell_text(r"1,024 \cite{x}") == "1024" and cell_text("81.5 ± 0.3") == cell_text(r"$81.5 \pm 0.3$")
    assert cell_text("81.5") != cell_text("81.6")


def test_the_tables_fit_a_terminal_of_a_hundred_columns() -> None:
    row = {name: "236/236" for title, heads in _PARTS for name in heads}
    figures = {
        "rows": [
            {"paper": "diff_transformer", **row, "against": "gold"},
            {"paper": "other", **dict.fromkeys(row, "–"), "places": "9/9"},
            {"paper": "all 2", **row},
        ]
    }
    parts = tables(figures)
    assert [[line["paper"] for line in rows] for _, rows in parts] == [["diff_transformer", "all 2"]] * 2 + [
        ["diff_transformer", "other", "all 2"]
    ]
    for title, rows in parts:
        console = Console(width=100, record=True, file=StringIO())
        console.print(table_view(title, rows))
        printed = console.export_text()
        assert "236/236" in printed and "…" not in printed
        assert len(printed.splitlines()) <= len(rows) + 5  # no cell is broken over lines


def test_papers_with_gold_are_measured(shared: Path) -> None:
    figures = score_reading(shared / "papers")["figures"]
    assert figures["title"] == 1.0 and figures["authors"] == 1.0
    assert figures["numbers"] >= 0.95 and figures["number precision"] >= 0.92
