"""Every display of a paper, with what became of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aquarius.dossier import distill
from aquarius.reading import read, source_files
from aquarius.workspace import actions
from aquarius.workspace._equations import _deadline, classify, hints_of, joined

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
    assert rows["equation (2)"]["status"] == "open" and set(rows["equation (2)"]["open"]) == {"q", "u"}
    assert (rows["equation (3)"]["status"], rows["equation (3)"]["why"]) == ("not a computation", "a bound")
    assert rows["equation (4)"]["status"] == "refused" and rows["equation (4)"]["offset"] == 4
    counts = {"translated": 1, "refused": 1, "open": 1, "not a computation": 1, "displays": 4, "rows": 4}
    assert outcome.data["counts"] == counts
    shown = "\n".join(str(part) for part in outcome.view().renderables)
    assert "declare q, u" in shown and "1 translated, 1 refused, 1 open, 1 not a computation" in shown


def test_hints_hold_what_the_text_proves_and_nothing_else(paper: Path) -> None:
    document = read(paper)
    hints = hints_of(document, distill(document, source_files(paper)))
    assert hints["shapes"] == {"W": ["m", "n"], "x": ["n"]}  # u has two shapes, so it has none
    assert hints["scalars"] == {r"\beta": "prob", "h": "pos"}


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


def test_half_an_equation_is_never_translated() -> None:
    hints = {"shapes": {"W": ["m", "n"], "x": ["n"]}}
    assert classify("+ W x", hints)["status"] == "refused"
    assert classify("= W x", hints)["status"] == "refused"
    assert classify("y = W x", hints)["status"] == "translated"


def test_what_is_supposed_of_a_function_is_said() -> None:
    found = classify(r"y = x + \operatorname{LN}(x)", {"shapes": {"x": ["n"]}})
    assert found["status"] == "translated" and any("result of \\mathrm{LN}" in way for way in found["supposes"])
    assert classify("y = 2 x", {"shapes": {"x": ["n"]}})["supposes"] == []


def test_a_display_that_takes_too_long_is_left() -> None:
    begin = time.perf_counter()
    with pytest.raises(TimeoutError), _deadline(0.05):
        while time.perf_counter() - begin < 5:
            pass
    with _deadline(5.0):
        pass
    assert time.perf_counter() - begin < 4
