"""Power before the runs, and the calibration of the verdict, as the faces show them."""

from __future__ import annotations

from typing import Any

from ..core import BadInput
from ..verdict import calibrate, order_power, order_seeds_needed, power, seeds_needed

SHOWN = (3, 5, 10, 20)  # seeds whose power is told where no number was asked for
WANTED = (0.8, 0.9)


def plan_seeds(
    *,
    sd: float,
    margin: float | None,
    effect: float | None,
    seeds: int | None,
    paired: bool,
    paper_error: float,
    paper_runs: int | None,
    alpha: float,
) -> dict[str, Any]:
    """Return the power of some numbers of seeds, and the seeds that reach 0.8 and 0.9 (None where no 10,000 do).

    Raises:
        BadInput: not exactly one of margin and effect, or an option that does not belong to it.
    """
    if (margin is None) == (effect is None):
        raise BadInput("give either --margin, to show that a value agrees, or --effect, to show that one system is ahead of another.")
    if not 0 < alpha < 0.5:
        raise BadInput(f"--alpha must lie between 0 and 0.5, got {alpha}.")
    counts = (seeds,) if seeds is not None else SHOWN
    if margin is not None:
        if paired:
            raise BadInput("--paired belongs to --effect: a value is held against a printed number, which has no seeds.")
        rows = [{"seeds": n, "power": power(n, margin, sd, alpha=alpha, target_error=paper_error, target_runs=paper_runs)} for n in counts]
        needed = {
            str(w): seeds_needed(margin, sd, w, alpha=alpha, target_error=paper_error, target_runs=paper_runs) for w in WANTED
        }  # fmt: skip
        return {"question": "equivalence", "sd": sd, "margin": margin, "alpha": alpha, "rows": _rounded(rows), "seeds_needed": needed}
    assert effect is not None
    if paper_error or paper_runs is not None:
        raise BadInput("--paper-error and --paper-runs belong to --margin: an order is tested between two systems that both run.")
    design = "paired" if paired else "independent"
    rows = [{"seeds": n, "power": order_power(n, effect, sd, alpha=alpha, design=design)} for n in counts]  # type: ignore[arg-type]
    needed = {str(w): order_seeds_needed(effect, sd, w, alpha=alpha, design=design) for w in WANTED}  # type: ignore[arg-type]
    return {"question": f"order, {design}", "sd": sd, "effect": effect, "alpha": alpha, "rows": _rounded(rows), "seeds_needed": needed}


def power_rows(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a person reads: the power of each number of seeds, then the seeds for each power."""
    rows = [{"seeds": str(row["seeds"]), "power": f"{row['power']:.3f}"} for row in figures["rows"]]
    return rows + [
        {"seeds": "more than 10,000" if count is None else str(count), "power": f"at least {wanted}"}
        for wanted, count in figures["seeds_needed"].items()
    ]


def calibration(simulations: int, seed: int) -> dict[str, Any]:
    """Return every promise of the verdict beside what simulation finds.

    Raises:
        BadInput: fewer than 100 simulations, with which nothing can be told.
    """
    if simulations < 100:
        raise BadInput(f"at least 100 simulations are needed to tell a share, got {simulations}.")
    rows = calibrate(simulations, seed)
    return {"simulations": simulations, "seed": seed, "rows": [row.to_data() for row in rows], "kept": all(row.kept for row in rows)}


def calibration_rows(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a person reads: the promise, what was found, in percent."""
    slack = {"at most": "", "at least": "", "within": " ± {:.1f}"}
    return [
        {
            "case": row["about"],
            "promised, %": f"{row['promise'] if row['promise'] != 'within' else ''} {100 * row['promised']:.1f}{slack[row['promise']].format(100 * row['slack'])}".strip(),
            "found, %": f"{100 * row['found']:.1f}",
            "noise": f"± {100 * row['noise']:.1f}",
            "kept": "yes" if row["kept"] else "NO",
        }
        for row in figures["rows"]
    ]


def _rounded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"power": round(row["power"], 4)} for row in rows]
