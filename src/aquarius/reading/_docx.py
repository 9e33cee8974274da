"""The reader of Word files (ECMA-376): paragraphs with their styles, formulas, tables, footnotes. Places are byte ranges of word/document.xml."""

from __future__ import annotations

import re
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from xml.parsers import expat

from ..core import BadInput
from ._document import Cell, Document, Equation, Passage, Section, SectionRole, Table
from ._docx_math import latex_of
from ._html_tree import Node, Words
from ._places import Piece, PlainText, SourceFile, assemble, source_file
from ._read import DOCUMENT, hashes
from ._roles import section_role

NOTES = "word/footnotes.xml"
LARGEST_FILE = 64 * 1024 * 1024
DEPTH = 200
SECONDS = 7.0  # of work for one paper
_NUMBER = re.compile(r"^(?P<number>[A-Z](?:\.\d+)*|\d+(?:\.\d+)*)[.:]?\s+(?=\S)")
_CAPTION = re.compile(r"^(?:Table|Tab\.)\s+(?P<number>[A-Z]?\.?\d+[a-z]?)\s*[.:]?\s*", re.IGNORECASE)
_EQUATION_NUMBER = re.compile(r"\(([A-Z]?\.?\d+(?:\.\d+)?[a-z]?)\)\s*$")


def tree_of(file: SourceFile, name: str) -> Node:
    """Return the tree of an XML file, its nodes with their characters; names without their namespace.

    Raises:
        BadInput: no XML, a document type (the way to hostile entities), or elements deeper than any paper's.
    """
    root = Node("", {}, 0, len(file.text))
    path = [root]
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = False

    def here() -> int:
        at = parser.CurrentByteIndex
        return at if file.offsets is None else bisect_left(file.offsets, at)

    def settle() -> None:
        last = path[-1].children[-1] if path[-1].children else None
        if isinstance(last, Words) and last.end < 0:
            last.end = here()

    def start(name: str, attributes: dict[str, str]) -> None:
        settle()
        if len(path) > DEPTH:
            raise BadInput(f"{file.name} holds elements deeper than any paper's: it is refused.")
        node = Node(name.rsplit(":", 1)[-1], {key.rsplit(":", 1)[-1]: value for key, value in attributes.items()}, here())
        path[-1].children.append(node)
        path.append(node)

    def end(name: str) -> None:
        settle()
        node = path.pop()
        node.end = file.text.find(">", here()) + 1

    def words(text: str) -> None:
        settle()
        path[-1].children.append(Words(text, here(), -1))

    def doctype(*_: object) -> None:
        raise BadInput(f"{name} carries a document type in its part {file.name}, and is not read: give another copy.")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, words
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(file.data, True)
    except expat.ExpatError as error:
        raise BadInput(f"{name} is broken: its part {file.name} is not whole XML (line {error.lineno}). Give another copy.") from None
    return root


def read_docx(name: str, files: Mapping[str, bytes]) -> Document:
    """Read a paper as a Word file.

    Raises:
        BadInput: broken, hostile, or without text.
    """
    data = files[DOCUMENT]
    if len(data) > LARGEST_FILE:
        raise BadInput(f"{name} holds {len(data):,} bytes of text and marks, and at most {LARGEST_FILE:,} are read.")
    file = source_file(DOCUMENT, data)
    if file.encoding != "utf-8":
        raise BadInput(f"{name} is not in UTF-8, as Word files are: give another copy.")
    reading = _Reading(file, name)
    body = next((node for node in tree_of(file, name).walk() if node.tag == "body"), None)
    for child in body.nodes() if body is not None else ():
        reading.block(child)
    used = [DOCUMENT]
    if NOTES in files:
        used.append(NOTES)
        reading.notes(source_file(NOTES, files[NOTES]))
    if not reading.passages:
        raise BadInput(f"{name} holds no text.")
    abstracts = {index for index, section in enumerate(reading.sections) if section.role == "abstract"}
    return Document(
        kind="docx",
        name=name,
        files=hashes(files, used),
        title=reading.title.text if reading.title else "",
        title_place=file.place(reading.title.start, reading.title.end, label="title") if reading.title else None,
        authors=tuple(dict.fromkeys(reading.authors)),
        abstract="\n".join(passage.text for passage in reading.passages if passage.section in abstracts and passage.kind == "paragraph"),
        sections=tuple(reading.sections),
        passages=tuple(reading.passages),
        equations=tuple(reading.equations),
        tables=tuple(reading.tables),
        problems=tuple(reading.problems),
    )


