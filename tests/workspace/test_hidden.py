"""A hidden stretch is filled only where one curve hides it from both ends; whatever else was not seen is told."""

from __future__ import annotations

from aquarius.workspace._hidden import Line, Stretch, uncover

FRONT = Line("front", [(float(column), 50.0) for column in range(100)], 3)


def under(columns: range, row: float = 50.0, others: tuple[Line, ...] = ()) -> tuple[Line, ...]:
    places = [(float(column), row) for column in range(100) if column not in columns]
    return tuple(uncover([Line("own", places, 3), FRONT, *others], 100))


def test_what_goes_under_a_curve_and_comes_out_of_it_takes_its_points() -> None:
    own, front = under(range(30, 60))
    assert own.stretches == [Stretch(30, 59, "front", filled=True)]
    assert [column for column, _ in own.places] == [float(column) for column in range(100)] and not front.stretches


def test_an_end_that_runs_into_a_curve_is_told_and_not_filled() -> None:
    own, _ = under(range(70, 100))
    assert own.stretches == [Stretch(70, 99, "front", filled=False)] and len(own.places) == 70


def test_a_stretch_in_the_open_is_behind_nothing() -> None:
    own, _ = under(range(30, 60), row=20.0)
    assert own.stretches == [Stretch(30, 59, None, filled=False)] and len(own.places) == 70
    late, _ = under(range(0, 40), row=20.0)
    assert late.stretches == [Stretch(0, 39, None, filled=False)]


def test_two_curves_that_could_hide_it_leave_it_open() -> None:
    own, *_ = under(range(30, 60), others=(Line("second", [(float(column), 51.0) for column in range(100)], 3),))
    assert own.stretches == [Stretch(30, 59, None, filled=False)]


def test_a_dash_is_no_hidden_stretch() -> None:
    own, _ = under(range(30, 34))
    assert own.stretches == []
