"""The actions on evidence from the command line: exit codes, JSON, and the same bytes for the same ledger."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from aquarius.cli._main import _Commands
from aquarius.core import BadInput
from workspace.samples import complete


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return complete(tmp_path_factory.mktemp("actions") / "gcn").root


def call(*words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(_Commands("", name="aquarius"), [str(word) for word in words])
    return done.exit_code, done.stdout


def refusal(*words: str | Path) -> str:
    done = CliRunner().invoke(_Commands("", name="aquarius"), [str(word) for word in words])
    assert isinstance(done.exception, BadInput)  # the command line prints its sentence and ends with 2
    return str(done.exception)


def test_judging_one_ledger_twice_gives_identical_bytes(root: Path, tmp_path: Path) -> None:
    before = (root / ".aquarius" / "ledger.jsonl").read_bytes()
    first, second = call("judge", root, "--json"), call("judge", root, "--json")
    assert first == second and json.loads(first[1])
    copy = shutil.copytree(root, tmp_path / "elsewhere")
    assert call("judge", copy, "--json") == first  # no path of the machine is in it
    assert (root / ".aquarius" / "ledger.jsonl").read_bytes() == before  # and judging writes nothing


def test_two_workspaces_are_compared(root: Path, tmp_path: Path) -> None:
    code, text = call("diff", root, shutil.copytree(root, tmp_path / "other"), "--json")
    assert code == 0 and '"numbers": "equal"' in text


def test_a_letter_without_reason_is_refused(root: Path) -> None:
    assert refusal("correction", root).startswith("nothing here is held against the paper")


def test_a_rerun_needs_something_to_rerun(root: Path) -> None:
    assert refusal("rerun", "--folder", root).startswith("name the evidence to rerun")
    assert "no evidence has the hash, the run or the name 'nothing'" in refusal("rerun", "nothing", "--folder", root)


def test_a_plot_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refusal("digitise", tmp_path / "nothing.png", "--x", "0,1", "--y", "0,1")


def test_the_ledger_is_timed(tmp_path: Path) -> None:
    code, text = call("bench", "ledger", "--entries", "200", "--appends", "3", "--json")
    assert code in (0, 1) and '"append_ms"' in text
