"""A Document becomes a Dossier, by rules alone."""

from __future__ import annotations

from collections.abc import Mapping

from ..reading import Document
from ._across import across, in_formulas
from ._claims import claims
from ._contradictions import contradictions
from ._dossier import Dossier
from ._evaluation import compute, links, protocol
from ._gaps import gaps
from ._grids import base_facts, itemized, tabled
from ._protocol import datasets, metrics
from ._recipe import Stated, stated
from ._said import said
from ._symbols import formulas, mechanism, summary, symbols
from ._text import flatten, sentences


def distill(document: Document, files: Mapping[str, bytes] | None = None) -> Dossier:
    """Say what a paper claims, what it is made of, how it was trained and measured, and what it leaves open; each fact with its place.

    `files` (path inside the source -> bytes), where given, are held against every place that is cut out of a passage.

    Raises:
        BadInput: `files` are not the files the document was read from.
    """
    text = sentences(document)
    data = datasets(document, text, files)
    equations = formulas(document)
    facts = _merged(base_facts(document, stated(text, files)), [*tabled(document), *itemized(text, files), *in_formulas(document)])
    facts = across(facts, text)
    found = claims(document, text, data)
    spoken = said(document, text, files)
    return Dossier(
        title=document.title,
        authors=document.authors,
        year=document.year,
        url=document.url,
        document=document.content_hash,
        summary=summary(document, text, files),
        mechanism=mechanism(document),
        claims=(*found, *spoken),
        formulas=equations,
        symbols=symbols(text, files),
        architecture=tuple(item.fact for item in facts if item.group == "architecture"),
        recipe=tuple(item.fact for item in facts if item.group != "architecture"),
        datasets=data,
        metrics=metrics(document, text, files),
        protocol=protocol(found, text, data, files),
        compute=compute(text, files),
        links=links(text, files),
        gaps=gaps(text, facts, equations, _headers(document)),
        contradictions=contradictions(document, text, found, [item.fact for item in facts], files),
    )


def _headers(document: Document) -> str:
    return " ".join(flatten(cell.text) for table in document.tables for row in table.rows[:2] for cell in row)


def _merged(facts: list[Stated], more: list[Stated]) -> list[Stated]:
    known = {(item.fact.name, item.fact.value, item.fact.scope) for item in facts}
    merged = list(facts)
    for item in more:
        fact = (item.fact.name, item.fact.value, item.fact.scope)
        if fact not in known:
            known.add(fact)
            merged.append(item)
    return merged
