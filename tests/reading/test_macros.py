"""The paper's own macros: expanded in equations and text, bounded against every bomb, files only from the paper's folder."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from aquarius.reading import Document

Read = Callable[..., Document]


def expanded(latex: Read, definition: str, formula: str) -> str:
    document = latex(rf"\begin{{equation}}{formula}\end{{equation}}", definition)
    assert document.equations[0].latex == formula
    return document.equations[0].expanded


@pytest.mark.parametrize(
    ("definition", "formula", "expected"),
    [
        (r"\newcommand{\dmodel}{d_{\text{model}}}", r"\dmodel^2", r"d_{\text{model}}^2"),
        (r"\newcommand\loss[1]{J_{\text{#1}}}", r"\loss{kl}+1", r"J_{\text{kl}}+1"),
        (r"\newcommand{\norm}[2][2]{\|#2\|_{#1}}", r"\norm{x}+\norm[1]{y}", r"\|x\|_{2}+\|y\|_{1}"),
        (r"\def\pair(#1,#2){\langle#1|#2\rangle}", r"\pair(a,b)", r"\langle a|b\rangle"),
        (r"\def\vx{{\bm{x}}}", r"f(\vx)", r"f({\bm{x}})"),
        (r"\DeclareMathOperator{\KL}{KL}", r"\KL(p)", r"\operatorname{KL}(p)"),
        (r"\DeclareMathOperator*{\argmax}{arg\,max}", r"\argmax_x", r"\operatorname*{arg\,max}_x"),
        (r"\DeclarePairedDelimiter{\abs}{\lvert}{\rvert}", r"\abs*{x}", r"\lvert x\rvert"),
        (r"\let\e\epsilon", r"\e+1", r"\epsilon+1"),
        (r"\newcommand{\b}{\beta}\renewcommand{\b}{\mathbf{b}}", r"\b x", r"\mathbf{b}x"),  # a standard name, redefined twice
        (r"\providecommand{\q}{first}\providecommand{\q}{second}", r"\q", "first"),
        (r"\NewDocumentCommand{\ex}{O{x} m}{E_{#1}[#2]}", r"\ex{y}+\ex[p]{z}", r"E_{x}[y]+E_{p}[z]"),
        (r"\newcommand{\outer}[1]{\newcommand{\inner}[1]{##1#1}}\outer{z}", r"\inner{y}", "yz"),
        (r"\expandafter\def\csname odd name\endcsname{1}", "x", "x"),
    ],
)
def test_macros_are_expanded(latex: Read, definition: str, formula: str, expected: str) -> None:
    assert expanded(latex, definition, formula) == expected


def test_definitions_in_a_group_end_with_it(latex: Read) -> None:
    document = latex(r"{\newcommand{\k}{1}\begin{equation}\k\end{equation}}\begin{equation}\k\end{equation}", r"\newcommand{\k}{0}")
    assert [equation.expanded for equation in document.equations] == ["1", "0"]


def test_structure_cannot_be_redefined(latex: Read) -> None:
    document = latex(
        r"\section{One}\begin{equation}x\label{e}\end{equation}", r"\renewcommand{\section}[1]{\textbf{#1}}\renewcommand{\label}[1]{}"
    )
    assert document.sections[0].title == "One"
    assert document.equations[0].label == "e"


def test_an_alias_that_wraps_its_own_name_ends(latex: Read) -> None:
    document = latex(r"\begin{equation}\hat{x}\end{equation}", r"\let\oldhat\hat\renewcommand{\hat}[1]{\oldhat{\mathbf{#1}}}")
    assert document.equations[0].expanded == r"\hat{\mathbf{x}}"


def test_macros_that_hide_an_environment_are_seen_through(latex: Read) -> None:
    document = latex(
        r"\be x=1 \ee \begin{eqn}y=2\end{eqn}",
        r"\newcommand{\be}{\begin{equation}}\newcommand{\ee}{\end{equation}}\newenvironment{eqn}{\begin{equation}}{\end{equation}}",
    )
    assert [(equation.number, equation.latex) for equation in document.equations] == [("1", "x=1"), ("2", "y=2")]


def test_conditions(latex: Read) -> None:
    document = latex(
        r"\iffalse hidden \else shown \fi \ifdraft draft \else final \fi \iftrue yes\fi \ifnum 1<2 less\else more\fi \drafttrue\ifdraft D\fi",
        r"\newif\ifdraft",
    )
    assert document.passages[-1].text == "shown final yes less D"


def test_a_condition_without_end_hides_nothing(latex: Read) -> None:
    document = latex(r"\iffalse all of this is text")
    assert "all of this is text" in document.passages[0].text
    assert any("never closed" in problem for problem in document.problems)


@pytest.mark.parametrize(
    "bomb",
    [
        r"\def\a{\a}\a",
        r"\def\a{x\a}\a",
        r"\def\a#1{#1#1}\def\b{\a{\a{\a{\a{\a{\a{\a{\a{\a{\a{\a{\a{\a{\a{\a{\a{\a{\a{x}}}}}}}}}}}}}}}}}}}\b",
        r"\def\a{\b\b}\def\b{\c\c}\def\c{\d\d}\def\d{\e\e}\def\e{\f\f}\def\f{\g\g}\def\g{\h\h}\def\h{\i\i}\def\i{\j\j}\def\j{\k\k}\def\k{xxxxxxxxxx\a}\a",
        r"\newcommand{\a}[1]{#1\a{#1}}\a{x}",
        r"\renewcommand{\theequation}{\theequation.1}\begin{equation}x\end{equation}",
        r"\newenvironment{q}{\begin{q}}{\end{q}}\begin{q}x\end{q}",
    ],
)
def test_bombs_are_left_out_and_the_rest_is_read(latex: Read, bomb: str) -> None:
    started = time.process_time()
    document = latex(bomb + "\n\nThe text after it.")
    assert time.process_time() - started < 5
    assert document.passages[-1].text.endswith("The text after it.")


def test_the_bomb_is_named(latex: Read) -> None:
    document = latex(r"\def\endless{x\endless}\endless")
    assert any(r"the macro \endless expands without end" in problem for problem in document.problems)


def test_files_are_included_from_the_folder_only(latex: Read) -> None:
    document = latex(
        r"\input{part} \input part2 \include{missing} \input{/etc/passwd} \input{../../secret} \input{~/secret}", part="One.", part2="Two."
    )
    assert " ".join(passage.text for passage in document.passages) == "One. Two."
    problems = " ".join(document.problems)
    assert "'missing' is included and not there" in problems
    for path in ("/etc/passwd", "../../secret", "~/secret"):
        assert f"the file {path!r} lies outside the paper's folder" in problems


def test_files_that_include_themselves_end(latex: Read) -> None:
    document = latex(r"\input{a}", a=r"A\input{b}", b=r"B\input{a}\input{main}")
    assert "".join(passage.text for passage in document.passages) == "AB"
    assert any("includes itself" in problem for problem in document.problems)


def test_each_word_of_an_included_file_has_its_place_there(latex: Read) -> None:
    document = latex(r"First. \input{part}", part="Größe ist 7.")
    assert [passage.place.file for passage in document.passages] == ["main.tex", "part.tex"]
    assert document.passages[1].place.quote == "Größe ist 7."


def test_definitions_of_a_package_beside_the_paper_are_read_and_replace_nothing_known() -> None:
    from aquarius.reading._latex import read_latex

    files = {
        "main.tex": rb"\documentclass{article}\usepackage{mine}\begin{document}\ours{} has $\x$.\footnote{A note.}\end{document}",
        "mine.sty": rb"\newcommand{\ours}{Ours}\newcommand{\x}{\mathbf{x}}\def\footnote#1{}\def\@inner{\@inner}",
    }
    document = read_latex("p", files)
    assert [passage.text for passage in document.passages] == [r"Ours has $\mathbf{x}$.", "A note."]
    assert set(document.files) == {"main.tex", "mine.sty"}


def test_a_part_with_its_own_document_does_not_end_the_paper(latex: Read) -> None:
    document = latex(
        r"One. \subfile{part}Three.", part=r"\documentclass[main.tex]{subfiles}\begin{document}\section{Two}Two.\end{document} lost"
    )
    assert [passage.text for passage in document.passages] == ["One.", "Two", "Two.", "Three."]
    assert latex(r"A\input{b}C", b="B\\endinput lost").passages[-1].text.endswith("C")
