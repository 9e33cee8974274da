from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from aquarius.core import BadInput, Broken, Evidence, StorageError, progress
from aquarius.lab import _train as module
from aquarius.lab import train
from aquarius.subject import Limits

# Uses all three generators, momentum by hand (torch.optim costs a second to import), and a checkpoint every 10 steps.
EXPERIMENT = """
import os, random, time
import numpy, torch

def train(run):
    print("process", os.getpid(), flush=True)
    weight, momentum, first = torch.randn(4, 1, requires_grad=True), torch.zeros(4, 1), 0
    if (saved := run.resume()) is not None:
        first, state = saved
        weight.data, momentum = state["weight"], state["momentum"]
    for step in range(first, run.settings["steps"]):
        time.sleep(run.settings["sleep"])
        x = torch.nn.functional.dropout(torch.randn(8, 4), 0.2)
        loss = (x @ weight - x.sum(1, keepdim=True) - random.random() - numpy.random.rand()).square().mean()
        (gradient,) = torch.autograd.grad(loss, weight)
        momentum = 0.9 * momentum + gradient
        weight.data -= run.settings["learning_rate"] * momentum
        run.log(step, loss=loss)
        if (step + 1) % 10 == 0:
            run.save(step + 1, {"weight": weight.data, "momentum": momentum})
    return {"loss": float(loss.detach()), "steps": float(step + 1)}
"""
SETTINGS: dict[str, Any] = {"learning_rate": 0.01, "steps": 45, "sleep": 0.0}


def write(folder: Path, text: str = EXPERIMENT) -> Path:
    path = folder / "work" / "src" / "line" / "train.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    (folder / "work" / "aquarius.project.json").write_text("{}")
    path.write_text(textwrap.dedent(text))
    return path


def folder_of(runs: Path, evidence: Evidence) -> Path:
    return runs / str(evidence.details["run"])


def no_child(*_: Any, **__: Any) -> Any:
    raise AssertionError("a finished run was started again")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[Evidence]]:
    """Seeds 0 and 1, never interrupted: experiment, runs, evidence."""
    folder = tmp_path_factory.mktemp("finished")
    experiment, runs = write(folder), folder / "work" / ".aquarius" / "runs"
    return experiment, runs, train(experiment, seeds=2, runs=runs, settings=SETTINGS, metric="loss", command="aquarius train")


def test_each_seed_leaves_evidence_and_a_folder(finished: tuple[Path, Path, list[Evidence]]) -> None:
    _, runs, evidence = finished
    assert [item.receipt.seed for item in evidence if item.receipt] == [0, 1]
    assert len({item.values["loss"] for item in evidence}) == 2
    for item in evidence:
        assert (item.kind, item.status, item.check, item.values["steps"]) == ("run", "pass", "line", 45.0)
        assert item.message.startswith(f"Seed {item.receipt.seed if item.receipt else ''}: loss 0.")
        assert [step for step, _ in item.curves["loss"]] == list(range(45))
        assert item.curves["loss"][-1][1] == pytest.approx(item.values["loss"], abs=0)
        folder = folder_of(runs, item)
        assert {path.name for path in folder.iterdir()} >= {
            "config.json",
            "environment.json",
            "metrics.jsonl",
            "log.txt",
            "checkpoint.pt",
            "result.json",
        }
        assert Evidence.load(folder / "result.json") == item
        assert json.loads((folder / "environment.json").read_text())["threads"] == 1
        receipt = item.receipt
        assert receipt is not None and receipt.environment is not None and receipt.environment.threads == 1 and receipt.log
        name, _, line = receipt.log.partition(":")
        assert name == f"runs/{folder.name}/log.txt"
        assert (runs.parent / name).read_text().split("\n")[int(line) - 1] == f"result {json.dumps(dict(item.values))}"
        assert set(receipt.inputs) == {"workspace:src/line/train.py", "value:settings"}
        assert receipt.started.endswith("Z") and receipt.started <= receipt.ended


