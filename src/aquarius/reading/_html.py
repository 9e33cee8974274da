"""The reader of HTML: papers as arXiv and ar5iv set them with LaTeXML, and any page with headings, tables and formulas."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..core import BadInput, Place
from ._document import Cell, Document, Equation, Figure, Passage, Reference, Section, SectionRole, Table
from ._html_tree import Node, Words, tree_of
from ._places import Piece, PlainText, SourceFile, assemble, source_file
from ._read import hashes
from ._roles import section_role

LARGEST_FILE = 32 * 1024 * 1024
SECONDS = 7.0  # of work for one paper
_HEADINGS = {"h1": 1, "h2": 1, "h3": 2, "h4": 3, "h5": 4, "h6": 5}
_BLOCK = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "dd",
        "div",
        "dl",
        "dt",
        "figure",
        "header",
        "html",
        "li",
        "main",
        "ol",
        "section",
        "table",
        "tbody",
        "td",
        "th",
        "tr",
        "ul",
    ]
)
_NUMBER = re.compile(r"^(?:Appendix\s+)?(?P<number>[A-Z](?:\.\d+)*|\d+(?:\.\d+)*)[.:]?\s+(?=\S)")
_CAPTION = re.compile(r"^(?P<kind>Table|Figure|Fig\.|Algorithm)\s+(?P<number>[A-Z]?\.?\d+[a-z]?)\s*[.:]?\s*", re.IGNORECASE)
_DISPLAY = re.compile(r"^\s*(?:\$\$(?P<dollars>.+)\$\$|\\\[(?P<brackets>.+)\\\])\s*(?:\((?P<number>[\w.]+)\))?\s*$", re.DOTALL)
_DISPLAY_STYLE = re.compile(r"^\s*\\displaystyle\s*|\s*%\n")
_ENTRY = re.compile(r"^\[([^\]]{1,40})\]\s*|^(\d{1,3})\.\s+")


@dataclass
class _Reading:
    """One page while it is read."""

    file: SourceFile
    sections: list[Section] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    levels: list[tuple[int, SectionRole]] = field(default_factory=list)
    title: Node | None = None
    appendix: bool = False
    deadline: float = field(default_factory=lambda: time.thread_time() + SECONDS)

    def late(self) -> bool:
        """Say whether the time for one paper is over; the first to hear it notes it."""
        if time.thread_time() <= self.deadline:
            return False
        self.deadline = 0.0
        said = f"the time for one paper ({SECONDS:.0f} s) was over: the rest was not read."
        if said not in self.problems:
            self.problems.append(said)
        return True

    @property
    def section(self) -> int | None:
        """The section that is being read."""
        return len(self.sections) - 1 if self.sections else None

    def plain(self, *nodes: Node | Words) -> PlainText:
        """Return the text of nodes with its way back to the file."""
        return assemble([piece for node in nodes for piece in _pieces(node)], [self.file])

    def place(self, node: Node, label: str | None = None) -> Place:
        """Return the place of a whole element."""
        return self.file.place(node.start, node.end, label=label)

    def add(self, kind: str, *nodes: Node | Words) -> None:
        """Add a passage."""
        text = self.plain(*nodes)
        if text.text:
            place = self.file.place(text.start, text.end)
            fields = {"kind": kind, "text": text.text, "section": self.section, "spans": text.spans, "place": place}
            self.passages.append(Passage.model_validate(fields))


def read_html(name: str, files: Mapping[str, bytes]) -> Document:
    """Read a paper as HTML; of several files the largest is the paper.

    Raises:
        BadInput: binary, without text, larger or deeper than any paper.
    """
    path = max(
        (path for path in files if path.lower().endswith((".html", ".htm", ".xhtml"))), key=lambda one: len(files[one]), default=None
    )
    path = path if path is not None else next(iter(files))
    data = files[path]
    if b"\0" in data:
        raise BadInput(f"{path} is binary, not HTML.")
    if len(data) > LARGEST_FILE:
        raise BadInput(f"{path} has {len(data):,} bytes, and at most {LARGEST_FILE:,} of HTML are read.")
    file = source_file(path, data)
    root = tree_of(path, file.text)
    reading = _Reading(file)
    article = root.find("ltx_document") or root.first("article") or root.first("main") or root.first("body") or root
    reading.title = root.find("ltx_title_document") or article.first("h1") or root.first("title")
    authors = _authors(root)
    abstract = _abstract(reading, article)
    _blocks(reading, article)
    if not reading.passages:
        raise BadInput(f"{path} holds no text of a paper.")
    title = reading.plain(reading.title) if reading.title is not None else None
    named = [index for index, section in enumerate(reading.sections) if section.role == "abstract"]
    if not abstract and named:
        abstract = "\n".join(passage.text for passage in reading.passages if passage.section == named[0] and passage.kind == "paragraph")
    broken = sum(1 for node in root.walk() if node.has("ltx_ERROR"))
    if broken:
        reading.problems.append(f"{broken} commands of the source were not converted to HTML and stand in the text as they are.")
    return Document(
        kind="html",
        name=name,
        files=hashes(files, [path]),
        title=title.text if title else "",
        title_place=file.place(title.start, title.end, label="title") if title and title.text else None,
        authors=authors,
        abstract=abstract,
        sections=tuple(reading.sections),
        passages=tuple(reading.passages),
        equations=tuple(reading.equations),
        tables=tuple(reading.tables),
        figures=tuple(reading.figures),
        references=tuple(reading.references),
        problems=tuple(reading.problems),
    )


def _authors(root: Node) -> tuple[str, ...]:
    """Return the authors: those that the page's metadata names, else LaTeXML's person names, each to its first line or mark."""
    named = [
        node.attributes.get("content", "")
        for node in root.walk()
        if node.tag == "meta" and node.attributes.get("name") == "citation_author"
    ]
    if named:
        return tuple(" ".join(reversed(name.split(", ", 1))) for name in named)
    found: list[str] = []
    for person in (node for node in root.walk() if node.has("ltx_personname")):
        for line in _lines(person):
            parts = re.split(r"\s*(?:,|;|\band\b|&)\s*|\s{3,}", re.sub(r"[\d∗*†‡§¶]+", " ", line))
            names = [
                part.strip()
                for part in parts
                if re.fullmatch(r"[^\W\d_][\w.'’-]*(?: [\w.'’-]+){1,5}", part.strip()) and part.strip()[0].isupper()
            ]
            if not names:
                break
            found.extend(names)
            if len(parts) == 1:
                break  # what follows a single name is its institution
    return tuple(dict.fromkeys(found))


def _lines(node: Node) -> list[str]:
    """Return the lines of an element, cut at line breaks; raised marks and notes left out."""
    lines: list[str] = [""]

    def go(item: Node | Words) -> None:
        if isinstance(item, Words):
            lines[-1] += item.text
        elif item.tag == "br":
            lines.append("")
        elif item.tag not in {"sup", "math"} and not item.has("ltx_note"):
            for child in item.children:
                go(child)

    go(node)
    return [" ".join(line.split()) for line in lines if line.strip()]


def _abstract(reading: _Reading, article: Node) -> str:
    node = article.find("ltx_abstract")
    if node is None:
        return ""
    texts = [reading.plain(child).text for child in node.walk() if child.tag == "p"] or [reading.plain(node).text]
    return "\n".join(text for text in texts if text)


def _blocks(reading: _Reading, node: Node) -> None:
    """Read what stands inside an element, block by block; text right inside it is a paragraph."""
    loose: list[Node | Words] = []

    def flush() -> None:
        if any(not isinstance(item, Words) or item.text.strip() for item in loose):
            _paragraph(reading, "paragraph", *loose)
        loose.clear()

    for child in node.children:
        if isinstance(child, Words) or not _is_block(child):
            loose.append(child)
            continue
        flush()
        _block(reading, child)
    flush()


def _is_block(node: Node) -> bool:
    known = node.has("ltx_equation", "ltx_equationgroup", "ltx_bibliography", "ltx_theorem")
    return known or node.tag in _BLOCK or node.tag in _HEADINGS or node.tag in {"p", "figcaption", "pre", "hr"}


def _block(reading: _Reading, node: Node) -> None:
    if reading.late():
        return
    if node is reading.title or node.has("ltx_authors", "ltx_page_footer", "ltx_page_navbar", "ltx_dates", "ltx_TOC"):
        return
    if node.has("ltx_abstract"):
        reading.sections.append(Section(title="Abstract", level=1, number=None, role="abstract", place=reading.place(node)))
        reading.levels.append((1, "abstract"))
        for child in node.nodes():
            if child.tag not in _HEADINGS:
                _block(reading, child)
    elif node.tag in _HEADINGS:
        _heading(reading, node)
    elif node.has("ltx_equation", "ltx_equationgroup", "ltx_eqn_table"):
        _equations(reading, node)
    elif node.has("ltx_bibliography") or (node.tag in {"ol", "ul"} and reading.sections and reading.sections[-1].role == "references"):
        _references(reading, node)
    elif node.tag == "figure" or node.has("ltx_figure", "ltx_table"):
        _float(reading, node)
    elif node.tag == "table":
        _table(reading, node, node.first("caption"))
    elif node.tag == "p":
        _paragraph(reading, "paragraph", node)
    elif node.tag == "li" and not any(_is_block(child) for child in node.nodes()):
        _paragraph(reading, "item", node)
    else:
        if "ltx_appendix" in node.attributes.get("class", ""):
            reading.appendix = True
        _blocks(reading, node)


def _heading(reading: _Reading, node: Node) -> None:
    tag = next((child for child in node.walk() if child.has("ltx_tag")), None)
    number = tag.text().strip(" .:") if tag is not None else None
    text = reading.plain(*(child for child in node.children if child is not tag))
    title = text.text
    if number is None and (found := _NUMBER.match(title)):
        number, title = found["number"], title[found.end() :]
    if number is not None and number.lower().startswith("appendix"):
        number = number.split()[-1]
    if not title or node.has("ltx_title_abstract"):
        return
    level = number.count(".") + 1 if number else _HEADINGS[node.tag]
    reading.appendix = reading.appendix or bool(re.match(r"appendi|supplement", title, re.IGNORECASE))
    role = section_role(title, level, reading.levels, appendix=reading.appendix)
    reading.levels.append((level, role))
    label = f"Section {number}" if number else None
    reading.sections.append(Section(title=title, level=level, number=number, role=role, place=reading.place(node, label)))
    reading.add("heading", node)


def _paragraph(reading: _Reading, kind: str, *nodes: Node | Words) -> None:
    """Add a paragraph, and the notes set within it as footnotes; a paragraph that is a display alone is an equation."""
    text = reading.plain(*nodes)
    display = _DISPLAY.match(text.text)
    if display is not None:
        latex = (display["dollars"] or display["brackets"]).strip()
        place = reading.file.place(text.start, text.end)
        _equation(reading, latex, display["number"], None, place)
        return
    reading.add(kind, *nodes)
    for node in nodes:
        for note in (child for child in (node.walk() if isinstance(node, Node) else ()) if child.has("ltx_note_content")):
            reading.add(
                "footnote", *(child for child in note.children if not (isinstance(child, Node) and child.has("ltx_note_mark", "ltx_tag")))
            )


def _equation(reading: _Reading, latex: str, number: str | None, label: str | None, place: Place) -> None:
    tagged = re.search(r"\\tag\*?\{\(?([^{}]*?)\)?\}", latex)
    if tagged is not None:
        number, latex = tagged[1], (latex[: tagged.start()] + latex[tagged.end() :]).strip()
    if latex:
        equation = Equation(number=number, label=label, latex=latex, expanded=latex, section=reading.section, place=place)
        reading.equations.append(equation)


def _equations(reading: _Reading, node: Node) -> None:
    """Read a display of LaTeXML: one equation for each number, rows without one with the row that has it."""
    rows = [row for row in node.walk() if row.tag == "tr"] or [node]
    waiting: list[str] = []
    first: Node | None = None
    for index, row in enumerate(rows):
        latex = " ".join(filter(None, (_latex(math) for math in row.walk() if math.tag == "math" or _is_script(math))))
        if latex:
            waiting.append(latex)
            first = first or row
        tag = row.find("ltx_tag_equation")
        last = index + 1 == len(rows)
        following = last or rows[index + 1].find("ltx_tag_equation") is not None or rows[index + 1].has("ltx_equation")
        if waiting and first is not None and (tag is not None or last or (following and not row.has("ltx_eqn_row"))):
            place = reading.file.place(first.start, row.end)
            _equation(reading, " \\\\ ".join(waiting), tag.text().strip(" ()") if tag is not None else None, None, place)
            waiting, first = [], None


def _is_script(node: Node) -> bool:
    return node.tag == "script" and node.attributes.get("type", "").startswith("math/tex")


def _latex(node: Node) -> str:
    """Return the LaTeX that a formula was made from: its annotation, its alternative text, or the script's content."""
    if _is_script(node):
        return node.text()
    note = next((child for child in node.walk() if child.tag == "annotation" and "tex" in child.attributes.get("encoding", "")), None)
    latex = note.text() if note is not None else node.attributes.get("alttext", "")
    return " ".join(_DISPLAY_STYLE.sub("", latex).split())


