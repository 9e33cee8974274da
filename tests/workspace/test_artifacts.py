"""Artifacts of the published shape: the dashboard must never read "pass" where our verdict does not say "reproduced"."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aquarius.core import measure
from aquarius.verdict import ClaimVerdict, Estimate, Verdict
from aquarius.workspace import Workspace, read_manifest, write_artifacts
from aquarius.workspace._artifacts import artifact, artifacts_differ, read_as, result_id
from workspace.samples import workspace


def claim(result: Any = "reproduced", measured: float = 81.4, **fields: Any) -> ClaimVerdict:
    base: dict[str, Any] = {
        "claim": "table2/gcn/cora", "statement": "GCN reaches 81.5 % on Cora.", "implementation": "verified", "execution": "complete", "result": result,
        "scale": "full", "paper": measure("81.5", unit="%"), "measured": Estimate(mean=measured, sd=0.7, n=20, low=81.0, high=81.8), "rule": None,
        "registered": "before", "test": "TOST", "reasons": ("The interval lies inside the margin.",),
    }  # fmt: skip
    return ClaimVerdict(**base | fields)


def verdict(*claims: ClaimVerdict) -> Verdict:
    return Verdict(title="GCN", dossier="d" * 64, registration=None, claims=claims)


def dashboard(metrics: dict[str, Any]) -> str:
    """How the published dashboard reads an artifact: delta_pct first, result only where there is none."""
    if isinstance(metrics.get("delta_pct"), int | float):
        return read_as(metrics["delta_pct"])
    return str(metrics.get("result"))


@pytest.mark.parametrize(
    ("one", "read"),
    [
        (claim("reproduced", 81.4), "pass"),
        (claim("worse", 79.0), "fail"),  # 3 % off, which the dashboard alone would pass
        (claim("inconclusive", 81.4), "partial"),
        (claim("better", 85.0), "partial"),
        (claim("refuted", 81.4), "fail"),
        (claim("reproduced", 81.4, scale="reduced"), "partial"),
        (claim("reproduced", 81.4, implementation="broken"), "fail"),
        (claim("reproduced", 70.0), "pass"),  # a wide margin that was registered: our verdict decides, not the percentage
    ],
)
def test_the_dashboard_reads_what_our_verdict_says(one: ClaimVerdict, read: str) -> None:
    made = artifact(one, updated_at="2026-01-01T00:00:00Z")
    assert made is not None and dashboard(made.metrics) == read == made.metrics["result"]
    assert ("delta_pct" in made.metrics) != ("measured_delta_pct" in made.metrics)


def test_the_shape(tmp_path: Path) -> None:
    work = workspace(tmp_path)
    made = write_artifacts(work, verdict(claim()), stage=5)
    data = json.loads((work.results / "table2-gcn-cora.json").read_text())
    assert set(data) == {"schema_version", "result_id", "title", "updated_at", "summary", "metrics"}
    assert data["metrics"] == {
        "verdict": "reproduced", "implementation": "verified", "scale": "full", "result": "pass", "measured": 81.4, "runs": 20, "paper": 81.5, "delta_pct": -0.122699,
    }  # fmt: skip
    assert data["summary"] == "GCN reaches 81.5 % on Cora. Verdict: reproduced at full scale. The interval lies inside the margin."
    manifest = read_manifest(work.manifest)
    assert manifest.stage == 5 and manifest.results is not None and manifest.results[0].metrics == made[0].metrics


def test_an_untested_claim_is_no_result(tmp_path: Path) -> None:
    work = workspace(tmp_path)
    untested = claim("not tested", scale="proxy")
    assert write_artifacts(work, verdict(untested)) == [] and list(work.results.iterdir()) == []


def files(work: Workspace) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (*work.results.iterdir(), work.manifest)}


def test_writing_twice_changes_nothing_and_another_verdict_replaces(tmp_path: Path) -> None:
    work = workspace(tmp_path)
    write_artifacts(work, verdict(claim(), claim(claim="table3/x")))
    before = files(work)
    write_artifacts(work, verdict(claim(), claim(claim="table3/x")))
    assert files(work) == before
    write_artifacts(work, verdict(claim("worse", 79.0)))
    assert sorted(path.name for path in work.results.iterdir()) == ["table2-gcn-cora.json"]
    assert artifacts_differ(work, verdict(claim("worse", 79.0))) == []


def test_what_differs_is_named(tmp_path: Path) -> None:
    work = workspace(tmp_path)
    write_artifacts(work, verdict(claim()))
    path = work.results / "table2-gcn-cora.json"
    path.write_text(path.read_text().replace('"measured": 81.4', '"measured": 81.5'))
    (work.results / "invented.json").write_text("{}")
    assert artifacts_differ(work, verdict(claim())) == [
        "table2-gcn-cora.json does not say what the verdict says",
        "invented.json is about no claim that was judged",
    ]
    path.write_text("{")
    assert artifacts_differ(work, verdict(claim()))[0] == "table2-gcn-cora.json is missing or cannot be read"


def test_ids_are_file_names_and_different_for_different_claims() -> None:
    names = ["table2/gcn/cora", "table2/GCN/Cora", "table2-gcn/cora", "../../etc/passwd", "π", "x" * 300]
    ids = [result_id(name) for name in names]
    assert ids[0] == "table2-gcn-cora" and len(set(ids)) == len(names)
    assert all("/" not in one and len(one) < 100 for one in ids)
