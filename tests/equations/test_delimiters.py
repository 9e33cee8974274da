"""Brackets that grow, double bars and notes over relations, said once for all that follows."""

from __future__ import annotations

import pytest

from aquarius.equations._delimiters import double_bars, marked, paired, unstacked
from aquarius.equations._tokens import Token, pieces


def shown(tokens: list[Token]) -> str:
    return " ".join(token.text for token in tokens if token.kind != "blank")


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (r"\left( a \right. \\ \left. b \right)", r"left ( a right \\ left b right )"),  # one bracket over two rows
        (r"\left. a \right|_{x}", "left left. a right right| _ { x }"),
        (r"\left| a \right. \\ \left. b \right|", r"left | a right \\ left b right |"),
        (r"\left\{ a \right.", "left { a right right."),
        (r"\left. a \right.", "left a right"),
        (r"\left. a \right\}", "left { a right }"),
        (r"\left< a \right>", "left langle a right rangle"),
        (r"\left( a \right)", "left ( a right )"),
    ],
)
def test_dots_say_what_they_stand_for(text: str, want: str) -> None:
    assert shown(paired(pieces(text))) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("||x||_2", r"\| x \| _ 2"),
        ("(q||p)", r"( q \| p )"),
        ("|a||b|", "| a | | b |"),
        ("(q(z|x)||p(z))", r"( q ( z | x ) \| p ( z ) )"),
        ("|x|", "| x |"),
    ],
)
def test_two_bars_are_one_where_no_single_bar_is_open(text: str, want: str) -> None:
    assert shown(double_bars(pieces(text))) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (r"a \stackrel{def}{=} b", "a = b"),
        (r"a \overset{(i)}{\le} b", "a le b"),
        (r"x \stackrel{\text{iid}}{\sim} p", "x sim p"),
        (r"Z \overset{D}{=} R", "Z sim R"),  # equal in distribution computes nothing
        (r"x_n \xrightarrow[n \to \infty]{p} x", "x _ n rightarrow x"),
        (r"\underset{x}{\max} f", r"underset { x } { max } f"),
    ],
)
def test_notes_over_relations_are_taken_off(text: str, want: str) -> None:
    assert shown(unstacked(pieces(text))) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a{=}b", "a = b"),
        (r"a \mathbin{+} b", "a mathbin + b"),
        ("x^{+}", "x ^ { + }"),
        (r"\mathrm{+}", "mathrm { + }"),
        (r"{a}{=}{b}", "{ a } { = } { b }"),
        (r"x_{-}", "x _ { - }"),
    ],
)
def test_braces_around_a_sign_alone_are_taken_off_where_they_are_no_argument(text: str, want: str) -> None:
    assert shown(marked(pieces(text))) == want


def test_old_fractions_become_fractions() -> None:
    assert shown(marked(pieces(r"{a + {b \over c} \over d}"))) == "{ frac { a + { frac { b } { c } } } { d } }"
