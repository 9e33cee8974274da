"""The flat summary of a paper."""

from __future__ import annotations

import json
from collections.abc import Callable

from aquarius.dossier import distill, summary_data
from aquarius.dossier._summary import key_of
from aquarius.reading import Document


def test_the_summary_has_the_fields_and_plain_values(paper: Callable[[str], Document]) -> None:
    document = paper(
        "## 4 Experiments\n\nFor the big model the learning rate is 0.01 on MNIST.\n\n$$\na = b \\tag{1}\n$$\n\nTable 1: T.\n\n| Model | Accuracy |\n|---|---|\n| a | 1.0 |\n"
    )
    data = summary_data(document, distill(document))
    assert json.loads(json.dumps(data)) == data
    assert data["title"] == "A Network of Our Own" and data["authors"] == ["Ada One", "Ben Two"] and data["year"] == 2024
    assert data["n_numbered_equations"] == 1 and data["equations"][0]["number"] == "1"
    assert data["tables"] == [{"number": "1", "caption": "T.", "cells": [["Model", "Accuracy"], ["a", "1.0"]]}]
    assert data["hyperparameters"] == [{"name": "learning_rate", "value": "0.01", "scope": "big, MNIST"}]
    assert data["datasets"] == ["MNIST"] and data["metrics"] == ["accuracy"] and "optimizer" in data["unstated"]


def test_keys() -> None:
    assert (key_of("layers"), key_of("learning rate schedule"), key_of("entropy beta")) == ("num_layers", "lr_schedule", "entropy_beta")
