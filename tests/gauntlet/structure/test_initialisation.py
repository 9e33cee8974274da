"""Rules in words become moments where they are known for certain, and None where they are not."""

from __future__ import annotations

import math

import pytest
import torch

from aquarius.gauntlet.structure._initialisation import number, read_rule


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.02", 0.02),
        ("-0.25", -0.25),
        ("1/sqrt(4)", 0.5),
        ("0.02/sqrt(2*layers)", 0.01),
        ("2^-3", 0.125),
        ("exit()", None),
        ("a.b", None),
        ("1/0", None),
    ],
)
def test_number(text: str, value: float | None) -> None:
    assert number(text, {"layers": 2.0}) == (pytest.approx(value) if value is not None else None)


@pytest.mark.parametrize(
    ("text", "mean", "deviation"),
    [
        ("normal(0, 0.02)", 0.0, 0.02),
        ("uniform(-0.25, 0.25), padding row zeros", 0.0, 0.5 / math.sqrt(12)),
        ("uniform(-1/sqrt(fan_in), 1/sqrt(fan_in))", 0.0, 2 / math.sqrt(4) / math.sqrt(12)),
        ("zeros", 0.0, 0.0),
        ("ones", 1.0, 0.0),
        ("constant(0.5)", 0.5, 0.0),
        ("xavier uniform", 0.0, math.sqrt(2 / 12)),
        ("kaiming normal, fan out", 0.0, math.sqrt(2 / 8)),
    ],
)
def test_known_rules(text: str, mean: float, deviation: float) -> None:
    rule = read_rule(text, torch.empty(8, 4), {})
    assert rule is not None and (rule.mean, rule.deviation) == (pytest.approx(mean), pytest.approx(deviation))


@pytest.mark.parametrize(
    "text",
    ["as in the authors' code", "normal with a small deviation", "xavier uniform with gain 2", "normal(0, s)", "kaiming uniform, leaky"],
)
def test_unknown_rules_are_left_out(text: str) -> None:
    assert read_rule(text, torch.empty(8, 4), {}) is None
