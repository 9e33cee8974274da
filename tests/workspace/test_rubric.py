"""A rubric in a workspace: frozen before the runs or not, graded from the ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aquarius.core import BadInput
from aquarius.workspace import Workspace
from aquarius.workspace._rubric import Bindings, export_rubric, import_rubric
from aquarius.workspace._verdict_actions import rubric_export, rubric_import
from workspace.samples import CLAIM, complete, workspace

TREE: dict[str, Any] = {
    "id": "root", "requirements": "All of it.", "weight": 1,
    "sub_tasks": [
        {"id": "a", "requirements": "Equation (2) is implemented.", "weight": 1, "sub_tasks": [], "task_category": "Code Development"},
        {"id": "b", "requirements": "81.5 % on Cora.", "weight": 3, "sub_tasks": [], "task_category": "Result Analysis"},
    ],
}  # fmt: skip
BOUND = f"bindings:\n- {{leaf: b, claim: {CLAIM}}}\n- {{leaf: a, equation: equation (2)}}\n"


@pytest.fixture
def work(tmp_path: Path) -> Workspace:
    return complete(tmp_path / "w")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rubric.json"
    path.write_text(json.dumps(TREE))
    return path


def test_a_rubric_after_the_runs_is_said_to_be_after(work: Workspace, file: Path) -> None:
    first = rubric_import(file, work.root)
    assert first.data["leaves"] == 2 and "left to a judge" in first.view()
    (work.root / "rubric.yaml").write_text(BOUND)
    assert export_rubric(work)[1]["set"] == "changed"
    import_rubric(work, file)
    graded, told = export_rubric(work)
    assert told["set"] == "after" and told["leaves"] == 2
    assert graded["sub_tasks"][0]["score"] == 1.0 and graded["sub_tasks"][0]["judge_metadata"]["evidence"]
    assert told["low"] >= 0.25


def test_weights_that_change_are_seen_and_another_rubric_is_refused(work: Workspace, file: Path) -> None:
    import_rubric(work, file)
    heavier = TREE | {"sub_tasks": [TREE["sub_tasks"][0] | {"weight": 9}, TREE["sub_tasks"][1]]}
    file.write_text(json.dumps(heavier))
    with pytest.raises(BadInput, match="is another rubric: its weights were set first"):
        import_rubric(work, file)
    (work.root / "rubric.json").write_text(json.dumps(heavier))
    assert export_rubric(work)[1]["set"] == "changed"
    assert "was changed since it was frozen" in rubric_export(work.root).view()


def test_importing_twice_writes_nothing_twice(work: Workspace, file: Path) -> None:
    import_rubric(work, file)
    before = work.ledger.read_bytes()
    import_rubric(work, file)
    assert work.ledger.read_bytes() == before


def test_before_the_runs_it_is_before(tmp_path: Path, file: Path) -> None:
    source = complete(tmp_path / "w")
    fresh = workspace(tmp_path / "fresh")
    fresh.dossier.write_text(source.dossier.read_text())
    import_rubric(fresh, file)
    _, told = export_rubric(fresh)
    assert (told["set"], told["low"], told["high"], told["decided"]) == ("before", 0.0, 1.0, 0.0)


def test_an_export_is_a_file_that_can_be_read_again(work: Workspace, file: Path, tmp_path: Path) -> None:
    import_rubric(work, file)
    rubric_export(work.root, to=tmp_path / "graded.json")
    data = json.loads((tmp_path / "graded.json").read_text())
    assert {"id", "requirements", "weight", "sub_tasks", "task_category", "score", "valid_score", "explanation"} <= set(data)


def test_without_a_rubric_or_with_a_wrong_one_it_says_so(work: Workspace, file: Path) -> None:
    with pytest.raises(BadInput, match="has no rubric: run aquarius rubric import"):
        export_rubric(work)
    file.write_text("{")
    with pytest.raises(BadInput, match="is not JSON"):
        import_rubric(work, file)
    file.write_text(json.dumps(TREE))
    import_rubric(work, file)
    (work.root / "rubric.yaml").write_text("bindings:\n- {leaf: nowhere, check: causality}\n")
    with pytest.raises(BadInput, match="no leaf of the rubric"):
        import_rubric(work, file)
    assert Bindings().bindings == ()
