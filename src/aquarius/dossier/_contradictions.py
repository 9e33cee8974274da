"""Contradictions between text and tables: only where system, metric, data set and part are certain, and the numbers cannot both be right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..core import Measure, measure
from ..reading import Document
from ._against import against_equations
from ._dossier import Claim, Contradiction, Fact
from ._metrics import METRICS, Metric, metric_span
from ._names import dataset_spans
from ._numbers import NUMBER, print_number
from ._sums import sums
from ._text import Sentence
from ._vocabulary import language_pair

_DIFFERENCE = re.compile(
    r"\b(?:more than|over|by|improv\w*|gain\w*|within|less than|at least|up to|points?|increase\w*|drop\w*|decrease\w*|worse|better|difference|from|between|about|around|approximately)\s*[\d.$ ]*$",
    re.IGNORECASE,
)
_COMPARED = re.compile(r"\b(?:improv\w*|gain\w*|increas\w*|decreas\w*|reduc\w*|drop\w*|rais\w*|differ\w*|from)\b[^,;.]*$", re.IGNORECASE)
_SIZES = ("big", "base", "large", "small")


_STRICT = ("batch size", "dropout", "weight decay", "label smoothing", "learning rate", "vocabulary size")


def contradictions(
    document: Document, text: list[Sentence], claims: tuple[Claim, ...], facts: list[Fact], files: Mapping[str, bytes] | None
) -> tuple[Contradiction, ...]:
    """Return pairs of places that cannot both be true: a sentence and a table on one quantity or setting, and arithmetic that does not come out."""
    found: list[Contradiction] = []
    quantities = {claim.quantity for claim in claims if claim.own and claim.kind == "value"}
    for sentence in text:
        if sentence.role in ("related", "references"):
            continue
        for metric, printed, start, end in _stated(sentence, quantities):
            claim = _same(sentence, metric, claims)
            if claim is None or claim.measure is None or _agree(printed, claim.measure):
                continue
            message = (
                f"{sentence.place().label or 'The text'} gives {claim.subject} {metric.name} {printed.printed}{f' on {claim.dataset}' if claim.dataset else ''}, "
                f"and {claim.place.label or 'a table'} prints {claim.measure.printed}."
            )
            found.append(Contradiction(message=message, places=(sentence.place(start, end, files), claim.place)))
    return (*found, *_settings(facts), *sums(document, text, files), *against_equations(document, text, files))


def _settings(facts: list[Fact]) -> Iterator[Contradiction]:
    """Yield a setting that text and table give for the same data set or model size, once each, with two numbers."""
    groups: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        if fact.name in _STRICT and fact.scope and fact.number is not None:
            groups.setdefault((fact.name, fact.scope.lower()), []).append(fact)
    for (name, _), pair in groups.items():
        tables = [fact for fact in pair if (fact.place.label or "").startswith("Table")]
        said = [fact for fact in pair if fact not in tables]
        if len(tables) != 1 or len(said) != 1 or not re.fullmatch(rf"(?:{NUMBER}\s*\w*|zero)", said[0].value):
            continue
        try:
            if _agree(measure(said[0].value), measure(tables[0].value)):
                continue
        except ValueError:
            continue
        message = f"{said[0].place.label or 'The text'} gives the {name} {said[0].value} for {said[0].scope}, and {tables[0].place.label} {tables[0].value}."
        yield Contradiction(message=message, places=(said[0].place, tables[0].place))


def _stated(sentence: Sentence, quantities: set[str]) -> Iterator[tuple[Metric, Measure, int, int]]:
    """Yield what a sentence states as a result: "28.4 BLEU", "a BLEU score of 41.0", "accuracy of 81.5%"."""
    for metric in METRICS:
        if metric.cost or metric.name not in quantities or not metric_span(metric, sentence.flat):
            continue
        for pattern in (
            rf"(?P<value>{NUMBER})\s+(?:{metric.pattern})(?![\w-])",
            rf"(?<![\w-])(?:{metric.pattern})(?:\s+score)?\s+(?:of|is|was|reaches|=)\s+(?P<value>{NUMBER})",
        ):
            for match in re.finditer(pattern, sentence.flat, re.IGNORECASE):
                if (
                    _DIFFERENCE.search(sentence.flat[: match.start("value")])
                    or _COMPARED.search(sentence.flat[max(0, match.start() - 60) : match.start()])
                    or re.match(r"\s*(?:points?|better|worse|higher|lower|more|less)", sentence.flat[match.end() :])
                ):
                    continue
                try:
                    yield metric, measure(print_number(match["value"])), match.start(), match.end()
                except ValueError:
                    continue


def _same(sentence: Sentence, metric: Metric, claims: tuple[Claim, ...]) -> Claim | None:
    """Return the one claim that the sentence is about; None where it could be another."""
    pairs = {pair for piece in re.findall(r"[A-Z][a-z]+-(?:to-)?[A-Z][a-z]+", sentence.flat) if (pair := language_pair(piece))}
    if len(pairs) > 1 or sentence.flat.count("respectively"):
        return None
    if not pairs and len({name for name, _, _ in dataset_spans(sentence.flat)}) > 1:
        return None
    datasets = {claim.dataset for claim in claims if claim.dataset}
    named = {
        name
        for name in datasets
        if (next(iter(pairs))[0] in name if pairs else re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", sentence.flat))
    }
    if len(named) != 1:
        return None
    fitting = [
        claim for claim in claims if claim.own and claim.kind == "value" and claim.quantity == metric.name and claim.dataset in named
    ]
    sizes = [size for size in _SIZES if re.search(rf"\b{size}\b", sentence.flat)]
    if len(sizes) > 1:
        return None
    if sizes:
        fitting = [claim for claim in fitting if re.search(rf"\b{sizes[0]}\b", claim.subject)]
    if not re.search(r"\bour\b|\bwe\b", sentence.flat, re.IGNORECASE) and not any(
        re.search(rf"(?<![\w-]){re.escape(claim.subject)}(?![\w-])", sentence.flat) for claim in fitting
    ):
        return None
    # a table of variations measures the same on a development set: another table, another number, no contradiction
    tables = {claim.id.split("/")[0] for claim in fitting}
    if len(tables) > 1:
        fitting = [claim for claim in fitting if claim.split and "test" in claim.split]
    return fitting[0] if len(fitting) == 1 else None


def _agree(one: Measure, other: Measure) -> bool:
    """Say whether two printed numbers can be one: equal within half the coarser last place, or as percentages and fractions."""
    for value, place in ((one.value, one.last_place), (one.value * 100, one.last_place * 100), (one.value / 100, one.last_place / 100)):
        if abs(value - other.value) <= 0.5 * max(place, other.last_place) * 1.000001:
            return True
    return False
