"""Two reproductions: what is equal is called equal, and what differs is named in the order in which it explains."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from aquarius.core import hash_data
from aquarius.workspace import Workspace
from aquarius.workspace._diff import compare_workspaces
from aquarius.workspace._show_evidence import diff_view
from workspace.samples import CLAIM, CONF, complete, put, run_of


def twin(work: Workspace, to: Path) -> Workspace:
    return Workspace.open(shutil.copytree(work.root, to))


def test_a_reproduction_is_equal_to_its_copy(tmp_path: Path) -> None:
    work = complete(tmp_path / "one")
    found = compare_workspaces(work, twin(work, tmp_path / "two"))
    (pair,) = found.pairs
    assert (pair.numbers, pair.causes, found.papers, pair.first.claim) == ("equal", (), "same", CLAIM)
    assert pair.first == pair.second and pair.first.n == 2


def test_another_number_is_explained_by_what_differs_first_the_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AQUARIUS_DATA", raising=False)  # real data there would make the receipts below stale
    work = complete(tmp_path / "one")
    other = twin(work, tmp_path / "two")
    conf = CONF.replace("value: 16", "value: 32").replace("metric: accuracy, dataset", "metric: micro accuracy, dataset")
    put(other, "conf/gcn-cora.yaml", conf)
    put(other, "src/gcn_on_cora/train.py", "def train(run):\n    return {}\n")
    made = [run_of(other, seed, 70.4 + 0.1 * seed) for seed in (0, 1, 2)]
    settings = {"value:settings": hash_data({"hidden": 32}), "data:planetoid/ind.cora.x": "a" * 64}
    made = [
        one.model_copy(update={"receipt": one.receipt.model_copy(update={"inputs": one.receipt.inputs | settings})})
        for one in made
        if one.receipt
    ]
    other.open_ledger().append_all("evidence", made)
    (pair,) = compare_workspaces(work, other).pairs
    assert pair.numbers == "different" and pair.difference is not None and -11 < pair.difference < -10.9
    assert [cause.kind for cause in pair.causes] == ["measure", "data", "setting", "experiment", "seeds"]
    setting = pair.causes[2]
    assert (setting.name, setting.first, setting.second) == ("hidden", "16", "32")
    assert setting.try_ == "set hidden to 16 in conf/gcn-cora.yaml of the second, and aquarius reproduce it"
    assert pair.causes[3].second == "3 lines differ"
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(diff_view(compare_workspaces(work, other)))
    assert "micro accuracy" in console.export_text()


def test_numbers_that_differ_within_the_spread_are_called_so(tmp_path: Path) -> None:
    work = complete(tmp_path / "one")
    other = twin(work, tmp_path / "two")
    other.open_ledger().append_all("evidence", [run_of(other, 0, 81.45), run_of(other, 1, 81.42)])
    (pair,) = compare_workspaces(work, other).pairs
    assert pair.numbers == "within the spread" and pair.low is not None and pair.low < 0 < (pair.high or 0)


def test_without_runs_on_one_side_nothing_is_told(tmp_path: Path) -> None:
    work = complete(tmp_path / "one")
    other = twin(work, tmp_path / "two")
    put(other, "src/gcn_on_cora/train.py", "def train(run):\n    return {}\n")  # its runs are stale now
    (pair,) = compare_workspaces(work, other).pairs
    assert pair.numbers == "cannot tell" and pair.second.n == 0
