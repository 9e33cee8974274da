"""Fabrication in the records: prose, result files and logs that cannot all be of one run."""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Iterator
from typing import Any

from ..core import Evidence
from ._check import Check, Material, noted
from ._code import METRICS, PAPERLIKE, words
from ._records import ENTRY_WORDS, NUMBER, Records, Table, agrees, last_of_each, summaries

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
    keys = {word for _, key in material.records.scalars() for word in words(key)}
    return bool(set(words(label)) & keys & METRICS)


def aggregates(material: Material) -> Iterator[Evidence]:
    """A mean or a spread in a result file that its own rows do not give."""
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


def logs_agree(material: Material) -> Iterator[Evidence]:
    """Rows of a result file that the log of the runs contradicts."""
    records = material.records
    for (path, key), rows in records.lists().items():
        if _whole(rows):
            continue
        for table in records.logs:
            for column, logged in {**table.columns(), **last_of_each(table)}.items():
                if not _same_quantity(key, column, path, records) or len(logged) != len(rows):
                    continue
                wrong = [(one, two) for one, two in zip(rows, logged, strict=True) if not _near(one, two)]
                if wrong and len(wrong) < len(rows) and sorted(map(_short, rows)) != sorted(map(_short, logged)):
                    yield noted(
                        path,
                        f"`{key}` holds {wrong[0][0]:.6g} where {table.path} logged {wrong[0][1]:.6g} ({len(wrong)} of {len(rows)} rows differ).",
                        "write both from one run.",
                        recorded=wrong[0][0],
                        logged=wrong[0][1],
                    )
                    return
                if (
                    wrong
                    and len(wrong) == len(rows)
                    and set(words(column)) & set(words(key)) & METRICS
                    and len(set(words(column)) & {"train", "valid", "val"}) == 0
                ):
                    yield noted(
                        path,
                        f"none of the {len(rows)} numbers of `{key}` is in {table.path}, which logged {logged[0]:.6g} first and not {rows[0]:.6g}.",
                        "write both from one run.",
                        recorded=rows[0],
                        logged=logged[0],
                    )
                    return
    yield from _scalar_against_log(material)


def _scalar_against_log(material: Material) -> Iterator[Evidence]:
    """A single result whose own name stands in the log, with one row for each run or one row at all, and another number."""
    for (path, key), value in material.records.scalars().items():
        name = set(words(key.rsplit(".", 1)[-1]))
        if not name & METRICS or name & (_SPREADS | PAPERLIKE):
            continue
        for table in material.records.logs:
            if re.search(r"(seed|run|fold|trial)[_-]?\d", table.path):
                continue  # a log of one run among several
            for column, logged in table.columns().items():
                shared = set(words(column))
                if not (shared == name or ((shared | {"percent", "mean", "avg", "pct"}) >= name and shared <= name)) or not logged:
                    continue
                values = [*logged, *summaries(logged), *(v for group in last_of_each(table).values() for v in summaries(group))]
                if not any(_near(form, other) for form in (value, value / 100, value * 100) for other in values):
                    sure = len(logged) == 1 or _one_row_each(table, column)
                    yield noted(
                        path,
                        f"`{key}` = {value:.6g} is neither in {table.path} (last {logged[-1]:.6g}) nor a mean of it ({statistics.fmean(logged):.6g}).",
                        "write both from one run.",
                        sure=sure,
                        recorded=value,
                        logged=logged[-1],
                    )
                    return


def _one_row_each(table: Table, column: str) -> bool:
    keys = [name for name in table.columns() if set(words(name)) & ENTRY_WORDS]
    rows = [tuple(row.get(name) for name in keys) for row in table.rows if column in row]
    return (
        bool(keys)
        and len(set(rows)) == len(rows) > 1
        and not any(set(words(name)) & {"epoch", "step", "iteration", "iter"} for name in table.columns())
    )


def _same_quantity(key: str, column: str, path: str, records: Records) -> bool:
    mine, theirs = _plain_words(key), _plain_words(column)
    if not theirs & METRICS and theirs != {"test"}:
        return False
    if mine & theirs & METRICS or {word.rstrip("s") for word in mine} & theirs & METRICS:
        return not (mine ^ theirs) & {"train", "valid", "val"}
    siblings = {word for (other, name), _ in records.scalars().items() if other == path for word in _plain_words(name)} | {"test", "final"}
    return (
        bool(mine & (ENTRY_WORDS | {"values", "all"}))
        and (theirs <= siblings or theirs == {"test"})
        and not theirs & {"train", "valid", "val"}
    )