def test_finished_runs_are_read_back_in_the_order_asked_for(
    finished: tuple[Path, Path, list[Evidence]], monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment, runs, evidence = finished
    monkeypatch.setattr(module, "run_in_child", no_child)
    again = train(experiment, seeds=[1, 0], runs=runs, settings=SETTINGS, metric="loss", command="aquarius train")
    assert again == evidence[::-1]
    renamed = train(experiment, seeds=[0], runs=runs, settings=SETTINGS, name="other", claim="table 1")
    assert (renamed[0].check, renamed[0].claim, renamed[0].values) == ("other", "table 1", evidence[0].values)
    for change in ({"settings": SETTINGS | {"steps": 46}}, {"counts": False}, {"scale": "proxy"}, {"stand_in": True}, {"seeds": [2]}):
        with pytest.raises(AssertionError, match="started again"):
            train(experiment, **({"seeds": [0], "runs": runs, "settings": SETTINGS} | change))  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="returned no 'accuracy', only loss, steps"):
        train(experiment, seeds=[0], runs=runs, settings=SETTINGS, metric="accuracy")


def test_changed_code_is_another_run_and_changed_results_are_seen(tmp_path: Path, finished: tuple[Path, Path, list[Evidence]]) -> None:
    _, runs, evidence = finished
    experiment = write(tmp_path)
    copied = tmp_path / "runs" / str(evidence[0].details["run"])
    copied.mkdir(parents=True)
    (copied / "result.json").write_text((folder_of(runs, evidence[0]) / "result.json").read_text())
    assert train(experiment, seeds=[0], runs=tmp_path / "runs", settings=SETTINGS)[0].values == evidence[0].values
    (copied / "result.json").write_text((copied / "result.json").read_text().replace("0.", "9.", 1))
    with pytest.raises(Broken, match="changed by hand"):
        train(experiment, seeds=[0], runs=tmp_path / "runs", settings=SETTINGS)
    (experiment.parent / "beside.py").write_text("x = 1")
    ids = [module.run_id(module.code_hashes(path, tmp_path), {}, {}, 0, labels={}) for path in (experiment, experiment)]
    (experiment.parent / "beside.py").write_text("x = 2")
    ids.append(module.run_id(module.code_hashes(experiment, tmp_path), {}, {}, 0, labels={}))
    assert ids[0] == ids[1] != ids[2]


def test_an_interrupt_ends_the_children_and_the_next_call_goes_on_bit_for_bit(
    tmp_path: Path, finished: tuple[Path, Path, list[Evidence]]
) -> None:
    _, before, reference = finished
    experiment, runs, slow = write(tmp_path), tmp_path / "runs", SETTINGS | {"sleep": 0.04}

    def interrupt(event: str, text: str, fraction: float | None) -> None:
        if any(f"seed 1 at step {step}:" in text for step in range(15, 44)):
            raise KeyboardInterrupt

    with progress.listening(interrupt), pytest.raises(KeyboardInterrupt):
        train(experiment, seeds=2, runs=runs, settings=slow, workers=1)
    folders = {json.loads((path / "config.json").read_text())["seed"]: path for path in runs.iterdir()}
    assert (folders[0] / "result.json").is_file() and not (folders[1] / "result.json").exists()
    process = int((folders[1] / "log.txt").read_text().split()[1])
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    kept = (folders[0] / "result.json").read_bytes()

    evidence = train(experiment, seeds=2, runs=runs, settings=slow, workers=1)
    assert (folders[0] / "result.json").read_bytes() == kept
    assert evidence[1].details["resumed_from"] in (10, 20, 30, 40) and evidence[0].details["resumed_from"] is None
    assert [item.values for item in evidence] == [item.values for item in reference]
    for item, other in zip(evidence, reference, strict=True):
        assert (folder_of(runs, item) / "metrics.jsonl").read_bytes() == (folder_of(before, other) / "metrics.jsonl").read_bytes()


