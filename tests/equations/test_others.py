"""Other readers get the better of two texts, names matched for them, and are told apart as right, refused and silently wrong."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from aquarius.equations import _others
from aquarius.equations._others import answers, plain, right_side

DRAWS: list[tuple[dict[str, Any], Any]] = [
    ({"x": torch.tensor([1.0, 2.0]), r"\hat{y}": torch.tensor([3.0, 5.0])}, torch.tensor([4.0, 7.0]))
]


@pytest.mark.parametrize(
    ("function", "outcome"),
    [
        (lambda values: values["x"] + values["haty"], "right"),
        (lambda values: values["x"] - values["haty"], "silently wrong"),
        (lambda values: values["L"], "silently wrong"),
        (None, "refused"),
    ],
)
def test_an_answer_is_held_against_the_reference(monkeypatch: pytest.MonkeyPatch, function: Any, outcome: str) -> None:
    def read(latex: str, backend: str) -> Any:
        if function is None:
            raise ValueError("no tree")
        return function

    monkeypatch.setattr(_others, "_sympy", read)
    found = answers("sympy, lark", r"f = x + \hat{y}", DRAWS)
    assert found["outcome"] == outcome
    assert found["ms"] >= 0


def test_the_better_of_the_display_and_its_right_side_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(latex: str) -> Any:
        if "=" in latex:
            raise ValueError("no equations")
        return lambda values: values["x"] + values["haty"]

    monkeypatch.setattr(_others, "_latex2code", read)
    assert answers("latex2code", r"f = x + \hat{y}", DRAWS)["outcome"] == "right"


def test_names_and_right_sides() -> None:
    assert {name: plain(name) for name in (r"\hat{y}_{i}", r"\mathbf{W}", "x_1", r"\bm{x}")} == {
        r"\hat{y}_{i}": "hatyi",
        r"\mathbf{W}": "W",
        "x_1": "x1",
        r"\bm{x}": "x",
    }
    assert right_side(r"f(x) &= x + \left( y \right), \label{eq:f}").split() == ["x", "+", "(", "y", ")"]
    assert right_side("x + y") == "x + y"
