"""Negative controls: what can fail does so on a twin, and what cannot is called empty."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from aquarius.core import Evidence
from aquarius.workspace import Workspace, status
from aquarius.workspace import _gates as gates
from aquarius.workspace._controls import control, expected
from aquarius.workspace._facts import Facts
from aquarius.workspace._judging import judge_workspace
from aquarius.workspace._road import travel
from aquarius.workspace._show_evidence import controls_view
from workspace.samples import complete, finding

CLAIM = "claim table1/Line (ours)/accuracy"


def by_path(made: list[Evidence]) -> dict[str, Evidence]:
    return {str(one.path): one for one in made}


def test_what_passed_meets_its_twins(work: Workspace) -> None:
    before = judge_workspace(work).to_json()
    made = by_path(control(work, workers=2, twins=("an output that is constant",)))
    assert set(made) == set(expected(Facts(work)))
    assert made["equation (1) line"].status == "pass" and "+ became *" in made["equation (1) line"].message
    assert made[CLAIM].status == "pass" and made[CLAIM].details["killed"]
    assert made["check entries"].status == "pass"  # its output depends on nothing in the batch
    assert made["check plain attributes"].status == "fail"
    assert "empty: none of 1 broken twins made it fail" in made["check plain attributes"].message
    assert judge_workspace(work).to_json() == before
    gate = gates.controls(Facts(work))
    assert gate.open and "empty here: " in gate.reason
    console = Console(width=150, file=io.StringIO(), record=True)
    console.print(controls_view(list(made.values())))
    assert "failed on a broken twin, as they must" in console.export_text()


@pytest.mark.slow
def test_most_checks_are_killed_by_some_twin(work: Workspace) -> None:
    made = [one for one in control(work, workers=2) if str(one.path).startswith("check ")]
    killed = [one for one in made if one.status == "pass"]
    assert len(killed) >= len(made) // 2, [one.message for one in made if one.status != "pass"]


@pytest.mark.slow
def test_a_comparison_that_looks_at_nothing_is_empty(work: Workspace) -> None:
    train = work.root / "src/line/train.py"
    train.write_text("from pathlib import Path\n\n\ndef train(run):\n    return {'test_accuracy': float('80.0' + str(run.seed))}\n")
    travel(work, workers=2)
    one = by_path(control(work, workers=2, twins=()))[CLAIM]
    assert one.status == "unsure" and "none could be made" in one.message  # nothing in it can be broken: the number is typed
    assert not gates.controls(Facts(work)).open


def test_the_gate_names_what_met_no_twin(tmp_path: Path) -> None:
    work = complete(tmp_path / "gcn")
    assert status(work).gate_named("controls").open
    work.open_ledger().append(
        "evidence", finding("control", "fail", path="equation (2) layer", inputs={}, assumptions=("equation (2) layer",))
    )
    assert status(work).gate_named("controls").open  # its receipt names no code: stale, and it opens or shuts nothing
