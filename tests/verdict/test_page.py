"""The published rules and worked cases are those of the code."""

from __future__ import annotations

from functools import cache

import pytest

from aquarius.verdict import judge

from .cases import CASES, Case
from .page import DOCS, PAGE, cases_page, condition_rows, conditions, verdict_on


def test_the_page_of_worked_verdicts_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == cases_page(), "run PYTHONPATH=tests python -m verdict.page and read what has changed"


def test_the_published_conditions_are_those_of_the_code() -> None:
    page = (DOCS / "verdicts.md").read_text(encoding="utf-8")
    assert condition_rows(page) == conditions()
    assert condition_rows(page.replace("| stand-in data | not tested |", "| stand-in data | inconclusive |")) != conditions()


def test_every_result_has_a_worked_case() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for result in ("reproduced", "better", "worse", "refuted", "inconclusive", "not tested"):
        assert page.count(f"| {result} |") >= 2


@cache
def decided_cases() -> list[Case]:
    return [case for case in CASES if verdict_on(case).result in ("reproduced", "better", "worse", "refuted")]


@pytest.mark.parametrize("change", [{"stand_in": True}, {"scale": "reduced"}, {"scale": "proxy"}], ids=str)
def test_no_other_scale_and_no_stand_in_decides_any_claim(change: dict[str, object]) -> None:
    """Whatever the case says at full scale, at another it is "not tested": no claim is reproduced, and none is contradicted either."""

    changed = [
        judge(case.dossier(), [item.model_copy(update=change) for item in case.evidence], case.registration(), registered=case.registered)  # type: ignore[arg-type]
        for case in decided_cases()
    ]
    assert len(changed) > 40
    assert {verdict.claims[0].result for verdict in changed} == {"not tested"}
