"""A stranger's function is called in the form it works in, from the same state every time, and its own rounding is told from a deviation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from aquarius.equations import conform

ATTENTION = r"\mathrm{Attention}(Q, K, V) = \mathrm{softmax}(\frac{QK^\top}{\sqrt{d_k}})V"
QKV = {"inputs": {"Q": ["n", "d_k"], "K": ["m", "d_k"], "V": ["m", "d_v"]}}
LINE = {"inputs": {"W": ["m", "n"], "x": ["n"], "b": ["m"]}}
VECTOR = {"inputs": {"x": ["n"]}}


def batched(Q: Tensor, K: Tensor, V: Tensor) -> Tensor:
    _, _, size = Q.shape
    return torch.bmm(torch.softmax(torch.bmm(Q, K.transpose(1, 2)) / size**0.5, -1), V)


def over_the_batch(Q: Tensor, K: Tensor, V: Tensor) -> Tensor:
    _, _, size = Q.shape
    return torch.bmm(torch.softmax(torch.bmm(Q, K.transpose(1, 2)) / size**0.5, 0), V)


def array(x: Any) -> Any:
    shifted = numpy.exp(x - numpy.max(x, axis=-1, keepdims=True))
    return shifted / numpy.sum(shifted, axis=-1, keepdims=True)


def rounds_on_the_way(W: Tensor, x: Tensor, b: Tensor) -> Tensor:
    return (W.float() @ x.float()) + b


class Counter:
    def __init__(self) -> None:
        self.steps = 0

    def step(self, x: Tensor) -> Tensor:
        self.steps += 1
        return x * self.steps


def test_code_that_wants_a_batch_gets_one_with_two_different_elements() -> None:
    right = conform(ATTENTION, QKV, batched)
    assert right.verdict == "conforms"
    assert "a batch axis in front of Q, K, V" in right.reason
    assert conform(ATTENTION, QKV, over_the_batch).verdict == "differs"


def test_code_that_wants_arrays_gets_them() -> None:
    found = conform(r"p_i = \frac{e^{x_i}}{\sum_j e^{x_j}}", VECTOR | {"index": {"i": "1..n"}, "outputs": ["p"]}, array)
    assert found.verdict == "conforms"
    assert "NumPy arrays" in found.reason


def test_rounding_on_the_way_gets_the_tolerance_of_single_precision() -> None:
    found = conform("y = W x + b", LINE, rounds_on_the_way)
    assert found.verdict == "conforms"
    assert "float32" in found.reason
    assert conform("y = W x + b", LINE, lambda W, x, b: rounds_on_the_way(W, x, b) * (1 + 1e-7)).verdict == "conforms"
    assert conform("y = W x + b", LINE, lambda W, x, b: (W @ x + b) * (1 + 1e-7)).verdict == "differs"


def test_an_object_begins_every_call_as_it_was_given() -> None:
    counter = Counter()
    assert conform("y = x", VECTOR, counter.step).verdict == "conforms"
    assert counter.steps == 0


def test_random_code_is_said_to_be_random() -> None:
    found = conform("y = x", VECTOR, lambda x: F.dropout(x, 0.1))
    assert found.verdict == "differs"
    assert "draws random numbers" in found.reason


def test_the_random_state_and_default_precision_are_left_alone() -> None:
    torch.manual_seed(3)
    want = torch.rand(2)
    torch.manual_seed(3)
    conform("y = x", VECTOR, lambda x: x + 0 * torch.rand(len(x)))
    assert torch.equal(torch.rand(2), want)
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (lambda Q, K, V: (F.scaled_dot_product_attention(Q, K, V), Q @ K.T), "result 1 of 2"),
        (lambda Q, K, V: (Q @ K.T, F.scaled_dot_product_attention(Q, K, V)), "result 2 of 2"),
        (lambda Q, K, V: {"weights": Q @ K.T, "out": F.scaled_dot_product_attention(Q, K, V)}, "result 2 of 2"),
    ],
)
def test_one_of_several_results_may_be_the_equations(code: Callable[..., Any], words: str) -> None:
    found = conform(ATTENTION, QKV, code)
    assert found.verdict == "conforms"
    assert words in found.reason


def test_the_order_of_several_outputs_counts() -> None:
    latex, table = r"s = a + b, \quad d = a - b", {"inputs": {"a": ["n"], "b": ["n"]}, "outputs": ["s", "d"]}
    assert conform(latex, table, lambda a, b: (a + b, a - b)).verdict == "conforms"
    assert conform(latex, table, lambda a, b: {"d": a - b, "s": a + b}).verdict == "conforms"
    assert conform(latex, table, lambda a, b: (a - b, a + b)).verdict == "differs"
    alone = conform(latex, table, lambda a, b: a + b)
    assert "returns one value, the equation defines 2: s, d" in alone.reason