@pytest.mark.slow
def test_a_killed_parent_takes_the_child_along_and_the_run_goes_on_bit_for_bit(
    tmp_path: Path, finished: tuple[Path, Path, list[Evidence]]
) -> None:
    _, before, reference = finished
    experiment, runs, slow = write(tmp_path), tmp_path / "runs", SETTINGS | {"sleep": 0.05}
    code = f"from aquarius.lab import train; from pathlib import Path; train({str(experiment)!r}, seeds=1, runs=Path({str(runs)!r}), settings={slow!r})"
    parent = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while not (found := list(runs.glob("*/checkpoint.pt"))) and time.monotonic() < deadline:
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    child = int((found[0].parent / "log.txt").read_text().split()[1])
    while time.monotonic() < deadline:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            break
        if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
            break
        time.sleep(0.02)
    assert time.monotonic() < deadline
    assert not (found[0].parent / "result.json").exists()
    item = train(experiment, seeds=1, runs=runs, settings=slow)[0]
    assert item.details["resumed_from"] >= 10
    assert item.values == reference[0].values
    assert (found[0].parent / "metrics.jsonl").read_bytes() == (folder_of(before, reference[0]) / "metrics.jsonl").read_bytes()


FAILING = """
import os
import torch

def train(run):
    print("this line is kept")
    run.log(1, loss=1.0)
    if run.seed == 0:
        return fall()
    if run.seed == 1:
        return {"loss": float("nan")}
    if run.seed == 2:
        torch.zeros(1 << 34)
    if run.seed == 3:
        os._exit(7)
    return {"loss": 0.5}

def fall():
    raise ZeroDivisionError("no luck")
"""


def test_failures_are_evidence_with_one_sentence_and_leave_their_log(tmp_path: Path) -> None:
    experiment, runs = write(tmp_path, FAILING), tmp_path / "runs"
    evidence = train(experiment, seeds=5, runs=runs)
    assert [(item.status, item.details["failure"]) for item in evidence] == [
        ("fail", "raised"),
        ("fail", "not finite"),
        ("fail", "memory"),
        ("fail", "crashed"),
        ("pass", None),
    ]
    assert [item.message for item in evidence] == [
        "Seed 0 failed: ZeroDivisionError: no luck (line 19).",
        "Seed 1 failed: loss is nan at the end, and a finite number is needed.",
        "Seed 2 failed: more than 6.0 GiB of memory was asked for.",
        "Seed 3 failed: the process left with exit code 7 before it had answered.",
        "Seed 4: loss 0.5.",
    ]
    assert evidence[0].where == "fall"
    for item in evidence:
        log = (folder_of(runs, item) / "log.txt").read_text()
        assert item.details["failure"] == "crashed" or "this line is kept" in log
        assert item.curves == {"loss": [(1, 1.0)]} and item.receipt is not None
        assert item.receipt.exit_status == (item.status == "fail") and "workspace:src/line/train.py" in item.receipt.inputs
        assert bool(item.values) == (item.status == "pass")
    assert "ZeroDivisionError: no luck" in (folder_of(runs, evidence[0]) / "log.txt").read_text()
    assert evidence[0].hint.startswith("The last lines of runs/")


def test_what_failed_is_tried_again_but_not_what_would_fail_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment, runs = write(tmp_path, "def train(run):\n    while True: pass\n"), tmp_path / "runs"
    stuck = train(experiment, seeds=1, runs=runs, limits=Limits(seconds=4))
    assert (stuck[0].status, stuck[0].message) == ("fail", "Seed 0 failed: it did not end within 4 seconds.")
    monkeypatch.setattr(module, "run_in_child", no_child)
    with pytest.raises(AssertionError, match="started again"):
        train(experiment, seeds=1, runs=runs)
    result = folder_of(runs, stuck[0]) / "result.json"
    stuck[0].model_copy(update={"details": stuck[0].details | {"failure": "not finite"}}).save(result)
    assert train(experiment, seeds=1, runs=runs)[0].status == "fail"


def test_a_full_disk_is_one_sentence_and_finished_runs_are_intact(tmp_path: Path) -> None:
    text = "def train(run):\n    for step in range(10_000 * run.seed):\n        run.log(step, loss=1.0)\n    return {'loss': 1.0}\n"
    experiment, runs = write(tmp_path, text), tmp_path / "runs"
    with pytest.raises(
        StorageError, match=r"^seed 1 of line: metrics\.jsonl cannot be written: File too large\. Finished runs are intact\.$"
    ):
        train(experiment, seeds=2, runs=runs, workers=1, limits=Limits(file_bytes=20_000))
    folders = {json.loads((path / "config.json").read_text())["seed"]: path for path in runs.iterdir()}
    assert Evidence.load(folders[0] / "result.json").status == "pass" and not (folders[1] / "result.json").exists()
    assert all(json.loads(line) for line in (folders[1] / "metrics.jsonl").read_text().splitlines())  # no half line


