"""What each condition does to what may be concluded: every row of the table is seen to act, and to stay silent."""

from __future__ import annotations

import pytest

from aquarius.dossier import Dossier
from aquarius.verdict._conditions import EXACT, MEASURED, Case, claimed_gap, holding
from aquarius.verdict._gather import ordered, samples

from .cases import CASES, baseline, claim, rule, runs, spread
from .test_judge import judged


def the_case(evidence: list, given=None, registered: str = "before", claims: tuple = (claim(),)) -> Case:  # type: ignore[no-untyped-def]
    dossier = Dossier(title="t", authors=(), document="d", claims=claims)
    taken = [samples(evidence, claims[0], given)]
    return Case(dossier, claims[0], given or rule(), registered, True, evidence, taken, "unverified", "")  # type: ignore[arg-type]


def test_no_condition_holds_for_a_clean_case() -> None:
    assert holding(the_case(runs(spread(81.4, 0.7))), MEASURED) == []


@pytest.mark.parametrize(
    ("name", "evidence", "given", "registered"),
    [
        ("stand-in data", runs(spread(81.4, 0.7), stand_in=True), None, "before"),
        ("reduced scale", runs(spread(81.4, 0.7), scale="reduced"), None, "before"),
        ("another data set", runs(spread(81.4, 0.7), details={"dataset": "Pubmed"}), None, "before"),
        ("no registration", runs(spread(81.4, 0.7)), None, "never"),
        ("no margin", runs(spread(81.4, 0.7)), rule(margin=None), "before"),
        ("registered after", runs(spread(81.4, 0.7)), None, "after"),
        ("lax level", runs(spread(81.4, 0.7)), rule(alpha=0.1), "before"),
        ("no receipt", runs(spread(81.4, 0.7), receipt=None), None, "before"),
        ("data set unstated", runs(spread(81.4, 0.7), details={"dataset": None}), None, "before"),
        ("another split", runs(spread(81.4, 0.7), details={"split": "dev"}), None, "before"),
        ("another metric", runs(spread(81.4, 0.7), details={"metric": "F1"}), None, "before"),
        ("another unit", runs(spread(0.814, 0.007)), None, "before"),
        ("selection", runs(spread(81.4, 0.7), details={"selection": "best of 20 runs"}), None, "before"),
        ("seed unrecorded", runs(spread(81.4, 0.7), seeds=[None] * 20), None, "before"),
        ("failed runs", [*runs(spread(81.4, 0.7)), *runs([1.0], seeds=[20], status="fail")], None, "before"),
        ("number of seeds", runs(spread(81.4, 0.7, 19)), None, "before"),
        ("identical values", runs([81.4] * 20), None, "before"),
    ],
)
def test_each_row_acts(name: str, evidence: list, given, registered: str) -> None:  # type: ignore[no-untyped-def]
    assert name in [condition.name for condition, _ in holding(the_case(evidence, given, registered), MEASURED)]


def test_every_row_lowers_some_worked_case() -> None:
    seen: set[str] = set()
    for case in (case for case in CASES if case.claims[0].kind == "value"):
        found = judged(case)
        evidence = [item for item in ordered(case.evidence).values() if item.counts and item.kind == "run"]
        if evidence:
            taken = [samples(evidence, case.claims[0], case.rule)]
            given = Case(
                case.dossier(), case.claims[0], case.rule, case.registered, True, evidence, taken, found.implementation, "The implementation is broken"
            )  # type: ignore[arg-type] # fmt: skip
            held = holding(given, MEASURED)
            seen |= {condition.name for condition, sentence in held if any(reason.startswith(sentence) for reason in found.reasons)}
    silent = {condition.name for condition in MEASURED} - seen
    assert silent == {"registered for another dossier"}  # test_judge has that one
    assert {condition.name for condition in EXACT} <= {condition.name for condition in MEASURED}


def test_gap_is_to_the_best_baseline_in_the_claims_direction() -> None:
    claims = (claim(), baseline("75.7"), baseline("79.0", id="b"), baseline("80.0", id="c", split="dev"))
    dossier = Dossier(title="t", authors=(), document="d", claims=claims)
    assert claimed_gap(dossier, claims[0]) == (2.5, "Planetoid")
    assert claimed_gap(dossier, claim(direction=None)) is None
    assert claimed_gap(dossier, claim(direction="lower")) is None  # not ahead of its baselines: no gap is claimed
    assert claimed_gap(dossier, claims[1]) is None
