"""The second opinion: what a run reads, writes and says, held against the records."""
# tests _runner.py

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aquarius
from aquarius.audit import second_opinion
from aquarius.audit._repository import load
from aquarius.audit._runner import _Events
from aquarius.audit._second import stated_programs
from aquarius.core import BadInput

README = "# A study\n\n    python work.py --n 30\n\nMean error: 0.4839.\n"
WORK = """import argparse
import json
import random

parser = argparse.ArgumentParser()
parser.add_argument("--n", type=int, default=3)
rng = random.Random(0)
data = json.load(open("data.json"))
value = sum(data) / len(data) + rng.random() / parser.parse_args().n
json.dump({"error": value}, open("results.json", "w"))
"""


def folder(tmp_path: Path, work: str = WORK, **more: str) -> Path:
    for name, text in {"README.md": README, "work.py": work, "data.json": "[0.25, 0.75]", **more}.items():
        (tmp_path / name).write_text(text)
    value = 0.5 + 0.8444218515250481 / 30
    (tmp_path / "results.json").write_text(json.dumps({"error": value}))
    return tmp_path


def messages(place: Path, status: str) -> str:
    return "\n".join(item.message for item in second_opinion(place, seconds=30) if item.status == status)


def test_an_honest_run_passes_and_the_folder_is_not_touched(tmp_path: Path) -> None:
    place = folder(tmp_path)
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    found = second_opinion(place, seconds=30)
    assert [(item.status, item.check) for item in found] == [("pass", "second-opinion")]
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


def test_other_numbers_are_named(tmp_path: Path) -> None:
    assert "was recorded as 0.528147, and the run gives 0.578147" in messages(
        folder(tmp_path, WORK.replace("/ len(data) +", "/ len(data) + 0.05 +")), "fail"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("old = json.load(open('results.json'))['error']", "reads results.json before it writes it"),
        ("open('README.md').read()", "reads README.md"),
        ("import sys; print('Traceback (most recent call last)')", "prints a traceback and ends with exit code 0"),
        ("raise SystemExit(3)", "ends with exit code 3"),
        ("import socket; socket.create_connection(('127.0.0.1', 9), 1)", "opens the address"),
    ],
)
def test_what_a_run_does_is_named(line: str, said: str, tmp_path: Path) -> None:
    assert said in messages(folder(tmp_path, WORK.replace("value =", line + "\nvalue =")), "fail")


def test_writing_outside_and_starting_a_process_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    victim = Path.home() / "aquarius-second-opinion-was-here"
    lines = f"open({str(victim)!r}, 'w').write('x')"
    found = messages(folder(tmp_path / "a", WORK.replace("value =", lines + "\nvalue =")), "unsure")
    assert "was refused" in found and not victim.exists()
    (tmp_path / "b").mkdir()
    found = messages(folder(tmp_path / "b", WORK.replace("value =", "import os; os.system('true')\nvalue =")), "unsure")
    assert "os.system" in found


def test_results_without_data_are_named(tmp_path: Path) -> None:
    work = "import json\njson.dump({'error': 0.5281473950508349}, open('results.json', 'w'))\n"
    assert "touches no data" in messages(folder(tmp_path, work), "fail")


def test_a_run_without_an_end_is_bounded(tmp_path: Path) -> None:
    place = folder(tmp_path, "while True:\n    pass\n")
    found = second_opinion(place, seconds=2)
    assert any(item.status == "unsure" and "did not end within 2 s" in item.message for item in found)


def test_commands_are_read_from_code_and_backticks(tmp_path: Path) -> None:
    text = "Run `python -m pkg.go --a 1` first.\n\n```\npython work.py run  # fast\npytest\n```\nthen python other.py by hand\n"
    place = folder(tmp_path, **{"README.md": text})
    (place / "pkg").mkdir()
    (place / "pkg" / "go.py").write_text("")
    assert stated_programs(load(place)) == [("pkg.go", ["--a", "1"], True), ("work.py", ["run"], False)]


def test_nothing_to_run_is_skipped_and_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing")
    assert [item.status for item in second_opinion(tmp_path)] == ["skipped"]
    with pytest.raises(BadInput, match="is not a folder"):
        second_opinion(tmp_path / "none")


def test_the_door_audits_and_stays_a_package(tmp_path: Path) -> None:
    place = folder(tmp_path)
    from aquarius.audit import audit

    found = aquarius.audit(place, only=("fabrication",))
    assert {item.check for item in found} == {item.check for item in audit(place, only=("fabrication",))}


def _fit_of_a_library(home: Path, call: str) -> list[str]:
    """Return what is heard when a file of the home calls a library's `fit` with test rows beside it."""
    library: dict[str, Any] = {}
    exec(compile("def fit(X, y=None):\n    return X\n", "/elsewhere/library.py", "exec"), library)
    events = _Events(home)
    program = f"def main(fit, x_train, x_test):\n    {call}\n"
    names: dict[str, Any] = {"np": np}
    exec(compile(program, str(home / "run.py"), "exec"), names)
    rows = np.arange(40.0).reshape(20, 2)
    before = sys.getprofile()
    sys.setprofile(events.called)
    try:
        names["main"](library["fit"], rows[:12], rows[12:])
    finally:
        sys.setprofile(before)
    return events.fitted_test


def test_a_fit_that_sees_the_test_rows_is_heard(tmp_path: Path) -> None:
    assert _fit_of_a_library(tmp_path, "fit(np.vstack([x_train, x_test]))") == ["run.py:2: `fit` sees 8 of the 8 rows of `x_test`"]


@pytest.mark.parametrize("call", ["fit(x_train)", "fit(np.vstack([x_train, x_test[:3]]))", "fit(None)"])
def test_a_fit_of_training_rows_is_not_named(call: str, tmp_path: Path) -> None:
    assert _fit_of_a_library(tmp_path, call) == []
