"""Fabrication in the records: numbers too regular to be measured, and records of other settings."""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Iterator
from typing import Any

from ..core import Evidence
from ._check import Check, Material, noted
from ._code import METRICS, words
from ._numbers import _NOT_MEASURED, _decimals, _whole
from ._records import ENTRY_WORDS, Table
from ._stated import set_in_code


def regular(material: Material) -> Iterator[Evidence]:
    """Numbers too regular to have been measured: runs that are equal, differences that are constant, curves without any roughness."""
    for (path, key), rows in material.records.lists().items():
        if len(rows) >= 3 and not _whole(rows) and not set(words(key.rsplit(".", 1)[-1])) & _NOT_MEASURED - ENTRY_WORDS:
            message = _too_regular(rows)
            if message:
                yield noted(path, f"`{key}`: {message}.", "look at how the rows were made.")
    for table in material.records.logs:
        for column, values in table.columns().items():
            if set(words(column)) & METRICS and not set(words(column)) & _NOT_MEASURED:
                message = _curve(values)
                if message:
                    yield noted(table.path, f"`{column}`: {message}.", "look at how the log was made.")
        yield from _clock(table)
        yield from _twins(table)


def _twins(table: Table) -> Iterator[Evidence]:
    """Two runs of a log whose curves are the same digits."""
    keys = [name for name in table.columns() if set(words(name)) & ENTRY_WORDS]
    runs: dict[float, list[tuple[float, ...]]] = {}
    for row in table.rows:
        if len(keys) == 1 and keys[0] in row:
            values = tuple(value for name, value in row.items() if set(words(name)) & METRICS and value != int(value))
            runs.setdefault(row[keys[0]], []).append(values)
    curves = {
        name: tuple(rows)
        for name, rows in runs.items()
        if sum(map(len, rows)) >= 3 and sum(_decimals(v) >= 4 for row in rows for v in row) >= 3
    }
    for one in curves:
        for two in curves:
            if one < two and curves[one] == curves[two]:
                yield noted(
                    table.path,
                    f"{keys[0]} {one:g} and {two:g} have the same numbers in every line.",
                    "look at how the log was made, and whether the seeds differ.",
                )
                return


def _too_regular(rows: list[float]) -> str:
    steps = [round(b - a, 10) for a, b in itertools.pairwise(rows)]
    if len(rows) >= 4 and len(set(rows)) > 1 and len({round(step, 7) for step in steps}) == 1 and steps[0] != 0:
        return f"the {len(rows)} rows rise by exactly {steps[0]:g} each"
    mean = statistics.fmean(rows)
    away = sorted(round(value - mean, 9) for value in rows)
    if (
        len(rows) >= (4 if not _shares(rows) else 7)
        and all(abs(one + two) < 1e-7 for one, two in zip(away, reversed(away), strict=True))
        and len(set(rows)) == len(rows)
        and max(map(_decimals, rows)) > 2
    ):
        return f"the {len(rows)} rows lie exactly symmetrically about their mean"
    return ""


def _shares(rows: list[float]) -> bool:
    """Say whether all are counts out of one small number, as accuracies are: few of them lie symmetrically by chance."""
    return any(all(abs(value * whole - round(value * whole)) < 1e-4 for value in rows) for whole in range(2, 1001))


def _curve(values: list[float]) -> str:
    """Say that a curve is a line, an exponential or a power law exactly: second differences vanish on one of these scales."""
    if len(values) < 8 or len(set(values)) < 6:
        return ""
    precision = 10.0 ** -max(map(_decimals, values))
    for label, form in (("a straight line", lambda v: v), ("an exponential", math.log)):
        if label != "a straight line" and min(values) <= 0:
            continue
        points = [form(value) for value in values]
        bends = [points[i + 1] - 2 * points[i] + points[i - 1] for i in range(1, len(points) - 1)]
        span = max(points) - min(points)
        allowed = 2.1 * precision / (min(map(abs, values)) if label != "a straight line" else 1)
        if span > 0 and max(map(abs, bends)) < max(1e-6 * span, min(allowed, 1e-2 * span / len(values))):
            return f"the {len(values)} logged values lie exactly on {label}"
    first = [b - a for a, b in itertools.pairwise(values)]
    ratios = [b / a for a, b in itertools.pairwise(first) if a != 0]
    if len(ratios) >= 6 and max(ratios) - min(ratios) < 1e-4 and abs(ratios[0] - 1) > 1e-6:
        return f"the {len(values)} logged values approach a limit by a constant factor"
    return ""


