"""The reader of PDFs: pages become lines, lines a text layer with places, and the layer a Document.

What a page prints is all there is: equations are characters in a picture of text, and are marked so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..core import BadInput, Place
from ._document import Cell, Document, Equation, Figure, Passage, Reference, Section, SectionRole, Table
from ._pdf_frames import CaptionLines, Frame, captions_of, frames_of, matched
from ._pdf_front import authors_of, is_opening, text_of_title, title_of
from ._pdf_grid import grid_of, text_of
from ._pdf_lines import Line, layer, lines_of
from ._pdf_pages import Page, Word, pages_of
from ._pdf_text import Block, Layout, blocks_of, layout_of, pieces_of
from ._places import Piece, PlainText, SourceFile, assemble, source_file
from ._roles import section_role

LAYER = ".txt"  # what the text layer of NAME.pdf is called: NAME.pdf.txt


@dataclass(frozen=True)
class LaidOut:
    """A PDF's pages, its lines in reading order, and its text layer."""

    pages: tuple[Page, ...]
    lines: tuple[Line, ...]
    text: str
    said: tuple[str, ...]


@lru_cache(maxsize=2)
def laid_out(name: str, data: bytes) -> LaidOut:
    """Lay a PDF out; the last two are kept, so that reading a paper and asking for its files is one piece of work.

    Raises:
        BadInput: as `pages_of`.
    """
    pages, said = pages_of(name, data)
    lines = lines_of(pages)
    return LaidOut(tuple(pages), tuple(lines), layer(lines), said)


def text_layer(name: str, data: bytes) -> bytes:
    """Return the text layer of a PDF, which stands for it in places."""
    return laid_out(name, data).text.encode("utf-8", "replace")


def read_pdf(name: str, files: Mapping[str, bytes]) -> Document:
    """Read a PDF.

    Raises:
        BadInput: as `pages_of`.
    """
    path = next((path for path, data in files.items() if data.startswith(b"%PDF")), None)
    if path is None:
        raise BadInput(f"{name} holds no PDF.")
    data = files[path]
    found = laid_out(path, data)
    source = source_file(path + LAYER, text_layer(path, data))
    return _Reading(name, path, data, found, source).document()


_STAMP = re.compile(r"arXiv:\s*(?:[a-z.-]+/)?(?P<year>\d\d)(?:0[1-9]|1[0-2])")
_NOTICE = re.compile(
    r"(?:\b(?:NIPS|NeurIPS|ICML|ICLR|AAAI|CVPR|ICCV|ECCV|ACL|EMNLP|NAACL|Interspeech|INTERSPEECH|KDD|Conference|Proceedings|Workshop|Copyright)\b|©|\(c\))[^\n]{0,80}?\b(?P<year>(?:19|20)\d\d)\b"
)


