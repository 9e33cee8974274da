"""Declarations are checked, with one sentence for what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from aquarius.core import BadInput
from aquarius.equations import declarations
from aquarius.equations._statements import parse_name


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"input": {"x": ["n"]}}, "Did you mean 'inputs'"),
        ({"inputs": ["x"]}, "is a table"),
        ({"inputs": {"x": "n"}}, "shape of x is a list"),
        ({"inputs": {"x": [0]}}, "neither a name nor a positive"),
        ({"inputs": {"x": [True]}}, "neither a name nor a positive"),
        ({"inputs": {"x": ["n"]}, "domains": {"x": "positive"}}, "domain 'positive'"),
        ({"inputs": {"x": ["n"]}, "domains": {"y": "pos"}}, "not among the inputs"),
        ({"constants": {"c": [1]}}, "constant c is a number"),
        ({"dims": {"n": 0}}, "positive whole number"),
        ({"functions": "f"}, "list of LaTeX names"),
        ({"inputs": {"x_{": ["n"]}}, "cannot be read as LaTeX"),
        (["x"], "are a table"),
        ({"random": 3}, "names the axis"),
    ],
)
def test_a_malformed_table_is_bad_input(table: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        declarations(table)
    assert str(caught.value).count("\n") == 0


def test_names_are_found_with_fonts_first() -> None:
    symbols = declarations({"inputs": {r"\mathbf{x}": ["n"], "x": []}})
    assert symbols.find(parse_name(r"\boldsymbol{x}")) == ("input", r"\mathbf{x}")
    assert symbols.find(parse_name("x")) == ("input", "x")
    alone = declarations({"inputs": {r"\mathbf{x}": ["n"]}})
    assert alone.find(parse_name("x")) == ("input", r"\mathbf{x}")
    assert declarations({"inputs": {r"\mathcal{X}": ["n"]}}).find(parse_name("X")) is None


def test_an_alias_stands_for_the_declared_name() -> None:
    symbols = declarations({"inputs": {r"\theta": ["n"]}, "aliases": {r"\vartheta": r"\theta"}})
    assert symbols.find(parse_name(r"\vartheta")) == ("input", r"\theta")


def test_checked_declarations_pass_through() -> None:
    symbols = declarations({"inputs": {"x": ["n"]}})
    assert declarations(symbols) is symbols
    assert declarations(None).inputs == {}
