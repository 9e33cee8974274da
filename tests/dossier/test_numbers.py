"""Numbers in running text."""

from __future__ import annotations

import re

import pytest

from aquarius.dossier._numbers import NUMBER, number_of, print_number
from aquarius.dossier._text import flatten


@pytest.mark.parametrize(
    ("printed", "value"),
    [("0.5", 0.5), (".04", 0.04), ("100,000", 1e5), ("5·10^-4", 5e-4), ("10^-9", 1e-9), ("1e-3", 1e-3), ("64K", 64e3), ("25%", 0.25), ("3 million", 3e6), ("five", 5.0), ("-2", -2.0)],
)  # fmt: skip
def test_the_value_of_a_printed_number(printed: str, value: float) -> None:
    assert number_of(printed) == pytest.approx(value)


@pytest.mark.parametrize("printed", ["", "a", "1, 2", "1-2", "v2", "10^", "1.2.3"])
def test_what_is_not_one_number_has_no_value(printed: str) -> None:
    assert number_of(printed) is None


@pytest.mark.parametrize(
    ("latex", "found"),
    [
        (r"of $10^{-9}$.", ["10^-9"]),
        (r"$100{,}000$ steps", ["100,000"]),
        ("values 100, 200, 300", ["100", "200", "300"]),
        ("over 10, 000 steps", ["10,000"]),
        ("Table3 and v2.1 and x86", []),
        (r"$\frac{8}{3}$", []),
        ("0.1 and .25", ["0.1", ".25"]),
        ("P100", []),
    ],
)
def test_numbers_are_found_whole(latex: str, found: list[str]) -> None:
    assert [print_number(match) for match in re.findall(NUMBER, flatten(latex))] == found
