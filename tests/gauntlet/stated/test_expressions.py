"""Displays become trees without declarations; what is not known is refused."""

from __future__ import annotations

import pytest

from aquarius.gauntlet.stated._expressions import Node, Unreadable, complex_parts, expects, label, read, without_expectations


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


def test_expectations_are_means_and_inner_ones_can_be_left_out() -> None:
    node = body(r"\mathbb E_{x}\left[a-\mathbb{E}_{q(z|x)}[b]\right]")
    assert (node.kind, node.name) == ("mean", "E") and expects(node)
    inner = without_expectations(node)
    assert expects(inner) and inner.parts[0] == body("a-b")
    assert without_expectations(node, inside=False) == body("a-b")
    assert body(r"\operatorname{E}[x]") == body(r"\mathbb E x") and body("E x").kind == "mul"


def test_a_product_over_an_index_is_read_and_one_up_to_the_free_index_is_cumulative() -> None:
    assert (body(r"\prod_{s=1}^{t}(1-\beta_s)").kind, body(r"\prod_{s=1}^{t}(1-\beta_s)").name) == ("prod", "up to")
    assert body(r"\prod_{k=1}^{K}p_k").name == ""


def test_a_complex_number_has_two_parts() -> None:
    found = complex_parts(body(r"a b + i\,(a c)"))
    assert found is not None and [len(list(part.atoms())) for part in found] == [2, 2]
    assert complex_parts(body("a + b")) is None


@pytest.mark.parametrize("latex", [r"\det A", r"\sum_{j\in N(i)} h_j", r"\int x", r"\frac{a}{"])
def test_what_is_unknown_is_refused(latex: str) -> None:
    with pytest.raises(Unreadable):
        read(latex)
