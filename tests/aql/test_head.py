"""The head is the Linear that made the logits, whatever order the modules were built in."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from aquarius.aql import HeadTap
from aquarius.core import BadInput


class Crossed(nn.Module):
    """The head is registered first and a Linear of the same width runs before it."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 4)
        self.body = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.relu(self.body(x)))


def test_what_ran_last_is_the_head() -> None:
    model = Crossed()
    tap = HeadTap(model)
    x = torch.randn(3, 4)
    logits = model(x)
    assert torch.equal(tap.take(logits), torch.relu(model.body(x)))
    assert tap.head is model.head
    assert not model.body._forward_hooks  # only the head stays tapped
    tap.close()
    assert not model.head._forward_hooks


def test_an_auxiliary_head_that_runs_later_is_not_taken() -> None:
    model = nn.ModuleDict({"head": nn.Linear(4, 3), "auxiliary": nn.Linear(4, 3)})
    tap, x = HeadTap(model), torch.randn(2, 4)
    logits = model["head"](x)
    model["auxiliary"](x)
    tap.take(logits)
    assert tap.head is model["head"]


def test_a_name_and_a_module_are_taken_as_given() -> None:
    model = Crossed()
    assert HeadTap(model, "body").head is model.body
    assert HeadTap(model, model.head).head is model.head


def test_logits_that_no_linear_made_are_refused() -> None:
    model = Crossed()
    tap = HeadTap(model)
    with pytest.raises(BadInput, match=r"output of shape \[3, 9\]"):
        tap.take(torch.randn(3, 9))
