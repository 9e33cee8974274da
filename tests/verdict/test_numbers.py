"""How many digits a number carries."""

from __future__ import annotations

import pytest

from aquarius.verdict._numbers import carried, many, number, plus_minus


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (81.40372, 0.152, 81.4),
        (81.40372, 0.0152, 81.404),
        (81.40372, 15.2, 81.0),
        (0.1 + 0.2, None, 0.3),
        (0.1 + 0.2, 0.0, 0.3),
        (-0.0001, 0.15, 0.0),
        (0.0, 1.0, 0.0),
    ],
)
def test_carried_keeps_two_digits_of_the_error(value: float, error: float | None, expected: float) -> None:
    assert carried(value, error) == expected
    assert str(carried(value, error)) != "-0.0"


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [(81.40372, 0.152, "81.40"), (-0.1234, 0.05, "−0.123"), (65_082_368, None, "65,082,368"), (65_082_368, 1234.0, "65,082,400"), (0.0, 0.1, "0.00"),
     (1.05, None, "1.05"), (float("nan"), None, "nan"), (3.3e18, None, "3.3e+18"), (1e-7, None, "1e−07")],
)  # fmt: skip
def test_number_writes_them(value: float, error: float | None, expected: str) -> None:
    assert number(value, error) == expected


def test_words() -> None:
    assert (plus_minus(1.05), many(1, "seed"), many(3, "seed"), many(2, "entry", "entries")) == ("±1.05", "1 seed", "3 seeds", "2 entries")
