from __future__ import annotations

import math

import pytest
import torch

from aquarius.core import BadInput
from aquarius.parts.position import SinusoidalPositions, sinusoidal_encoding


@pytest.mark.parametrize("width", [1, 2, 7, 16])
def test_every_entry_is_the_papers_formula(width: int) -> None:
    encoding = sinusoidal_encoding(9, width)
    for position in range(9):
        for axis in range(width):
            angle = position / 10_000 ** ((axis - axis % 2) / width)
            assert encoding[position, axis].item() == pytest.approx((math.cos if axis % 2 else math.sin)(angle), abs=1e-6)


def test_far_positions_are_exact() -> None:
    assert sinusoidal_encoding(5001, 4)[5000, 0].item() == pytest.approx(math.sin(5000), abs=1e-6)


def test_a_fixed_offset_is_a_rotation() -> None:
    """Section 3.5: PE(pos + k) is a linear function of PE(pos)."""
    encoding = sinusoidal_encoding(30, 2, dtype=torch.float64)
    turn = torch.linalg.lstsq(encoding[:20], encoding[5:25]).solution
    torch.testing.assert_close(encoding[:25] @ turn, encoding[5:])


def test_any_length_will_do() -> None:
    module = SinusoidalPositions()
    assert module(torch.zeros(1, 3, 5)).shape == (1, 3, 5)
    assert module(torch.zeros(1, 3000, 5)).shape == (1, 3000, 5)
    assert sinusoidal_encoding(0, 4).shape == (0, 4)
    assert module(torch.zeros(1, 3, 5, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_the_start_is_zeros_and_ones() -> None:
    assert sinusoidal_encoding(1, 4).tolist() == [[0, 1, 0, 1]]


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(BadInput, match="got length=-1, width=4"):
        sinusoidal_encoding(-1, 4)
