"""The numbers of a repository's records: result files, logs, and the tables and headlines of its own prose."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._code import METRICS, PAPERLIKE, words
from ._repository import Repository, is_settings

MOST_ROWS = 20_000
PAIR = re.compile(r"['\"]?([A-Za-z_][\w/@-]*(?: [a-z]\w*)?)['\"]?\s*(?:=|:|\s)\s*(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?![\w.]*\w)")
NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+(?![\w]|\.\d)")
OURS = {
    "our",
    "this",
    "ours",
    "here",
    "reproduced",
    "reproduction",
    "measured",
    "mine",
    "replication",
    "obtained",
    "we",
    "us",
    "attempt",
    "rerun",
    "got",
}
ENTRY_WORDS = {"seed", "seeds", "run", "runs", "fold", "folds", "repeat", "trial", "trials", "split", "replicate"}


_NO_RESULTS = {"time", "seconds", "lr", "rate", "decay", "momentum", "dropout", "alpha", "beta", "gamma", "epsilon", "eps", "temperature", "noise", "scale", "weight", "sd", "std"}  # fmt: skip


@dataclass(frozen=True)
class Printed:
    """A number as the prose prints it."""

    path: str
    text: str  # "0.1273"
    label: str  # the words around it
    line: int
    ours: bool = True  # called our own in so many words, or a row of one run

    @property
    def value(self) -> float:
        """The number."""
        return float(self.text)

    @property
    def step(self) -> float:
        """One unit in its last place."""
        return float(10.0 ** -len(self.text.partition(".")[2]))


@dataclass(frozen=True)
class Table:
    """Rows of one log or of one table of records: what each row says, by column."""

    path: str
    rows: tuple[dict[str, float], ...]

    def columns(self) -> dict[str, list[float]]:
        """The finite numbers of every column, in order."""
        names = dict.fromkeys(name for row in self.rows for name in row)
        return {name: [row[name] for row in self.rows if name in row and math.isfinite(row[name])] for name in names}


class Records:
    """What a repository recorded, from its files."""

    def __init__(self, repository: Repository) -> None:
        self.results: dict[str, Any] = {}
        self.logs: list[Table] = []
        self.settings: dict[str, Any] = {}
        for path, text in repository.files.items():
            suffix = Path(path).suffix
            if suffix == ".json":
                data = _json(text)
                if data is not None:
                    (self.settings if is_settings(path) else self.results)[path] = data
            elif suffix == ".jsonl":
                self.logs.append(
                    Table(path, tuple(_flat(row) for row in map(_json, text.splitlines()[:MOST_ROWS]) if isinstance(row, dict)))
                )
            elif suffix in (".csv", ".tsv"):
                self.logs.append(Table(path, tuple(_csv(text, "\t" if suffix == ".tsv" else ","))))
            elif suffix in (".log", ".txt", ".out") and not re.search(r"requirements|license|constraints", path.lower()):
                self.logs.append(Table(path, tuple(row for row in map(_pairs, text.splitlines()[:MOST_ROWS]) if row)))
            elif suffix in (".yaml", ".yml", ".toml", ".ini", ".cfg"):
                self.settings[path] = _settings(path, text)
        for path, text in repository.outputs.items():
            self.logs.append(Table(path, tuple(row for row in map(_pairs, text.splitlines()[:MOST_ROWS]) if row)))
        self.printed = [item for path, text in repository.own_prose().items() for item in _printed(path, text)]

    def scalars(self) -> dict[tuple[str, str], float]:
        """Every single number of the result files: (file, key) -> value."""
        return {(path, key): value for path, data in self.results.items() for key, value in leaves(data) if isinstance(value, float)}

    def lists(self) -> dict[tuple[str, str], list[float]]:
        """Every list of two or more numbers of the result files: (file, key) -> values; of a list of records each column."""
        return {(path, key): value for path, data in self.results.items() for key, value in leaves(data) if isinstance(value, list)}

    def measured(self) -> set[str]:
        """Return the names by which result files hold numbers with decimals at their top; settings and times are none."""
        return {
            key
            for (_, key), value in self.scalars().items()
            if "." not in key and math.isfinite(value) and len(repr(value).partition(".")[2]) > 2 and not set(words(key)) & _NO_RESULTS
        }

    def known(self) -> list[float]:
        """Every number the records hold or that a mean, median, spread or extreme of theirs gives."""
        values = list(self.scalars().values())
        for numbers in self.lists().values():
            values += [*numbers, *summaries(numbers)]
        for table in self.logs:
            for numbers in table.columns().values():
                values += [*numbers, *summaries(numbers)]
            for numbers in last_of_each(table).values():
                values += summaries(numbers)
        return values


def summaries(numbers: list[float]) -> list[float]:
    """Return what a list of numbers may honestly be summed up as."""
    numbers = [value for value in numbers if math.isfinite(value)]
    if not numbers or max(map(abs, numbers)) > 1e100:
        return []
    found = [statistics.fmean(numbers), statistics.median(numbers), min(numbers), max(numbers), math.fsum(numbers)]
    if len(numbers) > 1:
        spread = [statistics.stdev(numbers), statistics.pstdev(numbers)]
        found += [
            *spread,
            *(value / math.sqrt(len(numbers)) for value in spread),
            *(1.96 * value / math.sqrt(len(numbers)) for value in spread),
        ]
    return found


def last_of_each(table: Table) -> dict[str, list[float]]:
    """Return each column's last value for every seed, run or fold; {} where the rows name none."""
    keys = [name for name in table.columns() if set(words(name)) & ENTRY_WORDS]
    groups: dict[tuple[float, ...], dict[str, float]] = {}
    for row in table.rows:
        if any(name in row for name in keys):
            groups.setdefault(tuple(row.get(name, -1.0) for name in keys), {}).update(row)
    if len(groups) < 2:
        return {}
    names = dict.fromkeys(name for row in groups.values() for name in row if name not in keys)
    return {name: [row[name] for row in groups.values() if name in row] for name in names}


