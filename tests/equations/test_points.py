"""Derivatives printed as fractions, and bars that evaluate at a point: against autograd; and those that say something else."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aquarius.equations import translate


def cubes(x: Tensor) -> Tensor:
    return (x**3).sum()


X = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)


@pytest.mark.parametrize(
    "latex",
    [
        r"g = \frac{\partial L(x)}{\partial x}",
        r"g = \nabla_x L(x)",
        r"g = \left.\frac{\partial L(u)}{\partial u}\right|_{u=x}",
        r"g = \left.\nabla_u L(u)\right|_{u=x}",
        r"g = \nabla_u L(u)|_{u = x}",
    ],
)
def test_a_slope_is_that_of_autograd(latex: str) -> None:
    found = translate(latex, {"inputs": {"x": ["n"]}, "functions": ["L"]})
    assert found.status == "ok", found.reason
    torch.testing.assert_close(found.evaluate({"x": X}, {"L": cubes})["g"], 3 * X**2)


def test_a_value_at_a_point_is_the_value() -> None:
    found = translate(r"v = (u^2 + 1)|_{u = x}", {"inputs": {"x": ["n"]}})
    assert found.status == "ok", found.reason
    torch.testing.assert_close(found.evaluate({"x": X})["v"], X**2 + 1)


@pytest.mark.parametrize(
    ("latex", "reason"),
    [
        (r"g = \frac{\partial L(x)}{\partial t}", "gradient"),
        (r"g = \frac{\partial^2 L(x)}{\partial x^2}", "derivative"),
        (r"g = \frac{d L(x)}{d x}", "derivative"),
        (r"g = \frac{\partial}{\partial x} L(x)", "derivative"),
        (r"g = \frac{\partial L(x)}{\partial x \partial x}", "derivative"),
        (r"g = \nabla_u L(u)|_{u}", "the point at which"),
        (r"g = L(x)|_0^1", "the point at which"),
        (r"g = \nabla_u L(u, x)|_{u=x}", "uses the point"),
        (r"g = \nabla_x L(x)|_{x=y}", "is declared"),
        (r"g = \nabla_u L(u)|_{u=w}", "w is not declared"),
    ],
)
def test_what_says_something_else_is_refused(latex: str, reason: str) -> None:
    found = translate(latex, {"inputs": {"x": ["n"], "y": ["n"]}, "functions": ["L"]})
    assert found.status == "refused"
    assert reason in found.reason
