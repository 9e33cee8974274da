"""Architecture and recipe from running text: a name, a value, what it holds for, and the words that say so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ._choices import choices
from ._dossier import Fact
from ._exceptions import exceptions
from ._numbers import COUNT
from ._patterns import OTHERS, hits
from ._respectively import paired
from ._scope import carries, scope_of
from ._term import Group, Term
from ._terms import TERMS
from ._text import Sentence
from ._unlisted import unlisted

SKIPPED_ROLES = ("abstract", "introduction", "related", "conclusion", "references")


@dataclass(frozen=True)
class Stated:
    """A fact with the group it belongs to and its name in the summary."""

    group: Group
    key: str
    fact: Fact
    vague: bool = False  # "about 37000"


def stated(text: list[Sentence], files: Mapping[str, bytes] | None) -> list[Stated]:
    """Return every fact of the sentences, in reading order, each name, value and scope once."""
    found: dict[tuple[str, str, str], Stated] = {}
    carried = ""
    for index, sentence in enumerate(text):
        if not index or text[index - 1].index != sentence.index:
            carried = ""
        carried = carries(sentence, carried)
        if sentence.role in SKIPPED_ROLES or _is_figure(sentence):
            if sentence.role == "conclusion":  # where a paper often says what it ran on
                spoken = _words(sentence, None, files, "")
                found |= {(item.fact.name, item.fact.value, item.fact.scope): item for item in spoken if item.fact.name == "hardware"}
            continue
        before = text[index - 1] if index and text[index - 1].index == sentence.index else None
        for item in (*_numbers(sentence, before, files, carried), *_words(sentence, before, files, carried)):
            found.setdefault((item.fact.name, item.fact.value, item.fact.scope), item)
    return list(found.values())


def _is_figure(sentence: Sentence) -> bool:
    return sentence.passage.kind == "caption" and (sentence.passage.place.label or "").startswith("Figure")


def _numbers(sentence: Sentence, before: Sentence | None, files: Mapping[str, bytes] | None, carried: str) -> Iterator[Stated]:
    if not re.search(r"\d|" + COUNT, sentence.flat):
        return
    pairs = list(paired(sentence, files))
    yield from (Stated(term.group, term.key, fact) for term, fact in pairs)
    named = _spans(sentence.flat, pairs)
    found = [(term, hit) for term in TERMS for hit in hits(term, sentence.flat)]
    excepted = list(exceptions(sentence.flat, found))
    for term, hit in found:
        known = [fact.value for other, fact in pairs if term.name == other.name]
        if hit.value in known or any(value in known for value in hit.value.split(", ")) or any(hit.at == item.at for item in excepted):
            continue
        scope = hit.scope or scope_of(sentence, hit.at, before, term.name, carried if term.group != "evaluation" else "")
        place = sentence.place(hit.start, hit.end, files)
        fact = Fact(name=term.name, value=hit.value, number=hit.number, unit=hit.unit, scope=scope, place=place)
        yield Stated(term.group, term.key, fact, hit.vague)
    for item in excepted:
        place = sentence.place(item.start, item.end, files)
        unit = item.term.unit
        fact = Fact(name=item.term.name, value=item.value, number=item.number, unit=unit, scope=item.scope, place=place)
        yield Stated(item.term.group, item.term.key, fact)
    taken = [*named, *((hit.at, hit.at + len(hit.value)) for _, hit in found), *((item.at, item.at + len(item.value)) for item in excepted)]
    for own in unlisted(sentence.flat, taken):
        scope = scope_of(sentence, own.at, before, own.name, carried)
        place = sentence.place(own.start, own.end, files)
        if "frac" in place.quote:  # "L = \\frac{1}{n}" assigns no 1
            continue
        yield Stated(
            "recipe",
            own.name.replace(" ", "_"),
            Fact(name=own.name, value=own.value, number=own.number, unit=own.unit, scope=scope, place=place),
        )


def _spans(flat: str, pairs: list[tuple[Term, Fact]]) -> list[tuple[int, int]]:
    """Return where the values of paired lists stand in a sentence."""
    return [
        match.span()
        for _, fact in pairs
        for part in fact.value.split(", ")
        for match in re.finditer(rf"(?<![\w.]){re.escape(part)}(?![\w.]*\w)", flat)
    ]


def _words(sentence: Sentence, before: Sentence | None, files: Mapping[str, bytes] | None, carried: str) -> Iterator[Stated]:
    """Yield the choices of a sentence, unless it speaks of somebody else's work."""
    if OTHERS.search(sentence.flat) and not re.search(r"\bwe\b|\bour\b", sentence.flat, re.IGNORECASE):
        return
    for choice, found in choices(sentence.flat):
        scope = scope_of(sentence, found.start, before, choice.name, carried)
        place = sentence.place(found.start, found.end, files)
        fact = Fact(name=choice.name, value=found.value, number=found.number, unit=found.unit, scope=scope, place=place)
        yield Stated(choice.group, choice.key, fact)
