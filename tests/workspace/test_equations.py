"""Every display of a paper, with what became of it."""

from __future__ import annotations

# tests _show_equations.py
from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.dossier import distill
from aquarius.reading import read, source_files
from aquarius.workspace import actions
from aquarius.workspace._equations import evidence_of, joined

PAPER = r"""# A Paper on Lines

Authors: Ada Example
Year: 2024

## Abstract

Lines are fitted.

## 2 Method

The map is linear, with $W \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, and $\beta \in [0, 1)$; we use $h = 8$ heads:

$$
y = \beta W x \tag{1}
$$

Here $u \in \mathbb{R}^m$ in one place and $u \in \mathbb{R}^n$ in another.

$$
z = W q + \sigma(u) \tag{2}
$$

$$
\|y\| \le h \|x\| \tag{3}
$$

$$
s = \int W x \tag{4}
$$
"""


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.md"
    path.write_text(PAPER)
    return path


def test_each_display_gets_its_status(paper: Path) -> None:
    outcome = actions.equations(str(paper))
    rows = {row["id"]: row for row in outcome.data["equations"]}
    assert outcome.ok
    assert rows["equation (1)"]["status"] == "translated" and "W @ x" in rows["equation (1)"]["code"]
    assert {"symbol": "W", "is": "[m, n]"}.items() <= next(
        item for item in rows["equation (1)"]["evidence"] if item["symbol"] == "W"
    ).items()
    assert rows["equation (2)"]["status"] == "open" and {item["symbol"] for item in rows["equation (2)"]["ask"]} == {"q"}
    assert (rows["equation (3)"]["status"], rows["equation (3)"]["why"]) == ("not a computation", "a bound")
    assert rows["equation (4)"]["status"] == "refused" and rows["equation (4)"]["offset"] == 4
    counts = {"translated": 1, "refused": 1, "open": 1, "not a computation": 1, "displays": 4, "rows": 4}
    assert outcome.data["counts"] == counts
    shown = "\n".join(str(part) for part in outcome.view().renderables)
    assert "1 question. Put the answers into a file" in shown and "'q':" in shown
    assert "4 displays in 4 rows: 1 translated, 1 refused, 1 open, 1 not a computation" in shown


def test_answers_in_a_file_close_the_question(paper: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text("q: a vector\n")
    outcome = actions.equations(str(paper), symbols=answers)
    row = outcome.data["equations"][1]
    assert row["status"] == "translated" and "W @ q + sigma(u)" in row["code"] and outcome.data["questions"] == []
    answers.write_text("q: something\n")
    with pytest.raises(BadInput, match="The answer for q is 'something'"):
        actions.equations(str(paper), symbols=answers)


def test_evidence_has_its_quote_and_place(paper: Path) -> None:
    document = read(paper)
    said = {(item.name, item.kind): item for item in evidence_of(document, distill(document, source_files(paper)))}
    assert said["W", "shape"].value == ("m", "n") and said["W", "shape"].place == "paper.md:12"
    assert said[r"\beta", "scalar"].value == ("prob",) and said["h", "scalar"].value[0] == "pos"


def test_rows_that_go_on_are_one_display(tmp_path: Path) -> None:
    path = tmp_path / "paper.tex"
    path.write_text(
        r"""\documentclass{article}\title{T}\author{A}\begin{document}\section{S}
\begin{align}
y &= a \\
  &+ b \\
z &= c \\
w &= d
\end{align}
\begin{equation} v = e \end{equation}
\begin{equation} - q \end{equation}
\end{document}"""
    )
    document = read(path)
    groups = joined(distill(document, source_files(path)).formulas)
    assert [[formula.latex for formula in group] for group in groups] == [["y = a", "+ b"], ["z = c"], ["w = d"], ["v = e"], ["- q"]]


def test_half_an_equation_is_never_translated(tmp_path: Path) -> None:
    for half in ("+ W x", "= W x"):
        path = tmp_path / "half.md"
        path.write_text("# T\n\nwith $W \\in \\mathbb{R}^{m \\times n}$, $x \\in \\mathbb{R}^n$\n\n$$\n" + half + "\n$$\n")
        assert actions.equations(str(path)).data["equations"][0]["status"] == "refused"


def test_a_paper_without_displays_says_so(tmp_path: Path) -> None:
    path = tmp_path / "plain.md"
    path.write_text("# T\n\nNothing is computed.\n")
    outcome = actions.equations(str(path))
    assert outcome.data["equations"] == [] and "the paper has no display equations" in str(outcome.view().renderables[-1])


def test_displays_in_a_picture_of_text_are_said_and_not_guessed(tmp_path: Path) -> None:
    from reading import pdf_papers

    (tmp_path / "p.pdf").write_bytes(pdf_papers.equations())
    outcome = actions.equations(str(tmp_path / "p.pdf"))
    assert outcome.data["equations"] == [] and outcome.data["pictured"] == 2
    assert "2 displays in a picture of text" in str(outcome.view().renderables[-1])
