from __future__ import annotations

import pytest
import torch

from aquarius.core import BadInput
from aquarius.parts.position import LearnedPositions


def test_adds_one_vector_per_position() -> None:
    module = LearnedPositions(5, 3)
    assert torch.equal(module(torch.zeros(2, 4, 3)), module.table[:4].expand(2, 4, 3))
    assert sum(parameter.numel() for parameter in module.parameters()) == 15


def test_the_start_has_the_stated_scale() -> None:
    torch.manual_seed(0)
    assert LearnedPositions(200, 64).table.std().item() == pytest.approx(1 / 8, rel=0.05)


def test_a_longer_sequence_is_refused() -> None:
    with pytest.raises(BadInput, match="a sequence of 6 positions is longer than the 5 learned ones"):
        LearnedPositions(5, 3)(torch.zeros(1, 6, 3))
    with pytest.raises(BadInput, match="positive context"):
        LearnedPositions(0, 3)
