"""What a stated value holds for: a model size, a data set, a setting, or the part of the paper it stands in."""

from __future__ import annotations

import re

from ._names import dataset_spans
from ._text import Sentence, squeeze
from ._vocabulary import language_pair

_SIZE = re.compile(
    r"\(?\b(base|big|small|large|tiny|medium|huge|teacher|student|generator|discriminator|LARGE|BASE|XL)\b\)?(?=[- ]+(?:models?|transformers?|networks?|variants?|architectures?|configurations?|versions?|nets?)\b|\)|\s+model)",
)
_BARE_SIZE = re.compile(r"\b(teacher|student|generator|discriminator)\b")
_SETTING = re.compile(
    r"\b(?i:for|in|of|the) (?:the )?([\w-]+(?: only)?|[A-Z][\w-]*(?: [\w-]+)?) (?:setting|task|experiments?|problem|case|regime|domain)s?\b"
)
_FOLLOWS = re.compile(r"^\s*(?:\w+\s+){0,4}?(?:for|on|in) (?:the )?(?P<name>[\w-]+(?: [\w-]+)?) (?:setting|task|experiments?|problem)s?\b")
GENERIC = re.compile(
    r"^(?:training|model|experiment|method|result|set-?\s?up|implementation|hyper-?parameter|optimi[sz]|regulari[sz]|hardware|evaluation|data|details?|architecture|network|approach|encoder|decoder|introduction|appendix|schedule|settings?|protocol|baselines?|analysis|discussion|supplement|additional|ablation|general|our|the|overview|preliminar|background|notation|position|embedding|attention|multi|scaled|semi|example|layer)",
    re.IGNORECASE,
)
_NOT_SETTINGS = {
    "this",
    "our",
    "all",
    "each",
    "the",
    "both",
    "these",
    "same",
    "other",
    "such",
    "that",
    "every",
    "which",
    "default",
    "main",
    "a",
    "an",
    "any",
    "some",
    "of",
    "experimental",
    "following",
    "hyperparameter",
    "parameter",
    "training",
}
_PART = re.compile(r"(?:[,;]|\band)\s+(?:for|on|in)\s+(?:the\s+)?", re.IGNORECASE)
_NEAR = re.compile(r"[^,;]{0,25}?\b(?:for|on)\s+(?:the\s+)?")  # between a value and the data set it is for
_CARRIED = ("vocabulary size", "training set size", "source vocabulary size", "target vocabulary size")


def scope_of(sentence: Sentence, at: int, before: Sentence | None, name: str) -> str:
    """Return the scope of a value at character `at` of a sentence: "base", "big, English-French (EN-FR)", "" for the whole paper."""
    flat = sentence.flat
    parts: list[str] = []
    sizes = [(match.start(), match[1]) for match in _SIZE.finditer(flat)] or [
        (match.start(), match[1]) for match in _BARE_SIZE.finditer(flat)
    ]
    size = _nearest(sizes, at)
    if size:
        parts.append(size)
    elif re.search(r"\bbaselines?\b", flat) and not re.search(r"\bour\b|\bwe (?:train|use)", flat, re.IGNORECASE):
        parts.append("baseline")
    side = re.match(r"\S+[\s-]+(encoder|decoder)\b", flat[at:])
    if side:
        parts.append(side[1])
    data = _data(flat, at)
    if not data and before is not None and name in _CARRIED:
        data = _data(before.flat, len(before.flat))
    if data:
        parts.append(data)
    setting = _setting(flat, at)
    if setting:
        parts.append(setting)
    title = squeeze(sentence.section)
    if sentence.role in ("experiments", "appendix", "other") and sentence.level >= 2 and sentence.number and not GENERIC.match(title):
        parts.append(title.rstrip("."))
    return ", ".join(dict.fromkeys(parts))


def _nearest(found: list[tuple[int, str]], at: int) -> str:
    """Return the last word before the value, else the first after it."""
    earlier = [word for start, word in found if start <= at]
    return earlier[-1] if earlier else (found[0][1] if found else "")


def _data(flat: str, at: int) -> str:
    """Return the data sets a sentence names, where they are what the value is for: "for English-French", "on Cora and Pubmed"."""
    spans = [span for span in dataset_spans(flat) if not re.match(r"newstest", span[0], re.IGNORECASE)]
    earlier = [match.end() for match in _PART.finditer(flat[:at])]
    turn = earlier[-1] if earlier and any(earlier[-1] <= start <= at for _, start, _ in spans) else 0  # "..., and for CIFAR-10 we use"
    names = [name for name, start, _ in spans if turn <= start <= at] or [
        name for name, start, _ in spans if _NEAR.fullmatch(flat[at:start])
    ]
    clause = re.search(r"\b(?:[Ff]or|[Oo]n)\s+(?:the )?([A-Z][a-z]+-(?:to-)?[A-Z][a-z]+)", flat)
    pair = language_pair(clause[1]) if clause else language_pair(" ".join(names[-1:]))
    if pair is None:
        near = re.search(r"\b(?:[Ff]or|[Oo]n)\s+(?:the )?(?:[\w ]{0,20})", flat)
        pair = language_pair(flat) if near and len(set(re.findall(r"[A-Z][a-z]+-(?:to-)?[A-Z][a-z]+", flat))) == 1 else None
    if pair:
        return f"{pair[0]} ({pair[1]})"
    return ", ".join(dict.fromkeys(names))


def _setting(flat: str, at: int) -> str:
    after = _FOLLOWS.match(flat[at:][re.match(r"\S*", flat[at:]).end() :]) if flat[at:] else None  # type: ignore[union-attr]
    if after and after["name"].split()[0].lower() not in _NOT_SETTINGS:
        return str(after["name"])
    found = [(match.start(), match[1]) for match in _SETTING.finditer(flat)]
    word = _nearest(found, at)
    return "" if word.split(" ")[0].lower() in _NOT_SETTINGS else word
