"""ELU and its kind, remainders, factorials and binomial coefficients, against PyTorch and Python; and what they do not take."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from aquarius.equations import translate

X = torch.tensor([-1.5, -0.25, 0.0, 0.5, 2.0], dtype=torch.float64)
RIGHT: list[tuple[str, Callable[[Tensor], Tensor], Tensor]] = [
    (r"y = \mathrm{ELU}(x)", F.elu, X),
    (r"y = \mathrm{Mish}(x)", F.mish, X),
    (r"y = \mathrm{softsign}(x)", F.softsign, X),
    (r"y = \operatorname{arcosh}(x)", torch.acosh, X.abs() + 1.25),
    (r"y = \operatorname{arsinh}(x)", torch.asinh, X),
    (r"y = \operatorname{artanh}(x)", torch.atanh, X / 3),
    (r"y = \mathrm{mod}(x, p)", lambda x: torch.remainder(x, 0.75), X),
    (r"y = \log x!", lambda x: torch.lgamma(x + 1), X.abs()),
]


@pytest.mark.parametrize(("latex", "reference", "values"), RIGHT, ids=[row[0] for row in RIGHT])
def test_a_composed_function_equals_its_own(latex: str, reference: Callable[[Tensor], Tensor], values: Tensor) -> None:
    found = translate(latex, {"inputs": {"x": ["n"]}, "constants": {"p": 0.75}, "domains": {"x": "pos"}})
    assert found.status == "ok", found.reason
    torch.testing.assert_close(found.evaluate({"x": values})["y"], reference(values), equal_nan=True)


def test_binomials_and_factorials_count() -> None:
    table = {"inputs": {"k": ["m"]}, "constants": {"n": 7}, "domains": {"k": "int:8"}}
    counts = torch.arange(8)
    want = torch.tensor([math.comb(7, number) for number in range(8)], dtype=torch.float64)
    for latex in (r"y = \binom{n}{k}", r"y = \frac{n!}{k!(n-k)!}"):
        found = translate(latex, table)
        assert found.status == "ok", found.reason
        torch.testing.assert_close(found.evaluate({"k": counts, "n": 7})["y"], want, rtol=1e-9, atol=0)
    assert "k = k.double()" in found.code  # whole numbers in single precision would lose digits


def test_a_factorial_takes_the_subscript_in_front_of_it() -> None:
    found = translate(r"y_i = \log k_i!", {"inputs": {"k": ["m"]}, "domains": {"k": "int:8"}, "index": {"i": "1..m"}, "outputs": ["y"]})
    torch.testing.assert_close(found.evaluate({"k": torch.tensor([0, 3])})["y"], torch.tensor([0.0, math.log(6)], dtype=torch.float64))


@pytest.mark.parametrize(
    ("latex", "reason"),
    [
        (r"y = \mathrm{mod}(x)", "two arguments"),
        (r"y = \mathrm{ELU}(x, x)", "one argument"),
        (r"y = A!", "several axes"),
        (r"y = \operatorname{arcosh}(A)", "square matrix"),
        (r"y = \mathrm{mod}(A, x)", "remainder by a value with axes"),
        (r"y = \mathrm{LeakyReLU}(x)", "not declared"),
        (r"y = \mathrm{ELU}_a(x)", "subscript of elu"),
        (r"y = \mathrm{ELU}^{-1}(x)", "a power or an inverse"),
    ],
)
def test_what_they_do_not_take_is_refused(latex: str, reason: str) -> None:
    table: dict[str, Any] = {"inputs": {"x": ["n"], "A": ["n", "n"]}}
    found = translate(latex, table)
    assert found.status == "refused"
    assert reason in found.reason
