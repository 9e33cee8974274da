"""Stale evidence: which input changed is named, and nothing else makes evidence stale."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import aquarius
from aquarius.core import Evidence, file_hash
from aquarius.workspace import Workspace, stale, unseen
from aquarius.workspace._stale import divide, stage_hash
from workspace.samples import CONF, MODEL, complete, finding, put, run, run_of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return complete(tmp_path_factory.mktemp("stale") / "gcn").root


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made, tmp_path / "gcn")
    return Workspace(tmp_path / "gcn")


def of(work: Workspace, **inputs: str) -> Evidence:
    return finding(
        inputs={f"workspace:{MODEL}": file_hash(work.root / MODEL)} | {name.replace("__", ":"): value for name, value in inputs.items()}
    )


def test_fresh_evidence_has_no_reason(work: Workspace) -> None:
    assert stale(work, of(work)) == [] and stale(work, run_of(work, 0, 81.5)) == []


def test_each_changed_input_is_named(work: Workspace) -> None:
    one = run_of(work, 0, 81.5)
    put(work, MODEL, "weight = 2\n")
    (work.root / "src/gcn_on_cora/train.py").unlink()
    put(work, "conf/gcn-cora.yaml", CONF.replace("16", "32"))
    assert stale(work, one) == ["conf/gcn-cora.yaml changed", f"{MODEL} changed", "src/gcn_on_cora/train.py is gone"]


def test_the_library_under_test_is_an_input(work: Workspace) -> None:
    inside = Path(aquarius.__file__).parent / "core" / "_place.py"
    assert stale(work, finding(inputs={"package:core/_place.py": file_hash(inside)})) == []
    assert stale(work, finding(inputs={"package:core/_place.py": "0" * 64})) == ["core/_place.py changed"]


def test_data_are_looked_for_where_the_lab_looks(work: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AQUARIUS_DATA", str(tmp_path / "data"))
    (tmp_path / "data" / "set").mkdir(parents=True)
    (tmp_path / "data" / "set" / "x").write_text("numbers")
    good = finding(inputs={f"workspace:{MODEL}": file_hash(work.root / MODEL), "data:set/x": file_hash(tmp_path / "data" / "set" / "x")})
    assert stale(work, good) == [] and unseen(work, [good]) == []
    (tmp_path / "data" / "set" / "x").write_text("other numbers")
    assert stale(work, good) == ["set/x changed"]
    (tmp_path / "data" / "set" / "x").unlink()
    assert stale(work, good) == [] and unseen(work, [good, good]) == ["set/x"]  # cannot be told is not changed, and it is named


@pytest.mark.parametrize("name", ["workspace:../../secret", "workspace:", "file:x", "x", "data:"])
def test_an_input_that_leads_elsewhere_is_never_fresh(work: Workspace, name: str) -> None:
    assert stale(work, finding(inputs={f"workspace:{MODEL}": file_hash(work.root / MODEL), name: "0" * 64})) != []


def test_evidence_without_receipt_or_code_is_stale(work: Workspace) -> None:
    assert stale(work, of(work).model_copy(update={"receipt": None})) == ["it has no receipt"]
    assert stale(work, run(0)) == ["its receipt names no code that it was made with"]


def test_a_stop_that_is_configured_otherwise_now_is_stale(work: Workspace) -> None:
    made = of(work, value__stage=stage_hash("finding", {"subject": MODEL}))
    assert stale(work, made) == []
    other = of(work, value__stage=stage_hash("finding", {"subject": "src/other.py"}))
    assert stale(work, other) == ["blueprint.yaml, the dossier or Aquarius itself changed"]
    put(work, "blueprint.yaml", "[")
    assert stale(work, made)[0].startswith("stage cannot be compared: ")


def test_a_value_that_no_file_holds_cannot_change(work: Workspace) -> None:
    assert stale(work, of(work, value__equation="0" * 64)) == []


def test_a_list_is_divided(work: Workspace) -> None:
    good, bad = of(work), finding(inputs={f"workspace:{MODEL}": "0" * 64})
    assert divide(work, [good, bad]) == ([good], [(bad, [f"{MODEL} changed"])])
