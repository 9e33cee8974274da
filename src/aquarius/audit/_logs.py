"""Fabrication in the records: results that their own log, or the number of runs, contradicts."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, noted
from ._code import METRICS, PAPERLIKE, words
from ._numbers import _SPREADS, _decimals, _whole
from ._records import ENTRY_WORDS, Records, Table, last_of_each, summaries


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
    yield from _own_units(material)
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


def _own_units(material: Material) -> Iterator[Evidence]:
    """A list of results named by what it counts, and a README that speaks of more of them: `clouds` of 4, "10 clouds"."""
    prose = material.repository.prose(paper=False)
    for (path, key), rows in material.records.lists().items():
        unit = key.rsplit(".", 1)[-1].lower()
        if not re.fullmatch(r"[a-z]{4,}s", unit) or unit in ("seeds", "runs", "folds", "values", "scores", "losses") or _whole(rows):
            continue
        claimed = claimed_counts(prose, {unit}) if not set(words(unit)) & METRICS else []
        if claimed and len(rows) < min(claimed):
            yield noted(
                path,
                f"`{key}` has {len(rows)} rows, and the README speaks of {min(claimed)} {unit}.",
                "report every one, or say which were left out and why.",
                rows=float(len(rows)),
                claimed=float(min(claimed)),
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


CHECKS = (
    Check("log-mismatch", "fabrication", "results that the log contradicts", "a log of an earlier run kept on purpose", logs_agree),
    Check(
        "run-count",
        "protocol",
        "fewer rows than the runs that are claimed",
        "several experiments with different numbers of runs",
        run_counts,
    ),
)
