"""A right translation, a refusal and a wrong reference are told apart, and so are right code and a mutant."""

from __future__ import annotations

from typing import Any

import pytest

from aquarius.equations._score import reference_name, score_case, score_task

LINE = {
    "id": "line",
    "latex": r"y = W x + \lambda b",
    "inputs": {"W": ["m", "n"], "x": ["n"], "b": ["m"]},
    "constants": {r"\lambda": 0.5},
    "reference": "def f(W, x, b, lambda_):\n    return W @ x + lambda_ * b",
}


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "right"),
        ({"reference": "def f(W, x, b):\n    return W @ x + b"}, "silently wrong"),
        ({"reference": "def f(W, x, q):\n    return W @ x"}, "silently wrong"),
        ({"latex": "y = (W x"}, "refused"),
    ],
)
def test_a_case_is_scored(changes: dict[str, Any], outcome: str) -> None:
    found = score_case(LINE | changes, seeds=2)
    assert found["outcome"] == outcome
    assert bool(found["why"]) == (outcome != "right")
    assert found["parse_ms"] > 0 and found["translate_ms"] > 0


def test_mutants_and_displays_to_be_refused() -> None:
    heard: list[dict[str, Any]] = []
    payload = {
        "cases": [LINE],
        "refuse": [{"id": "bound", "latex": r"y \le x", "declarations": {"inputs": {"x": ["n"]}}}],
        "mutants": [{"id": "line", "correct": LINE["reference"], "mutant": "def f(W, x, b, lambda_):\n    return W @ x - lambda_ * b"}],
        "seeds": 1,
    }
    score_task(heard.append, payload)
    assert [item["kind"] for item in heard] == ["case", "refuse", "mutant"]
    assert heard[1]["outcome"] == "refused"
    assert (heard[2]["correct"], heard[2]["mutant"]) == ("conforms", "differs")


def test_parameters_of_a_reference_are_named_after_the_symbols() -> None:
    names = {r"\hat{m}_t": "m_hat_t", r"\theta_{t-1}": "theta_tm1", r"\lambda": "lambda_", "W^Q": "W_Q"}
    assert {name: reference_name(name) for name in names} == names
