"""What a run comes to: its evidence, made of what the child answered and wrote, and read back when it is asked for again."""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..core import BadInput, Environment, Evidence, Receipt, StorageError
from ..subject import ChildResult, Limits, Subject
from ._metrics import read_metrics, thin
from ._plan import unchanged


@dataclass(frozen=True)
class Job:
    """Everything that the runs of one call share."""

    subject: Subject
    root: Path
    runs: Path
    name: str
    claim: str | None
    metric: str | None
    labels: dict[str, Any]  # scale, stand_in, counts
    settings: dict[str, Any]
    data: dict[str, str]  # name -> folder
    splits: dict[str, str | None]  # name -> hash of the node numbers of its split
    inputs: dict[str, str]  # data and settings, as a receipt names them
    limits: Limits
    command: str


def read_back(job: Job, folder: Path) -> Evidence | None:
    """Return the evidence of a finished run whose inputs are what they were; a run whose library code has changed is removed.

    Raises:
        BadInput: the run returned no value of the name that is asked for now.
        Broken: the result was changed by hand.
    """
    path = folder / "result.json"
    if not path.is_file():
        return None
    evidence = Evidence.load(path)
    if evidence.receipt is None or not unchanged(evidence.receipt.inputs, job.root):
        _remove(folder)
        return None
    if evidence.details.get("failure") in (None, "not finite"):  # both come out again, whatever is tried
        missing = job.metric is not None and job.metric not in evidence.values and evidence.status == "pass"
        if missing:
            raise BadInput(f"train(run) of {job.name} returned no {job.metric!r}, only {', '.join(sorted(evidence.values))}.")
        return evidence.model_copy(update={"check": job.name, "claim": job.claim, "details": evidence.details | {"metric": job.metric}})
    return None


def run_evidence(
    job: Job, code: dict[str, str], seed: int, folder: Path, result: ChildResult, times: tuple[datetime, datetime]
) -> Evidence:
    """Return the evidence of a run that is over, well or badly; `code` are the hashes of the experiment's folder, `times` start and end."""
    answer = result.value if result.status == "ok" else {}
    metrics: dict[str, float] = answer.get("metrics", {})
    failure = None if metrics else ("not finite" if "failed" in answer else result.status)
    said = ", ".join(f"{name} {value:.6g}" for name, value in metrics.items())
    what = answer.get("failed") or result.error or "it gave no result"
    line = f":{answer['line']}" if "line" in answer else ""
    return Evidence(
        kind="run",
        check=job.name,
        status="pass" if metrics else "fail",
        message=f"Seed {seed}: {said}." if metrics else f"Seed {seed} failed: {what}.",
        where=result.where,
        hint="" if metrics else f"The last lines of {job.runs.name}/{folder.name}/log.txt say more.",
        claim=job.claim,
        values=metrics,
        curves={name: thin(curve) for name, curve in read_metrics(folder / "metrics.jsonl").items()},
        details={
            "run": folder.name,
            "metric": job.metric,
            "settings": job.settings,
            "splits": job.splits,
            "failure": failure,
            "resumed_from": answer.get("resumed_from"),
            "cpu_seconds": answer.get("cpu_seconds"),
        },
        seconds=round(result.seconds, 3),
        receipt=Receipt(
            command=job.command,
            inputs=dict(sorted((code | answer.get("inputs", {}) | job.inputs).items())),
            seed=seed,
            environment=_environment_of(folder),
            started=_clock(times[0]),
            ended=_clock(times[1]),
            exit_status=0 if metrics else 1,
            log=f"{job.runs.name}/{folder.name}/log.txt{line}",
        ),
        **job.labels,
    )


def _environment_of(folder: Path) -> Environment | None:
    """Return what the child wrote about itself; None where it ended before."""
    with contextlib.suppress(OSError, ValueError):
        written = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
        return Environment.model_validate({name: written[name] for name in Environment.model_fields if name in written})
    return None


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise StorageError(f"{folder} holds a run of other code and cannot be removed: {error.strerror or error}.") from None


def _clock(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
