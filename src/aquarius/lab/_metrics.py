"""The numbers of a run: metrics.jsonl, one line for each step, and the curves made of it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

MOST_POINTS = 500  # of one curve in a piece of evidence


def line(step: int, values: dict[str, float]) -> bytes:
    """Return one line of metrics.jsonl; a value that is not finite becomes "nan", "inf" or "-inf". No clock: equal runs, equal bytes."""
    row = {"step": step} | {name: value if math.isfinite(value) else str(value) for name, value in values.items()}
    return json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def read_metrics(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Return name -> [(step, value)] of a run's metrics.jsonl, in the order of the file; a last line that was cut short is left out."""
    curves: dict[str, list[tuple[int, float]]] = {}
    if not path.is_file():
        return curves
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            row = _row(text)
            if row is None:
                continue
            step = int(row.pop("step"))
            for name, value in row.items():
                curves.setdefault(name, []).append((step, float(value)))
    return curves


def _row(text: str) -> dict[str, Any] | None:
    try:
        row = json.loads(text)
    except ValueError:
        return None
    return row if isinstance(row, dict) and isinstance(row.get("step"), int) else None


def thin(curve: list[tuple[int, float]], most: int = MOST_POINTS) -> list[tuple[int, float]]:
    """Return at most `most` points, evenly chosen, the first and the last among them."""
    if len(curve) <= most:
        return list(curve)
    last = len(curve) - 1
    return [curve[round(index * last / (most - 1))] for index in range(most)]
