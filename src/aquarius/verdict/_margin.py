"""Before the runs: which margin suits a claim, named as what it is, and whether the registered seeds can show anything within it."""

from __future__ import annotations

import math

from ..core import MissingExtra
from ..dossier import Claim, Dossier
from ._conditions import claimed_gap
from ._equivalence import paper_readings
from ._numbers import carried, many, number
from ._power import power, seeds_needed
from ._verdict import Rule

BOUNDED = (
    "accuracy",
    "precision",
    "recall",
    "f1",
    "auc",
    "auroc",
    "map",
    "bleu",
    "rouge",
    "iou",
    "em",
    "score",
)  # metrics from 0 to 1, or to 100
SHARE = 0.01  # of the metric's range


def suggest_margin(dossier: Dossier, claim: Claim) -> tuple[float, str] | None:
    """Return a margin and where it comes from: the paper's standard deviation, else 1 % of the metric's range; None where neither is known.

    Where that is wider than half of the gap that the paper claims over its best baseline, half of the gap takes its place: a wider margin
    could not tell the two apart.
    """
    paper = claim.measure
    if claim.kind != "value" or paper is None:
        return None
    if paper.spread_kind == "sd" and paper.spread:
        margin, source = paper.spread, "the paper's standard deviation"
    elif paper.spread_kind == "se" and paper.spread and paper.n and paper.n > 1:
        margin, source = paper.spread * math.sqrt(paper.n), f"the paper's standard error over {paper.n} runs, as a standard deviation"
    elif paper.unit == "%" or set(claim.quantity.casefold().replace("-", " ").split()) & set(BOUNDED):
        margin, source = SHARE * (100.0 if paper.unit == "%" or paper.value > 1 else 1.0), "1 % of the metric's range"
    else:
        return None
    gap = claimed_gap(dossier, claim)
    if gap is not None and margin > gap[0] / 2:
        margin, source = gap[0] / 2, f"half of the gap to {gap[1]}"
    return carried(margin), source


def power_before(claim: Claim, rule: Rule) -> str | None:
    """Say what the registered seeds can show, by the paper's own standard deviation; None where that is not known or they are enough.

    Raises:
        MissingExtra: never; without scipy nothing is said.
    """
    paper = claim.measure
    if claim.kind != "value" or paper is None or rule.margin is None:
        return None
    if rule.seeds < 2:
        return "One seed never reproduces a value."
    sd = (
        paper.spread
        if paper.spread_kind == "sd"
        else (paper.spread or 0.0) * math.sqrt(paper.n or 0)
        if paper.spread_kind == "se"
        else None
    )
    if not sd or not math.isfinite(sd):
        return None
    margin, worst = rule.margin + paper.last_place / 2, max(paper_readings(paper), key=lambda reading: reading.standard_error)
    error, runs = (worst.standard_error, worst.runs) if worst.runs else (0.0, None)
    try:
        had = power(rule.seeds, margin, sd, alpha=rule.alpha, target_error=error, target_runs=runs)
        needed = seeds_needed(margin, sd, 0.8, alpha=rule.alpha, target_error=error, target_runs=runs)
    except MissingExtra:
        return None
    if had >= 0.8:
        return None
    enough = f"{many(needed, 'seed')} would reach 0.8" if needed else "no 10,000 seeds would reach 0.8"
    return (
        f"By the paper's own spread, {number(sd)}, {many(rule.seeds, 'seed')} within ±{number(margin)} have a power of {had:.2f}; {enough}."
    )
