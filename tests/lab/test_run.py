from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aquarius.core import BadInput, StorageError
from aquarius.lab._checkpoint import read_checkpoint, seed_everything, write_checkpoint
from aquarius.lab._protocol import Run
from aquarius.lab._run import ChildRun


@pytest.fixture(autouse=True)
def as_in_a_run() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def made(folder: Path, *, environment: str = "here", **changes: Any) -> ChildRun:
    payload = {"seed": 3, "settings": {"steps": 5}, "data": {"set": str(folder)}, "folder": str(folder), "root": str(folder)} | changes
    return ChildRun(payload, lambda message: None, environment)


def draw() -> list[float]:
    return [random.random(), float(np.random.rand()), float(torch.rand(()))]


def test_the_run_is_what_the_protocol_promises(tmp_path: Path) -> None:
    run: Run = made(tmp_path)  # held by mypy
    assert (run.seed, run.settings["steps"], run.data("set")) == (3, 5, tmp_path)
    assert all(hasattr(run, name) for name in ("log", "save", "resume", "telemetry"))


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    run = made(tmp_path)
    with pytest.raises(BadInput, match=r"the setting 'step', which its configuration does not have\. Did you mean 'steps'\?"):
        run.settings["step"]
    assert run.settings.get("step", 1) == 1
    with pytest.raises(BadInput, match="the data set 'sets', with which it was not declared"):
        run.data("sets")


def test_a_log_line_is_written_at_once_and_tells_the_parent(tmp_path: Path) -> None:
    heard: list[Any] = []
    run = ChildRun({"seed": 0, "settings": {}, "data": {}, "folder": str(tmp_path), "root": str(tmp_path)}, heard.append, "here")
    run.log(1, loss=torch.tensor(0.5, requires_grad=True), accuracy=np.float32(0.25))
    run.log(2, loss=float("inf"))
    assert [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()] == [
        {"step": 1, "loss": 0.5, "accuracy": 0.25},
        {"step": 2, "loss": "inf"},
    ]
    assert heard == [{"step": 1, "values": {"loss": "0.5", "accuracy": "0.25"}}]  # four words a second, at most


def test_a_resumed_run_goes_on_with_the_same_numbers_and_lines(tmp_path: Path) -> None:
    seed_everything(7)
    run = made(tmp_path)
    assert run.resume() is None
    run.log(0, x=draw()[0])
    run.save(1, {"weights": torch.ones(2), "list": [1, "a", None, {"b": 2.0}]})
    first = draw()
    run.log(1, x=first[0])
    run.close()
    whole = (tmp_path / "metrics.jsonl").read_bytes()

    seed_everything(99)
    again = made(tmp_path)
    resumed = again.resume()
    assert resumed is not None and resumed[0] == 1 and again.resumed_from == 1
    assert torch.equal(resumed[1]["weights"], torch.ones(2)) and resumed[1]["list"] == [1, "a", None, {"b": 2.0}]
    assert (tmp_path / "metrics.jsonl").read_bytes().count(b"\n") == 1  # the line after the checkpoint is written again
    second = draw()
    assert second == first
    again.log(1, x=second[0])
    again.close()
    assert (tmp_path / "metrics.jsonl").read_bytes() == whole


def test_the_second_normal_of_a_pair_is_restored_too(tmp_path: Path) -> None:
    random.gauss(0, 1), np.random.randn()  # each generator now holds the second of a pair
    made(tmp_path).save(1, {})
    expected = [random.gauss(0, 1), np.random.randn()]
    seed_everything(0)
    made(tmp_path).resume()
    assert [random.gauss(0, 1), np.random.randn()] == expected


