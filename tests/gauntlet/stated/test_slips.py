"""Each slip changes one place, and is said in words."""

from __future__ import annotations

from aquarius.gauntlet.stated._expressions import read
from aquarius.gauntlet.stated._slips import EVERYTHING, printed, say, slips


def words(latex: str) -> set[str]:
    return {slip for slip, _ in slips(read(latex).results[0][1])}


def test_signs_factors_quotients_and_extremes() -> None:
    assert {"with the sign of b turned", "without the term b", "without the factor c"} <= words("a + c b + b")
    assert "with a/b upside down" in words(r"\frac{a}{b}")
    assert "with max for min" in words(r"\min(a, b)")


def test_a_shift_is_forgotten() -> None:
    assert "with V_t[+1] at the same time, not the next" in words("r_t + V_{t+1}")


def test_what_is_maximised_may_be_returned_with_a_minus() -> None:
    assert EVERYTHING not in words("a - b")
    assert EVERYTHING in words("c (a - b)")


def test_names_are_printed_as_a_reader_sees_them() -> None:
    assert printed("\\pi|(a\\mid s)") == "pi(a|s)"
    assert say(read(r"\frac{a_1}{2}").results[0][1]) == "a_1/2"
