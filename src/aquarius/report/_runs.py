"""The runs of a report: by experiment, seed by seed, and what it takes to make them again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..core import Evidence
from ..verdict import Verdict, number
from ._words import SYMBOLS, shortened

MOST_PANELS = 4
FIRST = ("loss", "error", "perplexity", "accuracy", "reward", "bleu")  # curves that a reader looks for come first


def experiments(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Return each experiment: its scale, its final metrics over the seeds, and its curves (panel -> run -> points)."""
    groups: dict[tuple[str, str, bool, bool], list[Evidence]] = {}
    for item in evidence:
        if item.kind == "run":
            groups.setdefault((item.check, item.scale, item.stand_in, item.counts), []).append(item)
    return [_experiment(name, items) for (name, *_), items in sorted(groups.items())]


def runs(evidence: Sequence[Evidence], verdict: Verdict) -> list[dict[str, Any]]:
    """Return every run: seed, status, command, log, its hash, and whether the verdict rests on it."""
    used = {digest for claim in verdict.claims for digest in claim.evidence}
    rows = []
    for item in evidence:
        if item.kind != "run":
            continue
        receipt, digest = item.receipt, item.content_hash
        rows.append(
            {
                "experiment": item.check,
                "seed": receipt.seed if receipt and receipt.seed is not None else "—",
                "status": item.status,
                "symbol": SYMBOLS[item.status],
                "message": shortened(item.message, 200),
                "seconds": number(item.seconds) if item.seconds else "—",
                "command": receipt.command if receipt else "",
                "log": receipt.log or "" if receipt else "",
                "hash": digest,
                "short": digest[:12],
                "used": digest in used,
                "exit_status": receipt.exit_status if receipt else "—",
                "receipt": receipt is not None,
            }
        )
    return rows


def inputs(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Return every input that a receipt names, once per content, with how many pieces of evidence rest on it."""
    found: dict[tuple[str, str], int] = {}
    for item in evidence:
        for name, digest in (item.receipt.inputs if item.receipt else {}).items():
            found[name, digest] = found.get((name, digest), 0) + 1
    return [{"name": name, "hash": digest, "short": digest[:12], "count": count} for (name, digest), count in sorted(found.items())]


def environments(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Return the different environments, each with how many pieces of evidence were made in it."""
    found: dict[str, tuple[Any, int]] = {}
    for item in evidence:
        environment = item.receipt.environment if item.receipt else None
        if environment is not None:
            key = environment.content_hash
            found[key] = (environment, found.get(key, (None, 0))[1] + 1)
    return [
        {
            "python": environment.python,
            "platform": environment.platform,
            "processor": environment.processor,
            "cores": environment.cores,
            "threads": environment.threads,
            "accelerator": environment.accelerator or "none",
            "packages": [{"name": name, "version": version} for name, version in sorted(environment.packages.items())],
            "count": count,
        }
        for _, (environment, count) in sorted(found.items())
    ]


def rerun(evidence: Sequence[Evidence]) -> list[str]:
    """Return the commands that make the evidence again, each once, in the order of the road."""
    order = {"count": 0, "conformance": 1, "finding": 2, "run": 3}
    commands = dict.fromkeys(
        item.receipt.command for item in sorted(evidence, key=lambda item: order[item.kind]) if item.receipt and item.receipt.command
    )
    return [*commands, "aquarius judge", "aquarius write"]


def _experiment(name: str, items: list[Evidence]) -> dict[str, Any]:
    first = items[0]
    names = sorted({metric for item in items for metric in item.values})
    notes = []
    other = [f"{first.scale} scale"] * (first.scale != "full") + ["stand-in data"] * first.stand_in
    if other:
        notes.append(f"{', '.join(other)}: supports no claim of the paper's tables")
    if not first.counts:
        notes.append("a trial that does not count: no verdict uses it")
    failed = sum(item.status != "pass" for item in items)
    if failed:
        notes.append(f"{failed} of {len(items)} runs failed")
    return {
        "name": name,
        "scale": first.scale,
        "notes": notes,
        "count": len(items),
        "metrics": [_metric(metric, [item.values[metric] for item in items if metric in item.values]) for metric in names],
        "panels": _panels(items),
    }


def _metric(name: str, values: list[float]) -> dict[str, Any]:
    finite = [value for value in values if math.isfinite(value)]
    mean = math.fsum(finite) / len(finite) if finite else None
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in finite) / (len(finite) - 1)) if mean is not None and len(finite) > 1 else None
    return {
        "name": name,
        "n": len(finite),
        "mean": number(mean, sd / math.sqrt(len(finite)) if sd else None) if mean is not None else "—",
        "sd": number(sd, sd or None) if sd is not None else "—",
        "low": number(min(finite), sd) if finite else "—",
        "high": number(max(finite), sd) if finite else "—",
    }


def _panels(items: list[Evidence]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    names = {name for item in items for name, curve in item.curves.items() if curve}
    ranked = sorted(names, key=lambda name: (next((i for i, word in enumerate(FIRST) if word in name.casefold()), len(FIRST)), name))
    chosen: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for name in ranked[:MOST_PANELS]:
        lines: dict[str, list[tuple[int, float]]] = {}
        for index, item in enumerate(items):
            if item.curves.get(name):
                seed = item.receipt.seed if item.receipt and item.receipt.seed is not None else f"of run {index + 1}"
                lines.setdefault(f"seed {seed}", item.curves[name])
        chosen[name] = lines
    return chosen
