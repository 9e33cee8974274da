"""The layout of a batch: which axis counts samples, what makes it a graph; masks of absent elements; padding at the ends."""

from __future__ import annotations

import pytest
import torch

from aquarius.gauntlet._inputs import is_mask, layout, select
from aquarius.gauntlet.sequences._sequences import over_positions, prefix_mask, trailing


def test_rows_time_major_and_graphs_are_told_apart() -> None:
    rows = [{"x": torch.zeros(n, 5), "y": torch.zeros(n)} for n in (8, 6)]
    assert layout(rows[0], rows[1], (8, 6)).rows
    major = layout({"x": torch.zeros(5, 8)}, {"x": torch.zeros(5, 6)}, (8, 6))
    assert major.axes == {"x": 1} and not major.rows and not major.graph
    assert layout({"a": torch.zeros(8, 8)}, {"a": torch.zeros(6, 6)}, (8, 6)).graph
    assert layout({"edges": torch.zeros(2, 31)}, {"edges": torch.zeros(2, 17)}, (8, 6)).graph


def test_select_takes_samples_along_their_axis() -> None:
    batch = {"x": torch.arange(12).view(3, 4), "shared": torch.arange(4)}
    chosen = select(batch, torch.tensor([2, 0]), {"x": 1, "shared": None})
    assert chosen["x"].tolist() == [[2, 0], [6, 4], [10, 8]] and chosen["shared"].tolist() == [0, 1, 2, 3]


def test_a_mask_has_both_values_or_is_boolean() -> None:
    assert is_mask(torch.zeros(2, 2, dtype=torch.bool)) and is_mask(torch.eye(3))
    assert not is_mask(torch.ones(2, 2)) and not is_mask(torch.rand(2, 2)) and not is_mask(torch.tensor([0.0, 1.0]))


def test_prefix_masks_of_either_sense_are_read_and_others_are_not() -> None:
    present = torch.arange(5)[None] < torch.tensor([[2], [3], [5]])
    assert torch.equal(prefix_mask(present), present) and torch.equal(prefix_mask(~present), present)
    assert prefix_mask(torch.eye(5).bool()) is None and prefix_mask(torch.arange(5)[None].expand(3, 5) < 2) is None


def test_padding_counts_at_the_ends_only() -> None:
    assert trailing(torch.tensor([[4, 5, 0], [3, 0, 0]]), 0).tolist() == [2, 1]
    assert trailing(torch.tensor([[0, 5, 4], [3, 0, 0]]), 0) is None


@pytest.mark.parametrize(
    ("shape", "found"), [((4, 7, 9), (4, 7, 9)), ((4, 6, 9), (4, 6, 9)), ((4, 9, 7), (4, 7, 9)), ((28, 9), (4, 7, 9)), ((4, 9), None)]
)
def test_outputs_over_positions(shape: tuple[int, ...], found: tuple[int, ...] | None) -> None:
    seen = over_positions(torch.zeros(shape), 4, 7)
    assert (None if seen is None else tuple(seen.shape)) == found
