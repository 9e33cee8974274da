"""`diagnose`: from failed checks, a recipe beside the paper's, and curves, a ranked list of suspects for a number that is not the paper's."""

from __future__ import annotations

import itertools
import math
import shlex
import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..core import Evidence, Noun, Record
from ._settings import differences, from_findings
from ._suspect import Suspect
from .training._curves import curve_suspects, told

if TYPE_CHECKING:
    from ..dossier import Dossier, Gap

SUPPORT = 0.08  # what a suspect gains where another source points at the same theme
APART = 4.0  # a gap between two groups of seeds, against the spread within them
FEWEST_SEEDS = 4
MATTERS = 0.4  # weight of a gap of the paper from which on it is named


class Commands(Record):
    """How the cheap runs are written: the model under examination, and the words that train one seed, where they are known."""

    model: str = "MODEL.py"
    train: str | None = None  # `aquarius train ... ` up to its settings
    settings: dict[str, Any] = {}  # all that the experiment is given


class Diagnosis(Noun):
    """The suspects, the most likely first; what was looked at; and what was not given and would tell more."""

    SCHEMA: ClassVar[str] = "aquarius.diagnosis"

    claimed: float | None = None
    measured: float | None = None
    suspects: tuple[Suspect, ...] = ()
    looked_at: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def diagnose(
    findings: Sequence[Evidence] = (),
    runs: Sequence[Evidence] = (),
    *,
    dossier: Dossier | None = None,
    settings: Mapping[str, Any] | None = None,
    origins: Mapping[str, str] | None = None,
    scope: str = "",
    facts: Mapping[str, Any] | None = None,
    metric: str | None = None,
    claimed: float | None = None,
    measured: float | None = None,
    commands: Commands | None = None,
) -> Diagnosis:
    """Rank what could explain that `measured` is not `claimed`.

    `findings` come from `examine`, `runs` are evidence of kind "run" with curves (one per seed), `settings` what was used. `metric` is the
    entry of a run's values that is compared with the claim; the mean over runs stands in for `measured` where that is not given.
    Equal input gives equal order: by weight, then by name.
    """
    finals = [run.values[metric] for run in runs if metric and metric in run.values]
    if measured is None and finals:
        measured = statistics.fmean(finals)
    suspects = from_findings(findings, _families() if findings else {})
    suspects += differences(settings or {}, dossier, scope=scope, origins=origins) if dossier else []
    suspects += _over_runs(runs, facts or {}, claimed, measured)
    suspects += _seeds(runs, finals, claimed, measured)
    if claimed is not None and measured is not None:
        suspects += _numbers(claimed, measured, facts or {})
        if claimed != measured:
            suspects += [_gap(gap) for gap in dossier.gaps if gap.weight >= MATTERS] if dossier else []
    ranked = [_concrete(suspect, commands or Commands()) for suspect in _ranked(suspects)]
    return Diagnosis(
        claimed=claimed,
        measured=measured,
        suspects=tuple(ranked),
        looked_at=_looked_at(findings, runs, dossier, settings),
        missing=_missing(findings, runs, dossier, settings, finals),
    )


def _ranked(suspects: list[Suspect]) -> list[Suspect]:
    """Raise what another source points at too, and order by weight, then by name."""
    raised = []
    for suspect in suspects:
        others = {other.source: other for other in suspects if other.source != suspect.source and set(other.themes) & set(suspect.themes)}
        others.pop("gap", None)
        some = sorted(others.values(), key=lambda other: (-other.weight, other.name))
        agree = tuple(f"agrees with: {other.name}" for other in some if suspect.source != "gap")
        weight = min(0.99, suspect.weight + SUPPORT * len(agree))
        raised.append(suspect.model_copy(update={"weight": round(weight, 4), "evidence": suspect.evidence + agree}))
    return sorted(raised, key=lambda suspect: (-suspect.weight, suspect.name))


# --- runs --------------------------------------------------------------------------------------------------------------