def leaves(data: Any, key: str = "") -> Iterator[tuple[str, float | list[float]]]:
    """Give every number and every list of numbers of JSON data with its dotted key."""
    if isinstance(data, bool):
        return
    if isinstance(data, int | float):
        yield key, float(data)
    elif isinstance(data, dict):
        numbers = [float(value) for value in data.values() if isinstance(value, int | float) and not isinstance(value, bool)]
        if len(numbers) == len(data) > 1 and all(re.fullmatch(r"(seed|run|fold)?[ _-]?\d+", str(name)) for name in data):
            yield key, numbers
        for name, value in data.items():
            yield from leaves(value, f"{key}.{name}" if key else str(name))
    elif isinstance(data, list):
        if len(data) > 1 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in data):
            yield key, [float(value) for value in data]
        elif data and all(isinstance(value, dict) for value in data):
            columns: dict[str, list[float]] = {}
            for row in data:
                for name, value in leaves(row):
                    if isinstance(value, float):
                        columns.setdefault(name, []).append(value)
            yield from ((f"{key}.{name}" if key else name, values) for name, values in columns.items())
        else:
            for number, value in enumerate(data):
                yield from leaves(value, f"{key}.{number}" if key else str(number))


def agrees(printed: Printed, values: Iterable[float]) -> bool:
    """Say whether a printed number is one of the values, in its own unit, in percent or as a share, rounded or cut."""
    for value in values:
        forms = [value]
        if value != int(value) if math.isfinite(value) else False:
            forms += [100 * value, 1 - value, 100 - 100 * value] if 0 <= abs(value) <= 1 else []
            forms += [value / 100, 100 - value, 1 - value / 100] if 1 < value <= 100 else []
        for form in forms:
            if abs(form - printed.value) <= 1.01 * printed.step or abs(-form - printed.value) <= 0.51 * printed.step:
                return True
    return False


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _flat(row: dict[str, Any]) -> dict[str, float]:
    return {key: value for key, value in leaves(row) if isinstance(value, float)}