class _Reading:
    """One file while it is read."""

    def __init__(self, file: SourceFile, name: str) -> None:
        self.file, self.name = file, name
        self.title: PlainText | None = None
        self.authors: list[str] = []
        self.sections: list[Section] = []
        self.levels: list[tuple[int, SectionRole]] = []
        self.passages: list[Passage] = []
        self.equations: list[Equation] = []
        self.tables: list[Table] = []
        self.caption: tuple[PlainText, re.Match[str]] | None = None  # of the table that follows
        self.appendix = False
        self.problems: list[str] = []
        self.deadline = time.thread_time() + SECONDS
        self.behind = False  # whether a table was the last block: its caption may follow

    def plain(self, node: Node) -> PlainText:
        """Return the text of an element with its way back to the file."""
        return assemble(list(_pieces(node)), [self.file])

    def add(self, kind: str, text: PlainText) -> None:
        """Add a passage."""
        if text.text:
            section = len(self.sections) - 1 if self.sections else None
            place = self.file.place(text.start, text.end)
            self.passages.append(
                Passage.model_validate({"kind": kind, "text": text.text, "section": section, "spans": text.spans, "place": place})
            )

    def block(self, node: Node) -> None:
        """Read a paragraph, table, or what holds such, while there is time."""
        if time.thread_time() > self.deadline:
            self.problems[:] = [f"the time for one paper ({SECONDS:.0f} s) was over: the rest was not read."]
            return
        if node.tag == "p":
            self.paragraph(node)
        elif node.tag == "tbl":
            self.table(node)
        elif node.tag in {"sdt", "sdtContent", "ins", "customXml", "smartTag"}:
            for child in node.nodes():
                self.block(child)

    def paragraph(self, node: Node) -> None:
        """Read a paragraph by its style: title, author, heading, caption, list item, display or text."""
        style = next((part.attributes.get("val", "") for part in node.walk() if part.tag == "pStyle"), "").lower()
        outline = next((part.attributes.get("val", "") for part in node.walk() if part.tag == "outlineLvl"), "")
        text = self.plain(node)
        display = next((part for part in node.walk() if part.tag == "oMathPara"), None)
        lone = display or (
            next((part for part in node.walk() if part.tag == "oMath"), None)
            if re.fullmatch(r"\$[^$]+\$\s*(?:\([\w.]+\))?", text.text)
            else None
        )
        if lone is not None:
            self.equation(node, lone, text)
        elif not text.text:
            return
        elif style == "title" and self.title is None:
            self.title = text
            self.add("title", text)
        elif style.startswith("author") or (style == "subtitle" and self.title is not None and not self.sections):
            self.authors.extend(part.strip(" *†") for part in re.split(r"\s*[,;]\s*(?:and\s+)?|\s+and\s+", text.text) if part.strip(" *†"))
        elif (found := re.match(r"heading\s?(\d)", style)) or (outline.isdecimal() and int(outline) < 9):
            self.heading(text, int(found[1]) if found else int(outline) + 1)
        elif style == "abstract" and not any(section.role == "abstract" for section in self.sections):
            self.sections.append(
                Section(title="Abstract", level=1, number=None, role="abstract", place=self.file.place(text.start, text.end))
            )
            self.levels.append((1, "abstract"))
            self.add("paragraph", text)
        elif (caption := _CAPTION.match(text.text)) and (style == "caption" or len(text.text) < 400):
            self.add("caption", text)
            if self.tables and self.tables[-1].number is None and self.behind:
                self.tables[-1] = self.captioned(self.tables[-1], text, caption)
            else:
                self.caption = (text, caption)
        else:
            self.add("item" if any(part.tag == "numPr" for part in node.walk()) else "paragraph", text)
        self.behind = False

    def heading(self, text: PlainText, level: int) -> None:
        """Add a section."""
        found = _NUMBER.match(text.text)
        number, title = (found["number"], text.text[found.end() :]) if found else (None, text.text)
        if (
            self.title is None
            and not self.sections
            and level == 1
            and number is None
            and section_role(title, 1, [], appendix=False) != "abstract"
        ):
            self.title = text
            self.add("title", text)
            return
        self.appendix = self.appendix or bool(re.match(r"appendi|supplement", title, re.IGNORECASE)) or bool(number and number[0].isalpha())
        role = section_role(title, level, self.levels, appendix=self.appendix)
        self.levels.append((level, role))
        place = self.file.place(text.start, text.end, label=f"Section {number}" if number else None)
        self.sections.append(Section(title=title, level=level, number=number, role=role, place=place))
        self.add("heading", text)

    def equation(self, node: Node, math: Node, text: PlainText) -> None:
        """Add a display; its number stands behind it in parentheses."""
        latex = latex_of(math)
        number = _EQUATION_NUMBER.search(text.text.rsplit("$", 1)[-1]) or _EQUATION_NUMBER.search(latex)
        latex = _EQUATION_NUMBER.sub("", latex).rstrip(" #")
        section = len(self.sections) - 1 if self.sections else None
        place = self.file.place(node.start, node.end)
        if latex:
            self.equations.append(
                Equation(number=number[1] if number else None, label=None, latex=latex, expanded=latex, section=section, place=place)
            )

    def table(self, node: Node) -> None:
        """Read a table; a cell that spans several columns or rows stands in each."""
        rows: list[list[Cell]] = []
        for row in (child for child in node.nodes() if child.tag == "tr"):
            cells: list[Cell] = []
            for cell in (child for child in row.nodes() if child.tag == "tc"):
                span = next((part.attributes.get("val", "1") for part in cell.walk() if part.tag == "gridSpan"), "1")
                merged = next((part.attributes.get("val", "continue") for part in cell.walk() if part.tag == "vMerge"), None)
                made = rows[-1][len(cells)] if merged == "continue" and rows and len(cells) < len(rows[-1]) else self.cell(cell)
                cells.extend([made] * max(1, min(int(span) if span.isdecimal() else 1, 200)))
            rows.append(cells)
        width = max((len(row) for row in rows), default=0)
        if not width:
            return
        empty = Cell(text="", place=self.file.place(node.start, node.start))
        grid = tuple((*row, *[empty] * (width - len(row))) for row in rows)
        section = len(self.sections) - 1 if self.sections else None
        table = Table(
            number=None, label=None, caption="", rows=grid, section=section, place=self.file.place(node.start, node.end), caption_place=None
        )
        self.tables.append(self.captioned(table, *self.caption) if self.caption else table)
        self.caption, self.behind = None, True

    def captioned(self, table: Table, text: PlainText, found: re.Match[str]) -> Table:
        """Return a table with its caption."""
        label = f"Table {found['number']}"
        given = {
            "number": found["number"],
            "caption": text.text[found.end() :],
            "caption_place": self.file.place(text.start, text.end, label=label),
        }
        return table.model_copy(update={**given, "place": table.place.model_copy(update={"label": label})})

    def cell(self, node: Node) -> Cell:
        """Return one cell."""
        text = self.plain(node)
        runs = [run for run in node.walk() if run.tag == "r"]
        bold = [run for run in runs if any(part.tag == "b" and part.attributes.get("val") not in ("0", "false") for part in run.walk())]
        place = self.file.place(text.start, text.end) if text.text else self.file.place(node.start, node.start)
        return Cell(text=text.text, bold=bool(runs) and 2 * len(bold) > len(runs), place=place)

    def notes(self, file: SourceFile) -> None:
        """Add the footnotes, which stand in a file of their own."""
        for node in (node for node in tree_of(file, self.name).walk() if node.tag == "footnote" and node.attributes.get("type") is None):
            text = assemble(list(_pieces(node)), [file])
            if text.text:
                place = file.place(text.start, text.end)
                self.passages.append(Passage(kind="footnote", text=text.text, section=None, spans=text.spans, place=place))


