"""Claims from result tables: every number of a known quantity, with its system, data set, settings and place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ..core import Measure
from ..reading import Document, Table
from ._columns import Column, columns_of
from ._dossier import Claim, Fact
from ._metrics import metric_of
from ._numbers import WORDS
from ._systems import base_row, own_names, own_rows, setting_columns, settings_of, system_of
from ._tables import Layout, Row, layout, turned, value_of
from ._text import Sentence, flatten

_RUNS = re.compile(
    r"\b(?:over|of|across|for|from|with)\s+(\d{1,4}|three|five|ten|twenty)\s+(?:different |independent |random(?:ly drawn)? |separate |training )*(?:runs|seeds|trials|splits|initiali[sz]ations|repetitions)\b",
    re.IGNORECASE,
)
_SPREADS = (
    (r"standard errors?", "se"),
    (r"standard deviations?|\bstd\b", "sd"),
    (r"confidence", "interval"),
)


def claims(document: Document, text: list[Sentence], datasets: tuple[Fact, ...]) -> tuple[Claim, ...]:
    """Return the claims of all tables in order: numbers first, then for each column the order of the paper's best system over the best baseline."""
    names = own_names(document)
    found: list[Claim] = []
    used: Counter[str] = Counter()
    for index, table in enumerate(document.tables, start=1):
        grid = layout(table)
        if grid is not None and _is_turned(table, grid, datasets):
            grid = layout(turned(table))
        if grid is None:
            continue
        columns: dict[int, list[Claim]] = {}
        for column, claim in _numbers(table, index, grid, names, text, datasets):
            unique = _unique(claim, used)
            columns.setdefault(column, []).append(unique)
            found.append(unique)
        found += [_unique(order, used) for column in sorted(columns) for order in _order(columns[column])]
    return tuple(found)


def _is_turned(table: Table, grid: Layout, datasets: tuple[Fact, ...]) -> bool:
    """Say whether the metrics stand in the rows: two or more of them, and none in the columns."""
    if any(columns_of(grid, flatten(table.caption), datasets)):
        return False
    return sum(metric_of(row.labels[0]) is not None for row in grid.rows) >= 2


def _numbers(
    table: Table, index: int, grid: Layout, names: tuple[str, ...], text: list[Sentence], datasets: tuple[Fact, ...]
) -> Iterator[tuple[int, Claim]]:
    caption = flatten(table.caption)
    columns = list(columns_of(grid, caption, datasets))
    configured = setting_columns(grid, columns)
    own = own_rows(grid, names)
    base = base_row(grid, caption)
    inherited = settings_of(base, configured, grid) if base is not None else {}
    labels = Counter(row.labels[0] for row in grid.rows)
    number = f"table{table.number}".lower() if table.number else f"table-unnumbered-{index}"
    for row in grid.rows:
        listed = settings_of(row, configured, grid)
        system, parts = system_of(row, listed, labels)
        for column in columns:
            measured = _measure(row, column, [caption, *_sentences_about(row, text)])
            if measured is not None:
                name = "/".join(part.replace("/", "-") for part in (number, *parts, column.rest, column.metric.name) if part)
                yield column.index, _claim(name, table, row, column, measured, system, inherited | listed, own[row.index])


def _claim(name: str, table: Table, row: Row, column: Column, measured: Measure, system: str, settings: dict[str, str], own: bool) -> Claim:
    quantity = column.metric.name
    exact = quantity == "parameters"
    dataset = None if exact else column.dataset
    printed = measured.printed + (f" ± {measured.spread:g}" if measured.spread is not None else "")
    label = f"Table {table.number}" if table.number else "A table without a number"
    place = row.cells[column.index].place
    return Claim(
        id=name,
        kind="exact" if exact else "value",
        statement=f"{label}: {system} has {quantity} {printed}{f' on {dataset}' if dataset else ''}.",
        subject=system,
        quantity=quantity,
        measure=measured,
        direction=column.direction,
        dataset=dataset,
        split=None if exact else column.split,
        settings=settings,
        own=own,
        needs=(dataset,) if dataset else (),
        place=place if place.label else place.model_copy(update={"label": label}),
    )


def _sentences_about(row: Row, text: list[Sentence]) -> list[str]:
    """Return the sentences that speak of a row of the table by its label."""
    label = row.labels[0]
    return [sentence.flat for sentence in text if len(label) > 2 and label in sentence.flat and re.search(r"\brows?\b", sentence.flat)]


def _measure(row: Row, column: Column, sources: list[str]) -> Measure | None:
    read = value_of(row.cells[column.index].text) if column.index < len(row.cells) else None
    if read is None:
        return None
    runs = next((found[1].lower() for source in sources if (found := _RUNS.search(source))), None)
    kinds = [kind for source in sources for words, kind in _SPREADS if re.search(words, source, re.IGNORECASE)]
    factor = 10.0**column.scale
    changes = {
        "value": read.value * factor,
        "last_place": read.last_place * factor,
        "printed": f"{read.printed}×10^{column.scale}" if column.scale else read.printed,
        "unit": _unit(column, read),
        "spread": None if read.spread is None else read.spread * factor,
        "spread_kind": None if read.spread is None else (kinds[0] if kinds else "unknown"),
        "n": None if runs is None else int(WORDS.get(runs, 0) or runs),
    }
    return read.model_copy(update=changes)


def _unit(column: Column, read: Measure) -> str:
    """Return the unit: percent where the table says so or the number cannot be a fraction; an accuracy of 0.53 has none."""
    if column.metric.unit not in ("", "%") or column.metric.direction is None:
        return column.metric.unit
    if read.unit == "%":
        return "%"
    if column.percent and column.metric.name not in ("perplexity", "loss", "return"):
        return "%"
    return "" if column.metric.unit == "%" and read.value <= 1 else column.metric.unit


def _order(column: list[Claim]) -> Iterator[Claim]:
    """Yield the claim that the paper's best system of a column beats the best baseline; none where it does not, or no direction is known."""
    known = [(claim, claim.measure.value) for claim in column if claim.measure is not None and claim.direction is not None]
    sign = 1.0 if known and known[0][0].direction == "higher" else -1.0
    ours = [(claim, value) for claim, value in known if claim.own]
    theirs = [(claim, value) for claim, value in known if not claim.own]
    if not ours or not theirs:
        return
    best, rival = (max(side, key=lambda item: sign * item[1]) for side in (ours, theirs))
    if sign * (best[1] - rival[1]) > 0:
        winner, against = best[0], rival[0]
        yield winner.model_copy(
            update={
                "id": f"{winner.id}/over the best baseline",
                "kind": "order",
                "statement": f"{winner.subject} has a {winner.direction} {winner.quantity} than {against.subject}, the best baseline of the table.",
                "measure": None,
                "against": against.id,
            }
        )


def _unique(claim: Claim, used: Counter[str]) -> Claim:
    used[claim.id] += 1
    return claim if used[claim.id] == 1 else claim.model_copy(update={"id": f"{claim.id} #{used[claim.id]}"})
