"""Forms that overflow become forms that do not, with the same value."""

from __future__ import annotations

import pytest
import torch

from aquarius.equations import translate
from aquarius.equations._verify import compiled

X = {"inputs": {"x": ["n"], "y": [], "b": []}, "constants": {"c": 2.0}}


@pytest.mark.parametrize(
    ("display", "line", "large"),
    [
        (r"f = \log(1 + e^{x})", "F.softplus(x)", 1000.0),
        (r"f = \ln(e^{-x} + 1)", "F.softplus(-x)", -1000.0),
        (r"f = \frac{1}{1 + \exp(-x)}", "torch.sigmoid(x)", -1000.0),
        (r"f = 1 / (1 + \exp(x))", "torch.sigmoid(-x)", 1000.0),
        (r"f = \log(1 - \mathrm{sigmoid}(x))", "F.logsigmoid(-x)", 1000.0),
        (r"f = \log \frac{e^{y}}{\sum_{i=1}^n e^{x_i}}", "y - torch.logsumexp(x, dim=0)", 1000.0),
        (r"f = -\log \frac{e^{y}}{\sum_{i=1}^n e^{x_i}}", "torch.logsumexp(x, dim=0) - y", 1000.0),
        (r"f = \log \sum_{i=1}^n e^{x_i}", "torch.logsumexp(x, dim=0)", 1000.0),
    ],
)
def test_the_stable_form_is_written_and_does_not_overflow(display: str, line: str, large: float) -> None:
    found = translate(display, X)
    assert found.status == "ok", found.reason
    assert f"    return {line}\n" in found.code
    values = {"x": torch.full((3,), large, dtype=torch.float64), "y": torch.tensor(1.0, dtype=torch.float64)}
    result = compiled(found.code)(*(values[name] for name, _ in found.signature))
    assert torch.isfinite(result).all()


@pytest.mark.parametrize(
    ("display", "line"),
    [
        (r"f = \log(2 + e^{x})", "torch.log(2 + torch.exp(x))"),
        (r"f = \log(1 - e^{x})", "torch.log(1 - torch.exp(x))"),
        (r"f = \frac{2}{1 + \exp(-x)}", "2 / (1 + torch.exp(-x))"),
        (r"f = x + \log(1 + e^{c})", "x + math.log(1 + math.exp(c))"),
    ],
)
def test_what_only_looks_like_it_stays_as_it_is_printed(display: str, line: str) -> None:
    found = translate(display, X)
    assert found.status == "ok", found.reason
    assert f"    return {line}\n" in found.code


@pytest.mark.parametrize(
    ("display", "symbols", "line"),
    [
        (r"f = \min(\max(x, 1 - c), 1 + c)", X, "torch.clamp(x, min=1 - c, max=1 + c)"),
        (r"f = \min(\max(0, x), 6)", X, "torch.clamp(x, min=0, max=6)"),
        (r"f = \frac{1}{2} x - \frac{1}{3} x^{-\frac{1}{2}}", X, "0.5 * x - 1 / 3 * x ** -0.5"),
        (r"G_{ij} = \sum_k A_{ik} A_{jk}", {"inputs": {"A": ["m", "k"]}, "index": {"i": "1..m", "j": "1..m", "k": "1..k"}}, "A @ A.T"),
        (r"G_{ij} = \sum_b A_{bi} B_{bj}", {"inputs": {"A": ["b", "m"], "B": ["b", "n"]}, "index": {"i": "1..m", "j": "1..n"}}, "A.T @ B"),
        (r"f = \sum_{i=1}^m \sum_{j=1}^n A_{ij}^2", {"inputs": {"A": ["m", "n"]}}, "(A ** 2).sum()"),
    ],
)
def test_text_is_what_a_person_would_write(display: str, symbols: dict[str, object], line: str) -> None:
    found = translate(display, symbols)
    assert found.status == "ok", found.reason
    assert f"    return {line}\n" in found.code
