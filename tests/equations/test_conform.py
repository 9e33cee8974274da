"""Right implementations conform, wrong ones differ and the known deviations are named; nothing an implementation does is an error of ours."""

# tests _compare.py
# tests _values.py

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from aquarius.core import BadInput
from aquarius.equations import assert_conforms, conform
from equations.cases import CASES, Case

BY_NAME = {case.name: case for case in CASES}
SLOW = {"nt-xent", "momentum", "gat", "multi-head", "multi-head-inlined"}


def bound(case: Case) -> tuple[Callable[..., Any], dict[str, str]]:
    """A case's reference as an implementation with ordinary parameters."""
    names = [*case.symbols["inputs"], *case.functions]
    binding = {name: f"p{number}" for number, name in enumerate(names)}

    def implementation(**given: Any) -> Any:
        values = {name: given[parameter] for name, parameter in binding.items()}
        return case.reference(values, {name: values[name] for name in case.functions})

    return implementation, binding


@pytest.mark.parametrize("case", [case for case in CASES if case.name not in SLOW], ids=lambda case: case.name)
def test_a_right_implementation_conforms(case: Case) -> None:
    implementation, binding = bound(case)
    found = conform(case.latex, case.symbols, implementation, binding=binding, functions=case.functions)
    assert found.verdict == "conforms", f"{found.reason} {found.explanation} {found.counterexample}"
    assert found.max_error is not None and found.max_error < 1e-6


ATTENTION = BY_NAME["attention"]
QKV = {"Q": "q", "K": "k", "V": "v"}
NORM = r"\hat{x} = \frac{x - \mathbb{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \odot \gamma + \beta"
NORM_SYMBOLS: dict[str, Any] = {"inputs": {"x": ["d"], r"\gamma": ["d"], r"\beta": ["d"]}, "constants": {r"\epsilon": 1e-5}}
NORM_BINDING = {"x": "x", r"\gamma": "g", r"\beta": "b"}
STEP = r"\theta_t = \theta_{t-1} - \alpha \cdot \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}"
STEP_SYMBOLS: dict[str, Any] = {
    "inputs": {r"\theta_{t-1}": ["d"], r"\hat m_t": ["d"], r"\hat v_t": ["d"]},
    "domains": {r"\hat v_t": "pos"},
    "constants": {r"\alpha": 1e-3, r"\epsilon": 1e-8},
}
STEP_BINDING = {r"\theta_{t-1}": "p", r"\hat m_t": "m", r"\hat v_t": "v"}
FFN = BY_NAME["ffn"]
FFN_BINDING = {"x": "x", "W_1": "w1", "b_1": "b1", "W_2": "w2", "b_2": "b2"}
LOSS = r"L = \frac{1}{N} \sum_{i=1}^{N} (y_i - \hat{y}_i)^2"
LOSS_SYMBOLS: dict[str, Any] = {"inputs": {"y": ["N"], r"\hat{y}": ["N"]}, "constants": {"N": "N"}}
LOSS_BINDING = {"y": "y", r"\hat{y}": "p"}
STEPS = r"f(x) = \begin{cases} 1 & x > 0 \\ 0 & x \le 0 \end{cases}"
TWO = {"inputs": {"x": ["d"], "W": ["d", "d"]}}
GCN = BY_NAME["gcn-two-layers"]
GCN_BINDING = {r"\hat{A}": "a", "X": "x", "W^{(0)}": "w0", "W^{(1)}": "w1"}
SINES = BY_NAME["sinusoids"]


def sinusoids(n: int, d: int, first: int = 0, swapped: bool = False, whole: bool = False) -> Tensor:
    place = torch.arange(first, first + n, dtype=torch.float64)[:, None]
    exponent = torch.arange(0, d, 2, dtype=torch.float64) / (1 if whole else d) / (d if whole else 1)
    angle = place / 10000 ** (exponent / 2 if whole else exponent)
    pair = [angle.cos(), angle.sin()] if swapped else [angle.sin(), angle.cos()]
    return torch.stack(pair, -1).reshape(n, d)


