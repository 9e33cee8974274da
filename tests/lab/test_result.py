from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aquarius.core import BadInput, Evidence, file_hash
from aquarius.lab import _plan
from aquarius.lab._result import Job, read_back, run_evidence
from aquarius.subject import ChildResult, Limits, Subject

TIMES = (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "train.py").write_text("def train(run): return {}")
    labels: dict[str, Any] = {"scale": "proxy", "stand_in": True, "counts": False}
    return Job(
        subject=Subject(tmp_path / "train.py"), root=tmp_path, runs=tmp_path / "runs", name="copy", claim=None, metric="loss", labels=labels,
        settings={"rate": 0.1}, data={}, splits={"set": "a" * 64}, inputs={"value:settings": "b" * 64}, limits=Limits(), command="aquarius train",
    )  # fmt: skip


def made(job: Job, result: ChildResult, folder: Path) -> Evidence:
    folder.mkdir(parents=True, exist_ok=True)
    return run_evidence(job, {"workspace:train.py": file_hash(job.root / "train.py")}, 4, folder, result, TIMES)


def test_a_result_becomes_evidence_with_its_labels_and_receipt(job: Job) -> None:
    value = {"metrics": {"loss": 0.25}, "inputs": {"package:models/x.py": "c" * 64}, "line": 3, "cpu_seconds": 1.5, "resumed_from": None}
    item = made(job, ChildResult("ok", value=value, seconds=2.0), job.runs / "abc")
    assert (item.status, item.message, item.scale, item.stand_in, item.counts) == ("pass", "Seed 4: loss 0.25.", "proxy", True, False)
    assert item.details["splits"] == {"set": "a" * 64} and item.seconds == 2.0
    assert item.receipt is not None and item.receipt.log == "runs/abc/log.txt:3"
    assert list(item.receipt.inputs) == ["package:models/x.py", "value:settings", "workspace:train.py"]
    assert (item.receipt.started, item.receipt.ended) == ("2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z")


def test_a_bad_end_is_evidence_too(job: Job) -> None:
    item = made(job, ChildResult("timeout", error="it did not end within 3 seconds"), job.runs / "abc")
    assert (item.status, item.message, item.values) == ("fail", "Seed 4 failed: it did not end within 3 seconds.", {})
    assert item.details["failure"] == "timeout" and item.receipt is not None and item.receipt.exit_status == 1
    assert item.receipt.environment is None and item.receipt.log == "runs/abc/log.txt"


def test_a_run_of_other_library_code_is_not_read_back(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = job.runs / "abc"
    package = Path(_plan.__file__).parents[1]
    inputs = {"package:models/__init__.py": file_hash(package / "models" / "__init__.py")}
    item = made(job, ChildResult("ok", value={"metrics": {"loss": 0.25}, "inputs": inputs}), folder)
    item.save(folder / "result.json")
    assert read_back(job, folder) == item
    made(job, ChildResult("ok", value={"metrics": {"loss": 0.25}, "inputs": {"package:models/__init__.py": "0" * 64}}), folder).save(
        folder / "result.json"
    )
    assert read_back(job, folder) is None and not folder.exists()  # nothing of it is left to be taken for new
    assert read_back(job, folder) is None


def test_a_missing_metric_is_refused(job: Job) -> None:
    folder = job.runs / "abc"
    made(job, ChildResult("ok", value={"metrics": {"accuracy": 0.25}}), folder).save(folder / "result.json")
    with pytest.raises(BadInput, match=r"train\(run\) of copy returned no 'loss', only accuracy\."):
        read_back(job, folder)
