"""Contradictions: found where they are certain, and never made up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.dossier import Dossier

Distilled = Callable[[str], Dossier]
TABLE = "\n\nTable 1: Test accuracy (%).\n\n| Method | MNIST |\n|---|---|\n| Oldnet (2019) | 88.0 |\n| Ournet | 90.1 |\n"


def test_text_and_table_that_differ_are_both_shown(distilled: Distilled) -> None:
    (found,) = distilled(f"## 4 Experiments\n\nOn MNIST, our network has an accuracy of 91.4.{TABLE}").contradictions
    assert "91.4" in found.message and "90.1" in found.message
    assert "91.4" in found.places[0].quote and "90.1" in found.places[1].quote


@pytest.mark.parametrize(
    "sentence",
    [
        "On MNIST, our network has an accuracy of 90.1.",
        "On MNIST, our network has an accuracy of 90.",
        "On MNIST, our network improves by an accuracy of 2.1.",
        "On SVHN, our network has an accuracy of 91.4.",
        "On MNIST, Oldnet has an accuracy of 91.4.",
        "On MNIST, our network is better by 2.1 accuracy points.",
        "On MNIST and SVHN, our network has an accuracy of 91.4.",
    ],
)
def test_what_may_both_be_true_is_no_contradiction(distilled: Distilled, sentence: str) -> None:
    assert distilled(f"## 4 Experiments\n\n{sentence} We also test on SVHN.{TABLE}").contradictions == ()


SETTINGS = "## 4 Training\n\nOn CIFAR-10 we use a batch size of {}.\n\nTable 1: Hyperparameters.\n\n| Hyperparameter | CIFAR-10 | SVHN |\n|---|---|---|\n| Batch size | 128 | 64 |\n| Dropout | 0.1 | 0.2 |\n| Weight decay | 0.01 | 0.02 |\n"


def test_a_setting_that_text_and_table_give_for_one_data_set_is_held_together(distilled: Callable[[str], Dossier]) -> None:
    (found,) = distilled(SETTINGS.format(256)).contradictions
    assert "256 for CIFAR-10, and Table 1 128" in found.message and [place.quote for place in found.places] == ["batch size of 256", "128"]


@pytest.mark.parametrize(
    "body", [SETTINGS.format(128), SETTINGS.format(64).replace("CIFAR-10 we", "MNIST we"), SETTINGS.format("64 or 256")]
)
def test_a_setting_of_other_data_or_of_a_search_is_no_contradiction(distilled: Callable[[str], Dossier], body: str) -> None:
    assert distilled(body).contradictions == ()