def _over_runs(runs: Sequence[Evidence], facts: Mapping[str, Any], claimed: float | None, measured: float | None) -> list[Suspect]:
    """Return what the curves show, once for each kind, with the number of runs that show it; a lone run among many weighs less."""
    found: dict[str, list[Suspect]] = {}
    curved = [run for run in runs if run.curves]
    for run in curved:
        for suspect in curve_suspects(told(run.curves, facts=facts, claimed=claimed, measured=measured)):
            found.setdefault(suspect.name, []).append(suspect)
    return [
        same[0].model_copy(
            update={
                "weight": round(same[0].weight * (0.7 + 0.3 * len(same) / len(curved)), 4),
                "evidence": same[0].evidence + ((f"in {len(same)} of {len(curved)} runs",) if len(curved) > 1 else ()),
            }
        )
        for same in found.values()
    ]


def _seeds(runs: Sequence[Evidence], finals: Sequence[float], claimed: float | None, measured: float | None) -> list[Suspect]:
    failed = [run for run in runs if run.status == "fail"]
    found = []
    if failed and len(failed) < len(runs):
        found.append(
            Suspect(
                name="some seeds fail",
                source="seeds",
                weight=0.7,
                themes=("stability", "learning rate"),
                reason="What fails under one seed and not under another stands at the edge of what is stable.",
                evidence=(f"{len(failed)} of {len(runs)} runs failed: {failed[0].message}",),
                run="train: a third of the learning rate, the failed seeds",
                tells="If they come through, the step was too large; a loss that is no number points at an operation without a guard.",
            )
        )
    if len(finals) >= FEWEST_SEEDS and (groups := two_groups(finals)):
        low, high = groups
        found.append(
            Suspect(
                name="the seeds fall into two groups",
                source="seeds",
                weight=0.65,
                themes=("stability",),
                reason="The mean describes neither group: some starts do not learn what the others do (initialisation, warm-up, dead units).",
                evidence=(f"{len(low)} seeds lie at {min(low):.4g} to {max(low):.4g}, {len(high)} at {min(high):.4g} to {max(high):.4g}",),
                run="check --only initialisation --only twins",
                tells="Train a low seed again with a longer warm-up: if it joins the others, the start is the cause. Compare the upper group with the claim.",
            )
        )
    elif len(finals) >= 2 and claimed is not None and measured is not None:
        reach = 2 * statistics.stdev(finals) * math.sqrt(1 + 1 / len(finals))
        if reach > 0 and abs(claimed - measured) <= reach:
            found.append(
                Suspect(
                    name="the difference may be chance",
                    source="seeds",
                    weight=0.88,
                    reason="The paper's number lies within what one more seed could give, so there may be nothing to explain.",
                    evidence=(
                        f"{len(finals)} seeds: mean {measured:.4g}, standard deviation {statistics.stdev(finals):.3g}; claimed {claimed:g}",
                    ),
                    run="judge (it says how many seeds would decide)",
                    tells="More seeds narrow the interval; only a claim that stays outside is a gap.",
                )
            )
    return found


def two_groups(values: Sequence[float]) -> tuple[list[float], list[float]] | None:
    """Split values at their widest step where it is wide against the spread on both sides, None where it is not."""
    ordered = sorted(values)
    steps = [b - a for a, b in itertools.pairwise(ordered)]
    at = steps.index(max(steps)) + 1
    low, high = ordered[:at], ordered[at:]
    within = max((max(group) - min(group)) / max(1, len(group) - 1) for group in (low, high))
    wide = max(steps) > APART * max(within, 0.005 * abs(ordered[-1])) and max(steps) > 1.5 * max(
        max(group) - min(group) for group in (low, high)
    )
    return (low, high) if wide and min(len(low), len(high)) >= 2 else None


# --- numbers -----------------------------------------------------------------------------------------------------------