class _Reading:
    """One paper while it is read."""

    def __init__(self, name: str, path: str, data: bytes, found: LaidOut, source: SourceFile) -> None:
        self.name, self.path, self.data, self.found, self.source = name, path, data, found, source
        self.page_starts = [0, *(index + 1 for index, character in enumerate(found.text) if character == "\f")]
        self.page_numbers = list(dict.fromkeys(line.page for line in found.lines))
        self.captions: list[CaptionLines] = []
        self.tables: list[tuple[CaptionLines | None, list[list[list[Word]]], int, str]] = []
        self.gone: set[int] = set()  # words that are in a table, a caption or a figure
        self.sections: list[Section] = []
        self.sizes: dict[int, float] = {}  # first byte of a paragraph -> size of its type

    def document(self) -> Document:
        """Return the document."""
        from ._read import hashes

        lines = [line for line in self.found.lines if not line.furniture]
        title = title_of(lines) if lines else []
        authors = authors_of(lines, title)
        self._take_floats(lines)
        left = [rest for line in lines if (rest := self._rest(line)) is not None]
        blocks = blocks_of(left[_body(left, title, authors) :], layout_of(left))
        passages, equations, references = self._parts(blocks, layout_of(left))
        heading = self._plain(title)
        return Document(
            kind="pdf",
            name=self.name,
            files=hashes({self.path: self.data, self.source.name: self.source.data}, [self.path, self.source.name]),
            title=text_of_title(title),
            title_place=self._place(heading.start, heading.end) if title else None,
            authors=authors,
            year=self._year(),
            abstract=self._abstract(passages),
            sections=tuple(self.sections),
            passages=(*passages, *self._caption_passages()),
            equations=tuple(equations),
            tables=tuple(self._table(*parts) for parts in self.tables),
            figures=tuple(self._figure(caption) for caption in self.captions if caption.kind == "figure"),
            references=tuple(references),
            problems=(*self.found.said, *self._problems()),
        )

    def _year(self) -> int | None:
        """Return the year of the stamp of arXiv, else the one that the first page's notice of a conference or a copyright prints alone."""
        stamp = _STAMP.search(self.found.pages[0].stamp) if self.found.pages else None
        if stamp:
            return 2000 + int(stamp["year"])
        years = {int(match["year"]) for match in _NOTICE.finditer(self.found.text.split("\f")[0])}
        return years.pop() if len(years) == 1 else None

    def _take_floats(self, lines: list[Line]) -> None:
        """Find captions, tables and the text within figures, and take their words out of the running text."""
        for page in self.found.pages:
            here = [line for line in lines if line.page == page.number]
            captions = captions_of(page, here)
            self.captions.extend(captions)
            self.gone.update(id(word) for caption in captions for word in caption.words)
            pairs = matched(captions, frames_of(page, here, captions))
            for caption, frame in pairs:
                if caption is None and not (frame.ruled and len(frame.rules) >= 3):
                    continue
                grid, head = grid_of(frame)
                if len(grid) < 2 or (len(grid[0]) < 2 and caption is None):
                    continue
                if caption is None and not _is_table(grid):
                    continue
                self.tables.append((caption, grid, head, _letter(caption, frame, pairs)))
                self.gone.update(id(word) for word in frame.words)
            self._take_figures(page, here, captions)

    def _take_figures(self, page: Page, lines: list[Line], captions: list[CaptionLines]) -> None:
        """Take out the words inside pictures, and the labels above the caption of a drawn figure."""
        for box in page.pictures:
            inside = [
                word for word in page.words if box.left <= word.left and word.right <= box.right and box.bottom <= word.baseline <= box.top
            ]
            if len(inside) < 0.5 * len(page.words):
                self.gone.update(map(id, inside))
        size = layout_of(lines).size
        for caption in captions:
            if caption.kind != "figure":
                continue
            top, bottom = caption.box.top, caption.box.bottom
            for above in (True, False):
                beside = [
                    line
                    for line in lines
                    if line.column in (caption.column, 0) and line.left < caption.box.right and line.right > caption.box.left
                ]
                ordered = sorted(
                    (line for line in beside if (line.baseline > top if above else line.baseline < bottom)),
                    key=lambda line: line.baseline if above else -line.baseline,
                )
                taken = 0
                for line in ordered:
                    if any(id(word) in self.gone for word in line.words):
                        continue
                    if _is_running(line, size):
                        break
                    self.gone.update(map(id, line.words))
                    taken += 1
                if taken:
                    break

    def _rest(self, line: Line) -> Line | None:
        """Return what is left of a line when the words of floats are taken out."""
        if not any(id(word) in self.gone for word in line.words):
            return line
        words = [word for word in line.words if id(word) not in self.gone]
        return Line(words, line.page, line.column) if words else None

    def _parts(self, blocks: list[Block], layout: Layout) -> tuple[list[Passage], list[Equation], list[Reference]]:
        passages: list[Passage] = []
        equations: list[Equation] = []
        references: list[Reference] = []
        levels: list[tuple[int, SectionRole]] = []
        appendix = False
        for block in blocks:
            section = len(self.sections) - 1 if self.sections else None
            plain = self._plain(block.lines)
            place = self._place(plain.start, plain.end)
            if block.kind == "heading":
                appendix = appendix or bool(block.number and block.number[0].isalpha() and len(block.number.split(".")[0]) == 1 and levels)
                appendix = appendix or bool(re.match(r"appendi|supplement", block.title, re.IGNORECASE))
                role = section_role(block.title, block.level, levels, appendix=appendix)
                levels.append((block.level, role))
                self.sections.append(Section(title=block.title, level=block.level, number=block.number, role=role, place=place))
                passages.append(self._passage("heading", plain, len(self.sections) - 1))
            elif block.kind == "equation":
                equations.append(self._equation(block, section))
            elif block.kind == "reference":
                references.append(Reference(key=block.key or str(len(references) + 1), text=plain.text, place=place))
            else:
                passages.append(self._passage(block.kind, plain, section))
                self.sizes[place.start] = block.lines[0].size
        return passages, equations, references

    def _passage(self, kind: str, plain: PlainText, section: int | None) -> Passage:
        place = self._place(plain.start, plain.end)
        return Passage.model_validate({"kind": kind, "text": plain.text, "section": section, "spans": plain.spans, "place": place})

    def _caption_passages(self) -> list[Passage]:
        last = len(self.sections) - 1 if self.sections else None
        return [self._passage("caption", self._plain(_caption_lines(caption)), last) for caption in self.captions]

    def _equation(self, block: Block, section: int | None) -> Equation:
        words = block.words
        if block.number is not None:
            words = [word for word in words if word.text != f"({block.number})"]
        lines = [Line([word for word in line.words if any(word is mine for mine in words)], line.page, line.column) for line in block.lines]
        plain = self._plain([line for line in lines if line.words])
        latex = plain.text.replace("$", "")
        return Equation(
            number=block.number,
            label=None,
            latex=latex,
            expanded=latex,
            section=section,
            place=self._place(plain.start, plain.end),
            pictured=True,
        )

    def _table(self, caption: CaptionLines | None, grid: list[list[list[Word]]], head: int, letter: str) -> Table:
        words = [word for row in grid for cell in row for word in cell]
        start, end = min(word.start for word in words), max(word.end for word in words)
        rows = tuple(tuple(self._cell(cell, index < head, start) for cell in row) for index, row in enumerate(grid))
        number = caption.number + letter if caption else None
        label = f"Table {number}" if number else None
        plain = self._plain(_caption_lines(caption)) if caption else None
        return Table(
            number=number,
            label=None,
            caption=_without_label(plain.text) if plain else "",
            rows=rows,
            section=self._section_at(start),
            place=self._place(start, end, label=label),
            caption_place=self._place(plain.start, plain.end, label=label) if plain else None,
        )

    def _cell(self, words: list[Word], header: bool, at: int) -> Cell:
        if not words:
            return Cell(text="", header=header, place=self._place(at, at))
        first = [word for word in words if abs(word.line - words[0].line) < 1]
        letters = sum(len(word.text) for word in words)
        bold = 2 * sum(len(word.text) for word in words if word.bold) > letters
        place = self._place(min(word.start for word in first), max(word.end for word in first))
        return Cell(text=text_of(words), bold=bold, header=header, place=place)

    def _figure(self, caption: CaptionLines) -> Figure:
        plain = self._plain(_caption_lines(caption))
        place = self._place(plain.start, plain.end, label=f"Figure {caption.number}")
        return Figure(number=caption.number, label=None, caption=_without_label(plain.text), files=(), place=place)

    def _section_at(self, character: int) -> int | None:
        at = self.source.byte(character)
        before = [index for index, section in enumerate(self.sections) if section.place.start <= at]
        return before[-1] if before else None

    def _abstract(self, passages: list[Passage]) -> str:
        named = [index for index, section in enumerate(self.sections) if section.role == "abstract"]
        if named:
            paragraphs = [passage for passage in passages if passage.section == named[0] and passage.kind == "paragraph"]
            sizes = [self.sizes[passage.place.start] for passage in paragraphs]
            return " ".join(passage.text for passage, size in zip(paragraphs, sizes, strict=True) if abs(size - sizes[0]) < 0.5)
        first = [passage for passage in passages if passage.section is None and passage.kind == "paragraph"]
        run_in = next((passage.text for passage in first if re.match(r"abstract\b", passage.text, re.IGNORECASE)), "")
        return re.sub(r"^abstract[\s.:—–-]*", "", run_in, flags=re.IGNORECASE)

    def _plain(self, lines: list[Line]) -> PlainText:
        pieces: list[Piece] = pieces_of(lines)
        return assemble(pieces, [self.source])

    def _place(self, start: int, end: int, *, label: str | None = None) -> Place:
        page = self.page_numbers[sum(1 for first in self.page_starts if first <= start) - 1] if self.page_numbers else 1
        return self.source.place(start, end, label=label).model_copy(update={"page": page})

    def _problems(self) -> list[str]:
        shown = {caption.number for caption, *_ in self.tables if caption is not None}
        lost = [caption.number for caption in self.captions if caption.kind == "table" and caption.number not in shown]
        return [f"Table {number} has a caption, and no grid of text was found for it: it may be a picture." for number in lost]