_SYNONYMS = {
    "acc": "accuracy",
    "err": "error",
    "ppl": "perplexity",
    "accs": "accuracy",
    "accuracies": "accuracy",
    "errors": "error",
    "auroc": "auc",
    "val": "valid",
}


def _plain_words(name: str) -> set[str]:
    return {_SYNONYMS.get(word, word) for word in words(name)}


def _near(one: float, two: float) -> bool:
    return abs(one - two) <= max(5e-4 * max(abs(one), abs(two)), 6e-7) or abs(one - two) <= 0.51 * 10.0 ** -min(
        _decimals(one), _decimals(two)
    )


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def run_counts(material: Material) -> Iterator[Evidence]:
    """Fewer or more rows than the runs that the README speaks of or the log shows."""
    for (path, key), rows in material.records.lists().items():
        for table in material.records.logs:
            for column, logged in last_of_each(table).items():
                inside = [any(_near(row, other) for other in logged) for row in rows]
                if (
                    set(words(column)) & METRICS
                    and 2 <= len(rows) < len(logged)
                    and all(inside)
                    and not _whole(rows)
                    and len(set(rows)) > 1
                ):
                    yield noted(
                        path,
                        f"`{key}` has {len(rows)} rows, {table.path} logged `{column}` of {len(logged)} runs.",
                        "report every run.",
                        rows=float(len(rows)),
                        logged=float(len(logged)),
                    )
                    return
    prose = material.repository.prose(paper=False)
    for (path, key), rows in material.records.lists().items():
        if not set(words(key)) & (ENTRY_WORDS | {"values"}):
            continue
        folds = {"fold", "folds"} & set(words(key))
        claimed = claimed_counts(prose, {"fold", "folds"} if folds else {"seed", "seeds", "run", "runs"})
        if not claimed:
            continue
        groups = max(
            (
                len(set(table.columns()[name]))
                for table in material.records.logs
                for name in table.columns()
                if set(words(name)) & {"seed", "run", "fold", "trial"}
            ),
            default=0,
        )
        if len(rows) not in claimed and len(rows) < max(claimed) and (groups == 0 or groups in claimed or groups > len(rows)):
            yield noted(
                path,
                f"`{key}` has {len(rows)} rows, and the README speaks of {max(claimed)} runs.",
                "report every run, or say which were left out and why.",
                rows=float(len(rows)),
                claimed=float(max(claimed)),
            )


_WORDED = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def claimed_counts(prose: str, units: set[str]) -> list[int]:
    """Return the numbers that a text puts before a unit: "6 seeds", "five runs"."""
    found = []
    before = r"(?<!every )(?<!per )(?<!after )(?<!first )(?<!last )(?<!each )(?<!most )(?<!least )(?<!than )(?<!of the )(?<!within )(?<!epoch )(?<!seed )(?<![\d.,-])"
    for number, one, two in re.findall(before + r"\b(\d+|" + "|".join(_WORDED[2:]) + r")[ -](\w+)(?= (\w+))?", prose, re.IGNORECASE):
        if one.lower() in units or two.lower() in units:
            found.append(int(number) if number.isdigit() else _WORDED.index(number.lower()))
    return [value for value in found if value > 1]


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
        len(rows) >= 4
        and all(abs(one + two) < 1e-7 for one, two in zip(away, reversed(away), strict=True))
        and len(set(rows)) == len(rows)
        and max(map(_decimals, rows)) > 2
    ):
        return f"the {len(rows)} rows lie exactly symmetrically about their mean"
    return ""


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
    Check("log-mismatch", "fabrication", "results that the log contradicts", "a log of an earlier run kept on purpose", logs_agree),
    Check(
        "run-count",
        "protocol",
        "fewer rows than the runs that are claimed",
        "several experiments with different numbers of runs",
        run_counts,
    ),
    Check("too-regular", "fabrication", "numbers too regular to be measured", "a schedule logged under a metric's name", regular),
    Check(
        "other-settings",
        "fabrication",
        "a record of other settings or of another commit",
        "overrides given on the command line",
        other_settings,
    ),
    Check(
        "paper-copied",
        "fabrication",
        "the paper's number called our own",
        "an exact reproduction whose records are elsewhere",
        paper_copied,
    ),
)
