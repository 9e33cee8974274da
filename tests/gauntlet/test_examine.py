"""examine: findings come back from the child; what cannot be used is refused in one sentence; what dies inside is a finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.gauntlet import examine
from aquarius.subject import Limits, Subject
from gauntlet.subjects import text


def _write(folder: Path, source: str) -> Path:
    path = folder / "model.py"
    path.write_text(source)
    return path


def test_a_correct_subject_has_no_failed_check(tmp_path: Path) -> None:
    found = examine(_write(tmp_path, text()), budget=40)
    assert {finding.kind for finding in found} == {"finding"} and not [finding for finding in found if finding.status == "fail"]
    assert found[0].check == "interface" and found[0].status == "pass"


def test_a_wrong_fact_fails_and_no_facts_do_not(tmp_path: Path) -> None:
    path = _write(tmp_path, text(facts='{"parameters": 98}'))
    with_facts, without = (examine(path, facts=facts, only=["parameters"]) for facts in (True, False))
    failed = [finding for finding in with_facts if finding.status == "fail"]
    assert [(finding.check, finding.where) for finding in failed] == [("parameters", "Net.__init__")]
    assert failed[0].message == "parameters: 99 here, 98 stated (+1)" and failed[0].values == {"counted": 99.0, "stated": 98.0}
    assert [finding.status for finding in without if finding.check == "parameters"] == ["skipped"]


def test_two_examinations_give_the_same_findings(tmp_path: Path) -> None:
    path = _write(tmp_path, text())
    one, two = ([f.model_copy(update={"seconds": 0.0}) for f in examine(path, only=["gradient", "loss"])] for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import torch\ndef build(): pass\n", "it defines no batch and no forward and no loss"),
        (text() + "\nraise ValueError('broken at the end')\n", "does not import: ValueError: broken at the end"),
        (text().replace("import torch\n", "import torch\nimport nowhere_at_all\n", 1), "does not import: ModuleNotFoundError"),
    ],
)
def test_a_file_that_is_no_subject_is_refused(source: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        examine(_write(tmp_path, source))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_an_unknown_check_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no check or family 'casuality'\. Did you mean 'causality'\?"):
        examine(_write(tmp_path, text()), only=["casuality"])


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan"), 1e9])
def test_a_budget_that_is_no_time_is_refused(budget: float, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a budget is a number of seconds"):
        examine(_write(tmp_path, text()), budget=budget)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        examine(tmp_path / "absent.py")


def test_a_function_that_raises_is_placed(tmp_path: Path) -> None:
    found = examine(_write(tmp_path, text(forward="return self.outer(self.inner(x[:, :3]))")))
    failed = [finding for finding in found if finding.status == "fail"]
    assert [(finding.check, finding.where) for finding in failed] == [("interface", "Net.forward")]
    assert "forward raised RuntimeError on legal input" in failed[0].message
    assert all(finding.status == "skipped" for finding in found[1:])


@pytest.mark.slow  # waits out the ten seconds that one call may take
def test_a_hang_is_a_finding_that_names_the_function(tmp_path: Path) -> None:
    source = text(loss="while True: pass")
    found = examine(_write(tmp_path, source), budget=11.5, only=["interface"])
    assert [(finding.check, finding.status, finding.where) for finding in found] == [("process", "fail", "loss")]


def test_a_crash_keeps_what_was_found_before(tmp_path: Path) -> None:
    source = text(optimizer="Adam(model.parameters(), lr=1e-2) if __import__('os')._exit(3) else None")
    found = examine(_write(tmp_path, source), only=["interface", "optimiser covers", "reduction"])
    assert [(finding.check, finding.status) for finding in found] == [("interface", "pass"), ("process", "fail"), ("reduction", "skipped")]
    assert "did not survive the check 'optimiser covers'" in found[1].message and "exit code 3" in found[1].message


def test_memory_beyond_the_limit_is_a_finding(tmp_path: Path) -> None:
    source = text(forward="return self.outer(F.relu(self.inner(x))) + torch.zeros(3 << 30)[:1]")
    subject = Subject(_write(tmp_path, source))
    found = examine(subject, only=["interface"], limits=Limits(seconds=60, memory_bytes=6 << 30))
    assert found[0].status == "fail" and "memory" in found[0].message and "\n" not in found[0].message


def test_a_process_that_is_started_is_told(tmp_path: Path) -> None:
    source = text(
        forward="import os; pid = os.fork(); os._exit(0) if pid == 0 else os.waitpid(pid, 0); return self.outer(F.relu(self.inner(x)))"
    )
    found = examine(_write(tmp_path, source), only=["interface"])
    assert [(finding.check, finding.status) for finding in found] == [("interface", "pass"), ("process", "unsure")]
    assert "os.fork" in found[1].message
