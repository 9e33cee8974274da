"""The manifest: the published shape, nothing else, and one sentence for what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aquarius.core import BadInput
from aquarius.workspace import read_manifest, update_manifest
from aquarius.workspace._manifest import ResultEntry, slug
from workspace.samples import workspace

# The published shape, as its dashboard reads it: name -> required.
SHAPE = {"schema_version": True, "id": True, "name": True, "description": False, "paper": True, "stage": True, "status": True, "backend": False, "updated_at": False, "results": False}  # fmt: skip


def test_a_new_manifest_has_the_published_shape(tmp_path: Path) -> None:
    data = json.loads(workspace(tmp_path).manifest.read_text())
    assert set(data) <= set(SHAPE) and {name for name, required in SHAPE.items() if required} <= set(data)
    assert data["paper"] == {"title": "Semi-Supervised Classification with Graph Convolutional Networks", "year": 2017}
    assert (data["schema_version"], data["id"], data["stage"], data["status"]) == ("1.0.0", "gcn-on-cora", 1, "active")


def test_stage_status_and_results_are_updated(tmp_path: Path) -> None:
    path = workspace(tmp_path).manifest
    result = ResultEntry(result_id="accuracy", title="Accuracy", summary="…", metrics={"result": "pass"})
    after = update_manifest(path, stage=4, status="blocked", results=(result,))
    assert read_manifest(path) == after and (after.stage, after.status, after.results) == (4, "blocked", (result,))
    assert after.updated_at and after.updated_at.endswith("Z")
    before = path.stat().st_mtime_ns
    assert update_manifest(path, stage=4) == after and path.stat().st_mtime_ns == before  # nothing changed, nothing written


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"stage": 7}, "stage: input should be less than or equal to 6"),
        ({"status": "done"}, "status: input should be 'active', 'pending', 'blocked' or 'completed'"),
        ({"paper": {"title": "x", "year": "last year"}}, "paper.year: input should be a valid integer"),
        ({"paper": {"title": ""}}, "paper.title: "),
        ({"verdict": "reproduced"}, "verdict: extra inputs are not permitted"),
        ({"id": "../up"}, "id: string should match"),
    ],
)
def test_another_shape_is_refused_with_its_field(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    path = workspace(tmp_path).manifest
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BadInput, match=rf"aquarius\.project\.json: {sentence}"):
        read_manifest(path)


@pytest.mark.parametrize(
    ("text", "sentence"), [("", "is not JSON"), ("{", "is not JSON"), ("[1]", "holds no JSON object"), ("[" * 100_000, "is not JSON")]
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = workspace(tmp_path).manifest
    path.write_text(text)
    with pytest.raises(BadInput, match=sentence):
        read_manifest(path)


def test_a_bad_stage_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = workspace(tmp_path).manifest
    before = path.read_bytes()
    with pytest.raises(BadInput, match="stage"):
        update_manifest(path, stage=0)
    assert path.read_bytes() == before


def test_slugs() -> None:
    assert slug("GCN on Cora!") == "gcn-on-cora"
    with pytest.raises(BadInput, match="cannot name a workspace"):
        slug("???")