def test_a_checkpoint_of_other_code_libraries_or_lines_is_not_gone_on_with(tmp_path: Path) -> None:
    run = made(tmp_path)
    run.log(0, x=1.0)
    run.save(1, {})
    run.close()
    kept = (tmp_path / "metrics.jsonl").read_bytes()
    assert made(tmp_path, environment="newer torch").resume() is None
    assert (tmp_path / "metrics.jsonl").read_bytes() == b""
    assert made(tmp_path).resume() is None  # its lines have gone
    (tmp_path / "metrics.jsonl").write_bytes(kept)
    (tmp_path / "model.py").write_text("x = 1")
    write_checkpoint(tmp_path / "checkpoint.pt", 1, {}, metrics_bytes=0, inputs={"workspace:model.py": "0" * 64}, environment="here")
    assert made(tmp_path).resume() is None
    write_checkpoint(tmp_path / "checkpoint.pt", 1, {}, metrics_bytes=0, inputs={}, environment="here")
    assert made(tmp_path).resume() == (1, {})


def test_a_broken_checkpoint_begins_again(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "checkpoint.pt", 1, {"w": torch.zeros(4)}, metrics_bytes=0, inputs={}, environment="here")
    whole = (tmp_path / "checkpoint.pt").read_bytes()
    assert read_checkpoint(tmp_path / "checkpoint.pt") is not None
    for content in (b"", b"noise", whole[:-30], whole[: len(whole) // 2]):
        (tmp_path / "checkpoint.pt").write_bytes(content)
        assert read_checkpoint(tmp_path / "checkpoint.pt") is None
        assert made(tmp_path).resume() is None


def test_a_checkpoint_runs_nothing_when_it_is_read(tmp_path: Path) -> None:
    class Runs:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "mark",))

    torch.save({"format": 1, "state": Runs()}, tmp_path / "checkpoint.pt")
    assert read_checkpoint(tmp_path / "checkpoint.pt") is None and not (tmp_path / "mark").exists()


def test_a_state_that_could_not_be_read_back_is_refused_at_once(tmp_path: Path) -> None:
    for state, words in (
        ({"model": torch.nn.Linear(1, 1)}, r"run\.save cannot keep state\['model'\], a Linear"),
        ({"a": [{1, 2}]}, r"state\['a'\]\[0\], a set"),
        ({"a": {(1, 2): 3}}, r"cannot keep the key \(1, 2\)"),
    ):
        with pytest.raises(BadInput, match=words):
            made(tmp_path).save(1, state)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_resume_comes_before_the_first_log(tmp_path: Path) -> None:
    run = made(tmp_path)
    run.log(0, x=1.0)
    with pytest.raises(BadInput, match=r"calls run\.resume\(\) after run\.log\(\)"):
        run.resume()


def test_an_experiment_that_never_resumes_begins_again(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"step": 0, "x": 1.0}\n')
    made(tmp_path).close()
    assert (tmp_path / "metrics.jsonl").read_bytes() == b""


def test_a_full_disk_leaves_no_half_line_and_no_half_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = made(tmp_path)
    run.log(0, x=1.0)
    run.save(1, {"w": torch.zeros(1)})

    class Full:
        def __init__(self, file: Any) -> None:
            self.file, self.free = file, 5

        def write(self, text: bytes) -> int:
            if not self.free:
                raise OSError(28, "No space left on device")
            written = int(self.file.write(text[: self.free]))
            self.free -= written
            return written

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

    run._metrics = Full(run._metrics)
    with pytest.raises(StorageError, match=r"metrics\.jsonl cannot be written: No space left on device"):
        run.log(1, x=2.0)
    assert (tmp_path / "metrics.jsonl").read_text() == '{"step": 0, "x": 1.0}\n'

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="What was there before is intact"):
        run.save(2, {"w": torch.ones(1)})
    saved = read_checkpoint(tmp_path / "checkpoint.pt")
    assert saved is not None and saved["step"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pt", "metrics.jsonl"]


def test_telemetry_logs_the_norms(tmp_path: Path) -> None:
    model = torch.nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[3.0, 4.0]]))
    run = made(tmp_path)
    run.telemetry(0, model)
    model(torch.tensor([[6.0, 8.0]])).sum().backward()
    run.telemetry(1, model)
    assert [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()] == [
        {"step": 0, "parameter norm": 5.0},
        {"step": 1, "parameter norm": 5.0, "gradient norm": 10.0},
    ]
