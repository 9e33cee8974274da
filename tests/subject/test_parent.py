"""A child process is bounded in time, memory and files, and says how it ended."""

# tests _child.py and _limits.py, through the only door that uses them

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.subject import Limits, Subject, run_in_child

TASKS = "subject.tasks"


@pytest.fixture(autouse=True)
def _tasks_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[1]))


def test_value_and_messages_come_back() -> None:
    heard: list[object] = []
    result = run_in_child(f"{TASKS}:add", [1, 2, 3], on_message=heard.append)
    assert (result.status, result.value) == ("ok", 6)
    assert heard == result.messages == [{"seen": 1}, {"seen": 2}, {"seen": 3}]


def test_prints_are_kept_apart_and_secrets_do_not_reach_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    result = run_in_child(f"{TASKS}:say")
    assert "printed by the task" in result.output
    assert "SOME_TOKEN" not in result.value and "PATH" in result.value


def test_a_hanging_task_is_ended_and_its_messages_are_kept() -> None:
    begin = time.perf_counter()
    result = run_in_child(f"{TASKS}:hang", limits=Limits(seconds=1.5))
    assert (result.status, result.messages) == ("timeout", ["before"])
    assert result.error == "it did not end within 1.5 seconds"
    assert time.perf_counter() - begin < 10


@pytest.mark.parametrize(
    ("task", "status", "words"),
    [
        ("eat_memory", "memory", "more than 1.0 GiB of memory"),
        ("die", "crashed", "died of SIGSEGV"),
        ("leave", "crashed", "left with exit code 7"),
        ("write_much", "raised", "File too large"),
    ],
)
def test_limits_and_crashes_are_results(task: str, status: str, words: str, tmp_path: Path) -> None:
    result = run_in_child(f"{TASKS}:{task}", limits=Limits(memory_bytes=1 << 30, file_bytes=8 << 20), folder=tmp_path)
    assert result.status == status
    assert words in result.error


def test_a_process_left_behind_is_ended_and_named() -> None:
    begin = time.perf_counter()
    result = run_in_child(f"{TASKS}:leave_a_child")
    assert (result.status, result.value) == ("ok", "done")
    assert "os.fork" in result.audits
    assert time.perf_counter() - begin < 20


def test_a_subject_is_imported_with_its_neighbours_and_its_facts(tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("value = 41\n")
    (tmp_path / "model.py").write_text("import neighbour\nfacts = {'heads': 8}\ndef answer():\n    return neighbour.value + 1\n")
    own = run_in_child(f"{TASKS}:names", subject=Subject(tmp_path / "model.py"))
    given = run_in_child(f"{TASKS}:names", subject=Subject(tmp_path / "model.py", facts={}))
    assert own.value == {"facts": {"heads": 8}, "answer": 42}
    assert given.value["facts"] == {}


def test_an_exception_names_the_function_of_the_subject(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text("facts = {}\nclass Net:\n    def run(self):\n        return 1 / 0\ndef answer():\n    return Net().run()\n")
    result = run_in_child(f"{TASKS}:names", subject=Subject(path))
    assert (result.status, result.where) == ("raised", "Net.run")
    assert result.error == "ZeroDivisionError: division by zero (line 4)"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"def (:\n", "is not Python: invalid syntax (line 1)"),
        (bytes(range(256)), "is not Python"),
        (b"x = " + b"(" * 5_000, "is not Python"),
    ],
)
def test_a_file_that_is_no_python_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=words.replace("(", r"\(").replace(")", r"\)")):
        Subject(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        Subject(tmp_path / "none.py")
