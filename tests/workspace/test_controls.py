"""Negative controls: what can fail does so on a twin, and what cannot is called empty."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from aquarius.core import BadInput, Evidence
from aquarius.workspace import Workspace, status
from aquarius.workspace import _gates as gates
from aquarius.workspace._controls import _held, control, expected, spread, supported
from aquarius.workspace._facts import Facts
from aquarius.workspace._judging import judge_workspace
from aquarius.workspace._road import travel
from aquarius.workspace._show_evidence import controls_view
from workspace.samples import complete, finding, run_of

CLAIM = "claim table1/Line (ours)/accuracy"


def by_path(made: list[Evidence]) -> dict[str, Evidence]:
    return {str(one.path): one for one in made}


def test_what_passed_meets_its_twins(work: Workspace) -> None:
    before = judge_workspace(work).to_json()
    made = by_path(control(work, workers=2, twins=("an output that is constant",), changes=0))
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


def test_a_name_tries_one_thing_alone_and_an_unknown_one_is_refused(work: Workspace) -> None:
    made = control(work, only=("equation*",))
    assert [one.path for one in made] == ["equation (1) line"] and made[0].status == "pass"
    with pytest.raises(BadInput, match=r"nothing that passed here is named 'twinss': .*check twins"):
        control(work, only=("twinss",))


def test_claims_of_all_rules_are_expected_where_runs_support_them(tmp_path: Path) -> None:
    work = complete(tmp_path / "gcn")
    assert supported(Facts(work)) == {}  # inconclusive: the runs do not say on which data; there is nothing that a twin could lose
    assert not [path for path in expected(Facts(work)) if path.startswith("claim ")]
    said = {"dataset": "Cora", "split": "planetoid"}
    work.open_ledger().append_all("evidence", [run_of(work, seed, 81.4 + 0.1 * seed, details=said) for seed in (0, 1)])
    assert supported(Facts(work)) == {"gcn-cora": ["table2/gcn/cora"]}
    runs = [one for one in Facts(work).divided[0] if one.kind == "run"]
    off = [one.model_copy(update={"values": {"accuracy": 60.0 + number}}) for number, one in enumerate(runs)]
    assert _held(Facts(work), ["table2/gcn/cora"], "gcn-cora", runs) == ["table2/gcn/cora"]
    assert _held(Facts(work), ["table2/gcn/cora"], "gcn-cora", off) == []  # what a twin's numbers must do


def test_a_twin_that_does_not_move_a_claim_says_nothing_about_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aquarius.workspace import _controls as controls

    work = complete(tmp_path / "gcn")
    said = {"dataset": "Cora", "split": "planetoid"}
    runs = [run_of(work, seed, 81.4 + 0.1 * seed, details=said) for seed in (0, 1)]
    work.open_ledger().append_all("evidence", runs)
    copy = Workspace.open(shutil.copytree(work.root, tmp_path / "copy"))
    monkeypatch.setattr(controls, "_experiment_twins", lambda *_: [("one", "x = 1\n"), ("another", "x = 2\n")])
    for values, words in (
        ([81.4, 81.5], "none of the 2 that ran moved its number"),
        ([81.5, 81.6], "empty: none of 2 broken twins made it fail"),
    ):
        made = [one.model_copy(update={"values": {"accuracy": value}}) for one, value in zip(runs, values, strict=True)]
        monkeypatch.setattr(controls, "run_experiment", lambda *_, made=made, **__: made)
        (tried,) = controls._comparisons(Facts(work), copy, (), None).items()
        assert words in controls._evidence(*tried, "").message


def test_changes_are_chosen_evenly() -> None:
    twins = [(str(number), "") for number in range(10)]
    assert [name for name, _ in spread(twins, 4)] == ["0", "2", "5", "7"] and spread(twins, 20) == twins and spread(twins, 0) == []


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
    assert one.status != "pass"  # nothing in it that is broken moves the number: it is typed
    assert not gates.controls(Facts(work)).open


def test_the_gate_names_what_met_no_twin(tmp_path: Path) -> None:
    work = complete(tmp_path / "gcn")
    assert status(work).gate_named("controls").open
    work.open_ledger().append(
        "evidence", finding("control", "fail", path="equation (2) layer", inputs={}, assumptions=("equation (2) layer",))
    )
    assert status(work).gate_named("controls").open  # its receipt names no code: stale, and it opens or shuts nothing
