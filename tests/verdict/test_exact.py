"""Exact claims: what is read of a count, and what it may decide."""

from __future__ import annotations

import pytest

from aquarius.core import Evidence, measure
from aquarius.dossier import Dossier
from aquarius.verdict._exact import decide_exact, is_stated

from .cases import count, fact, parameters, solved

DOSSIER = Dossier(
    title="t", authors=(), document="d", claims=(parameters(),),
    recipe=(fact("weight tying", "yes", None), fact("Vocabulary", "37,000", 37_000.0), fact("layers", "6", 6.0, "about 6 layers")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("printed", "value", "result"),
    [
        ("65×10^6", 65_500_000, "reproduced"),
        ("65×10^6", 65_500_001, "refuted"),
        ("1,024", 1024, "reproduced"),
        ("1,024", 1025, "refuted"),
        ("0.30", 0.305, "reproduced"),
        ("0.30", 0.306, "refuted"),
    ],
)
def test_agreement_is_half_a_unit_in_the_last_place(printed: str, value: float, result: str) -> None:
    assert decide_exact(DOSSIER, parameters(measure=measure(printed)), [count(value)]).result == result


@pytest.mark.parametrize(
    ("assumption", "expected"),
    [
        ("vocabulary = 37000", True),
        ("vocabulary = 37000.0 (section 5.1), no comma", False),
        ("vocabulary = 37000, weight tying = yes (section 3.4)", True),
        ("vocabulary = 37000 (section 5.1: about 37000 tokens)", False),
        ("vocabulary = 32000", False),
        ("layers = 6", False),  # the paper's own words hedge it
        ("tied embeddings", False),
        ("weight tying = no", False),
        ("", False),
    ],
)
def test_an_assumption_is_stated_where_the_dossier_has_it(assumption: str, expected: bool) -> None:
    assert is_stated(DOSSIER, assumption) is expected


def test_the_stated_assumption_wins_over_the_unstated() -> None:
    stated, loose = count(65_100_000, assumptions=("weight tying = yes",)), count(80_000_000, assumptions=("weight tying = no",))
    answer = decide_exact(DOSSIER, parameters(), [loose, stated])
    assert (answer.result, answer.assumptions) == ("reproduced", ("weight tying = yes",))


def test_agreement_and_interval_are_both_told() -> None:
    answer = decide_exact(DOSSIER, parameters(), [count(65_000_000, assumptions=("vocabulary = 40000",)), solved(39_769, 41_722)])
    assert answer.result == "inconclusive" and answer.measured is not None and answer.measured.mean == 65_000_000
    assert [reason[:9] for reason in answer.reasons] == ["65,000,00", "The print"]


def test_a_size_alone_has_no_count_to_show() -> None:
    answer = decide_exact(DOSSIER, parameters(), [solved(39_769, 41_722)])
    assert (answer.result, answer.measured) == ("inconclusive", None)
    assert decide_exact(DOSSIER, parameters(), [solved(None, None)]).result == "refuted"


def test_quantity_by_its_own_name() -> None:
    assert decide_exact(DOSSIER, parameters(), [count(0, values={"parameters": 65_000_000.0})]).result == "reproduced"


@pytest.mark.parametrize("given", [count(1.0, status="skipped"), count(float("inf")), count(0, values={})])
def test_what_says_nothing_decides_nothing(given: Evidence) -> None:
    assert decide_exact(DOSSIER, parameters(), [given]).reasons == ("The evidence gives no finite parameters.",)
    assert decide_exact(DOSSIER, parameters(measure=None), [count(1.0)]).result == "inconclusive"


def test_one_size_for_the_whole_table_is_told() -> None:
    details = {
        "size": "vocabulary",
        "served": 10,
        "rows": 11,
        "intervals": [[40_932, 41_160]],
        "table": {"table3/base/parameters": {"interval": [39_769, 41_721], "served": True}},
    }
    answer = decide_exact(DOSSIER, parameters(), [solved(39_769, 41_721, details=details)])
    assert answer.reasons[1] == "One vocabulary for the whole table, from 40,932 to 41,160, serves 10 of its 11 rows, this one among them."
    details["table"] = {"table3/base/parameters": {"interval": [35_296, 36_272], "served": False}}
    assert decide_exact(DOSSIER, parameters(), [solved(35_296, 36_272, details=details)]).reasons[1].endswith("but not this one.")
    for broken in ({"size": "vocabulary", "table": 3}, details | {"intervals": [[1, 2], [3, 4]]}, details | {"served": "ten"}):
        assert len(decide_exact(DOSSIER, parameters(), [solved(39_769, 41_721, details=broken)]).reasons) == 1
