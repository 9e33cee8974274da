"""One stop of the road each: make its evidence unless the ledger holds it already, made from the same inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from ..blueprint import Blueprint, count_claims, draw
from ..core import BadInput, Evidence, Receipt, file_hash, progress, read_text
from ..dossier import Dossier, from_yaml
from ..gauntlet import examine
from ..lab import environment, train
from ..lab.data import locate
from ..subject import Limits, Subject, loaded_sources, run_in_child
from ..verdict import Registration, power_before
from ..verdict import register as freeze
from ._config import Binding, ExperimentFile, Plan
from ._conformance import NOT_FINISHED, Request, conform_in_child
from ._layout import Workspace
from ._stale import divide, stage_hash

STAGE = "value:stage"  # the receipt's input that says which stop, configured how, made a piece of evidence
COMMAND = "aquarius reproduce ."


def draw_subject(workspace: Workspace, plan: Plan, dossier: Dossier) -> Blueprint | None:
    """Draw the plan's subject, or read the blueprint that was drawn from the same file."""
    if plan.subject is None:
        return None
    subject = Subject(workspace.inside(plan.subject))
    if workspace.blueprint.exists():
        drawn = Blueprint.load(workspace.blueprint)
        if drawn.subject_hash == subject.content_hash:
            return drawn
    blueprint = draw(dossier, subject)
    blueprint.save(workspace.blueprint)
    return blueprint


def count(workspace: Workspace, plan: Plan, dossier: Dossier) -> list[Evidence]:
    """Count the parameters that the plan names, under every assumption."""
    found: list[Evidence] = []
    for index, item in enumerate(plan.counts):
        path, _, function = item.builder.rpartition(":")
        builder = f"{workspace.inside(path)}:{function}" if path.endswith(".py") else item.builder
        files = [workspace.inside(path)] if path.endswith(".py") else []
        assumed = [{"settings": entry.settings, "source": entry.source} for entry in item.assumed]
        make = lambda item=item, builder=builder, assumed=assumed: count_claims(
            dossier, builder, claims=item.claims, assumed=assumed, solve=item.solve
        )
        found += _once(workspace, "count", {"item": item.to_data(), "index": index, "dossier": dossier.content_hash}, make, files=files)
    return found


def conform(workspace: Workspace, plan: Plan, dossier: Dossier) -> list[Evidence]:
    """Hold every bound function against its equation; those of one file share a child."""
    formulas = {formula.id: formula for formula in dossier.formulas}
    requests: dict[str, list[tuple[Binding, Request]]] = {}
    for binding in plan.equations:
        latex = binding.latex or (formulas[binding.formula].latex if binding.formula in formulas else None)
        if latex is None:
            raise BadInput(f"blueprint.yaml binds {binding.formula!r}, and the dossier has no such formula (it has {', '.join(formulas)}).")
        path, _, function = binding.code.rpartition(":")
        request = Request(latex, function, binding.symbols, binding.bind, check=binding.formula)
        requests.setdefault(path, []).append((binding, request))
    found: list[Evidence] = []
    for path, items in requests.items():
        file = workspace.inside(path)
        stages = [stage_hash("conformance", {"binding": binding.to_data(), "latex": request.latex}) for binding, request in items]
        there = [_standing(workspace, stage) for stage in stages]
        open_ones = [index for index, known in enumerate(there) if not known]
        began = now()
        made = conform_in_child(file, [items[index][1] for index in open_ones], root=workspace.root) if open_ones else []
        for index, item in zip(open_ones, made, strict=True):
            item = item.model_copy(update={"details": item.details | {"covers": list(items[index][0].covers)}})
            there[index] = _keep(workspace, [item], stages[index], [file], began)
        for item in (item for known in there for item in known):
            progress.note(f"{item.check}: {item.message}")
            found.append(item)
    return found


def examine_subject(workspace: Workspace, plan: Plan, dossier: Dossier) -> list[Evidence]:
    """Run the gauntlet on the plan's subject."""
    if plan.subject is None:
        return []
    path = workspace.inside(plan.subject)
    return _once(workspace, "finding", {"subject": plan.subject}, lambda: examine(Subject(path), dossier), files=[path])


def register(workspace: Workspace, dossier: Dossier, experiments: dict[str, ExperimentFile]) -> Registration | None:
    """Freeze the rules of every claim that an experiment bears on, before its first run; nothing is written where nothing changed."""
    rules = [rule for item in experiments.values() for rule in (item.rule, *item.rules) if rule is not None]
    if not rules:
        return None
    registration = freeze(dossier, rules)
    ledger = workspace.open_ledger()
    if ledger.registration() != registration:
        ledger.append("registration", registration)
        for rule in registration.rules:
            claim = dossier.claim(rule.claim)
            if claim is not None and (warning := power_before(claim, rule)):
                progress.note(f"{rule.claim}: {warning}")
    return registration


