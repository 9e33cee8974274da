"""Hyperparameters by their words, and the numbers that can be one."""

from __future__ import annotations

import re

import pytest

from aquarius.dossier._term import plausible
from aquarius.dossier._terms import TERMS, cell_mention, term_of_cell


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("Batch size", "batch size"),
        ("N", "layers"),
        ("Peak learning rate", "learning rate"),
        ("Adam ε", "optimizer epsilon"),
        ("Dropout:", "dropout"),
    ],
)
def test_a_hyperparameter_by_its_cell(cell: str, name: str) -> None:
    term = term_of_cell(cell)
    assert term is not None and term.name == name


@pytest.mark.parametrize("cell", ["Model", "Colour", "batch of things", "1.0", ""])
def test_other_cells_name_none(cell: str) -> None:
    assert term_of_cell(cell) is None


def test_a_mention_ends_the_cell() -> None:
    term = next(term for term in TERMS if term.name == "hidden size")
    assert cell_mention(term, "Actor Hidden Size") is not None and cell_mention(term, "Hidden size of the snow") is None


def test_a_probability_a_count_and_a_rate_have_their_ranges() -> None:
    assert plausible("probability", 0.5) and not plausible("probability", 1.5)
    assert plausible("integer", 8) and not plausible("integer", 8.5) and not plausible("integer", 0)
    assert plausible("rate", 0.1) and not plausible("rate", 1000)
    assert plausible("size", 10) and not plausible("size", 1)


def test_every_pattern_compiles_and_no_name_or_key_is_twice() -> None:
    assert len({term.name for term in TERMS}) == len(TERMS) == len({term.key for term in TERMS})
    for term in TERMS:
        assert all(re.compile(part) for part in (term.before, term.after, term.cell, term.symbols, term.needs, term.refuses))
