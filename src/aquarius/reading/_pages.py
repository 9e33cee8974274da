"""Pages for a paper that is read from its source: where its passages, tables and headings are printed in the PDF beside it."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from typing import Any

from ..core import Place
from ._document import Document
from ._pdf import laid_out

_MATHEMATICS = re.compile(r"\$[^$]*\$|\[[^\]]{0,60}\]|\([^()]{0,60}\d{4}[a-z]?\)")
_LEAST = 18  # letters that are enough to know a place
_LONGEST = 60


def with_pages(document: Document, name: str, data: bytes) -> Document:
    """Return the document with the page of every part whose words stand in the PDF on one page alone, or in order with its neighbours.

    Raises:
        BadInput: the PDF cannot be read.
    """
    pages: list[str] = []
    starts: list[int] = []
    for text in laid_out(name, data).text.split("\f"):
        starts.append(sum(map(len, pages)))
        pages.append(_letters(re.sub(r"-\n", "", text)))
    printed = "".join(pages)
    numbers = [page.number for page in laid_out(name, data).pages if page.words] or [1]

    def page_of(text: str, after: int = 0) -> tuple[int | None, int]:
        """Return the page on which a text begins, looking behind `after` first, and where it was found."""
        for part in _probes(text):
            at = printed.find(part, after)
            if at < 0 and printed.count(part) == 1:
                at = printed.find(part)
            if at >= 0:
                index = bisect_right(starts, at) - 1
                return numbers[min(index, len(numbers) - 1)], at
        return None, after

    last = 0
    passages = []
    for passage in document.passages:
        page, at = page_of(passage.text, last if passage.kind in ("paragraph", "heading", "item") else 0)
        if passage.kind in ("paragraph", "heading") and page is not None:
            last = at
        passages.append(_on(passage, page))
    tables = [
        _table_on(table, page_of(f"table{table.number or ''}{table.caption}")[0] or page_of(table.caption)[0]) for table in document.tables
    ]
    figures = [
        _on(figure, page_of(f"figure{figure.number or ''}{figure.caption}")[0] or page_of(figure.caption)[0]) for figure in document.figures
    ]
    by_heading = {passage.place.start: passage.place.page for passage in passages if passage.kind == "heading"}
    sections = [_on(section, by_heading.get(section.place.start)) for section in document.sections]
    return document.model_copy(
        update={"passages": tuple(passages), "tables": tuple(tables), "figures": tuple(figures), "sections": tuple(sections)}
    )


def _letters(text: str) -> str:
    """Return the letters and digits of a text, small, without accents and ligatures."""
    flat = unicodedata.normalize("NFKD", text).lower()
    return "".join(character for character in flat if character.isascii() and character.isalnum())


def _probes(text: str) -> list[str]:
    """Return runs of a text's letters that are long enough to be known again: its beginning, then the beginnings of what stands between formulas."""
    found = []
    for part in _MATHEMATICS.split(text):
        letters = _letters(part)
        if len(letters) >= _LEAST:
            found.append(letters[:_LONGEST])
    whole = _letters(text)
    return found[:6] or ([whole] if len(whole) >= 8 else [])


def _on(part: Any, page: int | None) -> Any:
    return part if page is None else part.model_copy(update={"place": part.place.model_copy(update={"page": page})})


def _table_on(table: Any, page: int | None) -> Any:
    if page is None:
        return table

    def moved(place: Place | None) -> Place | None:
        return None if place is None else place.model_copy(update={"page": page})

    rows = tuple(tuple(cell.model_copy(update={"place": moved(cell.place)}) for cell in row) for row in table.rows)
    return table.model_copy(update={"place": moved(table.place), "caption_place": moved(table.caption_place), "rows": rows})
