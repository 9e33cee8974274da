"""The evaluation protocol, the compute and the addresses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.dossier import Dossier, from_yaml, to_yaml

Distilled = Callable[[str], Dossier]
TABLE = "Table 1: Test accuracy.\n\n| Model | CIFAR-10 | SVHN |\n|---|---|---|\n| Smith (2019) | 90.0 | 91.0 |\n| Ournet (ours) | 92.0 | 93.0 |\n"


def test_a_line_per_data_set_part_and_metric_with_the_baselines(distilled: Distilled) -> None:
    dossier = distilled(f"## 4 Experiments\n\nWe use CIFAR-10 and SVHN.\n\n{TABLE}")
    assert [(line.dataset, line.metric, line.split, line.baselines) for line in dossier.protocol] == [
        ("CIFAR-10", "accuracy", "test", ("Smith (2019)",)),
        ("SVHN", "accuracy", "test", ("Smith (2019)",)),
    ]
    assert from_yaml(to_yaml(dossier)) == dossier


def test_a_sentence_that_reports_a_metric_is_a_line(distilled: Distilled) -> None:
    (line,) = distilled("## 4 Experiments\n\nWe report FID on the test set of CIFAR-10.\n").protocol
    assert (line.dataset, line.metric, line.split, line.place.quote) == ("CIFAR-10", "FID", "test", "FID")


def test_a_metric_in_passing_is_none(distilled: Distilled) -> None:
    assert distilled("## 4 Experiments\n\nCIFAR-10 is small, and FID is noisy.\n").protocol == ()


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Training took 3.5 days on 8 GPUs.", ["3.5 days"]),
        ("The search requires 450 GPU-hours.", ["450 GPU hours"]),
        ("We train for twelve hours.", ["twelve hours"]),
        ("We train on 960 hours of speech.", []),
        ("The day is 24 hours long.", []),
        ("We save a checkpoint of the training every 2 hours.", []),
    ],
)
def test_the_time_that_training_takes(distilled: Distilled, sentence: str, expected: list[str]) -> None:
    assert [fact.value for fact in distilled(f"## 4 Experiments\n\n{sentence}\n").compute] == expected


def test_addresses_of_code_come_first_and_each_once(distilled: Distilled) -> None:
    text = "The parser is at https://github.com/some/parser. Our code is available at https://github.com/one/ournet, and at https://github.com/one/ournet."
    links = distilled(f"## 4 Experiments\n\n{text}\n").links
    assert [(fact.name, fact.value) for fact in links] == [
        ("code", "https://github.com/one/ournet"),
        ("link", "https://github.com/some/parser"),
    ]
    assert links[0].place.quote == "https://github.com/one/ournet"