def run_experiment(
    workspace: Workspace, name: str, item: ExperimentFile, *, workers: int | None, seeds: Sequence[int] | None = None
) -> list[Evidence]:
    """Run every seed of an experiment, or those that are asked for; finished runs are read back."""
    item = _with_data(name, item)
    made = train(
        workspace.inside(item.experiment),
        name=name,
        seeds=item.seeds if seeds is None else seeds,
        settings=item.values(),
        runs=workspace.runs,
        claim=item.claim,
        metric=item.metric,
        scale=item.scale,
        stand_in=item.stand_in,
        counts=True,
        data=item.data,
        limits=Limits(seconds=item.seconds),
        workers=workers,
        command=COMMAND,
    )
    told = {"deviations": _deviations(item)} | _other_claims(workspace, item)
    made = [evidence.model_copy(update={"details": evidence.details | told}) for evidence in made]
    _record(workspace, made)
    return made


def _with_data(name: str, item: ExperimentFile) -> ExperimentFile:
    """Return the experiment as it is, or on its stand-in where its data are not at hand and it names one."""
    if not item.otherwise:
        return item
    try:
        for each in item.data:
            locate(each)
    except BadInput as error:
        progress.note(f"{name}: {error} A stand-in is used, and it can reproduce nothing.")
        settings = {key: item.settings[key].model_copy(update={"value": value}) for key, value in item.otherwise.items()}
        return item.model_copy(update={"data": (), "stand_in": True, "settings": item.settings | settings})
    return item


def _other_claims(workspace: Workspace, item: ExperimentFile) -> dict[str, list[str]]:
    """Return the other claims that an experiment's runs bear on; an order takes the runs of both systems from their own claims."""
    if not item.rules or not workspace.dossier.exists():
        return {}
    dossier = from_yaml(read_text(workspace.dossier))
    others = [claim.id for rule in item.rules if (claim := dossier.claim(rule.claim)) is not None and claim.kind != "order"]
    return {"claims": [name for name in (item.claim, *others) if name is not None]} if others else {}


def _deviations(item: ExperimentFile) -> list[str]:
    """Return what an experiment does otherwise than the paper states, as its conf says; the report lists it."""
    return [f"{name} = {setting.value}: {setting.source}" for name, setting in item.settings.items() if setting.origin == "deviation"]


def _once(
    workspace: Workspace,
    kind: Literal["count", "finding"],
    config: dict[str, Any],
    make: Callable[[], Iterable[Evidence]],
    *,
    files: list[Path],
) -> list[Evidence]:
    stage, began = stage_hash(kind, config), now()
    return _standing(workspace, stage) or _keep(workspace, list(make()), stage, files, began)


def _standing(workspace: Workspace, stage: str) -> list[Evidence]:
    """Return the evidence that this stop of the road gave before, where all of it still holds; else nothing."""
    there = [item for item in workspace.open_ledger().evidence() if item.receipt is not None and item.receipt.inputs.get(STAGE) == stage]
    unfinished = any(NOT_FINISHED in item.details for item in there)
    return [] if unfinished or divide(workspace, there)[1] else there


def _keep(workspace: Workspace, made: list[Evidence], stage: str, files: list[Path], began: str) -> list[Evidence]:
    """Write evidence to the ledger with the hashes of the files it was made from and of all that they import, where and when."""
    sources = {STAGE: stage}
    for path in files:
        sources |= {f"workspace:{workspace.relative(path)}": file_hash(path)} | _imported(path, workspace.root)
    kept = [_with_receipt(item, sources, began) for item in made]
    _record(workspace, kept)
    return kept


def _with_receipt(item: Evidence, inputs: dict[str, str], began: str) -> Evidence:
    receipt = item.receipt or Receipt(command=COMMAND)
    # a part that was given one file names it from that file's folder; the road names it from the workspace
    own = {name: value for name, value in receipt.inputs.items() if not name.startswith("workspace:")}
    known = {
        "inputs": dict(sorted((own | inputs).items())),
        "environment": receipt.environment or environment(),
        "started": receipt.started or began,
        "ended": receipt.ended or now(),
    }
    return item.model_copy(update={"receipt": receipt.model_copy(update=known)})


def now() -> str:
    """Return the time as a receipt writes it: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _record(workspace: Workspace, made: list[Evidence]) -> None:
    ledger = workspace.open_ledger()
    known = {item.content_hash for item in ledger.evidence()}
    ledger.append_all("evidence", [item for item in made if item.content_hash not in known])


_sources: dict[tuple[Path, str], dict[str, str]] = {}  # (file, its hash) -> what it imports; one child per file and version


def _imported(path: Path, root: Path) -> dict[str, str]:
    key = (path, file_hash(path))
    if key not in _sources:
        result = run_in_child("aquarius.workspace._stages:sources_task", {"root": str(root.resolve())}, subject=Subject(path))
        _sources[key] = result.value if result.status == "ok" else {}
    return _sources[key]


def sources_task(module: ModuleType, emit: Any, payload: dict[str, Any]) -> dict[str, str]:
    """Run in the child, after the subject was imported: the sources it is made of."""
    return loaded_sources(Path(payload["root"]))
