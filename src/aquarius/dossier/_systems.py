"""What a row of a result table is about: whose system, with which settings, and which row blank cells stand for."""

from __future__ import annotations

import re
from collections import Counter

from ..reading import Document
from ._columns import Column
from ._tables import Layout, Row, cell_text, label_text, value_of
from ._terms import term_of_cell
from ._text import flatten

_OURS = re.compile(r"\((?:ours?|this (?:paper|work)|proposed)\)|\bours?\b|\bthis (?:paper|work)\b|\bproposed\b", re.IGNORECASE)
_VARIANT = re.compile(r"^(?:w/o\b|w/ |without\b|with\b|no\b|[-+−–]|only\b|full\b|base\b|default\b)", re.IGNORECASE)
_INHERIT = re.compile(
    r"(?:unlisted|missing|blank|omitted|other|empty)\b[^.]{0,40}\b(?:identical|same|equal|default)[^.]{0,40}\bbase(?:line)?\b",
    re.IGNORECASE,
)
_PROPOSES = re.compile(r"\b(?:propos|present|introduc|describ|call|dub|term|nam)\w*\b(?P<tail>[^.;]{2,140})")
_COMMON = re.compile(
    r"(?:Deep|Neural|Graph|Simple|Recurrent|Convolutional|Residual|Feed|Linear|Sparse|Large|Language|Vision|Multi|Self|Generative|Bayesian)",
    re.IGNORECASE,
)
_CITED = re.compile(r"\\cite|\bet al\b|\((?:19|20)\d\d\)|\[@")


def own_names(document: Document) -> tuple[str, ...]:
    """Return what the paper calls its own system: the name after "we propose ...", its abbreviation, and a name that opens the title."""
    names: list[str] = []
    head = re.match(r"([A-Z][\w.+-]{1,20}(?: [A-Z][\w-]+)?):", document.title)
    if head and re.search(r"[A-Z].*[A-Z]|\d", head[1]):
        names.append(head[1])
    for proposal in _PROPOSES.finditer(flatten(document.abstract)):
        tail = proposal["tail"]
        name = re.search(r"(?<![.\w-])([A-Z][\w-]*(?: (?:[A-Z][\w-]*))*)", tail)
        if name and name[1] not in ("We", "The", "In", "Our", "This", "It", "I", "A"):
            names.append(name[1])
        short = re.search(r"\(([A-Z][\w-]*[A-Z][\w-]*)\)", tail)
        if short:
            names += [short[1], *([short[1][:-1]] if re.fullmatch(r"[A-Z]{2,}s", short[1]) else [])]
    # "Diff Transformer" is also called "Diff"
    names += [
        name.split()[0]
        for name in names
        if re.fullmatch(r"[A-Z]\w{2,} (?:Transformer|Network|Net|Model|Attention)", name) and not _COMMON.match(name)
    ]
    return tuple(dict.fromkeys(names))


def own_rows(grid: Layout, names: tuple[str, ...]) -> dict[int, bool]:
    """Say for each row whether it is the paper's own system. Where no row carries its name, only cited rows are somebody else's."""

    def named(row: Row) -> bool:
        label = " ".join((row.group, *row.labels[:1]))
        return bool(_OURS.search(label)) or any(_calls(label, name) for name in names)

    def cited(row: Row) -> bool:
        return bool(_CITED.search(row.cells[0].place.quote) or _CITED.search(cell_text(row.cells[0].text)))

    if any(named(row) for row in grid.rows):
        return {row.index: named(row) or (bool(_VARIANT.match(row.labels[0])) and not cited(row)) for row in grid.rows}
    return {row.index: not cited(row) for row in grid.rows}


def _calls(label: str, name: str) -> bool:
    """Say whether a label holds a name as a word; an abbreviation may follow a hyphen ("GMM-CEBM")."""
    left = r"(?<![A-Za-z0-9])" if name.isupper() else r"(?<![\w-])"
    return bool(re.search(rf"{left}{re.escape(name)}(?!\w)", label))


def base_row(grid: Layout, caption: str) -> Row | None:
    """Return the row whose values blank cells stand for, where the caption says that they do."""
    if not _INHERIT.search(caption):
        return None
    named = [row for row in grid.rows if re.search(r"\bbase(?:line)?\b", " ".join(row.labels), re.IGNORECASE)]
    return named[0] if len(named) == 1 else None


def setting_columns(grid: Layout, columns: list[Column]) -> list[tuple[int, str]]:
    """Return (index, header) of the columns that configure a row: hyperparameters, short symbols, and further labels."""
    results = {column.index for column in columns}
    found = []
    for index, header in enumerate(grid.headers):
        if index in results or index in grid.label_columns[:1] or not header:
            continue
        symbol = re.fullmatch(r"[A-Za-z]{1,2}|[A-Za-z]+_\w+", header)
        if index in grid.label_columns or term_of_cell(header) is not None or symbol:
            found.append((index, header))
    return found


def settings_of(row: Row, columns: list[tuple[int, str]], grid: Layout) -> dict[str, str]:
    """Return what the row itself lists; words that stand in a column of numbers are a variation in the author's words."""
    listed: dict[str, str] = {}
    for index, header in columns:
        text = label_text(row.cells[index].text) if index < len(row.cells) else ""
        if not text or re.fullmatch(r"[-–—]+", text):
            continue
        words = value_of(row.cells[index].text) is None and len(text.split()) >= 2 and index not in grid.label_columns
        listed["variation" if words else header] = text
    return listed


def system_of(row: Row, listed: dict[str, str], labels: Counter[str]) -> tuple[str, list[str]]:
    """Return a row's system and the parts of its claims' ids: its group, its label, and what sets it apart from rows of the same label."""
    label = row.labels[0]
    short = re.sub(r"^\((\w+)\)$", r"\1", label)  # "(C)" is C
    apart = [text for text in row.labels[1:] if text]
    if not apart and listed and (labels[label] > 1 or not short):
        apart = [",".join(f"{name}={text}" for name, text in listed.items())]
    parts = [part for part in (row.group, short, *apart) if part] or [f"row {row.index}"]
    return ", ".join([part for part in (label, *apart[-1:]) if part]) or parts[-1], parts
