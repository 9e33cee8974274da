"""Hostile text is refused, within a second, with a reason; never an error."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aquarius.equations import translate
from aquarius.equations._statements import read_display, statements
from aquarius.equations._tokens import Refusal
from aquarius.equations._tree import key, latex, walk

PIECES = [
    *[
        "x",
        "y",
        "W",
        "i",
        "1",
        "12",
        "0.5",
        "+",
        "-",
        "=",
        "_",
        "^",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "|",
        "||",
        "\\|",
        ",",
        ";",
        ".",
        "&",
        "\\\\",
        "'",
        "/",
        "*",
        "!",
        ":",
        "@",
        "<",
        ">",
        "#",
        "$",
        "%",
        "~",
        "\n",
    ],
    *[
        r"\frac",
        r"\sqrt",
        r"\sum",
        r"\max",
        r"\log",
        r"\exp",
        r"\mathbf",
        r"\mathrm",
        r"\text",
        r"\left",
        r"\right",
        r"\left.",
        r"\right.",
        r"\hat",
        r"\theta",
        r"\nabla",
        r"\over",
        r"\pm",
        r"\binom",
        r"\not",
    ],
    *[
        r"\begin{cases}",
        r"\end{cases}",
        r"\begin{align}",
        r"\end{align}",
        r"\begin{array}{c}",
        r"\end{array}",
        r"\begin{aligned}",
        r"\end{aligned}",
        r"\cdot",
        r"\odot",
        r"\in",
        r"\le",
    ],
    *[
        r"\dots",
        r"\mathbb{E}",
        r"\{",
        r"\}",
        r"\top",
        r"\newcommand",
        r"\def",
        r"#1",
        r"\quad",
        r"softmax",
        r"\label{a}",
        r"\operatorname",
        r"\lfloor",
        r"\rfloor",
        r"\prime",
        r"\mid",
        r"\to",
        r"\forall",
    ],
    *[r"\stackrel", r"\underset", r"\overset", r"\xrightarrow", r"\underbrace", r"\substack", r"\rm", r"\color{red}", r"\sim", r"\Big"],
    *("\u00e9", "\x00", "\ud800", "\U0001d465", "\u202e", "{=}", "{a}"),
]


@pytest.fixture(scope="module", autouse=True)
def _libraries_are_loaded() -> None:
    """What is timed is the display, not the import of the libraries."""
    assert translate("y = x", {"inputs": {"x": []}}).status == "ok"


X = {"inputs": {"x": ["n"], "y": ["n"], "W": ["m", "n"]}}


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@settings(max_examples=400, deadline=None)
@example("x^{'}")
@example(r"\text{$}")
@example(r"\sqrt[]{x}")
def test_any_text_of_pieces_is_read_or_refused(text: str) -> None:
    try:
        for statement in statements(text):
            assert latex(statement.node) is not None
            assert all(isinstance(key(node), str) for node in walk(statement.node))
    except Refusal as refusal:
        assert refusal.reason
        assert 0 <= refusal.at <= len(text.encode("utf-8", "replace")) + 1


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_at_all_is_read_or_refused(text: str) -> None:
    try:
        statements(text)
    except Refusal as refusal:
        assert refusal.reason


@given(st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join))
@settings(max_examples=120, deadline=None)
def test_any_text_is_translated_or_refused_within_a_second(text: str) -> None:
    begin = time.process_time()
    found = translate("y = " + text, {"inputs": {"x": ["n"], "W": ["m", "n"]}})
    assert found.status in {"ok", "refused"}
    assert found.status == "ok" or found.reason
    assert time.process_time() - begin < 1.0


HOSTILE = {
    "ten thousand braces": "{" * 10_000 + "x" + "}" * 10_000,
    "ten thousand brackets": "(" * 10_000 + "x" + ")" * 10_000,
    "a macro of itself": r"\newcommand{\a}{\a\a} y = \a",
    "two macros of each other": r"\def\a{\b\b}\def\b{\a\a} y = \a",
    "macros that double": "".join(rf"\def\{chr(98 + n)}{{\{chr(97 + n)}\{chr(97 + n)}}}" for n in range(24)) + r"\def\a{x} y = \y",
    "a megabyte": "y = " + "x+" * 500_000 + "x",
    "fractions of fractions": "y = " + r"\frac" * 100_000,
    "fractions that fit": "y = " + r"\frac" * 2_000 + "1" * 300,
    "scripts of scripts": "x" + "_{x" * 5_000 + "}" * 5_000,
    "scripts in a row": "y = x" + "^x" * 1_000,
    "primes": "y = x" + "'" * 2_000,
    "roots": "y = " + r"\sqrt" * 2_400,
    "accents": "y = " + r"\hat" * 2_400 + "x",
    "bars": "y = " + "|x" * 1_100,
    "brackets never closed": "y = " + "(x" * 1_100,
    "left without right": "y = " + r"\left(" * 800,
    "overs": r"{x \over" * 30 + " x" + "}" * 30,
    "sums of sums": "y = " + r"\sum_i" * 700 + "x",
    "equalities": "x = " * 1_100 + "x",
    "ellipses": "y = " + r"x + \dots + " * 400 + "x",
    "letters": "y = " + "abc" * 700,
    "a zero byte": "y = x\x00",
    "half a character": "y = \ud800",
    "a sum of a thousand million": r"y = \sum_{i=1}^{1000000000} i",
    "a tower": "y = 9^{9^{9^{9^{9^{9}}}}}",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_text_is_refused_within_a_second(text: str) -> None:
    begin = time.process_time()
    found = translate(text, X)
    assert time.process_time() - begin < 1.0
    assert found.status == "refused"
    found.reason.encode()  # can be printed
    assert 0 < len(found.reason) < 5_000


def test_what_is_only_read_is_refused_too_where_it_is_too_deep() -> None:
    for text in (HOSTILE["fractions that fit"], HOSTILE["roots"], HOSTILE["accents"]):
        with pytest.raises(Refusal, match="nested more than"):
            read_display(text)
