from __future__ import annotations

import pytest
import torch

from aquarius.core import BadInput
from aquarius.parts.feed_forward import PositionWiseFeedForward, position_wise_feed_forward


def test_the_module_is_the_papers_equation() -> None:
    module = PositionWiseFeedForward(6, 10)
    torch.nn.init.normal_(module.inner.bias)
    x = torch.randn(2, 3, 6)
    equation = position_wise_feed_forward(x, module.inner.weight.T, module.inner.bias, module.outer.weight.T, module.outer.bias)
    torch.testing.assert_close(module(x), equation)


def test_a_value_by_hand() -> None:
    x, one = torch.tensor([[1.0, -2.0]]), torch.eye(2)
    out = position_wise_feed_forward(x, one, torch.tensor([0.0, 1.0]), one, torch.tensor([0.5, 0.5]))
    assert out.tolist() == [[1.5, 0.5]]  # max(0, (1, -1)) + 0.5


def test_positions_do_not_see_one_another() -> None:
    module = PositionWiseFeedForward(4, 8)
    x = torch.randn(1, 5, 4)
    other = x.clone()
    other[:, 2] = 9.0
    kept = [0, 1, 3, 4]
    assert torch.equal(module(x)[:, kept], module(other)[:, kept])


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(BadInput, match="d_ff=0"):
        PositionWiseFeedForward(4, 0)