def _clock(table: Table) -> Iterator[Evidence]:
    for column, values in table.columns().items():
        if not set(words(column)) & {"time", "timestamp", "elapsed", "wall", "clock"} or len(values) < 6:
            continue
        steps = [round(b - a, 6) for a, b in itertools.pairwise(values)]
        if min(values) > 1e9 and min(steps) < 0:
            yield noted(table.path, f"`{column}` runs backwards.", "the log was not written by one run in order.", sure=False)
        elif len(set(steps)) == 1 and steps[0] != 0 and steps[0] != int(steps[0]):
            yield noted(
                table.path,
                f"`{column}` rises by exactly {steps[0]:g} s between all {len(values)} lines.",
                "a clock that was read would not.",
            )


def other_settings(material: Material) -> Iterator[Evidence]:
    """A result file that records other settings or another commit than the settings file and the log."""
    yield from _beyond(material)
    yield from _seeds_elsewhere(material)
    settings: dict[str, Any] = {}
    for data in material.records.settings.values():
        settings.update(_plain(data))
    for path, data in material.records.results.items():
        for name, block in data.items() if isinstance(data, dict) else ():
            if set(words(name)) & {"config", "settings", "hyperparameters", "params", "args", "hparams"} and isinstance(block, dict):
                for key, value in _plain(block).items():
                    if (
                        key in settings
                        and type(value) in (int, float, str)
                        and settings[key] != value
                        and not (isinstance(value, int | float) and _same(settings[key], value))
                    ):
                        yield noted(
                            path,
                            f"the record says {key} = {value}, the settings file {key} = {settings[key]}.",
                            "run again with the settings that are shown.",
                        )
            elif set(words(name)) & {"commit", "revision", "sha"} and isinstance(block, str):
                others = {
                    found
                    for table_path, text in material.repository.files.items()
                    if table_path != path
                    for found in re.findall(r"commit[\"':= ]+([0-9a-f]{7,40})\b", text)
                }
                if others and not any(one.startswith(block[:7]) for one in others):
                    yield noted(
                        path,
                        f"the record is of commit {block[:10]}, other records of {sorted(others)[0][:10]}.",
                        "run again at the commit that is shown.",
                    )


_STEP_UNITS = ("epoch", "episode", "round", "generation")


def _beyond(material: Material) -> Iterator[Evidence]:
    """A log that goes on after the last epoch, episode or seed that the code and its settings know."""
    known = set_in_code(material)
    spoken = "\n".join(text for path, text in material.repository.files.items() if path.endswith((".md", ".rst", ".sh", "Makefile")))
    for unit in _STEP_UNITS:
        counts = {
            value for name, group in known.items() if {word.rstrip("s") for word in words(name)} & {unit} for value in group if value > 1
        }
        counts |= {float(number) for number in re.findall(rf"--\w*{unit}s?[= ](\d+)", spoken)}
        for table in material.records.logs if counts else ():
            for column, values in table.columns().items():
                if {word.rstrip("s") for word in words(column)} == {unit} and len(set(values)) > 2 and max(values) > max(counts) + 1:
                    yield noted(
                        table.path,
                        f"the log reaches {unit} {max(values):g}, the code and its settings know {max(counts):g} at most.",
                        "show the log and the results of the settings that are shown.",
                    )


def _seeds_elsewhere(material: Material) -> Iterator[Evidence]:
    """A log of other seeds than the list that the settings name."""
    lists = [
        {float(item) for item in value}
        for data in material.records.settings.values()
        for key, value in _plain(data).items()
        if key in ("seeds", "seed_list") and isinstance(value, list) and value and all(isinstance(item, int) for item in value)
    ]
    for table in material.records.logs if len(lists) == 1 else ():
        logged = set(table.columns().get("seed", ()))
        if len(logged) > 1 and logged.isdisjoint(lists[0]):
            yield noted(
                table.path,
                f"the log is of the seeds {sorted(map(int, logged))}, the settings name {sorted(map(int, lists[0]))}.",
                "show the log and the results of the settings that are shown.",
            )


def _same(one: Any, two: Any) -> bool:
    try:
        return abs(float(one) - float(two)) < 1e-12
    except (TypeError, ValueError):
        return False


def _plain(data: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in data.items() if isinstance(data, dict) else ():
        if isinstance(value, dict):
            found.update(_plain(value))
        else:
            found[str(key)] = value
    return found


CHECKS = (
    Check("too-regular", "fabrication", "numbers too regular to be measured", "a schedule logged under a metric's name", regular),
    Check(
        "other-settings",
        "fabrication",
        "a record of other settings or of another commit",
        "overrides given on the command line",
        other_settings,
    ),
)
