"""Words of the field."""

from __future__ import annotations

import re

import pytest

from aquarius.dossier._vocabulary import ACTIVATIONS, DATASETS, LOSSES, SCHEDULES, language_pair


@pytest.mark.parametrize(
    ("text", "pair"),
    [("English-to-German", ("English-German", "EN-DE")), ("EN-FR", ("English-French", "EN-FR")), ("en→de", ("English-German", "EN-DE")), ("state-of-the-art", None), ("German cars", None)],
)  # fmt: skip
def test_language_pairs(text: str, pair: tuple[str, str] | None) -> None:
    assert language_pair(text) == pair


def test_every_pattern_compiles() -> None:
    assert all(re.compile(pattern) for pattern in (*DATASETS, *ACTIVATIONS, *LOSSES, *SCHEDULES))
