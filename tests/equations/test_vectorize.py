"""Sums, means, softmaxes and cross-entropies in the array form that a person would write; and loops where that form would be wrong."""

# tests _alike.py

from __future__ import annotations

import ast
from typing import Any

import pytest
import torch

from aquarius.equations import translate
from aquarius.equations._spellings import DIALECTS
from aquarius.equations._values import draw

LABELS: dict[str, Any] = {"inputs": {"z": ["N", "C"], "y": ["N"], "w": ["C"]}, "domains": {"y": "int:C"}}
VECTORS: dict[str, Any] = {"inputs": {"x": ["n"], "z": ["n"], "u": ["n", "m"], "a": [], "b": []}, "functions": ["f"]}
WRITTEN: list[tuple[str, dict[str, Any], str]] = [
    (r"L = \frac{1}{n} \sum_{i=1}^n (x_i - z_i)^2", VECTORS, "((x - z) ** 2).mean()"),
    (r"L = \frac{\sum_{i=1}^n x_i}{n}", VECTORS, "x.mean()"),
    (r"L = \frac{1}{nm} \sum_{i=1}^n \sum_{j=1}^m u_{ij}", VECTORS, "u.mean()"),
    (r"L = \frac{1}{m} \sum_{i=1}^n x_i", VECTORS, "1 / m * x.sum()"),
    (r"L = \frac{2}{n} \sum_{i=1}^n x_i", VECTORS, "2 / n * x.sum()"),
    (r"L = \frac{1}{n} \sum_{i=2}^n x_i", VECTORS, "1 / n * sum("),
    (r"L = x \frac{a}{6}", VECTORS, "x * a / 6"),
    (r"L = x \frac{1}{a}", VECTORS, "x / a"),
    (r"L = x \frac{2}{a}", VECTORS, "x * (2 / a)"),
    (r"L = x \frac{x^\top z}{a}", VECTORS, "x * (x @ z / a)"),
    (r"L = a^{-1/2} b^{-2}", VECTORS, "b ** -2"),
    (r"L = \nabla_x f(x)", VECTORS, "torch.func.grad(f)(x)"),
    (r"L = \nabla_x f(2 x)", VECTORS, "torch.func.grad(lambda point: f(2 * point))(x)"),
    (
        r"L = -\frac{1}{N} \sum_{n=1}^N \log \frac{\exp(z_{n, y_n})}{\sum_{c=1}^{C} \exp(z_{n, c})}",
        LABELS,
        "-torch.log_softmax(z, dim=-1)[torch.arange(N), y].mean()",
    ),
    (
        r"L = \frac{1}{N} \sum_{n=1}^N (\log \sum_{c=1}^C \exp(z_{nc}) - z_{n, y_n})",
        LABELS,
        "(torch.logsumexp(z, dim=1) - z[torch.arange(N), y]).mean()",
    ),
]


@pytest.mark.parametrize(("latex", "symbols", "words"), WRITTEN, ids=[row[2] for row in WRITTEN])
def test_the_array_form_is_the_one_a_person_would_write(latex: str, symbols: dict[str, Any], words: str) -> None:
    found = translate(latex, symbols)
    assert found.status == "ok", found.reason
    assert words in found.code


def test_a_softmax_of_other_logits_than_the_label_picks_is_no_softmax() -> None:
    """The weights stand only above the bar: the quotient is no probability, and the text must not say softmax."""
    latex = r"L = \frac{1}{N} \sum_{n=1}^N \log \frac{\exp(z_{n, y_n})}{\sum_{c=1}^{C} \exp(w_c z_{n, c})}"
    found = translate(latex, LABELS)
    assert found.status == "ok", found.reason
    assert "softmax" not in found.code


@pytest.mark.parametrize("backend", ["torch", *DIALECTS])
def test_the_cross_entropy_of_every_library_is_pytorchs(backend: str) -> None:
    found = translate(WRITTEN[-2][0], LABELS, backend=backend)
    assert found.status == "ok", found.reason
    ast.parse(found.code)
    values = draw(found.symbols, found.readings[0].sizes, 5)
    want = torch.nn.functional.cross_entropy(values["z"], values["y"])
    torch.testing.assert_close(found.evaluate(values)["L"], want)
    picked = {"torch": "torch.arange(N), y]", "numpy": "np.arange(N), y]", "jax": "jnp.arange(N), y]", "tensorflow": "tf.gather("}
    assert picked[backend] in found.code