def _references(reading: _Reading, node: Node) -> None:
    heading = next((child for child in node.walk() if child.tag in _HEADINGS), None)
    if heading is not None:
        _heading(reading, heading)
    for item in (child for child in node.walk() if child.has("ltx_bibitem") or (child.tag == "li" and not node.has("ltx_bibliography"))):
        tag = item.find("ltx_tag")
        text = reading.plain(*(child for child in item.children if child is not tag))
        found = _ENTRY.match(text.text)
        key = tag.text().strip("[]() .") if tag is not None else (found[1] or found[2]) if found else ""
        if text.text:
            reading.references.append(Reference(key=key or str(len(reading.references) + 1), text=text.text, place=reading.place(item)))


def _float(reading: _Reading, node: Node) -> None:
    """Read a float: each table in it with the float's caption, else a figure; floats within it first."""
    parts = list(_parts(node))
    inner = [part for part in parts if part.tag == "figure"]
    own = [part for part in parts if part.tag == "table"]
    caption = next((part for part in parts if part.tag == "figcaption"), None)
    if caption is None:
        caption = next((inside for table in own if (inside := table.first("caption")) is not None), None)
    for part in inner:
        _float(reading, part)
    for table in own:
        _table(reading, table, caption)
    if caption is None:
        return
    text = reading.plain(caption)
    found = _CAPTION.match(text.text)
    number = found["number"] if found else None
    is_table = node.has("ltx_table") or bool(found and found["kind"].lower() == "table")
    if not own and not inner and not is_table:
        files = tuple(image.attributes.get("src", "") for image in node.walk() if image.tag == "img")
        shown = text.text[found.end() :] if found else text.text
        reading.figures.append(
            Figure(number=number, label=None, caption=shown, files=files, place=reading.place(node, f"Figure {number}" if number else None))
        )
    if is_table and not own and not inner:
        reading.problems.append(f"Table {number or '?'} has a caption and no cells: it may be a picture.")
    reading.add("caption", caption)


