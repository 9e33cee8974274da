"""The nearest deviation is named where it equals the code on every draw, and only there; the counterexample is small and can be run again."""

# tests _deviations.py
# tests _mutate.py

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from aquarius.equations import conform

VECTOR: dict[str, Any] = {"inputs": {"x": ["n"]}}
TWO: dict[str, Any] = {"inputs": {"x": ["n"], "y": ["n"]}}
SOFTMAX = r"p_i = \frac{e^{x_i / T}}{\sum_{j=1}^{n} e^{x_j / T}}"
TEMPERED = VECTOR | {"constants": {"T": 2.0}, "index": {"i": "1..n"}, "outputs": ["p"]}
VARIANCE = r"v = \frac{1}{n} \sum_{i=1}^{n} (x_i - m)^2, \quad m = \frac{1}{n} \sum_{i=1}^{n} x_i"
STEP = r"H = \begin{cases} 1 & x \ge 0 \\ 0 & x < 0 \end{cases}"
ADAM = r"m_t = \beta m_{t-1} + (1 - \beta) g_t, \quad \theta_t = \theta_{t-1} - \eta m_t"
ADAM_TABLE: dict[str, Any] = {
    "inputs": {"m_{t-1}": ["d"], "g_t": ["d"], r"\theta_{t-1}": ["d"]},
    "constants": {r"\beta": 0.9, r"\eta": 0.1},
    "outputs": [r"\theta_t"],
}
ADAM_BINDING = {"m_{t-1}": "m", "g_t": "g", r"\theta_{t-1}": "p"}
MASKED = r"h = \frac{\sum_{t=1}^{T} m_t x_t}{\sum_{t=1}^{T} m_t}"
MASKED_TABLE: dict[str, Any] = {"inputs": {"m": ["T"], "x": ["T"]}, "domains": {"m": "binary"}}


def halves(x: Tensor) -> Tensor:
    return 0.5 * x.softmax(0)


@pytest.mark.parametrize(
    ("latex", "table", "code", "words"),
    [
        (SOFTMAX, TEMPERED, lambda x: x.softmax(0), "without the division by T, everywhere"),
        (SOFTMAX, TEMPERED, lambda x: (x / 2).softmax(0).softmax(0), "the softmax of the equation"),
        (VARIANCE, VECTOR | {"outputs": ["v"]}, lambda x: x.var(), "n - 1"),
        (STEP, VECTOR, lambda x: (x > 0).double(), "> instead of >="),
        ("y = \\max(0, x)", VECTOR, lambda x: F.leaky_relu(x, 0.01), "leaky relu"),
        ("y = \\max(0, x)", VECTOR, lambda x: F.softplus(x), "softplus"),
        ("y = x_1 + 2 y_1".replace("_1", ""), TWO, lambda x, y: 2 * x + y, "x and y exchanged"),
        ("y = x^2", VECTOR, lambda x: x.abs(), "absolute value instead of the square"),
        ("y = x^2", VECTOR, lambda x: x**2 + 3.5, "it is 3.5 more than the equation"),
        ("y = x^2", VECTOR, lambda x: 1.7 * x**2, "it is 1.7 times the equation"),
        ("L = \\sum_{i=1}^{n} x_i^2", VECTOR, lambda x: (x**2).mean(), "mean instead of the sum"),
        ("L = \\sum_{i=1}^{n} x_i^2", VECTOR, lambda x: (x[1:] ** 2).sum(), "without the first element"),
        ("L = \\sum_{i=1}^{n} x_i^2", VECTOR, lambda x: (x**2).sum() / 3 / len(x), "0.333333 times 1/n times the equation"),
        (r"a = x \odot (1 - y)", TWO, lambda x, y: x * y, "y instead of 1 - y"),
    ],
)
def test_the_deviation_is_named(latex: str, table: dict[str, Any], code: Callable[..., Any], words: str) -> None:
    found = conform(latex, table, code)
    assert found.verdict == "differs"
    assert words in found.explanation


def test_a_stale_name_and_a_condition_turned_round_are_named() -> None:
    stale = conform(ADAM, ADAM_TABLE, lambda m, g, p: p - 0.1 * m, binding=ADAM_BINDING)
    assert "m_t_minus_1 instead of m_t" in stale.explanation
    every = conform(MASKED, MASKED_TABLE, lambda m, x: (m * x).sum() / len(m))
    assert "number of elements instead of a sum" in every.explanation


@pytest.mark.parametrize("code", [lambda x: torch.erf(x), lambda x: x**2 * (1 + 0.01 * x.sin()), lambda x: x.sort().values ** 2])
def test_what_no_known_deviation_equals_has_no_name(code: Callable[..., Any]) -> None:
    found = conform("y = x^2", VECTOR, code)
    assert (found.verdict, found.explanation) == ("differs", "")


def test_what_is_not_a_number_equals_nothing() -> None:
    """Without the 1, the root is of a negative number everywhere: that is no explanation of anything."""
    latex, table = r"y = \sqrt{1 - b} x", {"inputs": {"x": ["n"]}, "constants": {"b": 0.3}}
    found = conform(latex, table, lambda x: torch.tanh(x))
    assert found.explanation == ""


def test_a_result_of_another_shape_is_explained_by_the_whole() -> None:
    assert "the mean of the equation over its elements" in conform("y = x^2", VECTOR, lambda x: (x**2).mean()).explanation
    table = {"inputs": {"x": ["n"], "y": ["m"]}, "index": {"i": "1..n", "j": "1..m"}, "outputs": ["s"]}
    assert "transposed" in conform(r"s_{ij} = x_i y_j", table, lambda x, y: torch.outer(y, x)).explanation


def test_the_counterexample_is_short_and_reproduces() -> None:
    def code(Q: Tensor, K: Tensor, V: Tensor) -> Tensor:
        return torch.softmax(Q @ K.T, -1) @ V

    table = {"inputs": {"Q": ["n", "d"], "K": ["m", "d"], "V": ["m", "e"]}}
    latex = r"A = \mathrm{softmax}(\frac{Q K^\top}{\sqrt{d}}) V"
    example = conform(latex, table, code).counterexample
    assert example is not None
    given = {name: torch.tensor(value, dtype=torch.float64) for name, value in example["inputs"].items()}
    assert sum(value.numel() for value in given.values()) <= 30
    assert all(float(value) == round(float(value), 2) for tensor in given.values() for value in tensor.reshape(-1))
    returned, expected = (torch.tensor(example[side]["A"], dtype=torch.float64) for side in ("returned", "expected"))
    assert torch.allclose(code(**given), returned, atol=1e-9)
    assert not torch.allclose(returned, expected, atol=1e-3)


def test_the_answer_is_the_same_twice() -> None:
    assert conform("y = x^2", VECTOR, halves) == conform("y = x^2", VECTOR, halves)
