"""Fabrication in the records: prose, result files and logs that cannot all be of one run."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterator
from typing import Any

from ..core import Evidence
from ._check import Check, Material, noted
from ._code import METRICS, PAPERLIKE, words
from ._records import ENTRY_WORDS, NUMBER, agrees, summaries

_SPREADS = {
    "std",
    "sd",
    "stdev",
    "deviation",
    "sem",
    "se",
    "stderr",
    "spread",
    "ci",
    "pm",
    "interval",
    "min",
    "max",
    "lowest",
    "highest",
    "best",
    "worst",
    "var",
}
_NOT_MEASURED = {
    "time",
    "seconds",
    "lr",
    "epoch",
    "step",
    "iteration",
    "seed",
    "run",
    "fold",
    "count",
    "size",
    "params",
    "batch",
    "elapsed",
    "wall",
    "t",
} | ENTRY_WORDS


def prose_numbers(material: Material) -> Iterator[Evidence]:
    """A number of the README that no record holds and no record adds up to."""
    known = material.records.known()
    if not known:
        return
    wrong = [item for item in material.records.printed if item.step < 1 and not agrees(item, known)]
    named = [item for item in wrong if not set(words(item.label)) & (_NOT_MEASURED - ENTRY_WORDS)]
    total = len([item for item in material.records.printed if item.step < 1])
    for item in named[:5]:
        near = min(known, key=lambda value: min(abs(value - item.value), abs(100 * value - item.value)))
        sure = item.ours and (len(named) < total or len(named) == 1 or _recorded_metric(material, item.label))
        yield noted(
            item.path, f"line {item.line}: {item.text} ({item.label[:40]}) is in no record; the nearest recorded number is {near:.6g}.",
            "print what the last run recorded.", sure=sure, printed=item.value, recorded=near,
        )  # fmt: skip


_CURVES = {
    "curve",
    "history",
    "trace",
    "epoch",
    "epochs",
    "steps",
    "lr",
    "train",
    "trajectory",
    "progress",
    "schedule",
    "per_epoch",
    "iterations",
}


def _recorded_metric(material: Material, label: str) -> bool:
    columns = {name.lower() for table in material.records.logs for name in table.columns()}
    keys = {word for name in [*(key for _, key in material.records.scalars()), *columns] for word in words(name)}
    return bool(set(words(label)) & keys & METRICS) or bool(set(label.lower().split()) & {name for name in columns if len(name) > 2})


def aggregates(material: Material) -> Iterator[Evidence]:
    """A mean or a spread in a result file that its own rows do not give."""
    yield from _stated_spreads(material)
    records, prose = material.records, (material.repository.prose(paper=False) + material.repository.prose(paper=True)).lower()
    for path, data in records.results.items():
        for scalars, lists in _levels(data):
            metric_lists = {
                name: values
                for name, values in lists.items()
                if not set(words(name)) & _CURVES and (not set(words(name)) & {"seeds"} or not _whole(values))
            }
            for name, value in scalars.items():
                rows = _rows_of(name, metric_lists, len(scalars))
                if rows is None or len(rows) < 2 or set(words(name)) & (PAPERLIKE | {"n", "count"}):
                    continue
                yield from _aggregate(path, name, value, rows, prose)


def _stated_spreads(material: Material) -> Iterator[Evidence]:
    """68.7 ± 0.9 in the README, where the rows that have this mean spread otherwise."""
    recorded = [value for (_, key), value in material.records.scalars().items() if set(words(key)) & _SPREADS]
    lists = [rows for rows in material.records.lists().values() if len(rows) > 1 and len(set(rows)) > 1]
    for path, text in material.repository.own_prose().items():
        for number, text_line in enumerate(text.splitlines(), 1):
            for middle, spread in re.findall(r"(\d+\.\d+)\s*[*_]*\s*(?:±|\+/-|\+-|\\pm)\s*(\d+\.\d+)", text_line):
                step, wide = 10.0 ** -len(middle.partition(".")[2]), 10.0 ** -len(spread.partition(".")[2])
                alike = [
                    [scale * value for value in rows]
                    for rows in lists
                    for scale in (1.0, 100.0, 0.01)
                    if abs(scale * statistics.fmean(rows) - float(middle)) <= 0.51 * step
                ]
                forms = [scale * value for value in recorded for scale in (1.0, 100.0, 0.01)]
                forms += [form for rows in alike for form in (*_widths(rows), max(rows) - min(rows), (max(rows) - min(rows)) / 2)]
                if alike and not any(
                    abs(form - float(spread)) <= 1.01 * wide or abs(2 * form - float(spread)) <= 1.01 * wide for form in forms
                ):
                    deviation = statistics.stdev(alike[0])
                    yield noted(
                        path,
                        f"line {number}: {middle} ± {spread}, but the rows with this mean have the standard deviation {deviation:.4g}.",
                        "compute the spread from the rows.",
                        printed=float(spread),
                        rows=deviation,
                    )


def _widths(rows: list[float]) -> list[float]:
    """Return the deviations, standard errors and half intervals of rows."""
    deviations = [statistics.stdev(rows), statistics.pstdev(rows)]
    errors = [value / math.sqrt(len(rows)) for value in deviations]
    return [*deviations, *errors, *(factor * value for value in errors for factor in (1.645, 1.96, *_T.get(len(rows), ())))]


_T = {
    2: (12.706,),
    3: (4.303,),
    4: (3.182,),
    5: (2.776,),
    6: (2.571,),
    7: (2.447,),
    8: (2.365,),
    9: (2.306,),
    10: (2.262,),
}  # two-sided, 95 %


def _aggregate(path: str, name: str, value: float, rows: list[float], prose: str) -> Iterator[Evidence]:
    forms = [value, value / 100, value * 100]
    step = max(abs(value) * 2e-4, 10.0 ** -_decimals(value) * 0.51)
    mean = statistics.fmean(rows)
    spread = bool(set(words(name)) & _SPREADS)
    deviation = bool(set(words(name)) & {"std", "sd", "stdev"})
    good = [statistics.stdev(rows), statistics.pstdev(rows)] if deviation else [*summaries(rows), rows[-1], rows[0]]
    if not spread and not set(words(name)) & _SPREADS and "median" not in prose and "median" not in name:
        low, high = min(rows), max(rows)
        for extreme, label in ((high, "largest"), (low, "smallest")):
            if (
                high > low
                and any(abs(form - extreme) <= step for form in forms)
                and abs(mean - extreme) > step
                and "mean" in prose
                and not re.search(r"best of|best seed|best run|lowest of|highest of", prose)
            ):
                yield noted(
                    path,
                    f"`{name}` = {value:.6g} is the {label} of its {len(rows)} rows, and the text speaks of a mean, which is {mean:.6g}.",
                    "report the mean.",
                    reported=value,
                    mean=mean,
                )
                return
    scale = 100.0 if abs(mean) > 0 and 50 < abs(value / mean) < 200 else 1.0
    if any(abs(form - other) <= step * (100 if form > value else 1) for form in forms for other in good):
        return
    inside = min(rows) - 0.3 * abs(mean) <= value / scale <= max(rows) + 0.3 * abs(mean)
    if spread:
        expected = statistics.stdev(rows)
        if set(words(name)) & {"std", "sd", "stdev"} and expected > 0:
            yield noted(
                path,
                f"`{name}` = {value:.6g}, but its {len(rows)} rows have the standard deviation {expected:.6g}.",
                "compute it from the rows.",
                reported=value,
                rows=expected,
            )
    elif inside:
        yield noted(
            path,
            f"`{name}` = {value:.6g}, but the mean of its {len(rows)} rows is {mean * scale:.6g}.",
            "compute it from the rows, all of them.",
            reported=value,
            mean=mean * scale,
        )


def _levels(data: Any) -> Iterator[tuple[dict[str, float], dict[str, list[float]]]]:
    """Give each level of a result file as its single numbers and its lists."""
    if isinstance(data, list):
        for item in data:
            yield from _levels(item)
    if not isinstance(data, dict):
        return
    scalars = {str(k): float(v) for k, v in data.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    lists: dict[str, list[float]] = {}
    for key, value in data.items():
        if isinstance(value, list) and len(value) > 1 and all(isinstance(v, int | float) and not isinstance(v, bool) for v in value):
            lists[str(key)] = [float(v) for v in value]
        elif isinstance(value, list) and len(value) > 1 and all(isinstance(v, dict) for v in value):
            for name in dict.fromkeys(name for row in value for name in row):
                column = [row.get(name) for row in value]
                if all(isinstance(v, int | float) and not isinstance(v, bool) for v in column):
                    lists[str(name)] = [float(v) for v in column]  # type: ignore[arg-type]
        elif isinstance(value, dict) and len(value) > 1 and all(re.fullmatch(r"(seed|run|fold)?[ _-]?\d+", str(k)) for k in value):
            numbers = [float(v) for v in value.values() if isinstance(v, int | float) and not isinstance(v, bool)]
            if len(numbers) == len(value):
                lists[str(key)] = numbers
    yield scalars, lists
    for value in data.values():
        yield from _levels(value)


def _rows_of(name: str, lists: dict[str, list[float]], scalars: int) -> list[float] | None:
    """Return the rows that a single number sums up: those of a like name, or the only list beside the only metric."""
    own = set(words(name)) - _SPREADS - {"mean", "avg", "average", "test", "final", "percent", "median"}
    like = [values for key, values in lists.items() if own & {word.rstrip("s") for word in words(key)} | own & set(words(key))]
    if len(like) == 1:
        return like[0]
    general = [
        values
        for key, values in lists.items()
        if set(words(key)) & (ENTRY_WORDS | {"values", "all", "per", "individual", "scores"}) and not _whole(values)
    ]
    is_metric = bool(set(words(name)) & (METRICS | {"mean", "avg", "average", "std", "sd"}))
    if not like and len(general) == 1 and len(lists) == 1 and is_metric:
        return general[0]
    return None


def _whole(values: list[float]) -> bool:
    return all(value == int(value) for value in values if math.isfinite(value)) and sorted(values) == values


def _decimals(value: float) -> int:
    return len(repr(value).partition(".")[2]) if "e" not in repr(value) else 6


def paper_copied(material: Material) -> Iterator[Evidence]:
    """The README calls the paper's number its own, although the records hold another."""
    known = material.records.known()
    for item in material.records.printed:
        if item.value in material.paper and not agrees(item, known) and known and NUMBER.fullmatch(item.text):
            yield noted(
                item.path,
                f"line {item.line}: {item.text} is called our result, is the paper's number, and is in no record.",
                "print what was measured.",
            )


CHECKS = (
    Check(
        "prose-numbers",
        "fabrication",
        "numbers of the README that no record holds or adds up to",
        "numbers of a run whose records are not in the folder",
        prose_numbers,
    ),
    Check("aggregate", "fabrication", "a mean or spread that its own rows do not give", "a weighted mean", aggregates),
    Check(
        "paper-copied",
        "fabrication",
        "the paper's number called our own",
        "an exact reproduction whose records are elsewhere",
        paper_copied,
    ),
)
