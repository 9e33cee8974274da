"""Claims that sentences make: "A outperforms B on D" is an order, "accuracy improves with depth" a trend."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..core import Measure, measure
from ..reading import Document
from ._dossier import Claim
from ._metrics import METRICS, Metric, metric_span
from ._names import dataset_spans
from ._numbers import NUMBER, print_number
from ._patterns import OTHERS
from ._systems import own_names
from ._text import Sentence, squeeze

_ROLES = ("abstract", "experiments", "conclusion")
_MOST = 40  # of a paper
_ADVERBS = r"(?:(?:also|all|both|significantly|consistently|clearly|substantially|slightly|greatly|still|even|often|further|generally|largely|always)\s+)*"
_NAME = r"(?:[A-Z][\w.+/-]*(?:\s+\(?(?:[A-Z][\w.+/-]*|\d[\w.]*|base|big|large|small)\)?){0,3})"
_SELF = r"(?:(?:[Oo]ur|[Tt]he\s+proposed|[Tt]his)\s+(?:[\w()-]+\s+){0,3}?(?:models?|methods?|approach(?:es)?|networks?|algorithms?|systems?|architectures?|frameworks?|variants?|loss|attention|[A-Z][\w-]*))"
_BETTER = r"(?:outperforms?|outperformed|beats?|surpass(?:es|ed)?|exceeds?|exceeded|improves?\s+(?:up)?on|(?:is|are|was|performs?)\s+(?:\w+\s+)?better\s+than|achieves?\s+(?:a\s+)?(?:higher|better|lower)\s+[\w -]{2,30}?\s+than)"
_WORSE = r"(?:underperforms?|(?:is|are|was|performs?)\s+(?:\w+\s+)?worse\s+than)"
_ORDER = re.compile(
    rf"(?<![\w-])(?P<subject>{_SELF}|{_NAME})\s+{_ADVERBS}(?P<verb>{_BETTER}|{_WORSE})\s+{_ADVERBS}"
    rf"(?P<against>(?:the\s+|a\s+|all\s+|previous\s+|prior\s+|strong\s+|existing\s+|standard\s+|other\s+|vanilla\s+)*(?:{_NAME}(?:\s+and\s+{_NAME})?|(?:[\w-]+\s+){{0,3}}?(?:baselines?|models?|methods?|approaches|state of the art|state-of-the-art|variants?|counterparts?)))"
)
_BY = re.compile(
    rf"\bby\s+(?:more than|over|about|around|up to|at least|an average of)?\s*(?P<value>{NUMBER})\s*(?P<unit>%|points?|BLEU|percentage points?|percent)?"
)
_MOVES = r"(?P<move>improv\w*|increas\w*|decreas\w*|degrad\w*|drop\w*|declin\w*|ris(?:es|e|ing)|grow\w*|deteriorat\w*|reduc\w*|converges?)"
_ALONG = r"(?P<along>(?:(?:the|larger|more|longer|deeper|increasing|higher|growing|greater)\s+)*(?:number\s+of\s+)?[a-z][\w-]*(?:\s+(?:of\s+)?[a-z][\w-]*){0,2}?)"
_QUANTITY = r"(?P<quantity>(?:[\w-]+\s+)?(?:performance|accuracy|quality|perplexity|error|loss|BLEU|FID|F1|return|reward|score|mIoU|mAP|AP|likelihood)s?)"
_END = r"(?=\s*(?:[,.;:)]|$|\b(?:and|but|while|which|until|up\s+to|from|in|on|for)\b))"
_TREND = re.compile(
    rf"\b{_QUANTITY}\s+{_ADVERBS}(?:(?:monotonically|steadily|gradually|smoothly|linearly|logarithmically|rapidly)\s+)?{_MOVES}\s+(?:(?:monotonically|steadily|gradually|smoothly|linearly|rapidly)\s+)?with\s+{_ALONG}{_END}",
    re.IGNORECASE,
)
_AS = re.compile(
    rf"\b[Aa]s\s+(?:we\s+(?:increase|add)\s+)?{_ALONG}\s+(?:(?:increas|grow|get|becom|ris)\w*(?:\s+(?:larger|deeper|longer|bigger))?\s*)?,\s+(?:the\s+)?{_QUANTITY}\s+(?:\w+ly\s+)?{_MOVES}",
    re.IGNORECASE,
)
_COMPARES = re.compile(r"perform|beat|surpass|exceed|improve|better|worse|than")
_GROWS = re.compile(r"\bwith\b|\b[Aa]s\b")
_NOT_SAID = re.compile(
    r"\b(?:not|never|no longer|fails? to|cannot|can't|may|might|could|would|should|whether|if|expect\w*|hypothesi\w*|conjectur\w*|hope\w*|unclear|believe|wonder)\b|n't\b",
    re.IGNORECASE,
)
_DOWN = ("decreas", "degrad", "drop", "declin", "deteriorat", "reduc")


def said(document: Document, text: list[Sentence], files: Mapping[str, bytes] | None) -> tuple[Claim, ...]:
    """Return the orders and trends that abstract, experiments and conclusion state, in reading order; what is doubted, denied or another's is none."""
    names = own_names(document)
    found: dict[tuple[str, str, str], Claim] = {}
    counts: dict[str, int] = {}
    for sentence in text:
        if sentence.role not in _ROLES or sentence.passage.kind in ("algorithm", "footnote") or OTHERS.search(sentence.flat):
            continue
        for claim in (*_orders(sentence, names, files), *_trends(sentence, files)):
            key = (claim.subject.lower(), (claim.against or "").lower() + claim.settings.get("along", ""), claim.dataset or "")
            if key in found or len(found) >= _MOST:
                continue
            where = re.sub(r"[^a-z0-9.]+", "-", (claim.place.label or sentence.role).lower()).strip("-")
            counts[where] = counts.get(where, 0) + 1
            found[key] = claim.model_copy(update={"id": f"text/{where}/{claim.kind} {counts[where]}"})
    return tuple(found.values())


