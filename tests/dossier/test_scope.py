"""What a value holds for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.dossier import Dossier


@pytest.mark.parametrize(
    ("section", "sentence", "scope"),
    [
        ("4 Experiments", "The base models were trained for 100 epochs.", "base"),
        ("4 Experiments", "For the large model we use a dropout rate of 0.5.", "large"),
        ("4 Experiments", "The teacher has a dropout rate of 0.5.", "teacher"),
        ("4 Experiments", "The baseline has a dropout rate of 0.5.", "baseline"),
        ("4 Experiments", "We use a dropout rate of 0.5 for WMT 2014 English-German.", "English-German (EN-DE)"),
        ("4 Experiments", "On CIFAR-10 we use a dropout rate of 0.5.", "CIFAR-10"),
        ("4 Experiments", "The low-resource setting has a dropout rate of 0.5.", "low-resource"),
        ("4 Experiments", "We like ImageNet, and for CIFAR-10 we use a dropout rate of 0.5.", "CIFAR-10"),
        ("4 Experiments", "Everywhere we use a dropout rate of 0.5.", ""),
        ("4 Experiments", "In this setting we use a dropout rate of 0.5.", ""),
        ("4 Experiments", "TD3 uses a dropout rate of 0.5.", "TD3"),
        ("4 Experiments", "The actor dropout is 0.5.", "actor"),
        ("4 Experiments on speech recognition", "We use a dropout rate of 0.5.", "speech recognition"),
        ("4 Experiments", "On SVHN, we train longer. Dropout is 0.5.", "SVHN"),
        ("4 Experiments", "On SVHN, we train longer. Dropout is 0.5 throughout.", ""),
        ("4 Experiments", "On SVHN, we train longer. Each model has a dropout rate of 0.5.", ""),
    ],
)
def test_the_scope_of_a_value(distilled: Callable[[str], Dossier], section: str, sentence: str, scope: str) -> None:
    (fact,) = distilled(f"## {section}\n\n{sentence}\n").recipe
    assert fact.scope == scope


@pytest.mark.parametrize(
    ("title", "scope"), [("Constituency Parsing", "Constituency Parsing"), ("Training Details", ""), ("Optimizer", "")]
)
def test_a_part_of_the_experiments_is_a_scope_where_its_title_names_one(
    distilled: Callable[[str], Dossier], title: str, scope: str
) -> None:
    (fact,) = distilled(f"## 4 Experiments\n\n### 4.1 {title}\n\nWe use a dropout rate of 0.5.\n").recipe
    assert fact.scope == scope


def test_encoder_and_decoder_are_kept_apart(distilled: Callable[[str], Dossier]) -> None:
    facts = distilled("## 4 Experiments\n\nWe use 4 encoder layers and 2 decoder layers.\n").architecture
    assert {(fact.value, fact.scope) for fact in facts} == {("4", "encoder"), ("2", "decoder")}
