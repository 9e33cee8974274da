"""Settings against the paper's: what differs is named with its place, what agrees in other words or units is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import Evidence, Place
from aquarius.dossier import Dossier, Fact
from aquarius.gauntlet._settings import differences, from_findings, seen_settings, standard_name
from aquarius.subject import Subject
from gauntlet.subjects import text

PLACE = Place(file="paper.tex", start=0, end=4, line=1, quote="with a learning rate of 0.1")


def fact(name: str, value: str, number: float | None = None, scope: str = "", unit: str = "") -> Fact:
    return Fact(name=name, value=value, number=number, scope=scope, unit=unit, place=PLACE)


def dossier(*facts: Fact) -> Dossier:
    return Dossier(title="A paper", authors=(), document="0" * 64, recipe=facts)


PAPER = dossier(
    fact("learning rate", "0.1", 0.1),
    fact("optimizer", "SGD"),
    fact("dropout", "10", 10.0, unit="%"),
    fact("epochs", "200", 200.0, scope="Cora"),
    fact("epochs", "400", 400.0, scope="Pubmed"),
)


def found(settings: dict[str, object], scope: str = "") -> dict[str, float]:
    return {suspect.name: suspect.weight for suspect in differences(settings, PAPER, scope=scope)}


def test_what_differs_is_named_and_weighed_by_influence_and_distance() -> None:
    assert found({"lr": 0.01}) == {"learning rate is 0.01, and 0.1 is stated": 0.8}
    assert found({"lr": 0.11})["learning rate is 0.11, and 0.1 is stated"] == pytest.approx(0.4275, abs=1e-3)
    assert found({"optimizer": "AdamW"}) == {"optimizer is AdamW, and SGD is stated": 0.76}
    (suspect,) = differences({"lr": 0.01}, PAPER, origins={"lr": "a declared deviation: no time"})
    assert "a declared deviation: no time" in suspect.reason and "with a learning rate of 0.1" in suspect.evidence[0]
    assert suspect.change == {"lr": 0.1} and suspect.run == "train: learning rate 0.1 in place of 0.01"


def test_what_agrees_or_is_not_stated_is_not_named() -> None:
    assert found({"learning_rate": 0.1, "optimizer": "sgd", "dropout": 0.1, "momentum": 0.9, "learningRate": "as stated"}) == {}
    assert found({"dropout": [0.0, 0.1]}) == {}  # one of the rates in the code is the stated one


def test_a_value_for_another_data_set_is_no_difference_of_this_one() -> None:
    assert found({"epochs": 400}, scope="Cora accuracy") == {"epochs is 400, and 200 is stated": 0.58}
    assert found({"epochs": 400}, scope="Pubmed accuracy") == {} == found({"epochs": 200})
    assert set(found({"epochs": 300})) == {"epochs is 300, and 400 is stated"}  # the nearer of the two


def test_names_are_the_fields_own() -> None:
    assert [standard_name(name) for name in ("lr", "BatchSize", "weight-decay", "numLayers", "adam_eps")] == [
        "learning rate",
        "batch size",
        "weight decay",
        "layers",
        "optimizer epsilon",
    ]


def test_the_code_shows_its_optimiser_and_dropout(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(
        text(optimizer="AdamW(model.parameters(), lr=0.003, betas=(0.8, 0.95))", forward="return self.outer(F.relu(self.inner(x)))")
    )
    seen = seen_settings(Subject(path))
    assert (seen["optimizer"], seen["learning rate"], seen["beta1"], seen["weight decay"]) == ("AdamW", [0.003], [0.8], [0.01])
    path.write_text(path.read_text() + "\n\ndef scheduler(optimizer):\n    return None\n")
    assert "learning rate" not in seen_settings(Subject(path))  # a schedule may scale it
    path.write_text("raise ValueError\n")
    assert seen_settings(Subject(path)) == {}


def finding(check: str, status: str, where: str | None) -> Evidence:
    return Evidence(kind="finding", check=check, status=status, message=f"{check} saw it", where=where, hint="Look.")


def test_checks_that_name_one_place_are_one_suspect() -> None:
    some = [
        finding("causality", "fail", "Block.forward"),
        finding("position", "fail", "Block.forward"),
        finding("loaders", "fail", None),
        finding("guards", "unsure", "loss"),
        finding("dropout", "pass", None),
    ]
    first, second = from_findings(some, {"loaders": "data"})
    assert first.name == "Block.forward: causality, position" and first.weight == pytest.approx(0.91)
    assert (second.name, second.themes) == ("loaders: loaders", ("data",))
    assert from_findings(some[3:], {}) == []
