"""Rubrics: read, bound, graded by evidence alone, and given back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aquarius.core import BadInput, Place
from aquarius.dossier import Dossier, Formula
from aquarius.verdict import Binding, Rubric, grade, graded_data, judge, propose, read_rubric, register, tree_score

from .cases import GOOD, baseline, checks, claim, rule, runs, spread

PLACE = Place(file="p", start=0, end=1, line=1, quote="q", label="")
DOSSIER = Dossier(
    title="t", authors=(), document="d", claims=(claim(), baseline()),
    formulas=(Formula(id="equation (2)", latex="x", place=PLACE), Formula(id="equation (9)", latex="y", place=PLACE)),
)  # fmt: skip


def leaf(name: str, requirements: str, category: str = "Code Development", weight: float = 1, **fields: Any) -> dict[str, Any]:
    return {"id": name, "requirements": requirements, "weight": weight, "sub_tasks": [], "task_category": category} | fields


TREE: dict[str, Any] = {
    "id": "root", "requirements": "The paper is reproduced.", "weight": 1, "task_category": None,
    "sub_tasks": [
        {"id": "method", "requirements": "The method.", "weight": 3, "task_category": None, "sub_tasks": [
            leaf("layer", "The layer of Equation (2) is implemented.", weight=2, finegrained_task_category="Method Implementation"),
            leaf("both", "Equation (2) and Eq. 9 are implemented."), leaf("causal", "No later token is seen."),
        ]},
        {"id": "results", "requirements": "The results.", "weight": 1, "task_category": None, "sub_tasks": [
            leaf("ran", "reproduce.sh trains on Cora.", "Code Execution"), leaf("table", "GCN reaches 81.5 % on Cora.", "Result Analysis"),
            leaf("vague", "The results are like the paper's.", "Result Analysis", weight=2),
        ]},
    ],
}  # fmt: skip
BOUND = [
    Binding(leaf="layer", equation="equation (2)"), Binding(leaf="causal", check="gradient"), Binding(leaf="ran", experiment="gcn-cora"),
    Binding(leaf="table", claim="table2/cora/gcn"),
]  # fmt: skip


def graded(evidence: Any, bindings: Any = BOUND, registered: Any = "before") -> dict[str, Any]:
    verdict = judge(DOSSIER, evidence, register(DOSSIER, [rule()]), registered=registered)
    return grade(read_rubric(TREE), bindings, verdict, evidence)


def statuses(grades: dict[str, Any]) -> dict[str, str]:
    return {name: one.status for name, one in grades.items()}


def test_a_rubric_is_read_and_given_back_whole() -> None:
    tree = read_rubric(TREE)
    assert [one.id for one in tree.leaves()] == ["layer", "both", "causal", "ran", "table", "vague"]
    given = graded_data(tree, graded([]))
    assert read_rubric(given) == tree and json.loads(json.dumps(given)) == given
    assert Rubric.model_validate(tree.to_data()) == tree


def test_leaves_are_decided_by_evidence_and_by_nothing_else() -> None:
    found = graded([*GOOD, *checks()])
    assert statuses(found) == {"layer": "met", "both": "undecided", "causal": "met", "ran": "met", "table": "met", "vague": "undecided"}
    assert all(one.evidence for one in found.values() if one.status != "undecided")
    assert set(statuses(graded([])).values()) == {"undecided"}


@pytest.mark.parametrize(
    ("evidence", "leaf_id", "status"),
    [
        ([*GOOD, *checks("pass", "fail")], "layer", "unmet"), ([*GOOD, *checks("fail")], "causal", "unmet"), ([*GOOD, *checks("unsure")], "causal", "undecided"),
        ([*runs(spread(79.0, 0.7))], "table", "unmet"), ([*runs(spread(84.0, 0.7))], "table", "undecided"), ([*runs(spread(81.4, 0.7), stand_in=True)], "table", "undecided"),
        ([*runs(spread(81.4, 0.7), scale="reduced")], "ran", "undecided"), ([*GOOD[:19], *runs([81.0], seeds=[19], status="fail")], "ran", "unmet"),
        ([*runs(spread(81.4, 0.7), counts=False)], "ran", "undecided"), ([*runs(spread(81.4, 0.7), receipt=None)], "ran", "undecided"),
    ],
)  # fmt: skip
def test_what_is_not_shown_is_not_met(evidence: Any, leaf_id: str, status: str) -> None:
    assert graded(evidence)[leaf_id].status == status


def test_a_rule_from_after_the_runs_meets_nothing() -> None:
    assert graded(GOOD, registered="after")["table"].status == "undecided"


def test_a_proposal_decides_nothing_until_it_is_confirmed() -> None:
    proposed = propose(read_rubric(TREE), DOSSIER)
    assert [(one.leaf, one.equation, one.claim, one.confirmed) for one in proposed] == [
        ("layer", "equation (2)", None, False),
        ("table", None, "table2/cora/gcn", False),
    ]
    assert statuses(graded([*GOOD, *checks()], proposed))["layer"] == "undecided"


def test_several_bindings_of_a_leaf_must_all_hold() -> None:
    both = [Binding(leaf="layer", equation="equation (2)"), Binding(leaf="layer", check="gradient")]
    assert graded([*GOOD, *checks()], both)["layer"].status == "met"
    assert graded([*GOOD, *checks("unsure")], both)["layer"].status == "undecided"
    assert graded([*GOOD, *checks("fail")], both)["layer"].status == "unmet"


def test_the_score_has_two_ends_and_the_share_that_is_decided() -> None:
    tree, grades = read_rubric(TREE), graded([*GOOD, *checks()])
    told = tree_score(tree, grades)
    # method: layer 2 and causal 1 of 4, weight 3 of 4; results: ran 1 and table 1 of 4, weight 1 of 4
    assert told.low == pytest.approx(0.75 * 0.75 + 0.25 * 0.5) and told.high == 1.0
    assert told.decided == pytest.approx(told.low) and (told.leaves, told.leaves_decided) == (6, 4)
    given = graded_data(tree, grades)
    assert given["score"] == told.low and given["valid_score"] is False
    assert given["sub_tasks"][0]["sub_tasks"][0]["judge_metadata"]["evidence"]
    assert given["sub_tasks"][0]["sub_tasks"][0]["finegrained_task_category"] == "Method Implementation"


def deep(levels: int) -> dict[str, Any]:
    tree = leaf("x", "y")
    for number in range(levels):
        tree = {"id": f"n{number}", "requirements": "z", "weight": 1, "sub_tasks": [tree]}
    return tree


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "not a tree of requirements: list"), ({"id": "a"}, "no right 'requirements'"), (leaf("a", "b", weight=True), "no right 'weight'"), (leaf("a", "b", "Style"), "task_category 'Style'"),
        (leaf("a", "b", weight=-1), "finite and not negative, got -1"), (TREE | {"sub_tasks": [leaf("a", "b"), leaf("a", "c")]}, "two requirements of the id 'a'"),
        (TREE | {"sub_tasks": [leaf("a", "b", weight=0)]}, "all weights below 'root'"), (TREE | {"sub_tasks": {"a": 1}}, "no list"), (deep(80), "more than 60 levels"),
    ],
)  # fmt: skip
def test_what_is_no_rubric_is_refused(data: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_rubric(data)


@pytest.mark.parametrize(
    ("binding", "message"),
    [(Binding(leaf="lair", check="gradient"), "no leaf of the rubric. Did you mean 'layer'"), (Binding(leaf="layer"), "not exactly one"), (Binding(leaf="layer", check="a", claim="b"), "not exactly one")],
)  # fmt: skip
def test_a_binding_that_cannot_be_is_refused(binding: Binding, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        graded([], [binding])
