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
from aquarius.workspace._rerun import Drift, budgets, compare, rerun, select, within_budget
from aquarius.workspace._road import travel
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


@pytest.mark.slow
def test_a_reproduction_that_does_not_follow_from_its_seeds_is_found_out_in_a_fresh_room(work: Workspace) -> None:
    train = work.root / "src/line/train.py"
    train.write_text("import os\n\n\ndef train(run):\n    return {'test_accuracy': 80.0 + int.from_bytes(os.urandom(2)) / 2**18}\n")
    travel(work, workers=2)
    one = again_run(work, None, fresh=True)
    runs = {drift["of"] for drift in one.details["differences"] if drift["name"] == "test_accuracy"}
    assert one.status in ("fail", "unsure"), one.message  # unsure where the tests' own process had other threads than the fresh room
    assert len(runs) == sum(one.kind == "run" for one in Facts(work).divided[0])
    assert not status(work).gate_named("rerun").open


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
    found = _evidence([first], [other], drifts, numbers, {}, room="", fresh=False, everything=False, started="")
    assert (found.status, numbers) == ("unsure", 1)
    assert "processor was A and is B" in found.message and "accuracy was 80.0 and is 80.1 (+0.12%)" in found.message


def on(processor: str, value: float, accelerator: str | None = None) -> Evidence:
    machine = {"python": "3.11", "platform": "Linux", "processor": processor, "cores": 2, "threads": 1, "accelerator": accelerator}
    one = run(0, value)
    assert one.receipt is not None
    receipt = one.receipt.model_copy(update={"environment": Environment.model_validate(machine)})
    return one.model_copy(update={"receipt": receipt, "curves": {"loss": [(1, value)]}})


def test_a_drift_budget_is_for_other_hardware_and_never_between_equal_processors() -> None:
    from aquarius.workspace._rerun import _evidence

    def status_of(first: Evidence, other: Evidence, budget: float = 0.2) -> tuple[str, str]:
        drifts, numbers = compare([first], [other])
        allowed = {("gcn-cora", "accuracy"): budget}
        found = _evidence([first], [other], drifts, numbers, allowed, room="", fresh=False, everything=False, started="")
        return found.status, found.message

    status, message = status_of(on("A", 80.0), on("B", 80.1))
    assert status == "pass" and "within its drift budget (accuracy ±0.2)" in message and "processor was A and is B" in message
    assert status_of(on("A", 80.0), on("B", 80.3))[0] == "unsure"  # beyond it
    assert status_of(on("A", 80.0), on("B", 80.1), budget=0.0)[0] == "unsure"  # none was registered
    assert status_of(on("A", 80.0), on("A", 80.1)) == ("fail", status_of(on("A", 80.0), on("A", 80.1))[1])  # CPU against CPU: none
    assert status_of(on("A", 80.0, "GPU"), on("A", 80.1, "GPU"))[0] == "pass"
    failed = on("B", 80.1).model_copy(update={"status": "fail"})
    assert status_of(on("A", 80.0), failed)[0] == "unsure"  # no budget excuses a status
    word = Drift(of="verdict", name="[0].result", was="reproduced", now="inconclusive")
    assert within_budget([word], {("gcn-cora", "accuracy"): 9.0}) is None
    number = Drift(of="verdict", name="[0].measured.mean", was=1.0, now=1.1, difference=0.1)
    assert within_budget([number], {("gcn-cora", "accuracy"): 9.0}) == [number]


def test_the_budget_is_that_of_the_registered_rule(tmp_path: Path) -> None:
    work = complete(tmp_path / "gcn")
    assert budgets(Facts(work)) == {("gcn-cora", "accuracy"): 0.0}
    frozen = Facts(work).registration
    assert frozen is not None
    rule = frozen.rules[0].model_copy(update={"drift": 0.2, "drift_source": "both cards"})
    work.open_ledger().append("registration", frozen.model_copy(update={"rules": (rule,)}))
    assert budgets(Facts(work)) == {("gcn-cora", "accuracy"): 0.2}


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
