"""The evaluation protocol, the compute that is stated, and the addresses of code."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ._dossier import Claim, Fact, Protocol
from ._metrics import METRICS, metric_span
from ._names import dataset_spans
from ._numbers import COUNT, number_of, print_number
from ._protocol import reports
from ._text import Sentence, squeeze

_SPLIT = re.compile(r"\b(?P<split>test(?:-\w+)?|validation|development|dev|held-out)\s+(?:set|split|data|part)\b", re.IGNORECASE)
_MOST = 12  # baselines of a line


def protocol(
    claims: tuple[Claim, ...], text: list[Sentence], datasets: tuple[Fact, ...], files: Mapping[str, bytes] | None
) -> tuple[Protocol, ...]:
    """Return a line per data set, part and metric: from the numbers of the tables, and from sentences that say that a metric is reported on a data set."""
    lines: dict[tuple[str, str | None, str], Protocol] = {}
    costs = {metric.name for metric in METRICS if metric.cost}
    for claim in claims:
        if claim.quantity in costs or claim.kind != "value" or claim.dataset is None or claim.measure is None:
            continue
        key = (claim.dataset, claim.split, claim.quantity)
        line = lines.setdefault(key, Protocol(dataset=claim.dataset, metric=claim.quantity, split=claim.split, place=claim.place))
        if not claim.own and claim.subject not in line.baselines and len(line.baselines) < _MOST:
            lines[key] = line.model_copy(update={"baselines": (*line.baselines, claim.subject)})
    known = {(dataset, metric) for dataset, _, metric in lines}
    names = {fact.name for fact in datasets}
    for sentence in text:
        data = list(dict.fromkeys(name for name, _, _ in dataset_spans(sentence.flat) if name in names))
        if not data or sentence.role not in ("experiments", "appendix", "method", "abstract"):
            continue
        for metric in METRICS:
            span = metric_span(metric, sentence.flat) if not metric.cost else None
            if span is None or not reports(sentence.flat, span):
                continue
            split = _SPLIT.search(sentence.flat)
            for name in data:
                if (name, metric.name) not in known:
                    known.add((name, metric.name))
                    line = Protocol(
                        dataset=name,
                        metric=metric.name,
                        split=split["split"].lower() if split else None,
                        place=sentence.place(*span, files),
                    )
                    lines[(name, line.split, metric.name)] = line
    return tuple(lines.values())


_TIME = re.compile(
    rf"(?P<value>{COUNT})\s*-?\s*(?P<unit>(?:GPU|TPU|V100|A100|H100|core)[- ]?(?:hours?|days?|years?)|hours?|days?|minutes?|weeks?)\b",
    re.IGNORECASE,
)
_TRAINS = re.compile(r"\b(?:train\w*|took|takes?|pre-?train\w*|fine-?tun\w*|run|runs|search|requir\w+|experiments?)\b", re.IGNORECASE)
_DATA = re.compile(
    r"^\s*(?:of\s+(?:[\w-]+\s+){0,3}(?:speech|audio|data|video|recordings?|training|labell?ed|gameplay|play))|^\s*long", re.IGNORECASE
)


def compute(text: list[Sentence], files: Mapping[str, bytes] | None) -> tuple[Fact, ...]:
    """Return the times that training is said to take ("3.5 days", "600 GPU hours"); hours of speech are data, not time."""
    found: dict[tuple[str, str], Fact] = {}
    for sentence in text:
        if sentence.role in ("related", "references", "introduction") or not _TRAINS.search(sentence.flat):
            continue
        for match in _TIME.finditer(sentence.flat):
            if _DATA.match(sentence.flat[match.end() :]) or re.search(r"\b(?:every|last|per)\s*$", sentence.flat[: match.start()]):
                continue
            value, unit = print_number(match["value"]), squeeze(match["unit"]).replace("-", " ")
            fact = Fact(
                name="training time",
                value=f"{value} {unit}",
                number=number_of(match["value"]),
                unit=unit,
                place=sentence.place(match.start(), match.end(), files),
            )
            found.setdefault((value, unit), fact)
    return tuple(found.values())


_ADDRESS = re.compile(
    r"(?:https?://|www\.)?(?:www\.)?(?P<host>github\.com|gitlab\.com|bitbucket\.org|huggingface\.co|[\w-]+\.github\.io|zenodo\.org|code\.google\.com)/[^\s{}|\\^`\"<>\])]+|(?:https?://)[\w-]+\.github\.io\b",
    re.IGNORECASE,
)


def links(text: list[Sentence], files: Mapping[str, bytes] | None) -> tuple[Fact, ...]:
    """Return the addresses of code, models and data that the paper prints, each once; those of the sentence about its own code first."""
    own: dict[str, Fact] = {}
    others: dict[str, Fact] = {}
    for sentence in text:
        for match in _ADDRESS.finditer(sentence.text) if "/" in sentence.text else ():
            address = match[0].rstrip(".,;:'")
            ours = bool(
                re.search(r"\b(?:our|we|code|available|release[ds]?|source|implementation)\b", sentence.text, re.IGNORECASE)
            ) and sentence.role not in ("related", "references")
            fact = Fact(
                name="code" if ours else "link", value=address, place=sentence.place(match.start(), match.start() + len(address), files)
            )
            if address not in own:
                (own if ours else others).setdefault(address, fact)
    return (*own.values(), *(fact for address, fact in others.items() if address not in own))
