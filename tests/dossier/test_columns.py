"""What a column measures: known from the header or the caption, else nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.dossier import Dossier

Distilled = Callable[[str], Dossier]


def table(header: str, caption: str = "Results.", value: str = "28.4") -> str:
    return f"## 4 Experiments\n\nWe use the MNIST dataset.\n\nTable 1: {caption}\n\n| Model | {header} |\n|---|---|\n| Ournet | {value} |\n| Ournet deep | {value} |\n"


@pytest.mark.parametrize(
    ("header", "caption", "expected"),
    [
        ("BLEU", "Results.", ("BLEU", "higher", "BLEU", None)),
        ("Acc. (%)", "Results on MNIST.", ("accuracy", "higher", "%", "MNIST")),
        ("PPL", "Results.", ("perplexity", "lower", "", None)),
        ("NLL ↑", "Results.", ("negative log-likelihood", "higher", "nats", None)),
        ("MNIST", "Test error in percent.", ("test error", "lower", "%", "MNIST")),
        ("F1", "Results on the Amazon Reviews.", ("F1", "higher", "", None)),
    ],
)
def test_the_quantity_direction_unit_and_data_set(
    distilled: Distilled, header: str, caption: str, expected: tuple[str | None, ...]
) -> None:
    claim = distilled(table(header, caption)).claims[0]
    assert claim.measure is not None
    assert (claim.quantity, claim.direction, claim.measure.unit, claim.dataset) == expected


def test_an_accuracy_below_one_is_a_fraction(distilled: Distilled) -> None:
    claim = distilled(table("Accuracy", value="0.53")).claims[0]
    assert claim.measure is not None and claim.measure.unit == ""


@pytest.mark.parametrize("header", ["Top-1", "Model size", "Time", "Depth", "Amazon"])
def test_a_header_that_may_be_anything_gives_no_claim(distilled: Distilled, header: str) -> None:
    assert not distilled(table(header)).claims


def test_another_data_set_in_the_header_is_not_the_captions(distilled: Distilled) -> None:
    claims = distilled(table("Amazon dataset accuracy", "Results; MNIST is used for training.")).claims
    assert claims and {claim.dataset for claim in claims} == {"Amazon"}
