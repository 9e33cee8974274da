"""A view that moves an axis without moving what is in it is seen; views that split and join in order are not."""

from __future__ import annotations

import pytest

from aquarius.gauntlet.structure._axes import blocks, mixed


@pytest.mark.parametrize(
    ("before", "after", "axis"),
    [
        ((11, 32, 16), (11, 16, 32), 16),  # a transpose that was a view; either axis may be named
        ((11, 2, 9, 8), (11, 9, 16), 9),  # heads that are joined without a transpose
        ((11, 9, 16), (11, 2, 9, 8), 9),  # and split without one
        ((2, 11, 20), (11, 40), 11),  # the two directions of a recurrence, samples mixed
        ((11, 5, 7), (77, 5), 5),  # scores of 5 classes at 7 places, laid out for a loss
    ],
)
def test_a_view_in_place_of_a_transpose_is_seen(before: tuple[int, ...], after: tuple[int, ...], axis: int) -> None:
    assert mixed(before, after, 11) in {axis, *([32] if 32 in before else [])}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((11, 9, 16), (11, 9, 2, 8)),
        ((11, 9, 2, 8), (11, 9, 16)),
        ((11, 9, 16), (99, 16)),
        ((11, 32, 8, 8), (11, 4, 512)),  # groups of channels
        ((11, 1, 28, 28), (11, 7, 112)),  # strips of an image
        ((11, 3, 1, 4), (11, 3, 4)),
    ],
)
def test_a_view_that_splits_and_joins_in_order_passes(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    assert mixed(before, after, 11) is None


def test_shapes_are_cut_where_their_axes_end_together() -> None:
    assert blocks((11, 2, 9, 8), (11, 9, 16)) == [((11,), (11,)), ((2, 9, 8), (9, 16))]
    assert blocks((4, 1, 6), (4, 2, 3)) == [((4,), (4,)), ((6,), (2, 3))]
