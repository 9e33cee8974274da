"""What `diagnose` is given: from a workspace its dossier, ledger, subject and conf; standing alone, the files that are named."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core import BadInput, Evidence, did_you_mean
from ..dossier import Dossier
from ..gauntlet import Commands, Diagnosis, diagnose, examine, seen_settings
from ..subject import Subject
from ._config import ExperimentFile
from ._facts import Facts
from ._layout import Workspace
from ._logs import read_log


def diagnose_file(
    model: Path | None,
    logs: Sequence[Path],
    *,
    dossier: Dossier | None = None,
    settings: Mapping[str, Any] | None = None,
    metric: str | None = None,
    claimed: float | None = None,
    measured: float | None = None,
    budget: float | None = None,
) -> Diagnosis:
    """Examine a model file (where one is named) and look at the logs; settings that are not given are read from its optimiser and modules.

    Raises:
        BadInput: a file that cannot be used, or a metric that no log has.
    """
    runs = [read_log(path) for path in logs]
    _known_metric(metric, runs)
    findings: list[Evidence] = []
    facts: dict[str, Any] = {}
    if model is not None:
        subject = Subject(model)
        findings, facts = examine(subject, dossier, budget=budget), stated_facts(subject)
        if dossier is not None:
            settings = seen_settings(subject) | dict(settings or {})
    return diagnose(
        findings,
        runs,
        dossier=dossier,
        settings=settings,
        facts=facts,
        metric=metric,
        claimed=claimed,
        measured=measured,
        commands=Commands(model=str(model) if model else "MODEL.py"),
    )


def diagnose_workspace(
    workspace: Workspace,
    *,
    experiment: str | None = None,
    logs: Sequence[Path] = (),
    claimed: float | None = None,
    measured: float | None = None,
    budget: float | None = None,
) -> Diagnosis:
    """Diagnose one experiment of a workspace from its dossier, its conf, and the evidence in the ledger that still holds.

    Raises:
        BadInput: no such experiment, or several and none is named.
    """
    facts = Facts(workspace)
    name = _experiment(facts.experiments, experiment)
    planned = facts.experiments[name] if name else None
    claim = facts.dossier.claim(planned.claim) if planned and planned.claim else None
    if claimed is None and claim is not None and claim.measure is not None:
        claimed = claim.measure.value
    runs = [read_log(path) for path in logs] or [run for run in facts.evidence("run")[0] if run.check == name]
    findings = facts.evidence("finding")[0] + facts.evidence("conformance")[0]
    subject = workspace.inside(facts.plan.subject) if facts.plan.subject else None
    if not findings and subject is not None and subject.exists():
        findings = examine(subject, facts.dossier, budget=budget)
    model = workspace.root / facts.plan.subject if facts.plan.subject else None
    return diagnose(
        findings,
        runs,
        dossier=facts.dossier,
        settings=planned.values() if planned else None,
        origins=_origins(planned),
        scope=" ".join(filter(None, (claim.dataset, claim.subject, claim.id))) if claim else "",
        facts=stated_facts(Subject(subject)) if subject is not None and subject.exists() else {},
        metric=planned.metric if planned else None,
        claimed=claimed,
        measured=measured,
        commands=Commands(
            model=str(model) if model else "MODEL.py",
            train=_train_command(workspace, planned) if planned else None,
            settings=planned.values() if planned else {},
        ),
    )


def stated_facts(subject: Subject) -> dict[str, Any]:
    """Return those of a subject's facts that are written out as literals, read without running the file."""
    found: dict[str, Any] = {}
    for node in ast.parse(subject.source).body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if not isinstance(value, ast.Dict) or not any(isinstance(target, ast.Name) and target.id == "facts" for target in targets):
            continue
        for key, item in zip(value.keys, value.values, strict=True):
            try:
                found[str(ast.literal_eval(key))] = ast.literal_eval(item)  # type: ignore[arg-type]  # None for **: a ValueError
            except (ValueError, TypeError):
                continue  # worked out where the file runs
    return found


def _experiment(experiments: Mapping[str, ExperimentFile], named: str | None) -> str | None:
    if named is not None:
        if named not in experiments:
            raise BadInput(f"conf/ has no experiment {named!r}.{did_you_mean(named, experiments)}")
        return named
    bearing = [name for name, item in experiments.items() if item.claim is not None] or list(experiments)
    if len(bearing) > 1:
        raise BadInput(f"conf/ has several experiments ({', '.join(bearing)}): say which with --experiment NAME.")
    return bearing[0] if bearing else None


def _origins(planned: ExperimentFile | None) -> dict[str, str]:
    settings = planned.settings if planned else {}
    return {name: f"a declared deviation: {item.source}" for name, item in settings.items() if item.origin == "deviation"}


def _train_command(workspace: Workspace, planned: ExperimentFile) -> str:
    data = "".join(f" --data {name}" for name in planned.data)
    return f"aquarius train {workspace.root / planned.experiment} --seeds 1 --runs {workspace.root / 'trials'}{data}"


def _known_metric(metric: str | None, runs: Sequence[Evidence]) -> None:
    names = list(dict.fromkeys(name for run in runs for name in run.values))
    if metric is not None and runs and metric not in names:
        raise BadInput(f"no log has a column {metric!r}.{did_you_mean(metric, names)} They have {', '.join(names)}.")
