"""Equations become code that is right, or a refusal that says why and where."""

# tests _resolve.py
# tests _definitions.py
# tests _indexing.py
# tests _products.py
# tests _functions.py
# tests _reductions.py
# tests _expectations.py
# tests _numbered.py
# tests _matrices.py
# tests _names.py
# tests _arithmetic.py
# tests _typed.py
# tests _interpret.py
# tests _emit.py
# tests _code.py
# tests _write_values.py
# tests _write_reductions.py
# tests _vectorize.py
# tests _verify.py

from __future__ import annotations

import time
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aquarius.core import BadInput
from aquarius.equations import translate
from aquarius.equations._values import draw
from aquarius.equations._verify import compiled, run
from equations.cases import CASES, Case
from equations.cases_layers import LAYERS
from equations.cases_losses import LOSSES
from equations.cases_notation import NOTATION
from equations.cases_refused import REFUSED_DISPLAYS, SYMBOLS
from equations.cases_training import TRAINING

EVERY_CASE = [*CASES, *LOSSES, *LAYERS, *TRAINING, *NOTATION]


@pytest.mark.parametrize("case", EVERY_CASE, ids=lambda case: case.name)
def test_a_translation_equals_the_reference(case: Case) -> None:
    found = translate(case.latex, case.symbols)
    assert found.status == "ok", f"{found.reason} at byte {found.offset}"
    code = compiled(found.code)
    for seed in (11, 12):
        values = draw(found.symbols, found.readings[0].sizes, seed)
        got = found.evaluate({**found.readings[0].sizes.values, **values}, case.functions)
        want = torch.as_tensor(case.reference(values, case.functions), dtype=torch.float64)
        name = found.returns[-1]
        torch.testing.assert_close(got[name].to(torch.float64).squeeze(), want.squeeze(), rtol=1e-7, atol=1e-10)
        alone = run(code, list(found.signature), values, case.functions, found.readings[0])
        torch.testing.assert_close(torch.as_tensor(alone[-1], dtype=torch.float64).squeeze(), want.squeeze(), rtol=1e-7, atol=1e-10)


def test_the_code_is_what_a_person_would_write() -> None:
    case = next(case for case in CASES if case.name == "attention")
    found = translate(case.latex, case.symbols)
    assert found.code == (
        "import math\n\nimport torch\n\n\ndef Attention(Q, K, V):\n    d_k = Q.shape[1]\n    return torch.softmax(Q @ K.T / math.sqrt(d_k), dim=-1) @ V\n"
    )
    assert found.shapes == {r"\mathrm{Attention}": ("n", "d_v")}
    assert found.signature == (("Q", "Q"), ("K", "K"), ("V", "V"))


