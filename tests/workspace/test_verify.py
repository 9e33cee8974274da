"""Every manipulation of a finished workspace is named by verify, with its run, line or number."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from aquarius.core import Evidence, file_hash
from aquarius.workspace import Workspace, record_report
from aquarius.workspace._judging import judge_workspace
from aquarius.workspace._verify import receipt_problems, verify_workspace
from workspace.samples import put, run

NUMBER = re.compile(r'("test_accuracy":\s?)[\d.]+')


def first_run(work: Workspace) -> Path:
    return sorted(path.parent for path in work.runs.glob("*/result.json"))[0]


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before


def test_a_whole_workspace_has_no_problem(work: Workspace) -> None:
    problems, checked = verify_workspace(work)
    assert problems == []
    assert checked["runs against their files"] == 4 and checked["numbers of reports"] > 5


def test_every_receipt_names_all_that_it_takes(work: Workspace) -> None:
    for one in work.open_ledger().evidence():
        assert one.receipt is not None and one.receipt.environment is not None, one.check
        assert one.receipt.command and one.receipt.started <= one.receipt.ended and one.receipt.exit_status == 0
        assert any(name.startswith(("workspace:", "package:")) for name in one.receipt.inputs), one.check
        if one.kind == "run":
            assert {"value:settings", "workspace:src/line/train.py"} <= one.receipt.inputs.keys()
            assert one.receipt.seed is not None and str(one.receipt.log).rpartition(":")[2].isdigit()


def test_a_receipt_that_names_too_little_is_named() -> None:
    found = receipt_problems(run(3))
    assert found == ["gcn-cora, seed 3: its receipt names no environment, no started, no ended, no configuration, no log line."]


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("result.json", lambda text: NUMBER.sub(r"\g<1>19.5", text), "result.json was changed by hand"),
        ("log.txt", lambda text: NUMBER.sub(r"\g<1>19.5", text), "log.txt says test_accuracy = 19.5"),
        ("log.txt", lambda text: "\n" + text, "holds no result"),
        ("metrics.jsonl", lambda text: text.replace("0.5", "0.4"), "metrics.jsonl is not what its curves were made of"),
        ("config.json", lambda text: text.replace("80.0", "81.0"), "config.json is gone or has another seed or other settings"),
        ("environment.json", lambda text: text.replace('"threads": 1', '"threads": 2'), "environment.json is gone or has another environment"),
    ],
)  # fmt: skip
def test_an_edited_file_of_a_run_is_named(work: Workspace, name: str, change: Callable[[str], str], said: str) -> None:
    edit(first_run(work) / name, change)
    problems = verify_workspace(work)[0]
    assert any(said in problem and problem.startswith("line, seed") for problem in problems), problems


def test_a_deleted_run_is_named(work: Workspace) -> None:
    folder = first_run(work)
    shutil.rmtree(folder)
    assert [
        problem for problem in verify_workspace(work)[0] if f"the run's log runs/{folder.name}/log.txt" in problem and "is gone" in problem
    ]


def test_a_finished_run_that_the_ledger_does_not_know_is_named(work: Workspace) -> None:
    folder = first_run(work)
    shutil.copytree(folder, folder.with_name("0" * 16))
    assert verify_workspace(work)[0] == [f"the run {'0' * 16} is finished, and the ledger does not know it: run aquarius reproduce ."]


def test_a_removed_line_of_the_ledger_is_named(work: Workspace) -> None:
    lines = work.ledger.read_text().splitlines(keepends=True)
    work.ledger.write_text("".join(lines[:-3] + lines[-2:]))
    assert "does not follow the line before it" in verify_workspace(work)[0][0]


def test_a_report_edited_and_noted_again_is_named(work: Workspace) -> None:
    report = work.report / "index.html"
    edit(report, lambda text: text.replace("80.0", "90.0"))
    assert verify_workspace(work)[0] == ["the report report/index.html was changed after it was written."]
    record_report(work, report, judge_workspace(work))  # whoever forges the note too
    assert verify_workspace(work)[0] == [
        "the report report/index.html is not what the evidence makes: its numbers have no receipt; run aquarius write."
    ]


def test_a_number_in_a_report_of_ones_own_without_a_receipt_is_named(work: Workspace) -> None:
    mean = next(claim.measured.mean for claim in judge_workspace(work).claims if claim.measured)
    put(
        work,
        "report/own.md",
        f"# 1.2 Result\n\nThe paper prints 80.0 %; we measure {mean:.2f} with 4 seeds.\n\nOn a good day it is 93.7 %.\n",
    )
    assert verify_workspace(work)[0] == ["report/own.md, line 5: 93.7 stands in no evidence, claim or setting."]


def test_an_edited_verdict_and_artifact_are_named(work: Workspace) -> None:
    edit(work.private / "verdict.json", lambda text: text.replace("reproduced", "better"))
    artifact = next(work.results.glob("*.json"))
    data = json.loads(artifact.read_text())
    artifact.write_text(json.dumps(data | {"summary": "All is well."}))
    problems = verify_workspace(work)[0]
    assert "verdict.json is gone or is not the recorded verdict." in problems
    assert f"{artifact.name} does not say what the verdict says." in problems


def test_a_moved_data_file_is_named(work: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AQUARIUS_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "toy.csv").write_text("1,2\n")
    ledger = work.open_ledger()
    one = next(item for item in ledger.evidence() if item.kind == "run")
    assert one.receipt is not None
    inputs = one.receipt.inputs | {"data:toy.csv": file_hash(tmp_path / "data" / "toy.csv")}
    ledger.append("evidence", one.model_copy(update={"receipt": one.receipt.model_copy(update={"inputs": inputs})}))
    (tmp_path / "data" / "toy.csv").rename(tmp_path / "data" / "moved.csv")
    assert any("the data file toy.csv is not at hand" in problem for problem in verify_workspace(work)[0])
    (tmp_path / "data" / "toy.csv").write_text("1,3\n")
    assert any("toy.csv changed" in problem for problem in verify_workspace(work)[0])


def test_a_torn_line_that_was_healed_and_thrown_away_is_named(work: Workspace) -> None:
    with work.ledger.open("ab") as file:
        file.write(b'{"hash":"00')
    assert "is torn" in verify_workspace(work)[0][0]
    work.open_ledger().append("note", {"text": "on we go"})
    assert not any("torn" in problem for problem in verify_workspace(work)[0])
    work.ledger.with_suffix(".torn").unlink()
    assert "ledger.torn is gone, and the ledger says that a torn line was kept there." in verify_workspace(work)[0]


def test_a_run_made_up_in_the_ledger_alone_is_named(work: Workspace) -> None:
    ledger = work.open_ledger()
    one: Evidence = next(item for item in ledger.evidence() if item.kind == "run")
    ledger.append("evidence", one.model_copy(update={"values": {"test_accuracy": 99.9}}))
    problems = verify_workspace(work)[0]
    assert any("result.json and the ledger differ in test_accuracy" in problem for problem in problems)
    assert any("and the ledger 99.9" in problem for problem in problems)
