"""Data sets and metrics that a paper evaluates on, with the place that names each first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

from ..core import Place
from ..reading import Document, Table
from ._dossier import Fact
from ._metrics import METRICS, Metric, metric_span
from ._names import dataset_spans, mentions
from ._text import Sentence, flatten, squeeze

_WEAK = {
    "loss",
    "return",
    "test error",
    "recall",
    "precision",
    "log-likelihood",
    "negative log-likelihood",
    "exact match",
    "AP",
    "inception score",
    "latency",
    "mean squared error",
}  # words of every paper: metrics only in a table
_MEASURING = ("abstract", "experiments", "appendix", "conclusion")
# a longer name that is there makes the part of it that only it brings superfluous
_CONTAINED = (
    ("top-1 accuracy", "accuracy"),
    ("mean squared error", "loss"),
    ("test error", "loss"),
    ("root mean squared error", "mean squared error"),
)
_USES = re.compile(
    r"\b(?:(?:pre-?)?train|fine-?tun|transfer|evaluat|test|experiment|report|result|dataset|data set|corpus|benchmark|task|on the|achiev|statistics|split)|\bwe (?:use|consider|compare|study)\b",
    re.IGNORECASE,
)


def datasets(document: Document, text: list[Sentence], files: Mapping[str, bytes] | None) -> tuple[Fact, ...]:
    """Return the data sets by name, each at its first mention; a data set named once in passing, outside method and experiments, is left out."""
    first: dict[str, tuple[Sentence, int, int]] = {}
    weight: Counter[str] = Counter()
    for sentence in text:
        known = {name for name, _, _ in dataset_spans(sentence.flat)}
        for name, start, end in mentions(sentence):
            first.setdefault(name, (sentence, start, end))
            used = bool(_USES.search(sentence.flat)) or (name in known and sentence.role in ("experiments", "appendix"))
            strong = sentence.role in ("abstract", "experiments", "method", "appendix", "other") and used
            weight[name] += 2 if strong else 1
    for name, sentence, start, end in _titled(document, text):
        if not any(name in other or other in name for other in first):
            first[name], weight[name] = (sentence, start, end), 2
    places: dict[str, Place] = {}
    for section in document.sections:  # "Object detection on COCO"
        for name, _, _ in dataset_spans(flatten(section.title)) if section.role in ("experiments", "method", "appendix") else ():
            weight[name] += 2
            places.setdefault(name, section.place)
    for table in document.tables:
        flat = flatten(table.caption)
        cells = [(flatten(cell.text), cell) for row in table.rows[:2] for cell in row] + [
            (flatten(row[0].text), row[0]) for row in table.rows if row
        ]
        for name, _, _ in dataset_spans(flat):
            weight[name] += 2
            places.setdefault(name, table.caption_place or table.place)
        for cell_text, cell in cells:
            for name, start, end in dataset_spans(cell_text):
                if end - start >= 0.5 * len(_RESOLUTION.sub("", cell_text).strip()):
                    weight[name] += 2
                    places.setdefault(name, cell.place)
    facts = []
    for name in [*first, *(name for name in places if name not in first)]:
        if weight[name] < 2 or any(other.startswith(f"{name} ") and re.match(r"(?:WMT|IWSLT)\b", name) for other in first):
            continue
        place = first[name][0].place(first[name][1], first[name][2], files) if name in first else places[name]
        facts.append(Fact(name=name, value=name, place=place))
    return tuple(facts)


_RESOLUTION = re.compile(r"\s\d{2,4}(?:\s*\^\s*2|\s*×\s*\d+)?\s*$")  # "FFHQ 256^2"


def _titled(document: Document, text: list[Sentence]) -> Iterator[tuple[str, Sentence, int, int]]:
    """Yield the subsections of the experiments whose title is a name that the text uses three times or more: an environment, a task."""
    for section in document.sections:
        title = section.title.strip(" .")
        if section.role != "experiments" or section.level < 2 or not re.fullmatch(r"(?:[A-Z][\w'-]*)(?: [A-Z][\w'-]*){1,4}", title):
            continue
        spots = [(sentence, found) for sentence in text for found in [sentence.flat.find(title)] if found >= 0]
        if len(spots) >= 3:
            yield title, spots[0][0], spots[0][1], spots[0][1] + len(title)


def metrics(document: Document, text: list[Sentence], files: Mapping[str, bytes] | None) -> tuple[Fact, ...]:
    """Return the metrics that a table's header or caption names, and those the abstract and the experiments name twice or more."""
    spoken = [sentence for sentence in text if sentence.role in (*_MEASURING, "method", "other") and sentence.passage.kind != "algorithm"]
    learns = (
        sum("policy" in sentence.flat or "agent" in sentence.flat for sentence in spoken) >= 5
    )  # reinforcement learning reports its reward
    facts: dict[str, Fact] = {}
    for metric in METRICS:
        if metric.name in ("parameters", "training FLOPs"):
            continue
        printed = [place for table in document.tables for place in _printed(metric, table)]
        weak = metric.name in _WEAK and not (metric.name == "return" and learns)
        heard = [(sentence, span) for sentence in spoken if (span := _own_span(metric, sentence.flat))]
        reported = [(sentence, span) for sentence, span in heard if reports(sentence.flat, span)]
        said = (
            reported
            if weak
            else [(sentence, span) for sentence, span in heard if sentence.role not in ("method", "other") or reports(sentence.flat, span)]
        )
        if 2 * len(printed) + len(said) + len(reported) >= 2:
            place = said[0][0].place(*said[0][1], files) if said else printed[0]
            facts[metric.name] = Fact(name=metric.name, value=metric.direction or "", place=place)
    for longer, shorter in _CONTAINED:
        if longer in facts and shorter in facts and facts[longer].place == facts[shorter].place:
            del facts[shorter]
    return tuple(facts.values())


