"""The protocol: a gate is open by evidence alone, and what people try instead of evidence does not open one."""
# tests _gates.py and _facts.py

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aquarius.core import BadInput, Evidence, Receipt, file_hash
from aquarius.verdict import Verdict
from aquarius.workspace import GATES, PHASES, Workspace, answer_gap, record_report, stage_of, status
from workspace.samples import CLAIM, CONF, MODEL, complete, finding, put, registration, run, run_of, workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return complete(tmp_path_factory.mktemp("complete") / "gcn").root


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made, tmp_path / "gcn")
    return Workspace(tmp_path / "gcn")


def shut(work: Workspace) -> dict[str, str]:
    return {gate.name: gate.reason for phase in status(work).phases for gate in phase.gates if not gate.open}


def test_a_complete_workspace_has_every_gate_open(work: Workspace) -> None:
    before = {path: path.read_bytes() for path in work.root.rglob("*") if path.is_file()}
    state = status(work)
    assert shut(work) == {} and all(phase.passed for phase in state.phases)
    assert (state.phase, state.stale, stage_of(state)) == (0, (), 6)
    assert state.next.startswith("every gate is open")
    assert {path: path.read_bytes() for path in work.root.rglob("*") if path.is_file()} == before  # looking writes nothing


def test_an_empty_workspace_has_every_gate_shut(tmp_path: Path) -> None:
    work = workspace(tmp_path)
    state = status(work)
    assert len(shut(work)) == len(GATES) and stage_of(state) == 1
    assert state.next.startswith("phase 1, gate paper: run aquarius start")
    assert [(phase.number, phase.days) for phase in state.phases] == [(1, "1"), (2, "2-3"), (3, "4-7"), (4, "8-11"), (5, "12-14")]
    assert state.gate_named("report").reason == "waits for verdict"


def test_the_table_of_gates_is_in_order() -> None:
    names = [gate.name for gate in GATES]
    assert len(set(names)) == len(names) and {gate.phase for gate in GATES} == {phase.number for phase in PHASES}
    for position, gate in enumerate(GATES):
        assert set(gate.needs) <= set(names[:position])
        assert all(GATES[names.index(need)].required for need in gate.needs)


# --- attempts to pass a gate without evidence; each must shut it ---------------------------------------------------


def edit_the_ledger(work: Workspace) -> None:
    work.ledger.write_bytes(work.ledger.read_bytes().replace(b'"accuracy":81.4', b'"accuracy":81.5'))


def delete_a_run_from_the_ledger(work: Workspace) -> None:
    lines = work.ledger.read_bytes().splitlines(keepends=True)
    work.ledger.write_bytes(b"".join(line for line in lines if b'"seed":1' not in line))


def cut_off_the_end_of_the_ledger(work: Workspace) -> None:
    work.ledger.write_bytes(b"".join(work.ledger.read_bytes().splitlines(keepends=True)[:-3]))


def delete_the_ledger(work: Workspace) -> None:
    work.ledger.unlink()


def write_evidence_with_a_wrong_hash(work: Workspace) -> None:
    put(work, MODEL, "weight = 2\n")
    work.open_ledger().append("evidence", finding("overfit", inputs={f"workspace:{MODEL}": "0" * 64}))


def write_evidence_without_a_receipt(work: Workspace) -> None:
    put(work, MODEL, "weight = 2\n")
    work.open_ledger().append("evidence", Evidence(kind="finding", check="overfit", status="pass", message="Trust me."))


def write_evidence_about_another_file(work: Workspace) -> None:
    put(work, MODEL, "weight = 2\n")
    inputs = {"workspace:journal.md": file_hash(work.journal)}
    work.open_ledger().append("evidence", finding("overfit", inputs=inputs))


def change_the_model_after_the_gauntlet(work: Workspace) -> None:
    put(work, MODEL, "weight = 3\n")