def _parts(node: Node) -> Iterator[Node]:
    """Yield the floats, tables and captions inside a float, and not what is inside those."""
    waiting = list(reversed(list(node.nodes())))
    while waiting:
        child = waiting.pop()
        equation = child.has("ltx_eqn_table", "ltx_equation", "ltx_equationgroup")
        if child.tag in {"figure", "figcaption"} or (child.tag == "table" and not equation):
            yield child
        else:
            waiting.extend(reversed(list(child.nodes())))


def _table(reading: _Reading, node: Node, caption: Node | None) -> None:
    """Read a table as a grid; a cell that spans several columns or rows stands in each."""
    grid: list[list[Cell | None]] = []
    groups = [node, *(child for child in node.nodes() if child.tag in {"thead", "tbody", "tfoot"})]
    rows = sorted((row for group in groups for row in group.nodes() if row.tag == "tr"), key=lambda row: row.start)
    for index, row in enumerate(rows):
        if reading.late():
            break
        while len(grid) <= index:
            grid.append([])
        column = 0
        for cell in (child for child in row.nodes() if child.tag in {"td", "th"}):
            while column < len(grid[index]) and grid[index][column] is not None:
                column += 1
            made = _cell(reading, cell, row)
            for down in range(_span(cell, "rowspan", len(rows) - index)):
                while len(grid) <= index + down:
                    grid.append([])
                line = grid[index + down]
                for across in range(_span(cell, "colspan", 200)):
                    line.extend([None] * (column + across + 1 - len(line)))
                    line[column + across] = made
            column += _span(cell, "colspan", 200)
    width = max((len(line) for line in grid), default=0)
    if not width:
        return
    empty = Cell(text="", place=reading.file.place(node.start, node.start))
    text = reading.plain(caption) if caption is not None else None
    found = _CAPTION.match(text.text) if text else None
    number = found["number"] if found else None
    label = f"Table {number}" if number else None
    reading.tables.append(
        Table(
            number=number,
            label=None,
            caption=text.text[found.end() if found else 0 :] if text else "",
            rows=tuple(tuple(cell or empty for cell in [*line, *[None] * (width - len(line))]) for line in grid),
            section=reading.section,
            place=reading.place(node, label),
            caption_place=reading.place(caption, label) if caption is not None else None,
        )
    )