def _body(lines: list[Line], title: list[Line], authors: tuple[str, ...]) -> int:
    """Return where the text begins: at the abstract or introduction of the title's page, else behind the title and the lines of authors."""
    if not title:
        return 0
    first = [index for index, line in enumerate(lines) if line.page == title[0].page]
    named = next((index for index in first if is_opening(lines[index])), None)
    behind = next((index + 1 for index in reversed(first) if lines[index].start == title[-1].start), 0)
    if named is not None:
        return named
    while behind < len(lines) and any(name.split()[-1] in lines[behind].text for name in authors):
        behind += 1
    return behind


def _caption_lines(caption: CaptionLines | None) -> list[Line]:
    return [Line(words, caption.page, caption.column) for words in caption.lines] if caption else []


def _letter(caption: CaptionLines | None, frame: Frame, pairs: list[tuple[CaptionLines | None, Frame]]) -> str:
    """Return the letter of a table that shares its caption with others, where the page prints "(a)" and "(b)"; else nothing."""
    if caption is None:
        return ""
    shared = sorted((other for owner, other in pairs if owner is caption), key=lambda other: (-round(other.box.top / 20), other.box.left))
    lettered = {word.text for word in caption.words} >= {"(a)", "(b)"}
    return "abcdefgh"[next(index for index, other in enumerate(shared) if other is frame)] if 1 < len(shared) <= 8 and lettered else ""


def _without_label(text: str) -> str:
    return re.sub(r"^(?:table|tab\.|figure|fig\.)\s*\S+?\s*[:.|—–]\s*", "", text, count=1, flags=re.IGNORECASE)


def _is_running(line: Line, size: float) -> bool:
    """Say whether a line is running text or a heading, not a label within a figure."""
    letters = sum(1 for word in line.words if len(word.text) > 1 and word.text.strip(".,;:()").isalpha())
    prose = len(line.words) >= 6 and letters >= 0.55 * len(line.words) and abs(line.size - size) < 1.6
    heading = line.bold and line.size >= size - 0.2 and len(line.words) <= 8 and bool(re.match(r"^(\d+(\.\d+)*\.?\s+)?[A-Z]", line.text))
    return prose or heading


def _is_table(grid: list[list[list[Word]]]) -> bool:
    """Say whether a grid without a caption is a table: three rows, two columns, and most cells filled."""
    cells = [cell for row in grid for cell in row]
    return len(grid) >= 3 and len(grid[0]) >= 2 and sum(1 for cell in cells if cell) >= 0.6 * len(cells)