def _csv(text: str, separator: str) -> Iterator[dict[str, float]]:
    try:
        for number, row in enumerate(csv.DictReader(io.StringIO(text), delimiter=separator)):
            if number >= MOST_ROWS:
                return
            yield {
                str(key): float(value)
                for key, value in row.items()
                if isinstance(value, str) and re.fullmatch(r"\s*-?\d+(\.\d+)?(e[-+]?\d+)?\s*", value)
            }
    except csv.Error:
        return


def _pairs(line: str) -> dict[str, float]:
    return {" ".join(name.split()): float(value) for name, value in PAIR.findall(line[:2000])}


def _settings(path: str, text: str) -> Any:
    try:
        if path.endswith(".toml"):
            import tomllib

            return tomllib.loads(text)
        if path.endswith((".yaml", ".yml")):
            import yaml

            return yaml.safe_load(text)
    except Exception:  # whatever a settings file is, it is no reason to stop
        return None
    return {name: _number(value) for name, value in re.findall(r"^\s*(\w+)\s*[=:]\s*(\S+)", text, re.MULTILINE)}


def _number(text: str) -> float | str:
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text


_HEADLINE = re.compile(r"^([^:=|`]{3,80})[:=]\s*[*_]*(-?\d+\.\d+)(?![\w]|\.\d)")  # "Mean AUC over 4 seeds: **0.8515**"


def _printed(path: str, text: str) -> Iterator[Printed]:
    """Give the numbers with decimals that a repository calls its own: cells of its tables and headlines."""
    lines = text.splitlines()
    header: list[str] = []
    for number, line in enumerate(lines, 1):
        if line.count("|") >= 2:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if number < len(lines) and re.fullmatch(r"[\s|:-]+", lines[number]) and "-" in lines[number]:
                header = cells
            elif not re.fullmatch(r"[\s|:-]+", line):
                yield from _cells(path, header, cells, number)
            continue
        header = []
        for piece in re.split(r"(?<=[.;!?])\s+|\bpaper\b|\boriginal\b", line):
            headline = _HEADLINE.search(piece)
            if headline and set(words(headline.group(1))) & METRICS and not _about_theirs(piece[: headline.start(2)]):
                yield Printed(path, headline.group(2).lstrip("-"), piece.strip()[:80], number)
                continue
            start = re.search(r"\b(ours?|we (get|got|obtain|measure|reach|find)\w*|reproduc\w+|measured|here)\b", piece, re.IGNORECASE)
            if start and not _about_theirs(piece[: start.start() + 1]):
                match = NUMBER.search(piece[start.end() :][:60])
                if match and not _about_theirs(piece[start.end() : start.end() + match.start()]):
                    yield Printed(path, match.group().lstrip("-"), piece.strip()[:80], number)


def _cells(path: str, header: list[str], cells: list[str], line: int) -> Iterator[Printed]:
    if (
        set(words(" ".join(header))) & {"value", "setting", "hyperparameter", "parameter", "default", "deviation"}
        and not set(words(" ".join([*header, cells[0]]))) & OURS
    ):
        return
    if _about_theirs(cells[0]):
        return
    one_run = bool(re.fullmatch(r"(seed|run|fold)? ?\d+", cells[0].lower()))
    for place, cell in enumerate(cells):
        top = header[place] if place < len(header) else ""
        if place == 0 or _about_theirs(top):
            continue
        for match in NUMBER.finditer(cell):
            label = f"{cells[0]} {top}".strip()
            yield Printed(path, match.group().lstrip("-"), label, line, one_run or "`" in label or bool(set(words(label)) & OURS))


_THEIRS = PAPERLIKE - {"expected", "goal", "baseline"} | {
    "article",
    "publication",
    "stated",
    "difference",
    "gap",
    "delta",
    "tolerance",
    "al",
    "their",
    "literature",
    "author",
}


def _about_theirs(text: str) -> bool:
    found = set(words(text))
    cited = bool(found & _THEIRS) or bool(re.search(r"\b([Tt]able|[Ff]ig(ure|\.)?|[Ss]ection) ?\d|\b(19|20)\d\d\b", text))
    return cited and not found & OURS
