"""The road, end to end, in a workspace: read, distil, draw, hold equations, examine, register, train, judge, write."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..core import BadInput, Evidence, Record, progress
from ..verdict import Registration, Verdict
from . import _stages as stages
from ._config import ExperimentFile, read_experiments, read_plan
from ._facts import Facts
from ._judging import judge_workspace, render_report
from ._layout import Workspace
from ._manifest import update_manifest
from ._start import read_paper, start_workspace
from ._templates import template_names
from .protocol import record_report, stage_of, status


class Journey(Record):
    """What a walk of the road ended with."""

    workspace: str
    report: Path
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    seconds: dict[str, float]  # stop -> wall time


@dataclass
class _Clock:
    seconds: dict[str, float] = field(default_factory=dict)
    since: float = field(default_factory=time.perf_counter)
    current: str = ""

    def stop_at(self, name: str, title: str) -> None:
        self.lap()
        self.current = name
        progress.step(title)

    def lap(self) -> None:
        now = time.perf_counter()
        if self.current:
            self.seconds[self.current] = round(now - self.since, 2)
        self.since = now


def reproduce(
    what: str, *, seeds: int | None = None, into: Path | None = None, workers: int | None = None, paper: Path | None = None
) -> Journey:
    """Walk the road for a shipped reproduction or in a workspace; what is finished is not done again.

    Raises:
        BadInput: no such reproduction or workspace, or a file in it that cannot be used.
    """
    if seeds is not None and seeds < 1:
        raise BadInput(f"the number of seeds must be positive, got {seeds}.")
    if workers is not None and workers < 1:
        raise BadInput(f"the number of workers must be positive, got {workers}.")
    if Path(what).is_dir() and what not in template_names():
        return travel(Workspace.open(what), seeds=seeds, workers=workers)
    folder = into or Path("workspaces") / what
    return travel(start_workspace(what, folder, name=what, paper=paper), seeds=seeds, workers=workers)


def travel(workspace: Workspace, *, seeds: int | None = None, workers: int | None = None) -> Journey:
    """Walk the road in a workspace."""
    clock = _Clock()
    plan, experiments = read_plan(workspace.bindings), read_experiments(workspace.conf)
    experiments = _with_seeds(experiments, seeds, workspace.open_ledger().registration())
    clock.stop_at("read", "Read and distil: what the paper says, and where")
    document, dossier = read_paper(workspace)
    progress.note(
        f"{document.title}: {len(dossier.claims)} claims, {len(dossier.formulas)} formulas, "
        f"{len(dossier.recipe) + len(dossier.architecture)} settings, {len(dossier.gaps)} gaps"
    )
    for contradiction in dossier.contradictions:
        progress.note(f"the paper contradicts itself: {contradiction.message}")
    clock.stop_at("draw", "Draw: shapes and counts before anything runs")
    blueprint = stages.draw_subject(workspace, plan, dossier)
    if blueprint is not None:
        progress.note(f"{blueprint.subject}: {blueprint.parameters:,} parameters in {len(blueprint.layers)} modules")
    counted = stages.count(workspace, plan, dossier)
    for item in counted:
        if item.claim is None:  # of a whole table; the rows are in the report
            progress.note(item.message)
    clock.stop_at("conform", "Equations: the paper's LaTeX held against the code")
    stages.conform(workspace, plan, dossier)
    clock.stop_at("examine", "Examine: the gauntlet")
    findings = stages.examine_subject(workspace, plan, dossier)
    if findings:
        progress.note(_tally(findings))
    for item in findings:
        if item.status in ("fail", "unsure"):
            progress.note(f"{item.status}: {item.check}: {item.message}")
    clock.stop_at("train", "Train: every seed a process of its own")
    stages.register(workspace, dossier, experiments)
    for name, experiment in experiments.items():
        runs = stages.run_experiment(workspace, name, experiment, workers=workers)
        progress.note(f"{name}: {_runs_line(runs, experiment.metric)}")
    clock.stop_at("judge", "Judge and write")
    verdict = judge_workspace(workspace, record=True)
    report = write_report(workspace)
    state = status(workspace)
    update_manifest(workspace.manifest, stage=stage_of(state), status="completed" if state.phase == 0 else "active")
    clock.lap()
    return Journey(
        workspace=str(workspace.root),
        report=report,
        verdict=verdict,
        evidence=tuple(workspace.open_ledger().evidence()),
        seconds=clock.seconds,
    )


def _with_seeds(experiments: dict[str, ExperimentFile], seeds: int | None, registration: Registration | None) -> dict[str, ExperimentFile]:
    """Return the experiments with the number of seeds that was asked for, else registered, else planned; one that bears on no claim keeps its own."""
    registered_seeds = {rule.claim: rule.seeds for rule in registration.rules} if registration else {}
    found = dict(experiments)
    for name, item in experiments.items():
        if item.claim is not None and item.rule is not None:
            number = seeds or registered_seeds.get(item.claim, item.seeds)
            others = tuple(rule.model_copy(update={"seeds": seeds or registered_seeds.get(rule.claim, rule.seeds)}) for rule in item.rules)
            found[name] = item.model_copy(update={"seeds": number, "rule": item.rule.model_copy(update={"seeds": number}), "rules": others})
    return found


def write_report(workspace: Workspace, *, to: Path | None = None, format: Literal["html", "markdown", "json"] = "html") -> Path:
    """Write the report of the current verdict; return its path."""
    suffix = {"html": "html", "markdown": "md", "json": "json"}[format]
    facts = Facts(workspace)
    path = render_report(facts, to or workspace.report / f"index.{suffix}")
    record_report(workspace, path, facts.judged)
    return path


def _tally(evidence: list[Evidence]) -> str:
    return ", ".join(f"{count} {status}" for status, count in Counter(item.status for item in evidence).most_common())


def _runs_line(runs: list[Evidence], metric: str | None) -> str:
    import statistics

    good = [item for item in runs if item.status == "pass"]
    names = [metric] if metric else list(good[0].values)[:2] if good else []
    parts = []
    for name in names:
        values = [item.values[name] for item in good if name in item.values]
        if values:
            spread = f" ± {statistics.stdev(values):.3g}" if len(values) > 1 else ""
            parts.append(f"{name} {statistics.fmean(values):.4g}{spread}")
    return f"{len(good)} of {len(runs)} runs finished; {', '.join(parts)}"
