from __future__ import annotations

import pytest

from aquarius.blueprint._affine import Line, agrees, interval, line, serves_most


def test_agreement_is_within_half_the_last_place_both_ends_included() -> None:
    assert agrees(64_500_000, 65e6, 1e6) and agrees(65_500_000, 65e6, 1e6)
    assert not agrees(64_499_999, 65e6, 1e6) and not agrees(65_500_001, 65e6, 1e6)
    assert agrees(124, 124.0, 0.0) and not agrees(125, 124.0, 0.0)


def test_a_line_is_found() -> None:
    assert line(lambda size: 44_138_496 + 512 * size) == Line(44_138_496, 512)
    assert line(lambda size: 7) == Line(7, 0)


@pytest.mark.parametrize(
    "count", [lambda size: size**2, lambda size: -(-size // 64) * 64, lambda size: size // 2], ids=["square", "padded to 64", "half"]
)
def test_what_is_no_line_is_not_taken_for_one(count: object) -> None:
    assert line(count) is None  # type: ignore[arg-type]


def test_the_interval_is_exactly_where_it_agrees() -> None:
    straight = Line(44_138_496, 512)
    low, high = interval(straight, 65e6, 1e6) or (0, 0)
    inside = [agrees(straight.offset + straight.slope * size, 65e6, 1e6) for size in (low - 1, low, high, high + 1)]
    assert inside == [False, True, True, False]


def test_a_falling_count_has_an_interval_too() -> None:
    assert interval(Line(100, -1), 50, 4) == (48, 52)


def test_no_size_agrees() -> None:
    assert interval(Line(66_000_000, 512), 65e6, 1e6) is None  # it would be negative
    assert interval(Line(0, 1000), 500, 10) is None  # between two sizes


def test_the_sizes_that_serve_most() -> None:
    assert serves_most([(1, 10), (5, 12), None, (20, 30)]) == (2, [(5, 10)])
    assert serves_most([(1, 2), (5, 6)]) == (1, [(1, 2), (5, 6)])
    assert serves_most([None]) == (0, [])
    assert serves_most([(1, 5), (5, 9)]) == (2, [(5, 5)])