# name, latex, symbols, binding, implementation, words of the explanation ("" where there is no single known deviation)
MUTANTS: list[tuple[str, str, dict[str, Any], dict[str, str], Callable[..., Any], str]] = [
    (
        "no scale",
        ATTENTION.latex,
        ATTENTION.symbols,
        QKV,
        lambda q, k, v: torch.softmax(q @ k.T, -1) @ v,
        "without the division by math.sqrt(d_k)",
    ),
    (
        "scale without root",
        ATTENTION.latex,
        ATTENTION.symbols,
        QKV,
        lambda q, k, v: torch.softmax(q @ k.T / k.shape[1], -1) @ v,
        "divided by d_k instead of",
    ),
    (
        "other axis",
        ATTENTION.latex,
        ATTENTION.symbols,
        QKV,
        lambda q, k, v: torch.softmax(q @ k.T / k.shape[1] ** 0.5, 0) @ v,
        "softmax over the other axis",
    ),
    ("no softmax", ATTENTION.latex, ATTENTION.symbols, QKV, lambda q, k, v: q @ k.T / k.shape[1] ** 0.5 @ v, "without the softmax"),
    ("scale by keys", ATTENTION.latex, ATTENTION.symbols, QKV, lambda q, k, v: torch.softmax(q @ k.T / k.shape[0] ** 0.5, -1) @ v, ""),
    (
        "detached",
        ATTENTION.latex,
        ATTENTION.symbols,
        QKV,
        lambda q, k, v: torch.softmax(q @ k.T / k.shape[1] ** 0.5, -1).detach() @ v,
        "gradients differ",
    ),
    (
        "epsilon outside",
        NORM,
        NORM_SYMBOLS,
        NORM_BINDING,
        lambda x, g, b: (x - x.mean()) / (x.std(correction=0) + 1e-5) * g + b,
        "epsilon outside the root",
    ),
    (
        "sample variance",
        NORM,
        NORM_SYMBOLS,
        NORM_BINDING,
        lambda x, g, b: (x - x.mean()) / (x.var() + 1e-5).sqrt() * g + b,
        "variance over n - 1",
    ),
    (
        "no shift",
        NORM,
        NORM_SYMBOLS,
        NORM_BINDING,
        lambda x, g, b: F.layer_norm(x, x.shape, g, None, 1e-5) + 0 * b,
        "without the term beta",
    ),
    ("another epsilon", NORM, NORM_SYMBOLS, NORM_BINDING, lambda x, g, b: F.layer_norm(x, x.shape, g, b, 1e-6), ""),
    ("epsilon inside", STEP, STEP_SYMBOLS, STEP_BINDING, lambda p, m, v: p - 1e-3 * m / (v + 1e-8).sqrt(), "epsilon inside the root"),
    ("ascent", STEP, STEP_SYMBOLS, STEP_BINDING, lambda p, m, v: p + 1e-3 * m / (v.sqrt() + 1e-8), "sign of"),
    ("no root", STEP, STEP_SYMBOLS, STEP_BINDING, lambda p, m, v: p - 1e-3 * m / (v + 1e-8), "without the function sqrt"),
    ("gelu", FFN.latex, FFN.symbols, FFN_BINDING, lambda x, w1, b1, w2, b2: F.gelu(x @ w1 + b1) @ w2 + b2, ""),
    ("no bias", FFN.latex, FFN.symbols, FFN_BINDING, lambda x, w1, b1, w2, b2: F.relu(x @ w1) @ w2 + b2, "without the term b_1"),
    ("relu last", FFN.latex, FFN.symbols, FFN_BINDING, lambda x, w1, b1, w2, b2: F.relu((x @ w1 + b1) @ w2) + b2, ""),
    ("sum for mean", LOSS, LOSS_SYMBOLS, LOSS_BINDING, lambda y, p: F.mse_loss(p, y, reduction="sum"), "without the division by N"),
    ("absolute error", LOSS, LOSS_SYMBOLS, LOSS_BINDING, lambda y, p: (p - y).abs().mean(), ""),
    ("half", LOSS, LOSS_SYMBOLS, LOSS_BINDING, lambda y, p: 0.5 * F.mse_loss(p, y), ""),
    ("boundary", STEPS, {"inputs": {"x": ["n"]}}, {"x": "x"}, lambda x: (x >= 0).double(), ">= instead of >"),
    ("no transposition", r"y = W^\top x", TWO, {"x": "x", "W": "w"}, lambda x, w: w @ x, "without the transposition of W"),
    ("extra transposition", r"y = W x", TWO, {"x": "x", "W": "w"}, lambda x, w: w.T @ x, "with a matrix transposed"),
    (
        "softmax over nodes",
        GCN.latex,
        GCN.symbols,
        GCN_BINDING,
        lambda a, x, w0, w1: (a @ F.relu(a @ x @ w0) @ w1).softmax(0),
        "softmax over the other axis",
    ),
    ("one propagation", GCN.latex, GCN.symbols, GCN_BINDING, lambda a, x, w0, w1: (F.relu(a @ x @ w0) @ w1).softmax(1), ""),
    (
        "adjacency transposed",
        GCN.latex,
        GCN.symbols,
        GCN_BINDING,
        lambda a, x, w0, w1: (a.T @ F.relu(a @ x @ w0) @ w1).softmax(1),
        "with a matrix transposed",
    ),
    ("counted from one", SINES.latex, SINES.symbols, {r"\dmodel": "d"}, lambda d: sinusoids(7, d, first=1), ""),
    ("cosine first", SINES.latex, SINES.symbols, {r"\dmodel": "d"}, lambda d: sinusoids(7, d, swapped=True), ""),
    ("half the exponent", SINES.latex, SINES.symbols, {r"\dmodel": "d"}, lambda d: sinusoids(7, d, whole=True), ""),
]


@pytest.mark.parametrize(("latex", "symbols", "binding", "code", "words"), [row[1:] for row in MUTANTS], ids=[row[0] for row in MUTANTS])
def test_a_mutant_differs_and_is_explained(
    latex: str, symbols: dict[str, Any], binding: dict[str, str], code: Callable[..., Any], words: str
) -> None:
    found = conform(latex, symbols, code, binding=binding)
    assert found.verdict == "differs"
    assert words in found.explanation
    assert found.reason
    if words != "gradients differ":
        assert found.counterexample is not None
        assert set(found.counterexample) == {"inputs", "expected", "returned"}


