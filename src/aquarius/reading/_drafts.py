"""What a LaTeX paper's parts are while they are being read: text in pieces, places in characters, references not resolved yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from ._document import SectionRole
from ._places import Piece
from ._tex_tokens import Token


@dataclass
class Draft:
    """A passage whose references are not resolved yet."""

    kind: str
    pieces: list[Piece]
    section: int | None
    label: str | None = None


@dataclass
class SectionDraft:
    """A heading as it is met."""

    pieces: list[Piece]
    level: int
    number: str | None
    role: SectionRole
    source: int
    start: int
    end: int


@dataclass
class EquationDraft:
    """A display equation as it is met."""

    number: str | list[Piece] | None  # pieces: a \\tag that may refer to another equation
    label: str | None
    latex: str
    expanded: str
    section: int | None
    source: int
    start: int
    end: int


@dataclass
class CellDraft:
    """One cell; `source` < 0 for a cell that only fills a row."""

    pieces: list[Piece]
    bold: bool
    underline: bool
    source: int
    start: int
    end: int
    header: bool = False


@dataclass
class Caption:
    """A caption with the number it printed."""

    kind: str  # table, figure, algorithm
    number: str | None
    pieces: list[Piece]
    source: int
    start: int
    end: int
    label: str | None = None
    main: Caption | None = None  # of a sub-float: the caption above it


@dataclass
class Grid:
    """A tabular's rows."""

    rows: list[list[CellDraft]]
    source: int
    start: int
    end: int


@dataclass
class Float:
    """A float, sub-float or box within one, while it is read."""

    kind: str  # table, figure, algorithm, sub, box
    begin: Token
    items: list[Caption | Grid] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    letters: int = 0
    outer: Float | None = None


@dataclass
class TableDraft:
    """A finished grid with its caption."""

    caption: Caption | None
    rows: list[list[CellDraft]]
    section: int | None
    source: int
    start: int
    end: int


@dataclass
class FigureDraft:
    """A finished figure."""

    caption: Caption | None
    files: list[str]
    source: int
    start: int
    end: int