def _span(cell: Node, name: str, most: int) -> int:
    given = cell.attributes.get(name, "1")
    return max(1, min(int(given), most)) if given.isdecimal() else 1


def _cell(reading: _Reading, node: Node, row: Node) -> Cell:
    text = reading.plain(node)
    letters = len(text.text.replace(" ", "")) or 1
    bold = sum(len(part.text().replace(" ", "")) for part in node.walk() if part.has("ltx_font_bold") or part.tag in {"b", "strong"})
    under = any(part.has("ltx_framed_underline", "ltx_ulem_uline") or part.tag == "u" for part in node.walk())
    place = reading.file.place(text.start, text.end) if text.text else reading.file.place(node.start, node.start)
    return Cell(text=text.text, bold=2 * bold > letters, underline=under, header=node.tag == "th" or row.has("ltx_thead"), place=place)


def _pieces(item: Node | Words) -> Iterator[Piece]:
    """Yield the text of an element as pieces: formulas as LaTeX between dollar signs, notes left out, a blank between blocks."""
    if isinstance(item, Words):
        for run in re.finditer(r"\s+|\S+", item.text):
            faithful = item.end - item.start == len(item.text)
            start, end = (item.start + run.start(), item.start + run.end()) if faithful else (item.start, item.end)
            yield Piece(run[0] if run[0].strip() else " ", 0, start, end)
        return
    if item.tag == "math" or _is_script(item):
        latex = _latex(item)
        if latex:
            yield Piece(f"${latex}$", 0, item.start, item.end)
        return
    if item.has("ltx_note") or item.tag == "img":
        return
    if item.tag == "br" or item.tag in _BLOCK or item.tag == "p":
        yield Piece(" ", 0, item.start, item.start)
    if (
        item.tag in {"sup", "sub"}
        and not any(isinstance(child, Node) and child.tag == "a" for child in item.children)
        and not item.has("ltx_note_mark")
    ):
        yield Piece("^" if item.tag == "sup" else "_", 0, item.start, item.start)
    for child in item.children:
        yield from _pieces(child)
