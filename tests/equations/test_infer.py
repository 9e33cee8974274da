"""What the text proves is declared, what it does not prove is named; nothing is guessed."""

# tests _finder.py
# tests _unknowns.py

from __future__ import annotations

from typing import Any

import pytest

from aquarius.core import BadInput
from aquarius.equations import defined_functions, infer, not_computed, translate, unreadable

SHAPES = {
    "Q": ["n", "d_k"],
    "K": ["m", "d_k"],
    "V": ["m", r"d_{\text{v}}"],
    "W": ["m", "n"],
    "b": ["m"],
    "x": ["n"],
    "y": ["N"],
    r"\hat{y}": ["N"],
}


@pytest.mark.parametrize(
    ("latex", "code"),
    [
        (
            r"\mathrm{Attention}(Q, K, V) = \mathrm{softmax}(\frac{QK^T}{\sqrt{d_k}})V",
            "torch.softmax(Q @ K.T / math.sqrt(d_k), dim=-1) @ V",
        ),
        (r"L=\frac{1}{N}\sum_{i=1}^N (y_i-\hat{y}_i)^2", "(y - y_hat) ** 2"),
        (r"z = W x + b", "W @ x + b"),
    ],
)
def test_stated_shapes_are_enough(latex: str, code: str) -> None:
    found = infer(latex, {"shapes": SHAPES})
    assert found.open == ()
    translation = translate(latex, found.symbols)
    assert (translation.status, translation.reason) == ("ok", "")
    assert code in translation.code


@pytest.mark.parametrize(
    ("latex", "open_names"),
    [
        (r"m_t = \beta_1 m_{t-1} + (1-\beta_1) g_t", ("m_{t-1}", "g_t")),
        (r"z = W x_t + b", ("x_t",)),  # x has a shape; x_t may be another vector
        (r"L = \sum_{i=1}^M y_i", ("y", "M")),  # y has N elements, not M: y_i may be vectors
        (r"L = \sum_i y_i", ("i",)),
        (r"z = f(x)", ("f",)),
        (r"z = p(x|y) + p(x, y)", ("p",)),
        (r"z = \mathbf{x} + b", (r"\mathbf{x}",)),  # a bold x is another symbol
        (r"z = \mathbb{E}[x]", ("the expectation",)),
        (r"z = \pi x", (r"\pi",)),  # a policy or 3.14...
        (r"z = I x", ("I",)),
        (r"z = \mathrm{lr}(1 - b)", (r"\mathrm{lr}",)),  # a rate times a difference, or a function of it
    ],
)
def test_what_is_not_stated_is_open(latex: str, open_names: tuple[str, ...]) -> None:
    assert set(infer(latex, {"shapes": SHAPES, "scalars": {r"\beta_1": "prob"}}).open) == set(open_names)


def test_numbers_scalars_and_functions_are_declared_as_such() -> None:
    hints = {"shapes": {"x": ["n"]}, "scalars": {r"\beta": "prob"}, "numbers": {r"\epsilon": 1e-8}, "functions": ["g"]}
    found = infer(r"z = \beta g(x) + \operatorname{LN}(x) + \epsilon", hints)
    assert found.open == ()
    assert found.symbols["inputs"] == {"x": ["n"], r"\beta": []}
    assert found.symbols["domains"] == {r"\beta": "prob"}
    assert found.symbols["constants"] == {r"\epsilon": 1e-8}
    assert found.symbols["functions"] == [r"\mathrm{LN}", "g"]
    assert found.symbols["outputs"] == ["z"]


def test_sigma_is_the_sigmoid_only_where_the_text_says_so() -> None:
    def functions(meaning: str) -> Any:
        return infer(r"z = \sigma(x)", {"shapes": {"x": ["n"]}, "meanings": {r"\sigma": meaning}}).symbols.get("functions")

    assert functions("the sigmoid function") is None
    assert functions("an activation function") == [r"\sigma"]
    assert infer(r"z = \sigma(x)", {"shapes": {"x": ["n"]}}).symbols["functions"] == [r"\sigma"]


def test_a_stated_shape_of_the_result_decides_between_readings() -> None:
    hints = {"shapes": {"q": ["d"], "k": ["d"]}, "scalars": {r"\lambda": ""}}
    assert infer(r"\lambda = \exp(q \cdot k)", hints).symbols["output_shapes"] == {r"\lambda": []}
    assert translate(r"\lambda = \exp(q \cdot k)", infer(r"\lambda = \exp(q \cdot k)", hints).symbols).status == "ok"
    without = infer(r"u = \exp(q \cdot k)", hints)
    assert without.open == () and translate(r"u = \exp(q \cdot k)", without.symbols).status == "refused"


def test_two_meanings_of_one_name_leave_it_open() -> None:
    hints = {"shapes": {"x": ["n"], r"\frac": ["n"]}, "scalars": {"x": "pos"}}
    assert infer("z = 2 x", hints).open == ("x",)
    assert infer("z = W x", {"shapes": {"W": [r"\lceil n/2 \rceil", "n"], "x": ["n"]}}).open == ("W",)  # a size that is no plain size


@pytest.mark.parametrize(
    ("latex", "what"),
    [
        (r"f(x) \le 2 x", "a bound"),
        (r"p(x) = \mathcal{N}(x; \mu, \Sigma)", "a distribution"),
        (r"x \in \mathbb{R}^d", "a definition of notation"),
        (r"\mathcal{D} = \{a, b\}", "a definition of notation"),
        (r"p \propto x", "a proportionality"),
        (r"y = W x", ""),
        (r"y = \mathcal{N} x", ""),
    ],
)
def test_what_computes_nothing_is_told_apart(latex: str, what: str) -> None:
    assert not_computed(latex) == what


def test_what_no_declaration_could_help_is_told_with_its_byte() -> None:
    assert unreadable(r"y = \int f(x)") == ("\\int is no finite computation", 4)
    assert unreadable("= W x") is not None
    assert unreadable(r"g = \frac{\partial L}{\partial W}") is not None
    assert unreadable("y = (x") is not None
    assert unreadable("y = W x") is None


def test_functions_that_a_display_defines() -> None:
    assert defined_functions(r"\mathrm{FFN}(x) = \max(0, x)") == ((r"\mathrm{FFN}", 1),)
    assert defined_functions("p(x | y) = q(x)") == ()
    assert defined_functions("y = W x") == ()


@pytest.mark.parametrize(
    ("hints", "words"),
    [
        ({"shape": {}}, "no key 'shape'. Did you mean 'shapes'"),
        ({"shapes": {"x": "n"}}, "is a list of sizes"),
        ({"numbers": {"x": "8"}}, "is a number"),
        ({"scalars": {"x": "poss"}}, "is not known"),
    ],
)
def test_malformed_hints_are_refused(hints: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        infer("y = x", hints)
