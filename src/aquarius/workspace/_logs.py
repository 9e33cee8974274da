"""The log of a run as other tools write it: CSV with a header, or JSON lines; its curves by name."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core import BadInput, Evidence, read_text

LARGEST_LOG = 256 * 1024 * 1024  # bytes
COUNTERS = ("step", "global_step", "iteration", "iter", "epoch", "update")  # what a log counts its rows by, the first that is there


def read_log(path: Path) -> Evidence:
    """Return a run whose curves are the columns of a log and whose values are their last entries.

    Raises:
        BadInput: missing, neither CSV with a header nor JSON lines, or without a number.
    """
    rows = list(_rows(path))
    counter = next((name for name in COUNTERS if any(_is_number(row.get(name)) for row in rows)), None)
    curves: dict[str, list[tuple[int, float]]] = {}
    for index, row in enumerate(rows):
        counted: Any = row.get(counter) if counter else index
        step = int(counted) if _is_number(counted) and math.isfinite(counted) else index
        for name, value in row.items():
            if name not in COUNTERS and _is_number(value):
                curves.setdefault(name, []).append((step, float(value)))
    if not curves:
        raise BadInput(f"{path} holds no numbers by name: a log is CSV with a header, or one JSON object a line.")
    finals = {name: curve[-1][1] for name, curve in curves.items()}
    lost = [name for name, value in finals.items() if not math.isfinite(value)]
    return Evidence(
        kind="run",
        check=path.stem,
        status="fail" if lost else "pass",
        message=f"{path.name}: {len(rows)} rows" + (f"; {', '.join(lost)} ends as no number" if lost else ""),
        values={name: value for name, value in finals.items() if math.isfinite(value)},
        curves=curves,
        counts=False,
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    lines = [line for line in read_text(path, largest=LARGEST_LOG).splitlines() if line.strip()]
    if not lines:
        raise BadInput(f"{path} is empty: a log is CSV with a header, or one JSON object a line.")
    if not lines[0].lstrip().startswith("{"):
        for row in csv.DictReader(lines, skipinitialspace=True):
            yield {str(name).strip(): _number(value) for name, value in row.items() if name is not None and not isinstance(value, list)}
        return
    for index, line in enumerate(lines):
        try:
            row = json.loads(line)
        except ValueError:
            if index == len(lines) - 1:  # a run that goes on, or was ended, leaves a torn last line
                return
            raise BadInput(f"{path}, line {index + 1} is no JSON.") from None
        if isinstance(row, dict):
            yield {name: _number(value) for name, value in row.items()}


def _number(value: Any) -> Any:
    """Return the number that a text means, "nan" and "inf" too; anything else as it is."""
    if isinstance(value, str):
        try:
            return float(value.strip().removesuffix("%"))
        except ValueError:
            return value
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
