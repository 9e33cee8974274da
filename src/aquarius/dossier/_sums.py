"""Arithmetic that a paper states and that does not come out: deltas, shares, averages of a table, ratios of symbols."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..core import Measure, measure
from ..reading import Document
from ._dossier import Contradiction
from ._numbers import NUMBER, print_number
from ._tables import layout, value_of
from ._text import Sentence

_CHANGE = r"(?:improve\w*|increas\w*|gain\w*|ris\w*|rais\w*|rose|boost\w*|decreas\w*|reduc\w*|drop\w*|lower\w*|fall\w*|fell|declin\w*)"
_FROM_TO = re.compile(rf"\bfrom\s+(?P<first>{NUMBER})\s+to\s+(?P<last>{NUMBER})")
_DELTA = rf"(?:(?:an?|the)\s+)?(?P<kind>relative|absolute)?\s*{_CHANGE}\s+(?:of|by)\s+(?P<delta>{NUMBER})\s*(?P<unit>percentage\s+points?|points?|percent)?"
_AFTER = re.compile(rf"^[\s,(]{{0,3}}(?:that\s+is,?\s+|i\.e\.,?\s+|which\s+is\s+)?{_DELTA}", re.IGNORECASE)
_BEFORE = re.compile(
    rf"{_CHANGE}(?:\s+\w+){{0,3}}?\s+by\s+(?P<delta>{NUMBER})\s*(?P<unit>percentage\s+points?|points?|percent)?\s*[,(]?\s*$", re.IGNORECASE
)
_ABOUT = re.compile(
    r"\b(?:about|around|approximately|roughly|almost|nearly|over|more than|up to|at least|less than)\s*$|~\s*$", re.IGNORECASE
)
_SHARES = re.compile(
    r"(?P<all>(?P<one>\d{1,3}(?:\.\d+)?)\s*%\s*(?:of\s+(?:the\s+)?\w+\s+)?(?:for\s+|as\s+|is\s+)?(?:the\s+)?train\w*(?:\s+\w+)?\s*,\s*(?:and\s+)?"
    r"(?P<two>\d{1,3}(?:\.\d+)?)\s*%\s*(?:for\s+|as\s+)?(?:the\s+)?(?:valid\w*|dev\w*)(?:\s+\w+)?\s*,?\s*(?:and\s+)?(?P<three>\d{1,3}(?:\.\d+)?)\s*%\s*(?:for\s+|as\s+)?(?:the\s+)?test\w*)"
    r"|(?P<slashes>(?P<a>\d{1,2})\s*/\s*(?P<b>\d{1,2})\s*/\s*(?P<c>\d{1,2}))(?=\s*%?\s*(?:train\w*\s*/|split\s+(?:for|into)\s+train))",
    re.IGNORECASE,
)
_MEAN = re.compile(r"^(?:avg|average|mean)\.?$", re.IGNORECASE)
_SYMBOL = r"(?:[A-Za-zα-ω](?:\s*_\s*\w+)?)"
_ASSIGNED = re.compile(rf"(?<![\w_/·×=^])(?<![/·×]\s)(?P<symbol>{_SYMBOL})\s*=\s*(?P<value>\d+(?:\.\d+)?)(?![\w.,]*\d|\s*[/·×^+-])")
_RATIO = re.compile(
    rf"(?<![\w_/])(?P<over>{_SYMBOL})\s*(?P<sign>[/·×])\s*(?P<under>{_SYMBOL})\s*=\s*(?P<value>\d+(?:\.\d+)?)(?![\w.]*\d|\s*[/·×^])"
)


def sums(document: Document, text: list[Sentence], files: Mapping[str, bytes] | None) -> Iterator[Contradiction]:
    """Yield what does not come out by more than rounding: each rule only speaks where nothing but the stated numbers enters."""
    for sentence in text:
        if sentence.role in ("related", "references"):
            continue
        yield from _deltas(sentence, files)
        yield from _shares(sentence, files)
    yield from _averages(document)
    yield from _ratios(text, files)


def _deltas(sentence: Sentence, files: Mapping[str, bytes] | None) -> Iterator[Contradiction]:
    """Yield "from 71.2 to 73.4, an improvement of 3.2": neither the difference nor any ratio of the two is the stated change."""
    flat = sentence.flat
    for match in _FROM_TO.finditer(flat):
        after = _AFTER.match(flat[match.end() :])
        before = _BEFORE.search(flat[: match.start()]) if after is None else None
        said = after or before
        if said is None or _ABOUT.search(said.string[: said.start("delta")]) or "respectively" in flat:
            continue
        first, last, delta = _read(match["first"]), _read(match["last"]), _read(said["delta"])
        if first is None or last is None or delta is None or _comes_out(first, last, delta, "point" in (said["unit"] or "")):
            continue
        shift = match.end() if after else 0
        message = (
            f"{sentence.place().label or 'The text'} says from {first.printed} to {last.printed}, which is {abs(last.value - first.value):g}"
            f"{f' or {100 * abs(last.value - first.value) / abs(first.value):.1f} %' if first.value else ''}, and calls it {delta.printed}."
        )
        places = (
            sentence.place(match.start(), match.end(), files),
            sentence.place(shift + said.start("delta"), shift + said.end("unit" if said["unit"] else "delta"), files),
        )
        yield Contradiction(message=message, places=places)


def _read(printed: str) -> Measure | None:
    try:
        return measure(print_number(printed))
    except ValueError:
        return None


def _comes_out(first: Measure, last: Measure, delta: Measure, points: bool) -> bool:
    """Say whether a change can be meant as a difference or, where it is not in points, as a ratio to either end or to what was missing to 100, or a factor."""
    size = abs(delta.value)
    slack = 0.5 * (first.last_place + last.last_place + delta.last_place) * 1.001
    change = abs(last.value - first.value)
    ends = [abs(value) for value in (first.value, last.value) if value]
    ratios = [100 * change / base for base in (*ends, *(100 - value for value in ends if 0 < value < 100))] + [
        100 * (last.value / first.value if first.value else 0)
    ]
    wide = 100 * slack / min([*ends, 1e9]) + 0.5 * delta.last_place if ends else slack
    factors = [max(ends) / min(ends)] if len(ends) == 2 else []
    scaled = delta.printed.rstrip().endswith("%")
    sizes = (size, 100 * size) if scaled or size <= 1 else (size,)
    close = [abs(change - one) <= slack or abs(100 * change - one) <= 100 * slack for one in sizes]
    return (
        any(close)
        or (not points and any(abs(ratio - one) <= max(wide, 0.06 * abs(ratio)) for ratio in ratios for one in sizes))
        or (not points and any(abs(factor - one) <= 0.1 * factor for factor in factors for one in sizes))
    )


def _shares(sentence: Sentence, files: Mapping[str, bytes] | None) -> Iterator[Contradiction]:
    """Yield shares of training, validation and test that are more than the whole."""
    for match in _SHARES.finditer(sentence.flat):
        names = ("one", "two", "three") if match["all"] else ("a", "b", "c")
        total = sum(float(match[name]) for name in names)
        if total > 100.5:
            message = f"{sentence.place().label or 'The text'} splits the data into {', '.join(match[name] + ' %' for name in names)}: together {total:g} %."
            yield Contradiction(
                message=message,
                places=(
                    sentence.place(match.start(names[0]), match.end(names[1]), files),
                    sentence.place(match.start(names[2]), match.end(names[2]), files),
                ),
            )


def _averages(document: Document) -> Iterator[Contradiction]:
    """Yield a row whose average is not the mean of its numbers, in a table where four or more other rows show that it should be."""
    for table in document.tables:
        grid = layout(table)
        columns = [index for index, head in enumerate(grid.headers) if _MEAN.fullmatch(head)] if grid is not None else []
        if grid is None or len(columns) != 1 or columns[0] in grid.label_columns:
            continue
        good, bad = 0, []
        for row in grid.rows:
            numbers = [(index, value_of(cell.text)) for index, cell in enumerate(row.cells) if index not in grid.label_columns]
            others = [value for index, value in numbers if index != columns[0]]
            mean = dict(numbers).get(columns[0])
            if mean is None or len(others) < 2 or any(value is None for value in others):
                continue
            known = [value for value in others if value is not None]
            expected = sum(value.value for value in known) / len(known)
            slack = 0.5 * max(value.last_place for value in known) + 0.5 * mean.last_place
            if abs(expected - mean.value) <= slack * 1.01:
                good += 1
            elif abs(expected - mean.value) > 3 * slack:
                bad.append((row, mean, expected))
        if good >= 4 and len(bad) == 1:
            row, mean, expected = bad[0]
            label = f"Table {table.number}" if table.number else "A table"
            message = f"{label} gives {row.labels[0] or 'a row'} the average {mean.printed}, and its numbers have the mean {expected:.4g}, as those of the other rows have theirs."
            places = [
                row.cells[columns[0]].place,
                next(cell.place for index, cell in enumerate(row.cells) if index not in (*grid.label_columns, columns[0])),
            ]
            one, two = (place if place.label else place.model_copy(update={"label": label}) for place in places)
            yield Contradiction(message=message, places=(one, two))


def _ratios(text: list[Sentence], files: Mapping[str, bytes] | None) -> Iterator[Contradiction]:
    """Yield "d_model / h = 64" where the paper gives both symbols one number each, and they say otherwise."""
    assigned: dict[str, list[tuple[float, Sentence, re.Match[str]]]] = {}
    stated = []
    for sentence in text:
        if sentence.role in ("related", "references") or "=" not in sentence.flat:
            continue
        stated += [(sentence, match) for match in _RATIO.finditer(sentence.flat)]
        for match in _ASSIGNED.finditer(sentence.flat):
            assigned.setdefault(re.sub(r"\s", "", match["symbol"]), []).append((float(match["value"]), sentence, match))
    for sentence, match in stated:
        both = [assigned.get(re.sub(r"\s", "", match[part]), []) for part in ("over", "under")]
        if any(len({value for value, _, _ in found}) != 1 for found in both) or not both[1][0][0]:
            continue
        over, under = (found[0][0] for found in both)
        result = over / under if match["sign"] == "/" else over * under
        if abs(result - float(match["value"])) > 0.01 * abs(result):
            names = [re.sub(r"\s", "", match[part]) for part in ("over", "under")]
            message = (
                f"{sentence.place().label or 'The text'} says {names[0]}{match['sign']}{names[1]} = {match['value']}, "
                f"and with {names[0]} = {over:g} and {names[1]} = {under:g} it is {result:g}."
            )
            other = both[0][0]
            yield Contradiction(
                message=message,
                places=(sentence.place(match.start(), match.end(), files), other[1].place(other[2].start(), other[2].end(), files)),
            )
