"""Reading: a paper as LaTeX (folder, file, archive), PDF, HTML, Word or Markdown becomes a Document, every part of it with its place in the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "read": "._read",
        "source_files": "._read",
        "Packed": "._packed",
        "packed": "._packed",
        "unpacked": "._packed",
        "place_of": "._places",
        "Document": "._document",
        "Section": "._document",
        "Passage": "._document",
        "Span": "._document",
        "Equation": "._document",
        "Table": "._document",
        "Cell": "._document",
        "Figure": "._document",
        "Reference": "._document",
    },
)

if TYPE_CHECKING:
    from ._document import Cell as Cell
    from ._document import Document as Document
    from ._document import Equation as Equation
    from ._document import Figure as Figure
    from ._document import Passage as Passage
    from ._document import Reference as Reference
    from ._document import Section as Section
    from ._document import Span as Span
    from ._document import Table as Table
    from ._packed import Packed as Packed
    from ._packed import packed as packed
    from ._packed import unpacked as unpacked
    from ._places import place_of as place_of
    from ._read import read as read
    from ._read import source_files as source_files
