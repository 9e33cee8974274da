"""Displays become trees without declarations; what is not known is refused."""

from __future__ import annotations

import pytest

from aquarius.gauntlet._expressions import Node, Unreadable, complex_parts, label, read


def body(latex: str) -> Node:
    return read(latex).results[0][1]


def test_decorations_are_names_and_indices_of_time_are_shifts() -> None:
    atoms = list(body(r"r_t + \gamma V(s_{t+1}) - \hat A_{t+1}").atoms())
    assert [(label(atom), atom.shift) for atom in atoms] == [("r|_t", 0), ("\\gamma|", 0), ("V|(s_{t})", 1), ("\\hat A|_t", 1)]


def test_numbers_and_definitions_after_commas_are_put_in() -> None:
    display = read(r"y = r + \gamma u,\; u = q - v,\; \gamma = 0.9")
    assert display.numbers == {"\\gamma|": 0.9}
    assert [atom.name for atom in display.results[0][1].atoms()] == ["r", "\\gamma", "q", "v"]


def test_a_sum_over_n_divided_by_n_is_a_mean() -> None:
    assert body(r"\frac1N\sum_i x_i").kind == "mean"
    assert body(r"\frac{1}{N-1}\sum_i x_i").kind == "mul"


def test_a_sum_takes_the_product_or_all_that_follows() -> None:
    assert body(r"\sum_i a_i + b").kind == "add"
    assert read(r"\sum_i a_i + b", wide=True).results[0][1].kind == "sum"


def test_a_complex_number_has_two_parts() -> None:
    found = complex_parts(body(r"a b + i\,(a c)"))
    assert found is not None and [len(list(part.atoms())) for part in found] == [2, 2]
    assert complex_parts(body("a + b")) is None


@pytest.mark.parametrize("latex", [r"\det A", r"\sum_{j\in N(i)} h_j", r"\int x", r"\frac{a}{"])
def test_what_is_unknown_is_refused(latex: str) -> None:
    with pytest.raises(Unreadable):
        read(latex)