def _numbers(claimed: float, measured: float, facts: Mapping[str, Any]) -> list[Suspect]:
    """Return what the two numbers alone tell: another unit, the complement, guessing."""
    found = []
    if (measured and 0.8 < abs(claimed / measured) / 100 < 1.25) or (claimed and 0.8 < abs(measured / claimed) / 100 < 1.25):
        found.append(
            _number(
                "another unit",
                0.95,
                f"{measured:g} and {claimed:g} are one number in per cent and one as a share",
                "no run: multiply or divide by 100",
                "If they agree then, there is no gap.",
            )
        )
    whole = 100.0 if max(claimed, measured) > 1.5 else 1.0
    if 0 < claimed <= whole and 0 <= measured <= whole and claimed > 0.65 * whole and abs(claimed + measured - whole) < 0.01 * whole:
        found.append(
            _number(
                "the complement is measured",
                0.85,
                f"{measured:g} and {claimed:g} add up to {whole:g}: an error rate beside an accuracy, or two classes exchanged",
                "no run: look at the confusion matrix of the evaluation you have",
                "If its off-diagonal is large, the labels are exchanged; if its diagonal is, the error rate was printed.",
            )
        )
    classes = facts.get("classes")
    guess = whole / classes if isinstance(classes, int | float) and classes > 1 else None
    if guess is not None and claimed > 1.5 * guess and abs(measured - guess) < 0.15 * guess:
        found.append(
            _number(
                "the result is that of guessing",
                0.8,
                f"{measured:g} is the share of one class in {classes:g}",
                "check --only overfit --only loaders --only evaluation",
                "If eight examples can be memorised, look at the evaluation and at the order of the labels.",
            )
        )
    return found


def _number(name: str, weight: float, evidence: str, run: str, tells: str) -> Suspect:
    reason = "The two numbers alone show it."
    return Suspect(
        name=name,
        source="numbers",
        weight=weight,
        themes=("evaluation", "data"),
        reason=reason,
        evidence=(evidence,),
        run=run,
        tells=tells,
    )


def _gap(gap: Gap) -> Suspect:
    others = [option.value for option in gap.options if option.value != gap.suggestion][:3]
    return Suspect(
        name=f"not stated: {gap.name}",
        source="gap",
        weight=round(0.3 * gap.weight, 4),
        reason="The paper leaves it open, and what you chose may not be what its authors did.",
        evidence=(gap.question,),
        run=f"train: {gap.name} {' or '.join(others) if others else 'as the authors code has it'}",
        tells="If the other choice closes the gap, say so as a deviation with its source; it is no repair of the code.",
    )


# --- how it is told ----------------------------------------------------------------------------------------------------


def _concrete(suspect: Suspect, commands: Commands) -> Suspect:
    """Write the cheap run as a command where the model and the experiment are known."""
    verb, _, rest = suspect.run.partition(" ")
    if verb == "check":
        run = f"aquarius check {commands.model} {rest}"
    elif verb == "train:" and commands.train is not None and set(suspect.change) <= set(commands.settings) and suspect.change:
        run = " ".join(
            [
                commands.train,
                *(f"--setting {name}={shlex.quote(str(value))}" for name, value in (commands.settings | suspect.change).items()),
            ]
        )
    elif verb == "train:":
        run = f"train one seed with {rest}" if suspect.change else f"train one seed: {rest}"
    else:
        run = suspect.run
    return suspect.model_copy(update={"run": run})


def _looked_at(
    findings: Sequence[Evidence], runs: Sequence[Evidence], dossier: Dossier | None, settings: Mapping[str, Any] | None
) -> tuple[str, ...]:
    looked = []
    if findings:
        unsure = sum(finding.status == "unsure" for finding in findings)
        looked.append(f"{len(findings)} findings" + (f", {unsure} of them unsure" if unsure else ""))
    if settings and dossier:
        looked.append(f"{len(settings)} settings beside the dossier's")
    points = [max(len(curve) for curve in run.curves.values()) for run in runs if run.curves]
    if points:
        looked.append(f"the curves of {len(points)} run{'s' if len(points) > 1 else ''}, up to {max(points)} points")
    return tuple(looked)


def _missing(
    findings: Sequence[Evidence],
    runs: Sequence[Evidence],
    dossier: Dossier | None,
    settings: Mapping[str, Any] | None,
    finals: Sequence[float],
) -> tuple[str, ...]:
    missing = [
        "findings: name the model file" if not findings else "",
        "curves: give the log of a run" if not any(run.curves for run in runs) else "",
        "the paper's recipe: give its dossier" if dossier is None else "" if settings else "the settings that were used",
        "several seeds: one run cannot show what is chance" if len(finals) < 2 and len(runs) < 2 else "",
    ]
    return tuple(text for text in missing if text)


def _families() -> dict[str, str]:
    from ._check import checks

    return {check.name: check.family for check in checks()}