def change_the_model_and_restore_its_times(work: Workspace) -> None:
    path = work.root / MODEL
    times = path.stat()
    path.write_text("weight = 4\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def change_the_config_after_the_runs(work: Workspace) -> None:
    put(work, "conf/gcn-cora.yaml", CONF.replace("16", "64"))


def widen_the_margin_in_the_config(work: Workspace) -> None:
    put(work, "conf/gcn-cora.yaml", CONF.replace("margin: 1.0", "margin: 5.0"))


def register_again_after_the_runs(work: Workspace) -> None:
    put(work, "conf/gcn-cora.yaml", CONF.replace("margin: 1.0", "margin: 5.0"))
    old = work.open_ledger().registration()
    assert old is not None
    rules = tuple(rule.model_copy(update={"margin": 5.0}) for rule in old.rules)
    work.open_ledger().append("registration", old.model_copy(update={"rules": rules}))


def delete_a_run_folder(work: Workspace) -> None:
    shutil.rmtree(work.runs / "seed1")


def run_a_seed_again_for_a_better_number(work: Workspace) -> None:
    work.open_ledger().append("evidence", run_of(work, 1, 81.9))


def leave_out_a_bad_seed(work: Workspace) -> None:
    put(work, "conf/gcn-cora.yaml", CONF)
    work.open_ledger().append("evidence", run_of(work, 1, 60.0, status="fail"))


def count_pilots_as_runs(work: Workspace) -> None:
    put(work, MODEL, "weight = 5\n")
    work.open_ledger().append_all("evidence", [run_of(work, seed, 81.5, counts=False) for seed in (0, 1)])


def swap_the_document(work: Workspace) -> None:
    put(work, "paper/paper.md", work.paper.joinpath("paper.md").read_text().replace("81.5", "60.5"))
    from aquarius.reading import read

    read(work.paper / "paper.md").save(work.document)


def swap_the_paper_only(work: Workspace) -> None:
    put(work, "paper/paper.md", work.paper.joinpath("paper.md").read_text().replace("81.5", "60.5"))


def edit_the_document(work: Workspace) -> None:
    data = json.loads(work.document.read_text())
    data["record"]["title"] = "Another paper"
    work.document.write_text(json.dumps(data))


def quote_what_the_paper_does_not_say(work: Workspace) -> None:
    text = work.dossier.read_text()
    assert "quote: 81.5 %" in text
    work.dossier.write_text(text.replace("quote: 81.5 %", "quote: 60.5 %"))


def lower_the_claim_in_the_dossier(work: Workspace) -> None:
    text = work.dossier.read_text()
    assert "value: 81.5" in text
    work.dossier.write_text(text.replace("value: 81.5", "value: 81.45"))


def record_an_empty_verdict(work: Workspace) -> None:
    verdict = work.open_ledger().verdict()
    assert verdict is not None
    work.open_ledger().append("verdict", Verdict(title="GCN", dossier=verdict.dossier, registration=verdict.registration, claims=()))


def record_a_verdict_of_other_evidence(work: Workspace) -> None:
    verdict = work.open_ledger().verdict()
    assert verdict is not None
    other = verdict.claims[0].model_copy(update={"evidence": ("f" * 64,), "result": "better"})
    work.open_ledger().append("verdict", verdict.model_copy(update={"claims": (other,)}))


def claim_it_in_the_journal(work: Workspace) -> None:
    put(work, MODEL, "weight = 6\n")
    put(work, "journal.md", work.journal.read_text() + "\nThe gauntlet passed. All gates are open. Done. Reproduced.\n")


def note_it_in_the_ledger(work: Workspace) -> None:
    put(work, MODEL, "weight = 7\n")
    work.open_ledger().append("note", {"about": "gate", "gate": "gauntlet", "open": True})


def answer_a_gap_without_a_source(work: Workspace) -> None:
    put(work, "journal.md", "- gap weight initialization: something\n- gap weight initialization: done ()\n")


def edit_the_blueprint(work: Workspace) -> None:
    put(work, MODEL, "weight = 8\n")
    data = json.loads(work.blueprint.read_text())
    data["record"]["subject_hash"] = file_hash(work.root / MODEL)
    work.blueprint.write_text(json.dumps(data))


def unbind_the_equation_that_fails(work: Workspace) -> None:
    put(work, "blueprint.yaml", f"subject: {MODEL}\nequations: []\n")


def bind_another_function(work: Workspace) -> None:
    put(work, "blueprint.yaml", f"subject: {MODEL}\nequations:\n  - {{formula: equation (2), code: '{MODEL}:identity'}}\n")


def examine_another_subject(work: Workspace) -> None:
    put(work, "src/gcn_on_cora/easy.py", "weight = 0\n")
    put(
        work,
        "blueprint.yaml",
        (work.root / "blueprint.yaml").read_text().replace("subject: src/gcn_on_cora/model.py", "subject: src/gcn_on_cora/easy.py"),
    )


def append_a_failed_finding_and_a_pass_of_another_check(work: Workspace) -> None:
    inputs = {f"workspace:{MODEL}": file_hash(work.root / MODEL)}
    work.open_ledger().append_all("evidence", [finding("causality", "fail", inputs=inputs), finding("overfit", inputs=inputs)])


def answer_a_question_by_a_note_that_says_right(work: Workspace) -> None:
    notes = [entry.record for entry in work.open_ledger().entries() if entry.record.get("about") == "answer"]
    work.open_ledger().append("note", notes[-1] | {"text": "7", "right": True})


def edit_the_report(work: Workspace) -> None:
    put(work, "report/index.html", "<html>All claims are reproduced.</html>")


def add_evidence_after_the_report(work: Workspace) -> None:
    work.open_ledger().append("evidence", run_of(work, 7, 81.5, counts=False))


def edit_an_artifact(work: Workspace) -> None:
    path = next(work.results.glob("*.json"))
    path.write_text(path.read_text().replace('"result"', '"result_"'))


ATTEMPTS: list[tuple[Callable[[Workspace], None], str, str]] = [
    (edit_the_ledger, "gauntlet", "was changed after it was written"),
    (delete_a_run_from_the_ledger, "runs", "waits for"),
    (cut_off_the_end_of_the_ledger, "gauntlet", "is not there any more or was exchanged"),
    (delete_the_ledger, "gauntlet", "is not there any more or was exchanged"),
    (write_evidence_with_a_wrong_hash, "overfit", "waits for blueprint"),
    (write_evidence_without_a_receipt, "blueprint", "model.py changed after blueprint.json was drawn"),
    (write_evidence_about_another_file, "overfit", "waits for blueprint"),
    (change_the_model_after_the_gauntlet, "gauntlet", "waits for blueprint"),
    (change_the_model_and_restore_its_times, "blueprint", "model.py changed after blueprint.json was drawn"),
    (change_the_config_after_the_runs, "runs", "2 of 2 seeds have no fresh run (stale: conf/gcn-cora.yaml changed)"),
    (widen_the_margin_in_the_config, "registration", "conf/ has another rule than the registered one"),
    (register_again_after_the_runs, "registration", f"{CLAIM}: registered after the first run that counts"),
    (delete_a_run_folder, "runs", "gcn-cora: runs/seed1/log.txt:1 is gone"),
    (run_a_seed_again_for_a_better_number, "runs", "seed 1 was run twice from the same inputs with different numbers"),
    (leave_out_a_bad_seed, "runs", "gcn-cora: seed 1 did not finish"),
    (count_pilots_as_runs, "runs", "waits for"),
    (swap_the_document, "dossier", "dossier.yaml is about another document"),
    (swap_the_paper_only, "paper", "paper/document.json is of another version of the paper: paper.md changed"),
    (edit_the_document, "paper", "was changed by hand"),
    (quote_what_the_paper_does_not_say, "dossier", "2 quotes of dossier.yaml do not stand at their place"),
    (lower_the_claim_in_the_dossier, "registration", "the rules were registered for another dossier"),
    (record_an_empty_verdict, "verdict", "does not follow from the evidence as it is now"),
    (record_a_verdict_of_other_evidence, "verdict", "does not follow from the evidence as it is now"),
    (claim_it_in_the_journal, "gauntlet", "waits for blueprint"),
    (note_it_in_the_ledger, "gauntlet", "waits for blueprint"),
    (answer_a_gap_without_a_source, "gaps", "1 of 1 gaps are not answered: weight initialization"),
    (edit_the_blueprint, "blueprint", "was changed by hand"),
    (unbind_the_equation_that_fails, "equations", "binds none of the paper's 1 formulas to code"),
    (bind_another_function, "equations", "equation (2): not held against"),
    (examine_another_subject, "blueprint", "easy.py changed after blueprint.json was drawn"),
    (append_a_failed_finding_and_a_pass_of_another_check, "gauntlet", "1 findings failed: causality"),
    (answer_a_question_by_a_note_that_says_right, "questions", "1 of 1 checkpoint questions are not answered right"),
    (edit_the_report, "report", "report/index.html was changed after it was written"),
    (add_evidence_after_the_report, "report", "there is evidence newer than report/index.html"),
    (edit_an_artifact, "results", "does not say what the verdict says"),
]


@pytest.mark.parametrize(("attempt", "gate", "reason"), ATTEMPTS, ids=[one[0].__name__ for one in ATTEMPTS])
def test_an_attempt_to_pass_without_evidence_is_refused(
    work: Workspace, attempt: Callable[[Workspace], None], gate: str, reason: str
) -> None:
    attempt(work)
    found = shut(work)
    assert reason in found[gate]
    # whatever needs a shut gate is shut as well
    for other in GATES:
        assert not (set(other.needs) & set(found)) or other.name in found
    assert gate in ("questions",) or not status(work).next.startswith("every gate is open")


def test_touching_files_shuts_nothing(work: Workspace) -> None:
    for path in work.root.rglob("*"):
        os.utime(path, (0, 0))
    assert shut(work) == {}


def test_stale_evidence_is_named_and_shuts_its_gate(work: Workspace) -> None:
    drawn = work.blueprint.read_text()
    put(work, MODEL, "weight = 9\n")
    new = file_hash(work.root / MODEL)
    from aquarius.blueprint import Blueprint

    Blueprint.load(work.blueprint).model_copy(update={"subject_hash": new}).save(work.blueprint)
    assert drawn != work.blueprint.read_text()
    found = shut(work)
    assert found["gauntlet"] == f"the findings are stale (stale: {MODEL} changed)"
    assert found["overfit"] == f"stale (stale: {MODEL} changed)"
    assert f"causality: {MODEL} changed" in status(work).stale
    assert "equations" in found and "runs" in found


def test_a_gauntlet_of_one_check_is_not_enough(work: Workspace) -> None:
    put(work, MODEL, "weight = 9\n")
    new = file_hash(work.root / MODEL)
    from aquarius.blueprint import Blueprint

    Blueprint.load(work.blueprint).model_copy(update={"subject_hash": new}).save(work.blueprint)
    work.open_ledger().append("evidence", finding("overfit", inputs={f"workspace:{MODEL}": new}))
    found = shut(work)
    assert "overfit" in found and "gauntlet" in found  # the others are still of the old model


def test_a_failed_run_count_and_scale_are_told(work: Workspace) -> None:
    put(work, "conf/gcn-cora.yaml", CONF.replace("seeds: 2", "seeds: 2\nscale: proxy"))
    assert "a run has another scale or other data than conf/gcn-cora.yaml says" in shut(work)["runs"]


def test_counts_that_are_planned_must_be_made(work: Workspace) -> None:
    plan = (work.root / "blueprint.yaml").read_text()
    put(work, "blueprint.yaml", plan + "counts:\n  - {claims: 'table2/*', builder: 'src/gcn_on_cora/model.py:build'}\n")
    assert shut(work)["counts"] == f"1 of 1 claims are not counted: {CLAIM}"
    put(work, "blueprint.yaml", plan + "counts:\n  - {claims: 'table9/*', builder: 'src/gcn_on_cora/model.py:build'}\n")
    assert shut(work)["counts"] == "the counts of blueprint.yaml match no claim of the dossier"


def test_broken_files_are_reasons_not_tracebacks(work: Workspace) -> None:
    for name in ("paper/document.json", "dossier.yaml", "blueprint.yaml", "blueprint.json", "conf/gcn-cora.yaml"):
        there = (work.root / name).read_bytes()
        for broken in (b"", b"\xff\xfe\x00binary", b"[1, 2", b"- a\n- b\n", b"{" * 200):
            (work.root / name).write_bytes(broken)
            state = status(work)
            assert shut(work) and state.gate != "", (name, broken)
        (work.root / name).write_bytes(there)
    assert shut(work) == {}


def test_a_subject_outside_the_workspace_is_refused(work: Workspace) -> None:
    put(work, "blueprint.yaml", "subject: ../../../etc/passwd\n")
    assert "lies outside" in shut(work)["blueprint"]


def test_looking_loads_no_torch(work: Workspace) -> None:
    code = "import sys; from aquarius.workspace import *; w = Workspace.open(sys.argv[1]); status(w); next_step(w); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(work.root)], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"


def test_a_report_elsewhere_is_not_noted(work: Workspace, tmp_path: Path) -> None:
    verdict = work.open_ledger().verdict()
    assert verdict is not None
    before = work.ledger.read_bytes()
    (tmp_path / "elsewhere.html").write_text("x")
    record_report(work, tmp_path / "elsewhere.html", verdict)
    record_report(work, work.report / "index.html", verdict)  # noted already
    assert work.ledger.read_bytes() == before


def test_gap_answers(tmp_path: Path) -> None:
    work = workspace(tmp_path)
    answer_gap(work, "optimizer betas", "0.9 and 0.999", "the defaults of Adam (Kingma and Ba, 2015)")
    assert work.journal.read_text().endswith("\n- gap optimizer betas: 0.9 and 0.999 (the defaults of Adam (Kingma and Ba, 2015))\n")
    for name, value, source in (("a", "", "b"), ("a", "1", ""), ("a:b", "1", "c"), ("a", "1 (one)", "c")):
        with pytest.raises(BadInput, match="is no answer to a gap"):
            answer_gap(work, name, value, source)


def test_a_receipt_without_code_is_stale() -> None:
    from aquarius.workspace import stale

    one = run(0).model_copy(update={"receipt": Receipt(command="", inputs={"value:settings": "0" * 64})})
    assert stale(Workspace(Path(".")), one) == ["its receipt names no code that it was made with"]
    assert registration().rules
