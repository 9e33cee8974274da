"""Symbols find their parameters: as bound, by equal names, without case where that is unique; modules, transposes and what is missing."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aquarius.core import BadInput
from aquarius.equations import conform, translate
from aquarius.equations._binding import bindings

LINE = {"inputs": {"W": ["m", "n"], "x": ["n"], "b": ["m"]}}
LATEX = "y = W x + b"


class Layer(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = torch.nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x)


def turned(weight: Tensor, x: Tensor, b: Tensor) -> Tensor:
    return x @ weight + b


def test_names_are_equal_without_case() -> None:
    def line(w: Tensor, X: Tensor, B: Tensor) -> Tensor:
        return w @ X + B

    assert bindings(translate(LATEX, LINE), line, {}) == {"W": "w", "x": "X", "b": "B"}


def test_two_that_could_be_meant_are_not_guessed() -> None:
    def pair(x: Tensor) -> Tensor:
        return x

    found = translate("y = X x", {"inputs": {"X": ["m", "n"], "x": ["n"]}})
    assert bindings(found, pair, {}) == {"x": "x"}
    with pytest.raises(BadInput, match=r"'a'.*as SYMBOL=a\. Not bound yet: X, x\."):
        bindings(found, lambda a: a, {})


def test_a_transposed_convention_is_said_in_the_binding() -> None:
    assert conform(LATEX, LINE, turned, binding={"W": "weight.T"}).verdict == "conforms"
    assert conform(LATEX, LINE, turned, binding={"W": "weight"}).verdict == "differs"


def test_parameters_of_a_module_are_bound_by_their_names() -> None:
    weights = {"W": "fc.weight", "b": "fc.bias"}
    layer = Layer()
    before = layer.fc.weight.clone()
    assert conform(LATEX, LINE, layer, binding=weights).verdict == "conforms"
    assert conform(LATEX, LINE, layer.forward, binding=weights).verdict == "conforms"
    assert conform("y = W x - b", LINE, layer, binding=weights).verdict == "differs"
    assert torch.equal(layer.fc.weight, before)
    with pytest.raises(BadInput, match=r"Did you mean 'fc\.weight'"):
        conform(LATEX, LINE, layer, binding={"W": "fc.weigth"})
    unbound = conform(LATEX, LINE, layer)
    assert unbound.verdict == "differs"
    assert "no parameter takes W, b" in unbound.reason


def test_a_class_is_no_implementation() -> None:
    with pytest.raises(BadInput, match="Layer is a class: make one of it"):
        conform(LATEX, LINE, Layer)
