"""The text half: tokens with offsets, a tree that loses nothing, and refusals instead of errors on any text."""

# tests _tokens.py
# tests _tree.py
# tests _statements.py
# tests _parse.py

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aquarius.equations._parse import Parser
from aquarius.equations._statements import parse_name, statements
from aquarius.equations._tokens import Refusal, tokenize
from aquarius.equations._tree import key, latex, walk

PIECES = [
    *(
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
        "\\|",
        ",",
        ";",
        ".",
        "&",
        "\\\\",
        "'",
        " ",
        "/",
        "*",
    ),
    *(
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
        r"\hat",
        r"\theta",
        r"\nabla",
    ),
    *(
        r"\begin{cases}",
        r"\end{cases}",
        r"\begin{align}",
        r"\end{align}",
        r"\cdot",
        r"\odot",
        r"\in",
        r"\le",
        r"\dots",
        r"\mathbb{E}",
        r"\{",
        r"\}",
        r"\top",
    ),
    *(
        r"\newcommand",
        r"\def",
        "#1",
        "$",
        "%",
        "~",
        r"\quad",
        "softmax",
        r"\label{a}",
        r"\operatorname",
        "\n",
        "é",
        r"\lfloor",
        r"\rfloor",
        r"\prime",
    ),
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@settings(max_examples=400, deadline=None)
@example("x^{'}")
@example(r"\text{$}")
def test_any_text_of_pieces_is_read_or_refused(text: str) -> None:
    try:
        for statement in statements(text):
            assert latex(statement.node) is not None
            assert all(isinstance(key(node), str) for node in walk(statement.node))
    except Refusal as refusal:
        assert refusal.reason
        assert 0 <= refusal.at <= len(text.encode()) + 1


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_at_all_is_read_or_refused(text: str) -> None:
    try:
        statements(text)
    except Refusal as refusal:
        assert refusal.reason


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


def test_the_tree_does_not_decide_application_against_product() -> None:
    node = Parser(tokenize("f(x)")).whole()
    assert node.kind == "product" and node.items[1].kind == "group"


def test_macros_are_expanded_with_their_arguments() -> None:
    assert key(statements(r"\newcommand{\two}[2]{#1 #2} \two{a}{b}")[0].node) == key(parse_name("a b"))


def test_rows_are_joined_where_one_continues_the_other() -> None:
    found = statements(r"a &= b \\ &\quad + c \\ d &= e")
    assert [statement.node.tag for statement in found] == [("=",), ("=",)]


def test_a_clause_of_an_index_is_a_range() -> None:
    found = statements(r"y_i = x_i, \quad i = 1, \dots, n")
    assert [statement.kind for statement in found] == ["equation", "range"]


def test_the_text_half_needs_no_torch() -> None:
    program = (
        "import sys\n"
        "from aquarius.equations._statements import statements\n"
        "from aquarius.equations import declarations\n"
        "import aquarius.equations._emit, aquarius.equations._resolve, aquarius.equations._translate, aquarius.equations._conform\n"
        "statements(r'y = W x'); declarations({'inputs': {'x': ['n']}})\n"
        "print('torch' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "False"


def test_without_torch_the_message_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from aquarius.core import MissingExtra\n"
        "from aquarius.equations import translate\n"
        "try:\n    translate('y = 2 x', {'inputs': {'x': []}})\n"
        "except MissingExtra as error:\n    print(error)\n"
        "print(translate('y = (', {}).reason)\n"
    )
    lines = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.splitlines()
    assert "pip install 'aquarius[torch]'" in lines[0]
    assert "never closed" in lines[1]
