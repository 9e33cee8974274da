"""The words of a report never say more than the verdict."""

from __future__ import annotations

from typing import Any

import pytest

from aquarius.core import Measure, measure
from aquarius.report._words import interval, measured_number, outcome, paper_number, qualification, shortened, spread_note, typeset
from aquarius.verdict import ClaimVerdict, Difference, Estimate, Rule, Verdict


def claim(result: str, **fields: Any) -> ClaimVerdict:
    given: dict[str, Any] = {
        "claim": "a", "statement": "A.", "implementation": "verified", "execution": "complete", "result": result, "scale": "full", "paper": None,
        "measured": None, "rule": None, "registered": "before", "test": "t", "reasons": ("Because.",),
    }  # fmt: skip
    return ClaimVerdict(**(given | fields))


def verdict(*results: str, **fields: Any) -> Verdict:
    return Verdict(title="t", dossier="d", registration=None, claims=tuple(claim(result) for result in results), **fields)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ((), "The paper's dossier holds no claim, so nothing was judged."),
        (("not tested",), "0 of 1 claim reproduced, 1 not tested."),
        (("reproduced", "reproduced"), "2 of 2 claims reproduced."),
        (
            ("reproduced", "better", "worse", "refuted", "inconclusive", "not tested"),
            "1 of 6 claims reproduced, 1 better than the paper, 1 worse than the paper, 1 refuted, 1 inconclusive, 1 not tested.",
        ),
    ],
)
def test_outcome(results: tuple[str, ...], expected: str) -> None:
    assert outcome(verdict(*results)) == expected


def test_qualifications_name_what_the_outcome_rests_on() -> None:
    assert qualification(verdict("reproduced")) == []
    given = Verdict(
        title="t",
        dossier="d",
        registration=None,
        left_out=2,
        claims=(
            claim("reproduced", implementation="unverified"),
            claim("inconclusive", implementation="broken"),
            claim("not tested", scale="proxy"),
            claim("not tested", execution="partial"),
        ),
    )
    first, second, third, fourth = qualification(given)
    assert (
        first.startswith("The implementation is broken") and second == "The implementation behind 1 of the reproduced claims is unverified."
    )
    assert third.startswith("1 claim met evidence of a smaller scale") and fourth.startswith("2 of the numbers")


@pytest.mark.parametrize(
    ("printed", "expected"),
    [("65×10^6", "65×10⁶"), (r"3.3\cdot10^{18}", "3.3·10¹⁸"), (r"1\times10^{-4}", "1×10⁻⁴"), ("81.5", "81.5"), ("10^{x}", "10^{x}")],
)
def test_powers_of_ten_are_raised(printed: str, expected: str) -> None:
    assert typeset(printed) == expected


def test_numbers_are_written_with_what_they_carry() -> None:
    assert paper_number(measure("80.1", unit="%", spread=0.5, spread_kind="se", n=10)) == "80.1 ± 0.5 %"
    assert paper_number(measure("81.0", unit="%", spread=0.0, spread_kind="unknown")) == "81.0 ± 0.0 %"
    assert paper_number(measure("93 %")) == "93 %" and paper_number(None) == "—" and paper_number(Measure(value=1024)) == "1,024"
    assert spread_note(measure("80.1", spread=0.5, spread_kind="se", n=10)) == "standard error, 10 runs"
    assert spread_note(measure("80.1", spread=0.5, spread_kind="unknown")) == "spread of unknown kind" and spread_note(None) == ""
    assert measured_number(Estimate(mean=81.4, sd=0.68, n=20, low=81.1, high=81.7)) == "81.40 ± 0.68"
    assert measured_number(Estimate(mean=63082496.0, sd=None, n=1, low=None, high=None)) == "63,082,496" and measured_number(None) == "—"
    with_difference = claim(
        "reproduced", difference=Difference(value=-0.1, low=-0.36, high=0.16, margin=1.05), rule=Rule(claim="a", alpha=0.025)
    )
    assert interval(with_difference) == "95 %: −0.36 to 0.16" and interval(claim("inconclusive")) == ""
    assert shortened("x" * 500, 10) == "xxxxxxxxx…" and shortened("x", 10) == "x"
