"""What a sentence takes out of its own rule."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.dossier import Dossier
from aquarius.dossier._exceptions import ruled


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Dropout is 0.5, except on Texas and Cornell (0.8).", [("dropout", "0.5", ""), ("dropout", "0.8", "Texas and Cornell")]),
        ("Training runs for 20 epochs, except on RTE where we train for 40.", [("epochs", "20", ""), ("epochs", "40", "RTE")]),
        (
            "The batch size is 16 and the weight decay 0.05, except for ViT-L, where we found 0.1 to work better.",
            [("batch size", "16", ""), ("weight decay", "0.05", ""), ("weight decay", "0.1", "ViT-L")],
        ),
        ("We use a batch size of 32, except for SVHN (batch size of 256).", [("batch size", "256", "SVHN"), ("batch size", "32", "")]),
        # no number that could be the same thing: nothing is made of it
        ("Dropout is 0.5, except on Texas, where we train for 300 epochs.", [("dropout", "0.5", ""), ("epochs", "300", "Texas")]),
        ("Dropout is 0.5 everywhere, except on Texas.", [("dropout", "0.5", "")]),
    ],
)
def test_an_exception_has_its_own_value(distilled: Callable[[str], Dossier], sentence: str, expected: list[tuple[str, str, str]]) -> None:
    recipe = distilled(f"## 4 Experiments\n\n{sentence}\n").recipe
    assert sorted((fact.name, fact.value, fact.scope) for fact in recipe) == expected


def test_the_rule_ends_where_its_exception_begins() -> None:
    flat = "Dropout is 0.5, except on Texas"
    assert ruled(flat, 11) == "Dropout is 0.5"
    assert ruled("Dropout is 0.5 on Texas", 11) == "Dropout is 0.5 on Texas"
