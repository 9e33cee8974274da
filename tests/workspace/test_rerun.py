"""A rerun says that every number is the same, or names each that is not, with its size; it never calls a difference the same."""
# tests _again.py _show_evidence.py

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from aquarius.core import BadInput, Environment, Evidence
from aquarius.workspace import Workspace, status
from aquarius.workspace import _again as again
from aquarius.workspace._facts import Facts
from aquarius.workspace._judging import judge_workspace
from aquarius.workspace._rerun import compare, rerun, select
from aquarius.workspace._show_evidence import rerun_view
from aquarius.workspace._verify import verify_workspace
from workspace.samples import complete, rerun_of, run, run_of


def again_run(work: Workspace, identity: str | None = "line", **options: bool) -> Evidence:
    return rerun(work, identity, everything=identity is None, fresh=options.get("fresh", False), workers=2)


@pytest.mark.slow
def test_a_whole_reproduction_gives_every_number_again_in_a_fresh_room(work: Workspace) -> None:
    before = judge_workspace(work).to_json()
    one = again_run(work, None, fresh=True)
    assert one.status == "pass", one.message
    assert "pieces of evidence and the verdict: all" in one.message and one.details["numbers"] > 50
    assert "a new virtual environment" in one.details["room"]
    assert judge_workspace(work).to_json() == before  # a rerun is no evidence for a claim
    assert verify_workspace(work)[0] == []


def test_a_number_that_does_not_come_again_is_named_with_its_size(work: Workspace) -> None:
    ledger = work.open_ledger()
    run_0 = next(one for one in ledger.evidence() if one.kind == "run")
    value = run_0.values["test_accuracy"]
    ledger.append("evidence", run_0.model_copy(update={"values": {"test_accuracy": value - 0.5}}))  # a better chain than number
    one = again_run(work, run_0.details["run"])
    assert one.status == "fail" and one.details["of"] != [run_0.content_hash]
    (drift,) = one.details["differences"]
    assert drift["difference"] == pytest.approx(0.5) and drift["relative"] == pytest.approx(0.5 / (value - 0.5))
    assert "1 of 7 numbers differ: line, seed 0: test_accuracy was" in one.message and "(+0.6" in one.message
    assert "nothing in the environment explains it" in one.message


def test_one_run_is_found_by_its_hash_its_folder_and_its_experiment(work: Workspace) -> None:
    facts = Facts(work)
    runs = [one for one in facts.divided[0] if one.kind == "run"]
    assert select(facts, runs[2].content_hash[:10]) == select(facts, runs[2].details["run"]) == [runs[2]]
    assert select(facts, "line") == runs
    assert again_run(work, runs[2].content_hash[:10], fresh=True).status == "pass"


def test_what_cannot_be_rerun_is_one_sentence(work: Workspace) -> None:
    with pytest.raises(BadInput, match=r"no evidence has the hash, the run or the name 'nothing' \(names: line, "):
        again_run(work, "nothing")
    with pytest.raises(BadInput, match="name the evidence to rerun, or give --all"):
        rerun(work, "line", everything=True, fresh=False, workers=None)
    (work.root / "src/line/train.py").write_text("def train(run): return {'test_accuracy': 1.0}\n")
    with pytest.raises(BadInput, match=r"line, seed 0 cannot be run again as it was: src/line/train.py changed"):
        again_run(work)


def test_a_difference_on_another_machine_is_no_verdict() -> None:
    from aquarius.workspace._rerun import _evidence

    machine = {"python": "3.11", "platform": "Linux", "processor": "A", "cores": 2, "threads": 1, "packages": {"torch": "2.6"}}
    one = run(0, 80.0)
    assert one.receipt is not None
    first, other = (one.model_copy(update={"receipt": one.receipt.model_copy(update={"environment": Environment.model_validate(machine | {"processor": name})})}) for name in "AB")  # fmt: skip
    other = other.model_copy(update={"values": {"accuracy": 80.1}})
    drifts, numbers = compare([first], [other])
    found = _evidence([first], [other], drifts, numbers, room="", fresh=False, everything=False, started="")
    assert (found.status, numbers) == ("unsure", 1)
    assert "processor was A and is B" in found.message and "accuracy was 80.0 and is 80.1 (+0.12%)" in found.message


def test_evidence_that_does_not_come_again_differs() -> None:
    drifts, _ = compare([run(0), run(1)], [run(0)])
    assert [(drift.of, drift.name, drift.was, drift.now) for drift in drifts] == [("gcn-cora, seed 1", "status", "pass", None)]


def test_where_no_environment_can_be_made_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    python, how = again.new_interpreter(tmp_path / "file" / "venv")
    assert python == Path(sys.executable) and how.startswith("no virtual environment could be made (")


def test_the_gate_wants_a_fresh_rerun_of_the_runs_that_stand(tmp_path: Path) -> None:
    work = complete(tmp_path / "gcn")
    assert status(work).gate_named("rerun").open
    work.open_ledger().append("evidence", run_of(work, 1, 81.9))
    assert status(work).gate_named("rerun").reason.startswith("waits for") or not status(work).gate_named("rerun").open
    failed = rerun_of(work).model_copy(update={"status": "fail", "message": "Rerun: a number differs."})
    work.open_ledger().append("evidence", failed)
    assert not status(work).gate_named("rerun").open


def test_what_is_shown_names_each_number() -> None:
    drift = {"of": "line, seed 0", "name": "accuracy", "was": 1.0, "now": 2.0, "difference": 1.0, "relative": 1.0}
    one = run(0).model_copy(update={"status": "fail", "details": {"differences": [drift], "room": "a copy"}})
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(rerun_view(one))
    assert "accuracy" in (text := console.export_text()) and "+100.000%" in text
