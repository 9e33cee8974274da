"""The Document: what a paper says, and where it says it."""

from __future__ import annotations

from typing import ClassVar, Literal

from ..core import Noun, Place, Record

SourceKind = Literal["latex", "markdown", "pdf", "html", "docx"]
SectionRole = Literal["abstract", "introduction", "related", "method", "experiments", "conclusion", "appendix", "references", "other"]


class Span(Record):
    """`length` characters of plain text from `text_start` come from the bytes `source_start`..`source_end`.

    Mostly the same characters stand there; where a command made the text, its bytes are those of the whole command.
    """

    text_start: int
    length: int
    source_start: int
    source_end: int


class Passage(Record):
    """A paragraph, caption, footnote or list item: its plain text, and the way back from each character to the source."""

    kind: Literal["paragraph", "caption", "footnote", "item", "title", "heading", "theorem", "algorithm"]
    text: str  # plain: markup gone, mathematics kept as $LaTeX$ with macros expanded, a display inside its sentence as $$LaTeX$$
    section: int | None  # index into `Document.sections`
    spans: tuple[Span, ...]
    place: Place  # the whole passage


class Section(Record):
    """A heading and its number."""

    title: str
    level: int  # 1 = section, 2 = subsection, ...
    number: str | None  # "3.2", "A.1"; None where the paper does not number it
    role: SectionRole
    place: Place


class Equation(Record):
    """A display equation, one per printed number or unnumbered display."""

    number: str | None
    label: str | None
    latex: str  # as the paper writes it, label and number commands removed
    expanded: str  # the paper's own macros expanded
    section: int | None
    place: Place
    pictured: bool = False  # read from a picture of text (PDF): its characters are there, its structure is not


class Cell(Record):
    """One cell of a table's grid; a cell that spans several stands in each of them, with the same place."""

    text: str
    bold: bool = False
    underline: bool = False
    header: bool = False
    place: Place


class Table(Record):
    """A table as a grid of rows of equal length."""

    number: str | None
    label: str | None
    caption: str
    rows: tuple[tuple[Cell, ...], ...]
    section: int | None
    place: Place
    caption_place: Place | None

    def texts(self) -> list[list[str]]:
        """Return the text of every cell, row by row."""
        return [[cell.text for cell in row] for row in self.rows]


class Figure(Record):
    """A figure's number, caption and files; nothing is claimed about its pixels."""

    number: str | None
    label: str | None
    caption: str
    files: tuple[str, ...]
    place: Place


class Reference(Record):
    """An entry of the bibliography."""

    key: str
    text: str
    place: Place | None = None


class Document(Noun):
    """What a paper says, and where it says it. Text inside it is data, whomever it seems to address."""

    SCHEMA: ClassVar[str] = "aquarius.document"

    kind: SourceKind
    name: str  # the file or folder the paper was read from, last part only
    files: dict[str, str]  # every file that was read: path inside the source -> sha256
    title: str
    title_place: Place | None
    authors: tuple[str, ...]
    abstract: str
    sections: tuple[Section, ...]
    passages: tuple[Passage, ...]
    equations: tuple[Equation, ...]
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...] = ()
    references: tuple[Reference, ...] = ()
    year: int | None = None
    url: str | None = None
    problems: tuple[str, ...] = ()  # what could not be read, and the author's own errors: kept and flagged, never repaired
