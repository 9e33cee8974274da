"""Result artifacts of the published Project Aquarius shape, made from a verdict.

The dashboard reads |delta_pct| <= 5 as pass and <= 15 as partial, and looks at `result` only where there is no delta_pct. Our verdict is
stricter, so delta_pct is written only where that reading comes to the same; elsewhere the difference is `measured_delta_pct`.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from pydantic import Field

from ..core import Record, hash_data, read_text, validate, write_text
from ..verdict import ClaimVerdict, Verdict
from ._layout import Workspace
from ._manifest import SCHEMA_VERSION, ResultEntry, now, update_manifest, without_nothing

ArtifactResult = Literal["pass", "partial", "fail"]


class Provenance(Record):
    """The commit that a result was made from."""

    commit_sha: str
    branch: str


class Artifact(Record):
    """`.aquarius/results/<id>.json`."""

    schema_version: str = SCHEMA_VERSION
    result_id: str = Field(min_length=1)
    title: str
    updated_at: str
    summary: str
    metrics: dict[str, float | str]
    provenance: Provenance | None = None


def artifact(claim: ClaimVerdict, *, updated_at: str) -> Artifact | None:
    """Return the artifact of a claim, None where it was not tested: that is no result, whatever was run."""
    if claim.result == "not tested":
        return None
    result = _result(claim)
    metrics: dict[str, float | str] = {
        "verdict": claim.result,
        "implementation": claim.implementation,
        "scale": claim.scale,
        "result": result,
    }
    if claim.measured is not None:
        metrics |= {"measured": claim.measured.mean, "runs": claim.measured.n}
    if claim.paper is not None:
        metrics["paper"] = claim.paper.value
        if claim.measured is not None and claim.paper.value:
            delta = round(100 * (claim.measured.mean - claim.paper.value) / abs(claim.paper.value), 6)
            metrics["delta_pct" if read_as(delta) == result else "measured_delta_pct"] = delta
    return Artifact(
        result_id=result_id(claim.claim),
        title=claim.claim,
        updated_at=updated_at,
        summary=f"{claim.statement.rstrip('.')}. Verdict: {claim.result} at {claim.scale} scale. {claim.reasons[0] if claim.reasons else ''}".rstrip(),
        metrics=metrics,
    )


def write_artifacts(workspace: Workspace, verdict: Verdict, *, stage: int | None = None) -> list[Artifact]:
    """Write one artifact for each claim with evidence, remove those of other verdicts, list them in the manifest, and return them.

    An artifact that would say the same keeps its time, so that writing twice changes nothing.
    """
    made: list[Artifact] = []
    for claim in verdict.claims:
        path = workspace.results / f"{result_id(claim.claim)}.json"
        fresh = artifact(claim, updated_at=now())
        if fresh is None:
            continue
        there = _read(workspace, fresh.result_id)
        if there is not None and there.model_copy(update={"updated_at": fresh.updated_at}) == fresh:
            made.append(there)
            continue
        write_text(path, json.dumps(without_nothing(fresh), indent=2, ensure_ascii=False) + "\n")
        made.append(fresh)
    names = {f"{one.result_id}.json" for one in made}
    for path in workspace.results.glob("*.json"):
        if path.name not in names:
            path.unlink()
    entries = tuple(
        ResultEntry(result_id=one.result_id, title=one.title, summary=one.summary, updated_at=one.updated_at, metrics=one.metrics)
        for one in made
    )
    update_manifest(workspace.manifest, stage=stage, results=entries)
    return made


def artifacts_differ(workspace: Workspace, verdict: Verdict) -> list[str]:
    """Return which artifacts do not say what the verdict says: changed, missing, or about no claim of it."""
    wanted = {one.result_id: one for claim in verdict.claims if (one := artifact(claim, updated_at="")) is not None}
    problems = []
    for name, one in wanted.items():
        there = _read(workspace, name)
        if there is None:
            problems.append(f"{name}.json is missing or cannot be read")
        elif there.model_copy(update={"updated_at": ""}) != one:
            problems.append(f"{name}.json does not say what the verdict says")
    extra = sorted(path.name for path in workspace.results.glob("*.json") if path.stem not in wanted)
    return problems + [f"{name} is about no claim that was judged" for name in extra]


def read_as(delta_pct: float) -> ArtifactResult:
    """Return what the dashboard takes a difference in percent for."""
    return "pass" if abs(delta_pct) <= 5 else "partial" if abs(delta_pct) <= 15 else "fail"


def result_id(claim: str) -> str:
    """Return a claim's id as a file name: readable, and different for different claims."""
    words = re.sub(r"[^a-z0-9]+", "-", claim.lower()).strip("-")[:80].strip("-")
    return words if words.replace("-", "/") == claim else f"{words or 'claim'}-{hash_data(claim)[:8]}"


def _result(claim: ClaimVerdict) -> ArtifactResult:
    if claim.implementation == "broken" or claim.result in ("worse", "refuted"):
        return "fail"
    if claim.result == "reproduced" and claim.scale == "full":
        return "pass"
    return "partial"


def _read(workspace: Workspace, name: str) -> Artifact | None:
    from ..core import AquariusError

    try:
        data: Any = json.loads(read_text(workspace.results / f"{name}.json"))
        return validate(Artifact, data, name)
    except (AquariusError, ValueError, RecursionError):
        return None