def test_the_sinusoids_conform() -> None:
    assert conform(SINES.latex, SINES.symbols, lambda d: sinusoids(7, d), binding={r"\dmodel": "d"}).verdict == "conforms"


def _changes_its_inputs(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    right = F.scaled_dot_product_attention(q, k, v)
    with torch.no_grad():
        q.zero_(), k.zero_(), v.zero_()
    return right


def test_an_implementation_cannot_change_the_oracle() -> None:
    assert conform(ATTENTION.latex, ATTENTION.symbols, _changes_its_inputs, binding=QKV).verdict in {"conforms", "differs"}
    with torch.no_grad():
        found = conform(ATTENTION.latex, ATTENTION.symbols, lambda q, k, v: q.mul_(0) @ k.T @ v, binding=QKV)
    assert found.verdict == "differs"


def test_single_precision_gets_its_own_tolerance() -> None:
    def single(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(q.float(), k.float(), v.float())

    def only_single(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return torch.softmax(q @ k.T @ torch.eye(len(k), dtype=torch.float32) / k.shape[1] ** 0.5, -1) @ v

    for implementation in (single, only_single):
        found = conform(ATTENTION.latex, ATTENTION.symbols, implementation, binding=QKV)
        assert found.verdict == "conforms"
        assert "float32" in found.reason
    wrong = conform(ATTENTION.latex, ATTENTION.symbols, lambda q, k, v: single(q, k * 1.01, v), binding=QKV)
    assert wrong.verdict == "differs"


def _raises(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    raise RuntimeError("no luck today")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (_raises, "raises RuntimeError: no luck today"),
        (lambda q, k, v: v, "shape"),
        (lambda q, k, v: F.scaled_dot_product_attention(q, k, v) * float("nan"), "NaN"),
        (lambda q, k, v: None, "returns nothing"),
        (lambda q, k, v: "text", "returns text"),
        (lambda q, k, v: (q, k), "shape"),
    ],
)
def test_whatever_an_implementation_does_is_an_answer(code: Callable[..., Any], words: str) -> None:
    found = conform(ATTENTION.latex, ATTENTION.symbols, code, binding=QKV)
    assert found.verdict == "differs"
    assert words in found.reason


def test_a_refused_equation_is_unsure() -> None:
    found = conform(r"y = W x", {"inputs": {"x": ["n"]}}, lambda x: x, binding={"x": "x"})
    assert found.verdict == "unsure"
    assert "W is not declared" in found.reason


def test_an_equation_without_finite_values_is_unsure() -> None:
    found = conform(r"y = \log(x - 5)", {"inputs": {"x": ["n"]}, "domains": {"x": "prob"}}, lambda x: x, binding={"x": "x"})
    assert found.verdict == "unsure"


def test_bindings_are_checked() -> None:
    def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        return q

    with pytest.raises(BadInput, match="'mask'"):
        conform(ATTENTION.latex, ATTENTION.symbols, attend, binding=QKV)
    with pytest.raises(BadInput, match="Did you mean 'q'"):
        conform(ATTENTION.latex, ATTENTION.symbols, attend, binding={"Q": "qq"})
    with pytest.raises(BadInput, match="does not declare"):
        conform(ATTENTION.latex, ATTENTION.symbols, attend, binding={"X": "q"})
    with pytest.raises(BadInput, match="is a function"):
        conform(ATTENTION.latex, ATTENTION.symbols, "attend", binding={})  # type: ignore[arg-type]


def test_equal_names_need_no_binding() -> None:
    def attention(Q: Tensor, K: Tensor, V: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(Q, K, V)

    assert_conforms(ATTENTION.latex, ATTENTION.symbols, attention)
    with pytest.raises(AssertionError, match="without the division"):
        assert_conforms(ATTENTION.latex, ATTENTION.symbols, lambda Q, K, V: torch.softmax(Q @ K.T, -1) @ V)


def test_functions_that_nobody_gives_are_stood_in_for() -> None:
    case = BY_NAME["gcn-layer"]
    names = {r"\tilde{D}": "d", r"\tilde{A}": "a", "H^{(l)}": "h", "W^{(l)}": "w", r"\sigma": "s"}

    def layer(d: Tensor, a: Tensor, h: Tensor, w: Tensor, s: Callable[[Tensor], Tensor]) -> Tensor:
        root = torch.diag(d.diagonal().rsqrt())
        return s(root @ a @ root @ h @ w)

    assert conform(case.latex, case.symbols, layer, binding=names).verdict == "conforms"
    assert conform(case.latex, case.symbols, lambda d, a, h, w, s: s(a @ h @ w), binding=names).verdict == "differs"


def test_the_counterexample_is_small() -> None:
    found = conform(LOSS, LOSS_SYMBOLS, lambda y, p: (p - y).abs().mean(), binding=LOSS_BINDING)
    assert found.counterexample is not None
    assert len(found.counterexample["inputs"]["y"]) <= 2
