"""Names of data sets, environments and tasks in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ._text import Sentence, squeeze
from ._vocabulary import DATASETS, language_pair

_WMT = re.compile(r"\b(WMT|IWSLT|NIST)[ '’]*((?:20)?\d\d)?(?=\b)", re.IGNORECASE)
_LANGUAGE_WORDS = r"[A-Z][a-z]+(?:ish|ese|man|ian|ch|ech)"
_NAME = r"(?:[A-Z][\w'/+-]*(?:[ -](?:[A-Z][\w'/+-]*|\d[\w.]*|of|the)){0,4})"
_KINDS = r"(?:data ?sets?|corpus|corpora|benchmarks?|treebank|suite|data|environments?)"
_BETWEEN = r"(?:(?:reviews?|images?|texts?|news|question answering|translation|sentiment|speech|video|node|citation|classification|evaluation|language) )*"
_NAMED = re.compile(
    rf"\b(?:the|an?|on|from|our|six|several|three|four|five|standard) (?:(?:larger?|smaller?|standard|popular|public|full|novel|new) )?({_NAME}) {_BETWEEN}{_KINDS}\b"
)
_LISTED = re.compile(
    rf"\b(?:data ?sets|corpora|benchmarks|environments|tasks)\s*(?:[:,(]|such as)?\s*(?:namely |including |the )?({_NAME}(?:, {_NAME})*(?:,? and|,) {_NAME})"
)
_COUNTED = re.compile(
    rf"\b({_NAME}) (?:has|contains|comprises|consists of) [\d,]+ (?:classes|images|examples|sentences|samples|categories|documents|nodes)\b"
)
_ITEM = r"[A-Z][\w'/+-]*(?:[ -]\d[\w.]*)?"
_ON_LIST = re.compile(
    rf"\b(?:evaluat|test|transfer|benchmark|results?|fine-?tun|pre-?train|train|experiment|perform|measur|report|accuracy|perplexity)\w*\b[^.;:()]{{0,60}}? on (?:the )?({_ITEM}(?:, {_ITEM})*,? and (?:the )?{_ITEM})(?! (?:GPU|TPU|[a-z]+ (?:GPU|TPU)))"
)
# names in a row, of which two or more are known data sets: the others are data sets too
_ROW = re.compile(rf"(?<![\w-])({_NAME}(?:, {_NAME})+,? and (?:the )?{_NAME})")
_GYM = re.compile(r"(?<![\w-])[A-Z][A-Za-z0-9]+-v\d(?![\w-])")  # "HalfCheetah-v4": an environment's id
_CALLED = re.compile(
    rf"\b(?:environment|data ?set|benchmark|corpus|task)s? (?:(?:that )?we call|known as|called|named|dubbed|termed) [\"'‘“`]*({_NAME})"
)
_TASKS = re.compile(r"[“\"`']+(\w[\w -]{2,30})[”\"']+(?:,? and [“\"`']+(\w[\w -]{2,30})[”\"']+)?(?: [a-z-]+){0,3} (problem|task)s?\b")
_NOT_NAMES = frozenset(
    [
        "We",
        "The",
        "Our",
        "This",
        "Table",
        "Figure",
        "Section",
        "In",
        "For",
        "These",
        "All",
        "Each",
        "Both",
        "Training",
        "Test",
        "Data",
        "Model",
        "Large",
        "It",
        "As",
        "To",
        "Since",
        "When",
        "While",
        "Gaussian",
        "Bayesian",
        "Markov",
        "GPU",
        "GPUs",
        "TPU",
        "TPUs",
        "CPU",
        "Adam",
        "SGD",
        "Appendix",
        "Tables",
        "Sections",
        "Figures",
    ]
)
_COMPILED = tuple(
    (re.compile(rf"(?<![\w-]){pattern}" if not pattern.startswith((r"\b", "(?<")) else pattern, re.IGNORECASE), name)
    for pattern, name in DATASETS.items()
)
_ANY = re.compile("|".join(pattern.pattern for pattern, _ in _COMPILED), re.IGNORECASE)


@cache
def dataset_spans(text: str) -> tuple[tuple[str, int, int], ...]:
    """Return (name, start, end) of the data sets a flattened text names, in order; a language pair is joined to its campaign."""
    found: list[tuple[str, int, int]] = list(_campaigns(text))
    for pattern, name in _COMPILED if _ANY.search(text) else ():
        found += [(name or re.sub(r"\s+", " ", match[0]), match.start(), match.end()) for match in pattern.finditer(text)]
    found.sort(key=lambda item: (item[1], -item[2]))
    kept: list[tuple[str, int, int]] = []
    for name, start, end in found:
        if not kept or start >= kept[-1][2]:
            kept.append((name, start, end))
    return tuple(kept)


def _campaigns(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _WMT.finditer(text):
        tail = text[match.end() : match.end() + 45]
        pair = language_pair(re.split(r"[.;,]", tail)[0])
        year = match[2] and (match[2] if len(match[2]) == 4 else f"20{match[2]}")
        if pair is None and year is None:
            continue
        name = " ".join(part for part in (match[1].upper(), year, pair[0] if pair else None) if part)
        length = max((tail.lower().find(word.lower()) + len(word) for word in pair[0].split("-")), default=0) if pair else 0
        yield name, match.start(), match.end() + length


def mentions(sentence: Sentence) -> Iterator[tuple[str, int, int]]:
    """Yield (name, start, end) of what a sentence calls a data set: known names, and names that the words around them make one."""
    known = dataset_spans(sentence.flat)
    yield from known
    taken = [(start, end) for _, start, end in known]
    # runs of blanks to one, so that the patterns can be plain; `at` leads back
    at = [index for index, letter in enumerate(sentence.flat) if letter != " " or not sentence.flat[index - 1 : index].isspace()]
    plain = "".join(sentence.flat[index] for index in at)
    gym = list(_GYM.finditer(sentence.flat))
    for match in gym if len(gym) > 1 or re.search(r"\b(?:environment|gym|mujoco)", sentence.flat, re.IGNORECASE) else ():
        if not any(first < match.end() and match.start() < last for first, last in taken):
            taken.append(match.span())
            yield match[0], match.start(), match.end()
    for pattern in (_NAMED, _LISTED, _COUNTED, _CALLED, _ON_LIST, _ROW):
        for match in pattern.finditer(plain):
            if (
                pattern is _ROW
                and sum(match.start(1) <= plain_start < match.end(1) for plain_start in (at.index(start) for _, start, _ in known)) < 2
            ):
                continue
            for part in re.finditer(_NAME, match[1]):
                start, end = at[match.start(1) + part.start()], at[match.start(1) + len(part[0].rstrip("'")) + part.start() - 1] + 1
                name = squeeze(part[0].rstrip("'"))
                clear = not any(first < end and start < last for first, last in taken)
                if clear and name.split()[0] not in _NOT_NAMES and len(name) > 2 and not _is_language(name):
                    taken.append((start, end))
                    yield name, start, end
    for match in _TASKS.finditer(sentence.flat.replace("``", '" ').replace("''", '" ')):
        for index in (1, 2):
            if match[index]:
                yield f"{match[index].strip()} {match[3]}", match.start(index), match.end(index)


def _is_language(name: str) -> bool:
    return bool(re.fullmatch(rf"{_LANGUAGE_WORDS}(?:-(?:(?:to-)?{_LANGUAGE_WORDS}|language))?", name))
