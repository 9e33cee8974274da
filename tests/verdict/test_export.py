"""Exports: only what evidence shows, and the same bytes in any order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aquarius.core import Environment, Evidence, Receipt
from aquarius.dossier import Dossier
from aquarius.verdict import badges, checklist, dataset_lines, judge, register

from .cases import CODE, GOOD, checks, claim, count, rule, runs, spread

DOSSIER = Dossier(title="A paper", authors=(), document="d", claims=(claim(),))
RERUN = Evidence(
    kind="finding", check="rerun", status="pass", message="Every number came again.", receipt=Receipt(command="aquarius rerun --all")
)


def verdict(evidence: Any = GOOD, dossier: Dossier = DOSSIER) -> Any:
    return judge(dossier, evidence, register(dossier, [rule()]), registered="before")


def shown(items: Any) -> dict[str, str]:
    return {one.item: one.status for one in items}


def test_a_claim_is_one_line_that_stands_alone() -> None:
    text = dataset_lines(verdict(), DOSSIER)
    line = json.loads(text)
    assert text.endswith("}\n") and text.count("\n") == 1
    assert (line["paper"], line["result"], line["printed"], line["registered"], line["margin"], line["scale"]) == (
        "A paper",
        "reproduced",
        "81.5",
        "before",
        1.0,
        "full",
    )
    assert line["measured"]["n"] == len(line["evidence"]) == 20 and line["dossier"] == DOSSIER.content_hash
    assert dataset_lines(verdict(GOOD[::-1]), DOSSIER) == text


def test_badges_are_shown_by_evidence_alone() -> None:
    bare = shown(badges(verdict(()), ()))
    assert len(bare) == 5 and set(bare.values()) == {"not shown"}
    full = badges(verdict(), (*GOOD, RERUN))
    assert shown(full)["Results Replicated"] == "shown" and shown(full)["Artifacts Evaluated: Functional"] == "shown"
    assert shown(full)["Results Reproduced"] == shown(full)["Artifacts Available"] == "not shown"
    assert all(one.evidence for one in full if one.status == "shown")


@pytest.mark.parametrize(
    "evidence", [runs(spread(79.0, 0.7)), runs(spread(81.4, 0.7), stand_in=True), runs([81.5])], ids=["worse", "stand-in", "one seed"]
)
def test_a_claim_that_is_not_reproduced_shows_no_badge(evidence: Any) -> None:
    assert shown(badges(verdict(evidence), evidence))["Results Replicated"] == "not shown"


def test_one_of_two_claims_is_not_the_main_result() -> None:
    two = DOSSIER.model_copy(update={"claims": (claim(), claim(id="table2/pubmed/gcn", dataset="Pubmed"))})
    found = next(one for one in badges(verdict(dossier=two), GOOD) if one.item == "Results Replicated")
    assert found.status == "not shown" and "1 of 2 claims reproduced" in found.fact


def test_the_checklist_names_what_is_missing() -> None:
    empty = checklist(verdict(()), DOSSIER, ())
    assert {one.status for one in empty if not one.item.startswith("results: what is measured") and "chosen before" not in one.item} == {
        "not shown"
    }
    machine = Environment(python="3.11", platform="Linux", processor="x", cores=2, threads=1, packages={"torch": "2"})
    receipt = Receipt(command="aquarius reproduce .", seed=0, inputs=CODE, environment=machine)
    whole = [
        *runs(spread(81.4, 0.7), seconds=1.5),
        *runs([81.4], seeds=[99], receipt=receipt, details={"settings": {"lr": 0.1}}),
        *checks(),
        count(3.0),
    ]
    items = checklist(verdict(whole), DOSSIER, whole)
    assert shown(items)["results: the machine"] == shown(items)["code: dependencies with their versions"] == "shown"
    assert shown(items)["models: the algorithm is the one that is described"] == "shown"
    assert [one.item for one in items if one.status == "not shown"] == ["paper: what it leaves open is listed"]
    assert all(one.fact.endswith(".") for one in (*items, *empty))
