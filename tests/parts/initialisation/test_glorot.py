from __future__ import annotations

import pytest
import torch

from aquarius.core import BadInput
from aquarius.parts.initialisation import glorot_uniform_


def test_equals_torch() -> None:
    torch.manual_seed(3)
    ours = glorot_uniform_(torch.empty(30, 50))
    torch.manual_seed(3)
    torch.testing.assert_close(ours, torch.nn.init.xavier_uniform_(torch.empty(30, 50)))


def test_the_bound_and_the_variance() -> None:
    torch.manual_seed(0)
    weight = glorot_uniform_(torch.empty(200, 400))
    assert weight.abs().max() <= 0.1
    assert weight.var().item() == pytest.approx(2 / 600, rel=0.05)


def test_a_parameter_is_filled_in_place_and_keeps_its_gradient() -> None:
    parameter = torch.nn.Parameter(torch.zeros(4, 4))
    assert glorot_uniform_(parameter) is parameter and parameter.requires_grad and (parameter != 0).any()


def test_a_vector_is_refused() -> None:
    with pytest.raises(BadInput, match=r"defined for a matrix, got the shape \(4,\)"):
        glorot_uniform_(torch.empty(4))
