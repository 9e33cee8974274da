"""The parser: a tree that loses nothing and decides nothing too early."""

# tests _tokens.py
# tests _tree.py
# tests _notation.py
# tests _brackets.py
# tests _constructs.py

from __future__ import annotations

import subprocess
import sys

import pytest

from aquarius.equations._lost import lost
from aquarius.equations._parse import Parser
from aquarius.equations._statements import read_display
from aquarius.equations._tokenize import tokenize
from aquarius.equations._tree import Node
from equations.displays import DISPLAYS


def test_the_tree_does_not_decide_application_against_product() -> None:
    node = Parser(tokenize("f(x)")).whole()
    assert node.kind == "product" and node.items[1].kind == "group"


@pytest.mark.parametrize("display", DISPLAYS)
def test_a_display_is_read_and_no_symbol_is_lost(display: str) -> None:
    assert lost(display, read_display(display)) == {}


def test_a_lost_symbol_would_be_seen() -> None:
    assert lost("y = a + b", read_display("y = a")) == {"+": 1, "b": 1}
    assert lost(r"y = \theta x", read_display("y = x")) == {"theta": 1}


def tree(text: str) -> Node:
    return Parser(tokenize(text)).whole()


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (r"[0, 1)", ("group", "[)")),
        (r"\left. f \right|_{x}", ("evaluated", "")),
        (r"f|_{x}", ("evaluated", "")),
        (r"f|^b_a", ("evaluated", "")),
        (r"|f|^2", ("script", "")),
        (r"f : A \to B", ("relation", "")),
        (r"f \mid x", ("given", "")),
        (r"\underset{x \in S}{\arg\min}\, f", ("big", "argmin")),
        (r"\underset{x \sim p}{\mathbb{E}}", ("script", "")),
        (r"\overset{\rightarrow}{h}", ("accent", r"overset{\mathrm{} }")),
        (r"{}^{*} x", ("product", "")),
        (r"^{*} x", ("product", "")),
        (r"a \not\in B", ("relation", "")),
        (r"n!", ("call", "()")),
        (r"\binom{n}{k}", ("call", "()")),
        (r"\underbrace{x}_{\text{note}}", ("group", "{}")),
    ],
)
def test_constructs_of_real_papers(text: str, kinds: tuple[str, str]) -> None:
    node = tree(text)
    assert node.kind == kinds[0]
    if node.kind != "accent":
        assert node.text == kinds[1]


def test_notes_under_braces_are_kept_beside_the_tree() -> None:
    parser = Parser(tokenize(r"\underbrace{x + 1}_{L_0} + y"))
    parser.whole()
    assert [token.text for token in parser.ignored] == ["_", "{", "L", "_", "0", "}"]


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