_REPORTED = re.compile(
    r"\b(?:report|measured?\b[^.;]{0,20}\b(?:by|as|in|using|with)|(?:evaluated?|compared?|computed?) (?:using|by|with|via|in terms of)|in terms of|metrics?\b|scored? by|quality)\b[^.;]{0,90}$|\b(?:report|evaluat|measur|comput|estimat)\w*\s+(?:(?:the|our|zero-shot|few-shot|mean|average|tokeni[sz]ed|validation|test)\s+)*$",
    re.IGNORECASE,
)


@cache
def _own_span(metric: Metric, flat: str) -> tuple[int, int] | None:
    """Return where a sentence names a metric by itself, not inside a longer one: "word error rate" is no "error rate"."""
    span = metric_span(metric, flat)
    if span is None:
        return None
    spans = [found for other in METRICS if other.name != metric.name and (found := metric_span(other, flat))]
    return None if any(start <= span[0] and span[1] <= end and (start, end) != span for start, end in spans) else span


def reports(flat: str, span: tuple[int, int]) -> bool:
    """Say whether a sentence names a metric as what is reported: "we report F1 for QQP", "measured by FID"."""
    after = re.match(r"[^.;]{0,60}\b(?:is|are|was|were) (?:reported|measured|computed|estimated|used as)", flat[span[1] :])
    return bool(after or _REPORTED.search(re.split(r"[.;](?=\s)", flat[: span[0]])[-1]))


def _printed(metric: Metric, table: Table) -> Iterator[Place]:
    """Yield the headers and the caption of a table that name a metric; "Top-1" alone may be the top of anything."""
    for cell in (cell for row in table.rows[:2] for cell in row):
        plain = squeeze(flatten(cell.text))
        ranked = metric.name.startswith("top-") and not re.search(r"acc|err|classif", plain + table.caption, re.IGNORECASE)
        if not ranked and metric_span(metric, plain):
            yield cell.place
    if metric_span(metric, flatten(table.caption)):
        yield table.caption_place or table.place
