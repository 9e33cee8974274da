"""The exports of a workspace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.workspace._exports import exported
from aquarius.workspace._verdict_actions import export
from workspace.samples import CLAIM, complete, workspace


def test_each_form_comes_from_the_ledger(tmp_path: Path) -> None:
    work = complete(tmp_path / "w")
    lines = export(work.root).data["claims"]
    assert [line["claim"] for line in lines] == [CLAIM]
    to = tmp_path / "verdicts.jsonl"
    export(work.root, to=to)
    assert [json.loads(line) for line in to.read_text().splitlines()] == lines
    marks = export(work.root, format="badges")
    assert len(marks.data["items"]) == 5 and marks.view().row_count == 5
    items, text = exported(work, "checklist")
    assert text.count("\n") == len(items["items"]) + 2 and {one["status"] for one in items["items"]} == {"shown", "not shown"}
    assert exported(work, "checklist")[1] == text


def test_without_a_dossier_nothing_is_exported(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no dossier\.yaml yet"):
        export(workspace(tmp_path / "w").root)
