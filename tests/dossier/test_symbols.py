"""Symbols, formulas, the primary claim and the mechanism."""

from __future__ import annotations

from collections.abc import Callable

from aquarius.dossier import Dossier

Distilled = Callable[[str], Dossier]
BODY = """## 3 Method

The attention is

$$
A = QK^T \\tag{1}
$$

where $Q$ is the matrix of queries, $K \\in \\mathbb{R}^{n \\times d}$ and $d_k$ is the dimension of the keys and $h$ is the number of heads. Values of dimension $d_v$ are packed.

$$
B = 2
$$

It is $x$ that matters, and $y$ is used.
"""


def test_formulas_are_called_by_number_or_by_place(distilled: Distilled) -> None:
    assert [(formula.id, formula.latex) for formula in distilled(BODY).formulas] == [("equation (1)", "A = QK^T"), ("display 2", "B = 2")]


def test_symbols_have_the_meaning_the_text_gives_and_their_shape(distilled: Distilled) -> None:
    found = {symbol.latex: symbol for symbol in distilled(BODY).symbols}
    assert found["Q"].meaning == "the matrix of queries" and found["d_k"].meaning == "the dimension of the keys"
    assert found["h"].meaning == "the number of heads" and found["d_v"].meaning == "the dimension of values"
    assert found["K"].shape == ("n", "d") and found["Q"].shape is None
    assert "$Q$ is the matrix of queries" in found["Q"].place.quote


def test_what_is_not_defined_is_no_symbol(distilled: Distilled) -> None:
    assert not {"x", "y"} & {symbol.latex for symbol in distilled(BODY).symbols}


def test_the_primary_claim_is_quoted_from_the_abstract(distilled: Distilled) -> None:
    facts = distilled(BODY).summary
    assert [(fact.name, fact.value) for fact in facts] == [
        ("contribution", "We propose the Ournet, a network."),
        ("result", "It reaches an accuracy of 90.1 on MNIST."),
    ]
    assert all(fact.value == fact.place.quote for fact in facts)


def test_the_mechanism_is_what_title_and_abstract_name(distilled: Distilled) -> None:
    assert distilled(BODY).mechanism == ()


def test_a_formula_of_many_empty_rows_is_read_at_once(distilled: Distilled) -> None:
    rows = "\\\\ " * 60
    (formula,) = distilled(f"## 3 Method\n\n$$\na {rows} b\n$$\n").formulas
    assert formula.latex.startswith("a") and formula.latex.endswith("b")