def _pieces(node: Node) -> Iterator[Piece]:
    """Yield the text of an element as pieces; formulas as LaTeX between dollar signs, deleted text left out."""
    for child in node.children:
        if isinstance(child, Words):
            if node.tag == "t":
                faithful = child.end - child.start == len(child.text)
                for run in re.finditer(r"\s+|\S+", child.text):
                    start, end = (child.start + run.start(), child.start + run.end()) if faithful else (child.start, child.end)
                    yield Piece(run[0] if run[0].strip() else " ", 0, start, end)
        elif child.tag == "oMath":
            latex = latex_of(child)
            if latex:
                yield Piece(f"${latex}$", 0, child.start, child.end)
        elif child.tag in {"tab", "br", "cr"}:
            yield Piece(" ", 0, child.start, child.start)
        elif child.tag not in {"del", "instrText", "pPr", "rPr", "fldChar"}:
            raised = child.tag == "r" and next((part.attributes.get("val") for part in child.walk() if part.tag == "vertAlign"), None)
            inner = list(_pieces(child))
            if raised in {"superscript", "subscript"} and inner:
                yield Piece("^" if raised == "superscript" else "_", 0, child.start, child.start)
            yield from inner
            if child.tag == "p":
                yield Piece(" ", 0, child.end, child.end)
