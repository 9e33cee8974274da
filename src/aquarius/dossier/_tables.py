"""The layout of a table: which rows are headers, which columns name the system, and what a cell's number is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..core import Measure, measure
from ..reading import Cell, Table
from ._numbers import NUMBER, print_number
from ._text import flatten, squeeze

_CITE = re.compile(r"\[[^\[\]]{1,80}\]|\((?:[A-Z][^()]{0,60}?,\s*)?(?:19|20)\d\d[a-z]?\)(?=\s*$)")
_MARKS = re.compile(r"[*†‡§¶]|\^\s*[a-z*†‡]\b")
_VALUE = re.compile(
    rf"^[~]?\s*(?P<value>{NUMBER}|-\d+(?:\.\d+)?)\s*(?:(?:±|\+/-|\+-)\s*(?P<spread>\d*\.?\d+)\s*%?)?\s*(?P<rest>\([^()]*\))?\s*[↑↓]?$"
)
GREEK = {
    "ε": "epsilon",
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "λ": "lambda",
    "η": "eta",
    "θ": "theta",
    "μ": "mu",
    "σ": "sigma",
    "τ": "tau",
    "ρ": "rho",
    "φ": "phi",
    "ω": "omega",
}


def cell_text(text: str) -> str:
    """Return a cell as a person would write it, with marks of mathematics and reference marks gone."""
    return squeeze(flatten(text))


def label_text(text: str) -> str:
    """Return the words of a row's or column's label: as `cell_text`, without citations and footnote marks."""
    plain = (
        _MARKS.sub("", _CITE.sub("", cell_text(text)))
        if not re.fullmatch(r"\W*[A-Z].*\((?:19|20)\d\d\)", cell_text(text))
        else cell_text(text)
    )
    plain = re.sub(r"\s+", " ", plain).strip(" ,;:^")
    for letter, name in GREEK.items():
        plain = plain.replace(letter, name)
    return plain


@dataclass(frozen=True)
class Value:
    """A number in a cell."""

    measure: Measure
    start: int = 0


def value_of(text: str) -> Measure | None:
    """Return the number of a cell ("81.5", "67.9 ± 0.5", "3.3·10^18", "70.3 (7s)"), None where it is blank, words or more than one number."""
    plain = _MARKS.sub("", cell_text(text)).strip()
    plain = re.sub(r"^\((.*)\)$", r"\1", plain) if plain.count("(") == 1 else plain
    found = _VALUE.match(plain)
    if found is None:
        return None
    spread = float(found["spread"]) if found["spread"] else None
    try:
        return measure(print_number(found["value"]).replace("k", "K"), spread=spread, spread_kind="unknown" if spread is not None else None)
    except ValueError:
        return None


@dataclass(frozen=True)
class Row:
    """A body row: its labels, its group, and its cells."""

    labels: tuple[str, ...]  # one per label column; blank cells are ""
    group: str  # the text of the group row above it, "" where there is none
    cells: tuple[Cell, ...]
    index: int


@dataclass(frozen=True)
class Layout:
    """A table as headers and rows."""

    headers: tuple[str, ...]  # one per column, header rows joined
    label_columns: tuple[int, ...]
    rows: tuple[Row, ...]


def layout(table: Table) -> Layout | None:
    """Read the layout of a table; None where it has no header row or no body."""
    width = max((len(row) for row in table.rows), default=0)
    count = _header_rows(table)
    if width < 2 or count == 0 or count >= len(table.rows):
        return None
    headers = tuple(_header(table, column, count) for column in range(width))
    body = table.rows[count:]
    labels = tuple(_label_columns(body, width))
    rows: list[Row] = []
    group, above = "", ""
    for index, cells in enumerate(body, start=count):
        texts = [label_text(cell.text) for cell in cells]
        filled = [text for text in texts if text]
        if not filled:
            continue
        spans = len(set(filled)) == 1 and (len(filled) == len(cells) or len(filled) == 1) and len(cells) > 1
        if spans and value_of(cells[texts.index(filled[0])].text) is None and texts[0]:
            group = filled[0]
            continue
        added = texts[0].startswith("+") and bool(above)
        rows.append(
            Row(
                tuple(texts[column] for column in labels), ", ".join(part for part in (group, above if added else "") if part), cells, index
            )
        )
        above = above if added else texts[0]
    return Layout(headers, labels, tuple(rows)) if rows else None


def turned(table: Table) -> Table:
    """Return a table with rows and columns exchanged, its first column as the header: for tables with a metric per row."""
    width = min(len(row) for row in table.rows)
    rows = tuple(tuple(row[column].model_copy(update={"header": column == 0}) for row in table.rows) for column in range(width))
    return table.model_copy(update={"rows": rows})


def _header_rows(table: Table) -> int:
    flagged = 0
    for row in table.rows:
        if not any(cell.header for cell in row):
            break
        flagged += 1
    if flagged:
        return flagged
    for index, row in enumerate(table.rows):
        if any(value_of(cell.text) for cell in row[1:]):
            return index
    return 0


def _header(table: Table, column: int, count: int) -> str:
    parts: list[str] = []
    for row in table.rows[:count]:
        text = label_text(row[column].text) if column < len(row) else ""
        if text and text not in parts:
            parts.append(text)
    return " ".join(parts)


def _label_columns(body: tuple[tuple[Cell, ...], ...], width: int) -> list[int]:
    columns = [0]
    for column in range(1, width):
        texts = [row[column].text for row in body if column < len(row) and cell_text(row[column].text)]
        words = [text for text in texts if value_of(text) is None and re.search(r"[A-Za-z]{2}", cell_text(text))]
        if len(texts) < 2 or len(words) <= 0.5 * len(texts):
            break
        columns.append(column)
    return columns
