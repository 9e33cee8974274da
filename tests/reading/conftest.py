"""Small papers of our own, and a check that every place of a document stands in its source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from aquarius.core import Place
from aquarius.reading import Document
from aquarius.reading._latex import read_latex

Read = Callable[..., Document]


def every_place(document: Document) -> Iterator[Place]:
    """Yield all places of a document."""
    yield from (section.place for section in document.sections)
    yield from (passage.place for passage in document.passages)
    yield from (equation.place for equation in document.equations)
    yield from (figure.place for figure in document.figures)
    yield from (reference.place for reference in document.references if reference.place is not None)
    for table in document.tables:
        yield table.place
        yield from (cell.place for row in table.rows for cell in row)
        if table.caption_place is not None:
            yield table.caption_place
    if document.title_place is not None:
        yield document.title_place


def untrue_places(document: Document, files: Mapping[str, bytes]) -> list[Place]:
    """Return the places whose quote does not stand in the source."""
    return [place for place in every_place(document) if not place.is_true_of(files.get(place.file, b""))]


@pytest.fixture
def untrue() -> Callable[[Document, Mapping[str, bytes]], list[Place]]:
    """The function `untrue_places`."""
    return untrue_places


@pytest.fixture
def latex() -> Read:
    """Read a body as a LaTeX paper (main.tex); every place is checked on the way."""

    def make(body: str, preamble: str = "", **others: str) -> Document:
        text = f"\\documentclass{{article}}\n{preamble}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
        files = {"main.tex": text.encode()} | {f"{name}.tex": content.encode() for name, content in others.items()}
        document = read_latex("paper", files)
        assert untrue_places(document, files) == []
        return document

    return make
