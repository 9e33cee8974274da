"""A printed number keeps its digits: the last printed place says how well it is known."""

from __future__ import annotations

import pytest

from aquarius.core import measure


@pytest.mark.parametrize(
    ("printed", "value", "last_place"),
    [
        ("81.5", 81.5, 0.1),
        ("65×10^6", 65e6, 1e6),
        ("65.0×10^6", 65e6, 1e5),
        ("3.3e18", 3.3e18, 1e17),
        ("2.3\\times 10^{19}", 2.3e19, 1e18),
        ("213M", 213e6, 1e6),
        ("1,024", 1024, 1),
        ("-0.3", -0.3, 0.1),
        ("−0.30", -0.3, 0.01),
        (".930", 0.93, 0.001),
        ("$28.4$", 28.4, 0.1),
    ],
)
def test_printed_numbers(printed: str, value: float, last_place: float) -> None:
    found = measure(printed)
    assert found.value == pytest.approx(value)
    assert found.last_place == pytest.approx(last_place)


def test_percent_is_a_unit() -> None:
    assert measure("93.6 %").unit == "%"


@pytest.mark.parametrize("printed", ["", "-", "ours", "1.2.3", "81.5 ± 0.2", "3-4", "1e", "12 13"])
def test_what_is_not_one_number_is_refused(printed: str) -> None:
    with pytest.raises(ValueError, match="not one printed number"):
        measure(printed)