def _orders(sentence: Sentence, names: tuple[str, ...], files: Mapping[str, bytes] | None) -> Iterator[Claim]:
    flat = sentence.flat
    for match in _ORDER.finditer(flat) if _COMPARES.search(flat) else ():
        before = re.split(r"[,;:]", flat[: match.start()])[-1]
        if _NOT_SAID.search(before) or _NOT_SAID.search(match[0]):
            continue
        subject, against = (
            re.sub(r"^(?:[Tt]he|[Aa]ll)\s+(?!proposed)", "", squeeze(match[part])).rstrip(".") for part in ("subject", "against")
        )
        if re.match(r"(?:of\s|models?\b|methods?\b|approaches\b|variants?\b|their\b|its\b)", against):
            continue  # nobody is named
        if (
            subject.split()[0] in ("This", "It", "That", "These", "Table", "Figure", "Section", "In", "On", "For", "We", "However")
            or subject == against
        ):
            continue
        own = bool(re.match(r"our|the proposed|this", subject, re.IGNORECASE)) or any(name in subject for name in names)
        if re.match(_WORSE, match["verb"]):
            subject, against, own = against, subject, not own and any(name in against for name in names)
        tail = re.split(r"[;]|\.\s", flat[match.end() :])[0]
        metric = _metric(match["verb"]) or _metric(tail) or _metric(flat)
        effect = _effect(tail)
        data = [name for name, _, _ in dataset_spans(tail)]
        dataset = data[0] if len(set(data)) == 1 else None
        quantity = metric.name if metric else "performance"
        statement = f"{sentence.label or sentence.role}: {subject} is better than {against} in {quantity}{f' on {dataset}' if dataset else ''}{f', by {effect.printed}' if effect else ''}."
        yield Claim(
            id="", kind="order", statement=statement, subject=subject, quantity=quantity, measure=effect, direction=metric.direction if metric else None,
            dataset=dataset, against=against, own=own, needs=tuple(dict.fromkeys(data)), place=sentence.place(match.start(), match.end(), files),
        )  # fmt: skip


def _trends(sentence: Sentence, files: Mapping[str, bytes] | None) -> Iterator[Claim]:
    flat = sentence.flat
    for match in (*_TREND.finditer(flat), *_AS.finditer(flat)) if _GROWS.search(flat) else ():
        before = re.split(r"[,;:]", flat[: match.start()])[-1]
        along = re.sub(r"^(?:the|larger|more|longer|deeper|increasing|higher|growing|greater)\s+", "", squeeze(match["along"]))
        if (
            _NOT_SAID.search(before)
            or _NOT_SAID.search(match[0])
            or along.split()[0] in ("our", "this", "respect", "a", "an", "it", "we", "no", "only", "little")
        ):
            continue
        words = squeeze(match["quantity"])
        metric = _metric(words)
        quantity = metric.name if metric else words.lower()
        falls = match["move"].lower().startswith(_DOWN)
        better = match["move"].lower().startswith("improv")
        lower = (metric.direction == "lower") if better and metric else falls
        statement = (
            f"{sentence.label or sentence.role}: {quantity} {'gets better' if better else 'falls' if falls else 'rises'} as {along} grows."
        )
        data = [name for name, _, _ in dataset_spans(flat)]
        yield Claim(
            id="", kind="trend", statement=statement, subject="the paper's system", quantity=quantity, direction="lower" if lower else "higher",
            dataset=data[0] if len(set(data)) == 1 else None, settings={"along": along}, place=sentence.place(match.start(), match.end(), files),
        )  # fmt: skip


def _metric(text: str) -> Metric | None:
    """Return the one metric that some words name, a price left out."""
    found = [
        metric
        for metric in METRICS
        if not metric.cost and metric.name not in ("loss", "return", "precision", "recall") and metric_span(metric, text)
    ]
    return max(found, key=lambda metric: len(metric.name)) if found else None


def _effect(tail: str) -> Measure | None:
    found = _BY.search(re.split(r"[,;]", tail)[0])
    if found is None:
        return None
    try:
        return measure(print_number(found["value"]), unit="%" if found["unit"] in ("%", "percent") else "")
    except (ValueError, TypeError):
        return None
