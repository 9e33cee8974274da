"""Shapes by unification, and what is left where several assignments have a meaning."""

# tests _shapes.py
from __future__ import annotations

import pytest

from aquarius.equations import infer
from aquarius.equations._settle import family, settle
from aquarius.equations._shapes import alive
from aquarius.equations._statements import statements
from aquarius.equations._symbols import declarations


def sizes(display: str, inputs: dict[str, list[str]]) -> dict[str, str] | None:
    table = declarations({"inputs": inputs})
    found, complete, _ = alive(table, statements(display, table.words, table.bracketed), lambda outputs, sizes: True)
    assert complete
    return None if found is None else found.sizes


def test_only_what_must_be_equal_is() -> None:
    found = sizes(r"y = A B x", {"A": ["?1", "?2"], "B": ["?3", "?4"], "x": ["?5"]})
    assert found is not None
    assert found["?2"] == found["?3"] and found["?4"] == found["?5"] and len(set(found.values())) == 3


def test_known_sizes_are_found_for_unknown_ones() -> None:
    found = sizes(r"y = W x + b", {"W": ["m", "n"], "x": ["?1"], "b": ["?2"]})
    assert found == {"?1": "n", "?2": "m"}


def test_what_fits_in_no_way_is_no_assignment() -> None:
    assert sizes(r"y = W x", {"W": ["m", "n"], "x": ["m"]}) is None
    assert sizes(r"y = x^\top x + \det(x)", {"x": ["?1"]}) is None


@pytest.mark.parametrize(
    ("name", "group"), [("m_{t-1}", "m_t"), ("m_t", "m_t"), ("X^{l+1}", "X^l"), ("x_{i, t+1}", "x_{i, t}"), ("W_1", "W_1")]
)
def test_neighbours_in_a_sequence_are_one_family(name: str, group: str) -> None:
    assert family(name) == group


def test_what_is_left_of_each_name_is_told() -> None:
    settled = settle("y = W x", infer("y = W x", {}), {"x": frozenset({1}), "y": frozenset({1})})
    assert settled.translation is None and settled.ask == {"W": (0, 1, 2)}  # a factor, weights, or a matrix
    settled = settle("y = W x", infer("y = W x", {}), {"x": frozenset({1}), "y": frozenset({1}), "W": frozenset({2})})
    assert settled.translation is not None and settled.table["inputs"] == {"W": ["n_1", "n_2"], "x": ["n_2"]}


def test_too_many_open_names_are_not_tried() -> None:
    display = "y = " + " + ".join("abcdeghk")
    settled = settle(display, infer(display, {}))
    assert settled.translation is None and settled.reason == "too many names are open" and len(settled.ask) == 8
