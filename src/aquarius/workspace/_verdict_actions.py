"""The actions about what a verdict can say, and in which form it leaves: power, rubrics, exports, calibration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from ._outcome import Outcome


def power(
    *,
    sd: float,
    margin: float | None = None,
    effect: float | None = None,
    seeds: int | None = None,
    paired: bool = False,
    paper_error: float = 0.0,
    paper_runs: int | None = None,
    alpha: float = 0.05,
) -> Outcome:
    """Say before the runs what they could show: the power of a number of seeds, and how many seeds reach a power of 0.8 and 0.9.

    Args:
        sd: the standard deviation between seeds, from a pilot that does not count or from the paper
        margin: to show that a value agrees with the paper's within this margin
        effect: to show that one system is ahead of another, where it is ahead by this much
        seeds: tell the power of this number alone
        paired: both systems run on the same seeds; sd is then that of the differences
        paper_error: the standard error of the paper's own number; 0 where it prints none
        paper_runs: the runs behind that number
        alpha: the level of the rule
    """
    from ._show import table_view
    from ._statistics import plan_seeds, power_rows

    figures = plan_seeds(
        sd=sd, margin=margin, effect=effect, seeds=seeds, paired=paired, paper_error=paper_error, paper_runs=paper_runs, alpha=alpha
    )
    return Outcome(figures, lambda: table_view(f"Power: {figures['question']}", power_rows(figures)))


def rubric_import(file: Path, folder: Path = Path(".")) -> Outcome:
    """Take a rubric (PaperBench's JSON) into a workspace, propose what decides its leaves, and freeze weights and bindings as they are now.

    Args:
        file: the rubric: id, requirements, weight, sub_tasks, and task_category on each leaf
        folder: the workspace
    """
    from ._layout import Workspace
    from ._rubric import import_rubric

    found = import_rubric(Workspace.open(folder), file)
    text = f"{found['leaves']} leaves: {found['bound']} bound to evidence, {found['proposed']} proposed in rubric.yaml, the others left to a judge."
    return Outcome(found, lambda: text)


def rubric_export(folder: Path = Path("."), *, to: Path | None = None) -> Outcome:
    """Grade a rubric by the evidence in the ledger: what evidence decides, with its hashes; what it does not is left to a judge.

    Args:
        folder: the workspace
        to: write the graded rubric to this JSON file
    """
    from ..core import write_text
    from ._layout import Workspace
    from ._rubric import export_rubric

    graded, told = export_rubric(Workspace.open(folder))
    if to is not None:
        write_text(to, json.dumps(graded, indent=2, ensure_ascii=False) + "\n")
    text = (
        f"{told['leaves_decided']} of {told['leaves']} leaves are decided by evidence, {100 * told['decided']:.1f} % of the weight. "
        f"The score lies between {told['low']:.3f} (undecided leaves are not met) and {told['high']:.3f}. "
        f"Weights and bindings: set {told['set']} the first run that counts."
        if told["set"] != "changed"
        else f"The score lies between {told['low']:.3f} and {told['high']:.3f}, and rubric.json or rubric.yaml was changed since it was frozen."
    )
    return Outcome({"score": told, "rubric": graded}, lambda: text)


def export(folder: Path = Path("."), *, format: Literal["dataset", "badges", "checklist"] = "dataset", to: Path | None = None) -> Outcome:
    """Export the verdict: JSON lines of claims, ACM's badges, or the machine learning reproducibility checklist; only what evidence shows.

    Args:
        folder: the workspace
        format: dataset (one claim a line), badges, or checklist
        to: the file to write; printed if not given
    """
    from ..core import write_text
    from ._exports import exported, exported_view
    from ._layout import Workspace

    data, text = exported(Workspace.open(folder), format)
    if to is not None:
        write_text(to, text)
    return Outcome(data, lambda: f"{to} ({len(text):,} characters)" if to is not None else exported_view(data, text))


def bench_verdict(*, simulations: int = 10_000, seed: int = 0) -> Outcome:
    """Hold the promises of the verdict against simulation: wrong verdicts, coverage of intervals, and the power of the seeds it names.

    Args:
        simulations: how many times each case is drawn
        seed: of the draws; the same seed gives the same figures
    """
    from ._show import table_view
    from ._statistics import calibration, calibration_rows

    figures = calibration(simulations, seed)
    title = f"The verdict, {simulations:,} simulations each, seed {seed}"
    return Outcome(figures, lambda: table_view(title, calibration_rows(figures)), ok=figures["kept"])
