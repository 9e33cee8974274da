"""Parameters and symbols: the same letters, aliases, and never an index or a part of a word."""

from __future__ import annotations

import pytest

from aquarius.gauntlet.stated._spellings import constants, indexed, spellings, stands_in


@pytest.mark.parametrize(
    ("parameter", "symbol"),
    [("q", "Q"), ("tau", r"\tau"), ("x_hat", r"\hat x"), ("logits", "z"), ("labels", "y"), ("temperature", r"\tau"), ("z1", "z_1")],
)
def test_a_parameter_may_stand_for(parameter: str, symbol: str) -> None:
    assert symbol in spellings(parameter)


def test_an_unknown_word_stands_for_nothing() -> None:
    assert spellings("whatever") == ()


@pytest.mark.parametrize(
    ("symbol", "latex", "wanted"),
    [
        ("x", r"\mathbf{x}^2", True),
        ("x", r"\exp(y)", False),
        ("x", r"\hat x + 1", False),
        (r"\hat x", r"\log\hat{x}_{ip}", True),
        ("i", r"a_i", False),
        ("x", r"\sqrt{a}x_0", False),
        ("q", r"qk^\top", True),
        ("p", r"\mathrm{pos}", False),
        (r"\tau", r"\exp(z/\tau)", True),
    ],
)
def test_a_symbol_is_found_as_a_name_only(symbol: str, latex: str, wanted: bool) -> None:
    assert stands_in(symbol, latex) is wanted


def test_constants_come_from_attributes_facts_and_sizes() -> None:
    assert constants(r"\epsilon", {"norm_eps": 1e-5}, {"eps": 1e-6}) == [1e-6, 1e-5]
    assert constants("N", {}, {}) == ["first"] and constants("d_{k}", {}, {}) == ["last"]
    assert constants(r"\omega", {"temperature": 2.0}, {}) == []


def test_indices_everywhere_or_not() -> None:
    assert indexed("p", r"\sum_j p_{nj} + p_{n0}") and not indexed("p", r"p_{nj} + \|p\|")