VECTORS = {"inputs": {"x": ["n"], "y": ["n"], "z": ["m"], "A": ["n", "m"], "b": [], "c": []}}
RECURRENT: dict[str, Any] = {"inputs": {"x": ["n"], "h_0": [], "c": [], "z": ["m"]}, "index": {"t": "1..n"}, "outputs": ["h"]}
REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("undeclared symbol", r"f = W x", VECTORS, "W is not declared"),
    ("undeclared function", r"f = \mathrm{LayerNorm}(x)", VECTORS, "LayerNorm"),
    ("a bound", r"\| x \| \le b", VECTORS, "a bound"),
    ("a distribution", r"x \sim \mathcal{N}(0, 1)", VECTORS, "a distribution"),
    ("proportional", r"p \propto \exp(b)", VECTORS, "a proportionality"),
    ("an approximation", r"f = b \approx c", VECTORS, "an approximation"),
    ("an integral", r"f = \int x \, dx", VECTORS, "not a finite computation"),
    ("inner or elementwise", r"f = x \cdot y", VECTORS, "can be read as"),
    ("how far a logarithm goes", r"f = \log b c", VECTORS, "the argument of log"),
    ("what stands under the slash", r"f = b / c b", VECTORS, "under the slash"),
    ("shapes that contradict", r"f = A x", VECTORS, "shapes do not fit"),
    ("vectors of different sizes", r"f = x + z", VECTORS, "shapes do not fit"),
    ("a hidden index", r"f = \sum_i b", VECTORS, "the range of the index i"),
    ("an index on a number", r"f = \sum_{i=1}^{n} b_i", VECTORS, ""),
    ("an index beyond its axis", r"f = \sum_{i=1}^{m} x_i", VECTORS, "index i runs"),
    ("an unknown set", r"f = \sum_{i \in S} x_i", VECTORS, "the set S is not declared"),
    ("an unbalanced bracket", r"f = (b + c", VECTORS, "never closed"),
    ("a bracket closed twice", r"f = b + c)", VECTORS, "out of place"),
    ("a missing upper bound", r"f = \sum_{i=1} x_i", VECTORS, "upper bound"),
    ("a condition in words", r"f = b \text{ if the weather is fine}", VECTORS, "in words"),
    ("a sign with two values", r"f = b \pm c", VECTORS, "two values"),
    ("an open ellipsis", r"f = b + \dots + c", VECTORS, "ellipsis"),
    ("defined by itself", r"u = v + b \\ v = u + b", VECTORS, "is defined by itself"),
    ("two sides that differ", r"f = b = c", VECTORS, "the chain of equalities"),
    ("an expectation over nothing known", r"f = \mathbb{E}_{u \sim p}[b]", VECTORS, "which samples"),
    ("a softmax of a number", r"f = \mathrm{softmax}(b)", VECTORS, "softmax of a number"),
    ("a derivative", r"f = \frac{\partial b}{\partial c}", VECTORS, "by what the gradient is taken"),
    ("a norm that may be two", r"f = \| A \|_2", VECTORS, "norm 2 of a matrix"),
    ("a power of no square", r"f = A^2", VECTORS, "has no power"),
    ("two subscripts", r"f = x_1_2", VECTORS, "two subscripts"),
    ("a star nobody declares", r"f = x^* + b", VECTORS, "is not declared"),
    ("the wrong number of axes", r"f = x + b", {**VECTORS, "output_shapes": {"out": []}}, "declared shape"),
    ("prose", r"\text{nothing to compute}", VECTORS, ""),
    ("an index that nothing uses", r"f = \frac{1}{n}\sum_{i=1}^{n} (x - y)^2", VECTORS, "an index is hidden"),
    ("an index the right side lacks", r"f_i = x + y", {**VECTORS, "index": {"i": "1..n"}}, "does not occur on the right"),
    ("an index the left side lacks", r"f = x_i + 1", {**VECTORS, "index": {"i": "1..n"}}, "i is not declared"),
    ("a function for every index", r"f = \sum_{i=1}^n x_i g_i(z)", {**VECTORS, "functions": ["g_i"]}, "g_{i} is not declared"),
    ("one name where an index runs", r"f = \sum_{i=1}^n u_i", {"inputs": {"u_i": ["d"], "x": ["n"]}}, "is not declared"),
    ("sets", r"f = b \cap c", VECTORS, "\\cap is not supported"),
    ("a quotient or a logarithm", r"f = \log b / c", VECTORS, "before a slash"),
    ("a softmax of columns", r"f = A^\top \mathrm{softmax}(A)", VECTORS, "rows or columns"),
    ("an input that is defined", r"b = 2 c", VECTORS, "declared as an input and defined"),
    ("a letter that is not Euler's", r"f = e b", VECTORS, "e is not declared"),
    ("an ordinary derivative", r"f = \frac{d}{dx} b", VECTORS, "derivative"),
    (
        "sizes that only happen to add up",
        r"f = W [x; z]",
        {"inputs": {"W": ["k", "e"], "x": ["n"], "z": ["m"], "u": ["a", "b", "c", "d"]}},
        "shapes do not fit",
    ),
    ("an inverse function", r"f = \sin^{-1}(b)", VECTORS, "a power or an inverse"),
    ("a function repeated", r"f = g^2(x)", {**VECTORS, "functions": ["g"]}, "a power or a repetition"),
    ("an infinite sum", r"f = \sum_{k=0}^{\infty} c^k", VECTORS, "whole number"),
    ("a recurrence", r"h_t = h_{t-1} + x_t", {**VECTORS, "index": {"t": "1..n"}, "outputs": ["h"]}, "not declared"),
    (
        "a recurrence whose start is of another shape",
        r"h_t = x_t + z^\top h_{t-1}",
        {**RECURRENT, "inputs": {**RECURRENT["inputs"], "h_0": ["m"]}},
        "differ in shape",
    ),
    ("a recurrence inside a sum", r"h_t = x_t + \sum_{j=1}^{m} h_{t-1} z_j", RECURRENT, "inside a reduction"),
    ("a recurrence that starts late", r"h_t = h_{t-1} + x_t", {**RECURRENT, "index": {"t": "2..n"}}, "not declared"),
    ("an element before the first", r"h_t = h_{t-1} + x_t, \quad y_t = h_{t-1}", {**RECURRENT, "outputs": ["y"]}, "runs out of the axis"),
    ("half an encoding", r"P_{2i} = \sin(i)", {"index": {"i": "0..d-1"}, "outputs": ["P"]}, "every element"),
    ("a norm or absolute values", r"f = x / |x|", VECTORS, "single bars"),
    ("an argmin over values", r"f = \arg\min_{x} b", VECTORS, "declared as a value"),
]