def test_a_disk_that_takes_no_result_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise StorageError("config.json cannot be written: No space left on device.")

    monkeypatch.setattr(module, "write_text", full)
    with pytest.raises(StorageError, match="No space left"):
        train(write(tmp_path), seeds=3, runs=tmp_path / "runs", settings=SETTINGS)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        train(write(tmp_path), seeds=1, runs=tmp_path / "file" / "runs", settings=SETTINGS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import no_such_module", r"train\.py does not import: ModuleNotFoundError: No module named 'no_such_module' \(line 1\)\.$"),
        pytest.param("x = 1", r"^seed 0 of line: train\.py defines no function train\(run\)\.$", marks=pytest.mark.slow),
        (
            "def train(run): return {'loss': run.settings['learning_rat']}",
            r"the setting 'learning_rat', which .* Did you mean 'learning_rate'\?$",
        ),
    ],
)
def test_an_experiment_that_cannot_run_is_bad_input(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        train(write(tmp_path, text), seeds=1, runs=tmp_path / "runs", settings=SETTINGS)


def test_bad_arguments_are_refused_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = write(tmp_path)
    monkeypatch.setattr(module, "run_in_child", no_child)
    for change, words in (
        ({"seeds": 0}, "between 1 and 10,000 seeds are run, got 0"),
        ({"seeds": [1, 1]}, "each seed is run once"),
        ({"seeds": [-1]}, "a seed is a whole number"),
        ({"settings": {"rate": "1e-3"}}, r"the setting rate is the text '1e-3': write 0\.001"),
        ({"settings": {"rate": float("nan")}}, "a finite number is needed"),
        ({"workers": 0}, "at least one worker"),
        ({"data": ["planetoid-kora"]}, "no data set 'planetoid-kora'"),
    ):
        with pytest.raises(BadInput, match=words):
            train(experiment, **({"seeds": 1, "runs": tmp_path / "runs", "settings": SETTINGS} | change))  # type: ignore[arg-type]
    for path, words in ((tmp_path / "none.py", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(BadInput, match=words):
            train(path, seeds=1, runs=tmp_path / "runs")
    experiment.write_text("def train(:")
    with pytest.raises(BadInput, match="is not Python"):
        train(experiment, seeds=1, runs=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_two_processes_never_write_one_run(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with module._held(folder), pytest.raises(BadInput, match="run run is being worked on by another process"), module._held(folder):
        pass
    with module._held(folder):
        pass


@pytest.mark.slow
def test_an_interrupt_by_signal_is_quick(tmp_path: Path) -> None:
    experiment, runs = write(tmp_path, "import time\ndef train(run):\n    run.log(0, loss=1.0)\n    time.sleep(600)\n"), tmp_path / "runs"
    code = f"from aquarius.lab import train; from pathlib import Path; train({str(experiment)!r}, seeds=2, workers=1, runs=Path({str(runs)!r}))"
    parent = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(runs.glob("*/metrics.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.05)
    begin = time.monotonic()
    parent.send_signal(signal.SIGINT)
    _, said = parent.communicate(timeout=60)
    assert time.monotonic() - begin < 10 and said.rstrip().endswith("KeyboardInterrupt")


def test_a_file_beside_it_is_another_experiment(tmp_path: Path) -> None:
    path = write(tmp_path, "def train(run):\n    return {'loss': 1.0}\n")
    train(path, seeds=1, runs=tmp_path / "runs")
    other = path.with_name("other.py")
    other.write_text("def train(run):\n    return {'loss': 2.0}\n")
    path.write_text(path.read_text())
    first, second = train(path, seeds=1, runs=tmp_path / "runs"), train(other, seeds=1, runs=tmp_path / "runs")
    assert (first[0].values["loss"], second[0].values["loss"]) == (1.0, 2.0)
