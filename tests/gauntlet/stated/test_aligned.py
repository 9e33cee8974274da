"""Arrays lie along the axes of their sizes; what is ambiguous is refused."""

from __future__ import annotations

import pytest
import torch

from aquarius.gauntlet.stated._aligned import Axes, evaluate, sizes_of
from aquarius.gauntlet.stated._expressions import Unreadable, read


def test_sizes_are_the_axes() -> None:
    assert sizes_of([torch.zeros(11, 4), torch.zeros(4, 3)]) == (11, 4, 3)
    assert sizes_of([torch.zeros(4, 4)]) is None


def test_an_array_lies_along_its_axes_in_their_order() -> None:
    value = torch.arange(12.0).reshape(4, 3)
    laid = Axes((3, 5, 4)).laid(value)
    assert laid is not None and laid.shape == (3, 1, 4) and torch.equal(laid[:, 0], value.T)
    assert Axes((3, 5)).laid(value) is None


def test_along_time_an_array_is_cut_to_what_has_a_next_element() -> None:
    axes = Axes((2, 4), time=1)
    value, longer = torch.arange(8.0).reshape(2, 4), torch.arange(10.0).reshape(2, 5)
    now, later, after = axes.laid(value), axes.laid(value, 1), axes.laid(longer, 1)
    assert now is not None and later is not None and after is not None
    assert torch.equal(now, value[:, :-1]) and torch.equal(later, value[:, 1:]) and torch.equal(after, longer[:, 1:4])


def test_an_expression_has_a_value_or_says_what_is_missing() -> None:
    node = read(r"\sum_j x_j^2").results[0][1]
    x = torch.tensor([[1.0, 2.0]])
    assert evaluate(node, {("x|_j", 0): x}, {"j": (1,)}).item() == 5
    with pytest.raises(Unreadable):
        evaluate(node, {}, {"j": (1,)})