@pytest.mark.parametrize(("latex", "symbols", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_cannot_be_read_is_refused_with_its_reason(latex: str, symbols: dict[str, Any], words: str) -> None:
    found = translate(latex, symbols)
    assert found.status == "refused"
    assert found.reason and words in found.reason
    assert found.code == ""
    with pytest.raises(BadInput, match="refused"):
        found.evaluate({})


@pytest.mark.parametrize(("latex", "words"), [row[1:] for row in REFUSED_DISPLAYS], ids=[row[0] for row in REFUSED_DISPLAYS])
def test_a_display_with_something_open_is_refused(latex: str, words: str) -> None:
    found = translate(latex, SYMBOLS)
    assert found.status == "refused", found.code
    assert found.reason and words in found.reason


def test_an_offset_counts_bytes_and_points_at_the_symbol() -> None:
    latex = r"y = \alpha W x"
    found = translate(latex, {"inputs": {"x": ["n"]}, "constants": {r"\alpha": 1.0}})
    assert latex.encode()[found.offset :].startswith(b"W")
    wide = "% é\ny = α W x"
    found = translate(wide, {"inputs": {"x": ["n"]}, "constants": {r"\alpha": 1.0}})
    assert wide.encode()[found.offset :].startswith(b"W")


HOSTILE = {
    "ten thousand braces": "{" * 10_000 + "x" + "}" * 10_000,
    "a macro that calls itself": r"\newcommand{\a}{\a\a} y = \a",
    "two macros that call each other": r"\def\a{\b}\def\b{\a} y = \a",
    "a macro that grows": r"\newcommand{\a}[1]{#1#1#1#1} y = \a{\a{\a{\a{\a{\a{\a{\a{x}}}}}}}}",
    "a megabyte": "y = " + "x + " * 250_000 + "x",
    "open brackets": "y = " + "(" * 3_000,
    "roots of roots": "y = " + r"\sqrt" * 2_000 + "x",
    "bars": "y = " + "|" * 2_000,
    "sums of sums": "y = " + r"\sum_i" * 400 + "x_i",
    "a long product": "y = " + "x x^T" * 500,
    "a long sum": r"y = \sum_{i=1}^{999999999} x_1",
    "a high power": "y = " + "x^{2^{2^{2^{2^{2^{2}}}}}}",
    "nothing": "",
    "a nought byte": "\x00",
}


@pytest.mark.parametrize("latex", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused_within_a_second(latex: str) -> None:
    begin = time.perf_counter()
    found = translate(latex, {"inputs": {"x": ["n"]}})
    assert found.status == "refused" or "power" in latex or latex.startswith("y = x^{2")
    assert time.perf_counter() - begin < 1.0


PIECES = [
    *(
        "x",
        "y",
        "A",
        "b",
        "g(x)",
        "_i",
        "_{ij}",
        "^2",
        r"^\top",
        "^{-1}",
        "(",
        ")",
        "[x;y]",
        "|",
        ",",
        "+",
        "-",
        "=",
        "/",
        "I",
        "e^{x}",
        r"\| x \|",
        "x_1",
    ),
    *(
        r"\frac{x}{b}",
        r"\sum_i ",
        r"\sum_{i=1}^n ",
        r"\max_j ",
        r"\log ",
        r"\exp(",
        r"\sigma(",
        r"\mathbb{E}[",
        r"\nabla_x ",
        r"\cdot ",
        r"\odot ",
        r"\dots ",
    ),
    *(
        r"\mathrm{softmax}(",
        r"\mathrm{diag}(",
        r"\mathbf{1}",
        r"\mathbb{1}[x>b]",
        r"\arg\max_i ",
        r"\mathrm{Var}[x]",
        r"\langle x, y \rangle",
        r"\infty",
    ),
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join))
@settings(max_examples=150, deadline=None)
def test_any_display_is_translated_or_refused(right: str) -> None:
    symbols = {"inputs": {"x": ["n"], "y": ["n"], "A": ["n", "n"], "b": []}, "functions": ["g"], "index": {"i": "1..n"}}
    found = translate("h = " + right, symbols)
    assert (found.status == "ok") == bool(found.code)
    assert (found.status == "refused") == bool(found.reason)


def test_missing_and_wrong_values_are_bad_input() -> None:
    found = translate("y = A x", {"inputs": {"A": ["m", "n"], "x": ["n"]}})
    with pytest.raises(BadInput, match="needs a value for x"):
        found.evaluate({"A": torch.zeros(2, 3)})
    with pytest.raises(BadInput, match="size n"):
        found.evaluate({"A": torch.zeros(2, 3), "x": torch.zeros(4)})
    with pytest.raises(BadInput, match="axes"):
        found.evaluate({"A": torch.zeros(2, 3), "x": torch.zeros(3, 1)})
    with pytest.raises(BadInput, match="no backend"):
        translate("y = x", {"inputs": {"x": []}}, backend="fortran")
    with pytest.raises(BadInput, match="LaTeX text"):
        translate(3, {})  # type: ignore[arg-type]


def test_a_size_that_nothing_gives_is_asked_for() -> None:
    found = translate(r"p_i = i / n", {"index": {"i": "1..n"}, "outputs": ["p"]})
    assert found.status == "ok"
    with pytest.raises(BadInput, match="size n is not given"):
        found.evaluate({})
    assert found.evaluate({"n": 4})["p"].tolist() == [0.25, 0.5, 0.75, 1.0]


def test_a_foreign_function_decides_between_readings() -> None:
    symbols = {"inputs": {"x": ["n"]}, "functions": ["g"]}
    found = translate("y = g(x) + 1", symbols)
    x = torch.tensor([1.0, 2.0])
    assert found.evaluate({"x": x}, {"g": torch.sum})["y"].item() == 4.0
    assert found.evaluate({"x": x}, {"g": torch.neg})["y"].tolist() == [0.0, -1.0]


SMALL: list[tuple[str, list[float]]] = [
    (r"f = x_1 + x_n", [5.0]),
    (r"f = x_1 + x_2 + \dots + x_n", [10.0]),
    (r"f = \max\{x_1, \dots, x_n\}", [4.0]),
    (r"f = \underset{i}{\max} x_i", [4.0]),
    (r"f = \arg\max_{i \in \{1, \dots, n\}} x_i", [4.0]),
    (r"f = A_{:,2}", [2.0, 5.0, 8.0, 11.0]),
    (r"f = A_{1,:}", [1.0, 2.0, 3.0]),
    (r"f = x_y", [3.0]),
    (r"f = 1e-3 b + 10{,}000", [10_000.002]),
    (r"f = \sum_{i \neq j} x_i x_j", [70.0]),
    (r"f = \sum_{1 \le i < j \le n} x_i x_j", [35.0]),
    (r"f = \sum_i \mathbb{1}[x_i > b]", [2.0]),
    (r"f = \mathbf{1}^\top x", [10.0]),
    (r"f = \sum_{i=1}^{n} x_i - b", [8.0]),
    (r"f = \sum_{i=1}^{n} x_i - x_i^2", [-20.0]),
    (r"f = -b^2", [-4.0]),
    (r"f = \lfloor 7 / b \rfloor", [3.0]),
    (r"f = \sin^2 b + \cos^2 b", [1.0]),
    (r"f = [b; x]", [2.0, 1.0, 2.0, 3.0, 4.0]),
    (r"f_i = x_{i+1} - x_i, \quad i = 1, \dots, n-1", [1.0, 1.0, 1.0]),
    (r"f = \sum_{k=1}^{n} k x_k", [30.0]),
    (r"f_i = \sum_{j=1}^{i} x_j", [1.0, 3.0, 6.0, 10.0]),
    (r"f = \prod_{i=1}^{n} x_i", [24.0]),
    (r"f = \nabla_x \| x \|^2", [2.0, 4.0, 6.0, 8.0]),
    (r"f = \begin{cases} b & b > 2 \\ -b & \text{otherwise} \end{cases}", [-2.0]),
    (r"f = \sum_{i=1,2} x_i", [3.0]),
    (r"f = \max_{i \in \{2,3\}} x_i", [3.0]),
    (r"f = \sum_{\substack{i=1 \\ i \ne 2}}^{n} x_i", [8.0]),
    (r"f = x_{2:3}", [2.0, 3.0]),
    (r"f = b + x_1 \qquad (2)", [3.0]),
    (r"f = \sum_{i=1}^{n} \mathbb{1}[i = y] x_i", [3.0]),
    (r"f = \sum_{i \ne y} x_i", [7.0]),
    (r"f = {x_2^b}^b", [16.0]),
    (r"(f, g) = (b x_1, x_2)", [2.0]),
    (r"f = A + x", [2.0, 3.0, 4.0, 6.0, 7.0, 8.0, 10.0, 11.0, 12.0, 14.0, 15.0, 16.0]),
    (r"f = \begin{pmatrix} A \\ A \end{pmatrix}_{5}", [1.0, 2.0, 3.0]),
    (r"f = \begin{bmatrix} 0 & -1 \\ 1 & 0 \end{bmatrix} \begin{bmatrix} b \\ 1 \end{bmatrix}", [-1.0, 2.0]),
]


@pytest.mark.parametrize(("latex", "want"), SMALL, ids=[row[0] for row in SMALL])
def test_a_small_equation_has_the_value_worked_out_by_hand(latex: str, want: list[float]) -> None:
    symbols = {
        "inputs": {"x": ["n"], "A": ["n", "m"], "b": [], "y": []},
        "domains": {"y": "int:n"},
        "index": {"i": "1..n"} if "f_i = \\sum" in latex else {},
    }
    found = translate(latex, symbols)
    assert found.status == "ok", found.reason
    x = torch.arange(1.0, 5.0)
    values = {"x": x, "A": torch.arange(1.0, 13.0).reshape(4, 3), "b": 2.0, "y": 2}
    assert found.evaluate(values)["f"].flatten().tolist() == pytest.approx(want)


def test_the_lower_bound_says_where_counting_begins() -> None:
    symbols = {"inputs": {"x": ["n"]}, "constants": {"n": "n"}}
    x = torch.tensor([1.0, 10.0, 100.0])
    assert translate(r"y = \sum_{i=1}^{n} i x_i", symbols).evaluate({"x": x})["y"].item() == 321.0
    assert translate(r"y = \sum_{i=0}^{n-1} i x_i", symbols).evaluate({"x": x})["y"].item() == 210.0


def test_the_same_input_gives_the_same_text() -> None:
    case = next(case for case in CASES if case.name == "gat")
    assert translate(case.latex, case.symbols).code == translate(case.latex, case.symbols).code
