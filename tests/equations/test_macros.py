"""Macros of a display itself are expanded, and those that never end are refused."""

from __future__ import annotations

import pytest

from aquarius.equations._macros import expand
from aquarius.equations._statements import parse_name, statements
from aquarius.equations._tokens import Refusal, pieces
from aquarius.equations._tree import key


def test_macros_are_expanded_with_their_arguments() -> None:
    assert key(statements(r"\newcommand{\two}[2]{#1 #2} \two{a}{b}")[0].node) == key(parse_name("a b"))


def test_definitions_leave_the_display() -> None:
    tokens = expand(pieces(r"\def\half{\frac12}\DeclareMathOperator{\Att}{Att} y = \half \Att"))
    assert "".join(token.text for token in tokens if token.kind != "blank") == "y=frac12operatorname{Att}"


@pytest.mark.parametrize("text", [r"\newcommand{\a}{\a} \a", r"\def\a{\b x}\def\b{\a x} \a"])
def test_a_macro_that_never_ends_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="does not stop expanding"):
        expand(pieces(text))


def test_a_macro_without_its_argument_is_refused() -> None:
    with pytest.raises(Refusal, match=r"the macro \\two lacks an argument"):
        expand(pieces(r"\newcommand{\two}[2]{#1#2} \two{a}"))
