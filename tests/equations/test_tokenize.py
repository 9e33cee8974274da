"""Tokens: byte offsets, fonts, and one spelling for what is one thing."""

# tests _lexicon.py

from __future__ import annotations

import pytest

from aquarius.equations._statements import parse_name
from aquarius.equations._tokenize import tokenize
from aquarius.equations._tokens import Refusal
from aquarius.equations._tree import key


def test_tokens_carry_byte_offsets_and_fonts() -> None:
    tokens = tokenize(r"\mathbf{x}_1 + é")
    assert [(token.text, token.at, token.font) for token in tokens] == [
        ("x", 8, "bf"),
        ("_", 10, ""),
        ("1", 11, ""),
        ("+", 13, ""),
        ("é", 15, ""),
    ]
    assert tokenize("é x")[1].at == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\text{score}", r"\operatorname{score}"),
        (r"x^{2}_t", r"x_t^2"),
        (r"\hat{m}_t", r"\hat{m_t}"),
        (r"v^\prime", r"v'"),
        (r"\mathbf{\theta}", r"\boldsymbol{\theta}"),
        (r"W_{hh}", r"W_{h h}"),
        (r"\mathrm{head_1}", r"\mathrm{head}_1"),
        (r"\dfrac{a}{b}", r"\frac a b"),
    ],
)
def test_two_ways_of_printing_one_thing_have_one_key(one: str, other: str) -> None:
    assert key(parse_name(one)) == key(parse_name(other))


def test_different_things_have_different_keys() -> None:
    texts = ["x", r"\mathbf{x}", "x_1", "x^1", r"\hat x", "x'", r"x^\top", "X"]
    assert len({key(parse_name(text)) for text in texts}) == len(texts)


def test_letters_that_unicode_prints_in_a_font_are_letters() -> None:
    assert [(token.kind, token.text) for token in tokenize("\U0001d465 \U0001d6fc \U0001d7cf")] == [
        ("letter", "x"),
        ("command", "alpha"),
        ("number", "1"),
    ]


def test_what_is_no_text_is_refused_with_its_place() -> None:
    with pytest.raises(Refusal, match=r"the character U\+0000 is no text") as caught:
        tokenize("\u00e9 = \x00")
    assert caught.value.at == 5
