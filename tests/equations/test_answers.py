"""Answers of a person, the questions they answer, and the letters of a paper."""

# tests _questions.py
# tests _typography.py
# tests _printed.py
# tests _hints.py
# tests _displays.py
from __future__ import annotations

from typing import Any

import pytest

from aquarius.core import BadInput
from aquarius.equations import answers, questions
from aquarius.equations._displays import calls
from aquarius.equations._printed import dimension
from aquarius.equations._typography import by_letters, upper_scripts


def test_answers_are_read() -> None:
    given = answers(
        {"W": "a matrix", "b_*": "vector", "x": ["n", "d"], "k": 3, "f": "a function", r"\sigma": "sigmoid", "samples": ["x"], "z": None}
    )
    assert {(item.name, item.kind, item.value) for item in given.said} == {
        ("W", "rank", ("2",)),
        ("x", "shape", ("n", "d")),
        ("f", "function", ()),
    }
    assert [(item.name, item.value) for item in given.letters] == [("b_*", ("1",))]
    assert (given.numbers, given.sigmoid, given.samples) == ({"k": 3}, (r"\sigma",), ("x",))


def test_the_tables_of_one_equation_are_answers_too() -> None:
    given = answers({"inputs": {"x": ["n"]}, "constants": {"c": 2}, "functions": ["f"]})
    assert {(item.name, item.kind) for item in given.said} == {("x", "shape"), ("f", "function")} and given.numbers == {"c": 2}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"W": "matrices"}, "The answer for W is 'matrices'; it is one of"),
        ({"samples": "x"}, "list of the names"),
        ({"index": {"k": "n"}}, "maps each index to its range"),
        ({"random": {"x": "n"}}, "no table 'random'"),
    ],
)
def test_other_answers_are_bad_input(table: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        answers(table)


def row(name: str, *asked: tuple[str, list[str]]) -> dict[str, Any]:
    return {"id": name, "place": f"{name}.tex:1", "ask": [{"symbol": symbol, "candidates": kinds, "why": ""} for symbol, kinds in asked]}


def test_one_question_for_a_symbol_over_the_whole_paper() -> None:
    rows = [
        row("a", ("W_1", ["a number", "a matrix"]), ("x", ["a vector", "a matrix"])),
        row("b", ("W_2", ["a number", "a matrix"]), ("x", ["a vector"])),
    ]
    found = {tuple(item["symbols"]): item for item in questions(rows)}
    assert set(found) == {("W_1", "W_2"), ("x",)}
    assert found["W_1", "W_2"]["answer_as"] == "W_*" and found["W_1", "W_2"]["displays"] == ["a", "b"]
    assert found["x",]["candidates"] == ["a vector"] and found["x",]["template"] == "'x':" and found["x",]["place"] == "a.tex:1"
    assert questions([{"id": "c", "status": "translated"}]) == []


def test_letters_say_nothing_where_statements_differ_or_are_too_few() -> None:
    assert by_letters({"W_1": 2, "W_2": 2}, ["W_3"])["W_3"][0] == 2
    assert by_letters({"W_1": 2}, ["W_3"]) == {} and by_letters({"W_1": 2, "W_2": 1}, ["W_3"]) == {}
    assert by_letters({"A": 2, "B": 2, "C": 2}, ["D"])["D"][0] == 2
    assert by_letters({"A": 2, "B": 2, "C": 2, "N": 0}, ["D"]) == {}  # the paper writes a number as a capital
    assert by_letters({}, [r"\mathbf{x}", "y"]) == {}
    assert by_letters({}, [r"\mathbf{x}", r"\mathbf{A}", "y"])[r"\mathbf{x}"][0] == 1
    assert by_letters({r"\mathbf{z}": 2}, [r"\mathbf{x}", r"\mathbf{A}", "y"]).get(r"\mathbf{x}") is None


def test_numbers_above_are_names_where_the_paper_counts_so() -> None:
    assert upper_scripts([r"\pi^1", r"\pi^2", "x^2"]) == (r"\pi",)


@pytest.mark.parametrize(
    ("printed", "size"),
    [
        ("d_k", "d_k"),
        (r"d_{\text{model}}", "d_model"),
        ("2d", "2*d"),
        ("hd_v", "h*d_v"),
        ("HWC", "H*W*C"),
        ("N+1", "N+1"),
        ("vocab", "vocab"),
        (r"\lceil n/2 \rceil", None),
    ],
)
def test_sizes_as_they_are_declared(printed: str, size: str | None) -> None:
    assert dimension(printed) == size


def test_calls_and_what_stands_alone() -> None:
    called, alone = calls(r"y = f(x, z) + g(x) + h(x + 1) + w \exp(x)")
    assert {(name, sure) for name, _, sure in called} == {("f", True), ("g", True), ("h", False)}
    assert "w" in alone and "f" not in alone
