"""Displays: which number stands beside which row, labels, tags, what is one equation and what several."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.reading import Document

Read = Callable[..., Document]


def numbers(document: Document) -> list[tuple[str | None, str]]:
    return [(equation.number, equation.latex) for equation in document.equations]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (r"\begin{equation}a\end{equation}\begin{equation}b\end{equation}", [("1", "a"), ("2", "b")]),
        (
            r"\begin{equation*}a\end{equation*}\[b\]$$c$$\begin{equation}d\end{equation}",
            [(None, "a"), (None, "b"), (None, "c"), ("1", "d")],
        ),
        (r"\begin{align}a&=b\\c&=d\nonumber\\e&=f\end{align}", [("1", "a&=b"), (None, "c&=d"), ("2", "e&=f")]),
        (r"\begin{align*}a\\b\end{align*}\begin{gather}c\\d\notag\end{gather}", [(None, "a"), (None, "b"), ("1", "c"), (None, "d")]),
        (r"\begin{multline}a\\b\end{multline}", [("1", r"a\\b")]),
        (r"\begin{eqnarray}a&=&b\\&=&c\end{eqnarray}", [("1", "a&=&b"), ("2", "&=&c")]),
        (r"\begin{equation}\begin{aligned}a\\b\end{aligned}\end{equation}", [("1", r"\begin{aligned}a\\b\end{aligned}")]),
        (r"\begin{align}\begin{split}a\\b\end{split}\\c\end{align}", [("1", r"\begin{split}a\\b\end{split}"), ("2", "c")]),
        (r"\begin{align}\begin{pmatrix}1\\2\end{pmatrix}\\[2pt]c\end{align}", [("1", r"\begin{pmatrix}1\\2\end{pmatrix}"), ("2", "c")]),
        (r"\begin{equation}a\nonumber\end{equation}\begin{equation}b\end{equation}", [(None, "a"), ("1", "b")]),
        (r"\begin{equation}a\tag{X}\end{equation}\begin{equation}b\end{equation}", [("X", "a"), ("1", "b")]),
        (
            r"\begin{subequations}\begin{align}a\\b\end{align}\end{subequations}\begin{equation}c\end{equation}",
            [("1a", "a"), ("1b", "b"), ("2", "c")],
        ),
        (r"\begin{alignat}{2}a\end{alignat}\begin{dmath}b\end{dmath}", [("1", "a"), ("2", "b")]),
        (r"\begin{equation} % a comment \begin{equation}" + "\na%b\n+c\\end{equation}", [("1", "a+c")]),
        (r"\iffalse\begin{equation}a\end{equation}\fi\begin{equation}b\end{equation}", [("1", "b")]),
        (r"\section{A}\begin{equation}a\end{equation}\section{B}\begin{equation}b\end{equation}", [("1", "a"), ("2", "b")]),
        (r"$$a \eqno(7)$$\begin{equation}b\end{equation}", [("7", "a"), ("1", "b")]),
        (r"\begin{align}a\\ \intertext{and} b\end{align}", [("1", "a"), ("2", "b")]),
        (r"\footnote{\begin{equation}a\end{equation}}", [("1", "a")]),
    ],
)
def test_numbers_are_those_latex_prints(latex: Read, body: str, expected: list[tuple[str | None, str]]) -> None:
    assert numbers(latex(body)) == expected


@pytest.mark.parametrize(
    ("preamble", "expected"),
    [
        (r"\numberwithin{equation}{section}", ["1.1", "1.2", "A.1"]),
        (
            r"\renewcommand{\theequation}{\thesection.\arabic{equation}}\makeatletter\@addtoreset{equation}{section}\makeatother",
            ["1.1", "1.2", "A.1"],
        ),
        (r"\renewcommand{\theequation}{S\arabic{equation}}", ["S1", "S2", "S3"]),
        (r"\renewcommand{\theequation}{\roman{equation}}", ["i", "ii", "iii"]),
    ],
)
def test_numbers_follow_the_papers_style(latex: Read, preamble: str, expected: list[str]) -> None:
    equation = r"\begin{equation}x\end{equation}"
    document = latex(rf"\section{{A}}{equation}{equation}\appendix\section{{B}}{equation}", preamble)
    assert [equation.number for equation in document.equations] == expected


def test_a_number_given_by_hand_in_a_starred_display(latex: Read) -> None:
    document = latex(
        r"\begin{align*}a\\b\numberthis\label{b}\end{align*}\begin{equation}c\end{equation}\ref{b}",
        r"\newcommand\numberthis{\addtocounter{equation}{1}\tag{\theequation}}",
    )
    assert [(e.number, e.label, e.latex) for e in document.equations] == [(None, None, "a"), ("1", "b", "b"), ("2", None, "c")]
    assert document.passages[-1].text.endswith("$$ 1")


def test_labels_and_references(latex: Read) -> None:
    document = latex(
        r"\begin{align}a\label{one}\\b\label{two}\end{align}\begin{equation}\label{three}c\tag{\ref{one}$'$}\end{equation} See \eqref{two}, \ref{three} and \ref{no}."
    )
    assert [(equation.label, equation.number, equation.latex) for equation in document.equations] == [
        ("one", "1", "a"),
        ("two", "2", "b"),
        ("three", "1$'$", "c"),
    ]
    assert "See (2)," in document.passages[0].text
    assert document.passages[0].text.endswith("and ??.")


def test_only_referenced_equations_are_numbered_where_the_paper_says_so(latex: Read) -> None:
    body = r"\begin{equation}a\label{a}\end{equation}\begin{equation}b\label{b}\end{equation}\begin{equation}c\end{equation} \eqref{b}"
    assert [equation.number for equation in latex(body, r"\mathtoolsset{showonlyrefs}").equations] == [None, "1", None]


def test_an_empty_last_row_takes_a_number_and_is_said(latex: Read) -> None:
    document = latex(r"\begin{align}a\\ \end{align}\begin{equation}b\end{equation}")
    assert numbers(document) == [("1", "a"), ("3", "b")]
    assert any("equation (2) is an empty row" in problem for problem in document.problems)


def test_places_hold_the_equation(latex: Read) -> None:
    document = latex("Text\n\\begin{align}\n a&=b \\\\\n c&=d\n\\end{align}\n\\begin{equation}\n e \\label{x}\n\\end{equation}")
    assert [equation.place.quote for equation in document.equations] == [
        "a&=b",
        "c&=d",
        "\\begin{equation}\n e \\label{x}\n\\end{equation}",
    ]
    assert [equation.place.line for equation in document.equations] == [6, 7, 9]
    assert document.equations[2].place.label == "equation (3)"


def test_a_display_stands_in_its_sentence_with_macros_expanded(latex: Read) -> None:
    document = latex("We use\n\\begin{equation}\\label{e}\n\\x=1\n\\end{equation}\nwhere $\\x$ is big.", r"\newcommand{\x}{\mathbf{x}}")
    assert document.passages[0].text == r"We use $$\mathbf{x}=1$$ where $\mathbf{x}$ is big."


@pytest.mark.parametrize("body", [r"\begin{equation} a", r"$$ a", r"\[ a", r"a $ b", r"\( a", r"\begin{align}a\\b"])
def test_what_is_never_closed_stays_text_and_is_said(latex: Read, body: str) -> None:
    document = latex(body + "\n\nLast words.")
    assert document.equations == ()
    assert document.passages[-1].text.endswith("Last words.")
    assert document.problems
