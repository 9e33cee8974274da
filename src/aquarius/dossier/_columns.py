"""The columns of a result table: what is measured, in which unit, on which data, and whether more is better."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ._dossier import Fact
from ._metrics import Metric, metric_of, metric_span
from ._names import dataset_spans
from ._tables import Layout
from ._terms import term_of_cell
from ._vocabulary import language_pair

_SCALE = re.compile(r"\(?\s*(?:[×x]\s*10\s*\^\s*(?P<power>\d+)|in (?P<word>thousands|millions|billions)|\(?(?P<letter>[KMB])\)?)\s*\)?\s*$")
_SCALES = {"thousands": 3, "millions": 6, "billions": 9, "K": 3, "M": 6, "B": 9}
_SPLIT = re.compile(r"\(?\b(dev(?:elopment)?|val(?:id(?:ation)?)?|test|train)\b\.?\)?", re.IGNORECASE)
_SPLITS = {"dev": "development", "val": "validation", "tes": "test", "tra": "training"}
_RANKED = re.compile(r"top-?\s?[15]$", re.IGNORECASE)  # "Top-1" alone: an accuracy only where the table speaks of one


@dataclass(frozen=True)
class Column:
    """A column of numbers: what is measured, and on what."""

    index: int
    metric: Metric
    rest: str  # the header without the metric's words
    scale: int  # power of ten that the header prints
    dataset: str | None
    split: str | None
    percent: bool  # the header or the caption says so
    direction: Literal["higher", "lower"] | None


def columns_of(grid: Layout, caption: str, datasets: tuple[Fact, ...]) -> Iterator[Column]:
    """Yield the columns whose quantity is known: from the header, or from a caption with one metric above a header that names a data set."""
    for index, header in enumerate(grid.headers):
        if index in grid.label_columns or not header:
            continue
        scale = _SCALE.search(header)
        bare = header[: scale.start()].strip() if scale else header
        power = int(scale["power"]) if scale and scale["power"] else _SCALES[scale["word"] or scale["letter"]] if scale else 0
        metric = metric_of(re.sub(r"\s*[↑↓]\s*", " ", bare).strip())
        if (
            metric is not None
            and _RANKED.search(bare)
            and not re.search(r"\bacc|\berr|classif", caption + " ".join(grid.headers), re.IGNORECASE)
        ):
            continue
        if metric is None and (term_of_cell(bare) or not _names_data(bare, datasets)):
            continue
        if metric is None:
            metric = metric_of(re.split(r"(?<=[.])\s", caption)[0]) or metric_of(caption)
            if metric is None or metric.cost:
                continue
        span = metric_span(metric, bare)
        rest = (bare[: span[0]] + " " + bare[span[1] :]) if span else bare
        split = _SPLIT.search(rest)
        rest = re.sub(r"\s+", " ", _SPLIT.sub(" ", rest) if split else rest).strip(" ()[]%,;:↑↓-")
        if (
            rest
            and not _names_data(rest, datasets)
            and metric.name in ("loss", "return", "precision", "recall", "log-likelihood")
            and len(rest.split()) > 3
        ):
            continue  # a sentence for a header: the metric's word is there by chance
        dataset, part = _dataset(rest, caption, datasets)
        percent = "%" in header or bool(re.search(r"\bpercent|%", caption))
        direction: Literal["higher", "lower"] | None = "higher" if "↑" in header else "lower" if "↓" in header else metric.direction
        yield Column(index, metric, rest, power, dataset, part or (_SPLITS[split[1][:3].lower()] if split else None), percent, direction)


def _names_data(header: str, datasets: tuple[Fact, ...]) -> bool:
    """Say whether a header is the name of a data set that the paper uses, or a language pair."""
    plain = _SPLIT.sub("", header).strip(" ()")
    known = {fact.name.lower() for fact in datasets}
    if plain.lower() in known or language_pair(plain):
        return True
    spans = dataset_spans(plain)
    return len(spans) == 1 and spans[0][2] - spans[0][1] >= 0.6 * len(plain)


def _dataset(rest: str, caption: str, datasets: tuple[Fact, ...]) -> tuple[str | None, str | None]:
    """Return the data set and its part that a column is measured on: from the header, else from a caption that names just one."""
    test = re.search(r"newstest ?20\d\d|section \d+ of \w+", caption, re.IGNORECASE)
    part = test[0] if test else None
    pairs = {pair for piece in re.split(r"\band\b|,|;", caption) if (pair := language_pair(piece))}
    pair = language_pair(rest) or (next(iter(pairs)) if len(pairs) == 1 else None)
    if pair:
        named = [fact.name for fact in datasets if fact.name.endswith(pair[0])]
        return (named[0] if len(named) == 1 else pair[0]), part
    splits = {_SPLITS[found[1][:3].lower()] for found in _SPLIT.finditer(caption)} - {"training"}
    part = part or (next(iter(splits)) if len(splits) == 1 else None)
    known = [fact.name for fact in datasets if fact.name.lower() == rest.lower()]
    called = re.fullmatch(r"(.+?) (?:dataset|data set|corpus|benchmark)s?", rest, re.IGNORECASE)
    named = known or list(dict.fromkeys(name for name, _, _ in dataset_spans(rest or caption))) or ([called[1]] if called else [])
    return (named[0] if len(named) == 1 else None), part
