"""Markdown: a paper or a fact sheet in plain text becomes the same kind of Document as LaTeX.

The convention, beside ordinary Markdown:

    # Attention Is All You Need
    Authors: Ashish Vaswani, Noam Shazeer
    Year: 2017
    URL: https://arxiv.org/abs/1706.03762

    ## 3.2.1 Scaled dot-product attention

    $$ \\mathrm{softmax}(QK^T / \\sqrt{d_k}) V \\tag{1} $$

    Table 3: Variations on the architecture.

    | model | layers |
    |---|---|
    | base | 6 |

A heading that begins with a number has it as its section's number, and its depth is the number's; without one the depth counts from ## = 1.
A display's number is its \\tag{..}, or "(1)" behind the closing $$ or at the display's end; {#eq:name} behind it is its label.
A table's caption is the line "Table N: ..." above or below it; a figure is ![Figure N: caption](file).
"""

from __future__ import annotations

import re
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from ..core import BadInput, Place
from ._document import Cell, Document, Equation, Figure, Passage, Reference, Section, Table
from ._places import Piece, PlainText, SourceFile, assemble, source_file
from ._read import hashes
from ._roles import section_role

SECONDS = 7.0  # of work for one paper
LARGEST_FILE = 16 * 1024 * 1024

_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(?=\S)")
_NUMBER = re.compile(
    r"^(?:(?P<number>\d+(?:\.\d+)*|[A-Z](?:\.\d+)+)[.):]?|(?P<letter>[A-Z])(?P<mark>[.):]?)|Appendix (?P<appendix>[A-Z])[.:]?)[ \t]+(?=\S)"
)
_FIELD = re.compile(r"^[*_]{0,2}(Authors?|Year|URL)[*_]{0,2}:[*_]{0,2}(.*)$", re.IGNORECASE)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*(\w*)")
_RULE = re.compile(r"^ {0,3}\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?$")
_CAPTION = re.compile(r"^[ \t]*[*_]{0,2}(Table|Figure|Fig\.)[ \t]+([A-Z]?\.?\d+[a-z]?)[.:]?[*_]{0,2}[.:]?[*_]{0,2}[ \t]*")
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,4}[.)])[ \t]+")
_NOTE = re.compile(r"^ {0,3}\[\^([^\]]+)\]:[ \t]*")
_TAG = re.compile(r"\\tag\*?\s*\{\(?([^{}]*?)\)?\}")
_LABEL = re.compile(r"\\label\s*\{([^{}]*)\}")
_BEHIND = re.compile(r"[ \t]*(?:\((?P<number>[A-Z]?\.?\d+(?:\.\d+)*[a-z]?)\))?[ \t]*(?:\{#(?P<label>[^}\s]+)\})?[ \t]*[.,]?$")
_INSIDE = re.compile(r"\(([A-Z]?\.?\d{1,4}(?:\.\d{1,4}){0,3}[a-z]?)\)$")
_BEFORE_NUMBER = re.compile(r"(?:\\q?quad|\\hfill|\\[,;]|\s\s|\n)\s?$")
_IMAGE = re.compile(r"^[ \t]*!\[([^\]]*)\]\(([^)\s]*+)[^)]*+\)[ \t]*$")
_INLINE = re.compile(
    r"(?P<escape>\\[\\`*_{}\[\]()#+\-.!|<>~&])"
    r"|(?P<dollars>\$\$(?:[^$\\]|\\.)+\$\$)"
    r"|(?P<math>(?<![\\$])\$(?=[^\s$])(?:[^$\\]|\\.)*?(?<=[^\s])\$(?!\d))"
    r"|(?P<code>(?P<ticks>`+)(?P<inner>[^`](?:.{0,2000}?[^`])?)(?P=ticks)(?!`))"
    r"|(?P<image>!\[(?P<alt>[^\]]{0,2000})\]\([^)]{0,500}\))"
    r"|(?P<link>\[(?P<shown>[^\[\]]*)\]\((?P<target>[^)\s]{0,500}+)[^)]{0,200}+\))"
    r"|(?P<note>\[\^[^\]]{1,200}\])"
    r"|(?P<address><https?://[^>\s]+>)"
    r"|(?P<tag></?[a-zA-Z][^<>]*>|<!--.{0,5000}?-->)"
    r"|(?P<strong>\*\*|__(?=\S)|(?<=\S)__)"
    r"|(?P<emphasis>\*(?=\S)|(?<=\S)\*|(?<!\w)_(?=\S)|(?<=\S)_(?!\w))"
    r"|(?P<blank>\s+)",
    re.DOTALL,
)
_REFERENCE = re.compile(r"^\[([^\]]+)\][ \t]*|^(\d+)[.)][ \t]+")


@dataclass
class _Line:
    text: str
    start: int  # characters
    end: int  # without the line break


@dataclass
class _Reader:
    file: SourceFile
    deadline: float
    lines: list[_Line]
    title: str = ""
    title_place: Place | None = None
    authors: tuple[str, ...] = ()
    year: int | None = None
    url: str | None = None
    sections: list[Section] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)  # signs that no longer come
    caption: tuple[str, PlainText] | None = None  # number and text of a "Table N:" line that waits for its table

    @property
    def section(self) -> int | None:
        return len(self.sections) - 1 if self.sections else None


def read_markdown(name: str, files: dict[str, bytes]) -> Document:
    """Read a Markdown paper; of several files the largest is the paper.

    Raises:
        BadInput: binary, without any text, or larger than any paper.
    """
    texts = [path for path in sorted(files) if path.lower().endswith((".md", ".markdown"))] or sorted(files)
    path = max(texts, key=lambda one: len(files[one]))
    data = files[path]
    if b"\0" in data:
        raise BadInput(f"{path} is binary, not Markdown text.")
    if len(data) > LARGEST_FILE:
        raise BadInput(f"{path} has {len(data):,} bytes, and at most {LARGEST_FILE:,} of Markdown are read.")
    if not data.strip():
        raise BadInput(f"{path} is empty.")
    file = source_file(path, data)
    reader = _Reader(file, time.thread_time() + SECONDS, list(_lines(file.text)))
    if file.encoding != "utf-8":
        reader.problems.append(f"{path} is not UTF-8; it is read as latin-1.")
    _blocks(reader)
    if len(texts) > 1:
        reader.problems.append(f"of {len(texts)} Markdown files only the largest, {path}, is read.")
    abstracts = {index for index, section in enumerate(reader.sections) if section.role == "abstract"}
    return Document(
        kind="markdown",
        name=name,
        files=hashes(files, {path}),
        title=reader.title,
        title_place=reader.title_place,
        authors=reader.authors,
        abstract="\n".join(p.text for p in reader.passages if p.section in abstracts and p.kind not in ("heading", "footnote")),
        sections=tuple(reader.sections),
        passages=tuple(reader.passages),
        equations=tuple(reader.equations),
        tables=tuple(reader.tables),
        figures=tuple(reader.figures),
        references=tuple(reader.references),
        year=reader.year,
        url=reader.url,
        problems=tuple(reader.problems),
    )


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for line in text.split("\n"):
        yield _Line(line.rstrip("\r"), start, start + len(line.rstrip("\r")))
        start += len(line) + 1


def _blocks(reader: _Reader) -> None:
    """Cut the lines into blocks and read each."""
    lines, index = reader.lines, 0
    if lines and lines[0].text.startswith("\ufeff"):
        lines[0] = _Line(lines[0].text[1:], lines[0].start + 1, lines[0].end)
    while index < len(lines):
        if time.thread_time() > reader.deadline:
            reader.problems.append(f"the time for one paper ({SECONDS:.0f} s) was over: what follows line {index + 1} was not read.")
            return
        line = lines[index]
        heading = _heading_at(lines, index)
        if not line.text.strip():
            index += 1
        elif heading is not None:
            _heading(reader, *heading)
            index += 2 if not line.text.lstrip().startswith("#") else 1
            if index <= 2 or (reader.title and not reader.sections):
                index = _fields(reader, index)
        elif fence := _FENCE.match(line.text):
            index = _fenced(reader, index, fence[1], fence[2])
        elif line.text.lstrip().startswith("$$") or line.text.strip() == "\\[":
            index = _display(reader, index)
        elif line.text.lstrip().startswith("<!--"):
            index = _comment(reader, index)
        elif index + 1 < len(lines) and "|" in line.text and "-" in lines[index + 1].text and _RULE.match(lines[index + 1].text.rstrip()):
            index = _table(reader, index)
        elif image := _IMAGE.match(line.text):
            _figure(reader, line, image)
            index += 1
        elif not reader.title and not reader.sections and _FIELD.match(line.text):
            index = _fields(reader, index)
        else:
            index = _paragraph(reader, index)


def _heading_at(lines: list[_Line], index: int) -> tuple[int, int, int] | None:
    """Return depth, start and end of a heading's text."""
    line = lines[index]
    found = _HEADING.match(line.text)
    if found:
        text = line.text.rstrip()
        text = text.rstrip("#").rstrip() if text.endswith("#") and text.rstrip("#").endswith((" ", "\t")) else text
        return len(found[1]), line.start + found.end(), line.start + max(found.end(), len(text))
    if index + 1 < len(lines) and line.text.strip() and not line.text.startswith((" ", "\t", ">", "|", "-", "$")) and "|" not in line.text:
        under = lines[index + 1].text.strip()
        if len(under) >= 3 and set(under) in ({"="}, {"-"}):
            return (1 if under[0] == "=" else 2), line.start, line.end
    return None


def _heading(reader: _Reader, depth: int, start: int, end: int) -> None:
    reader.caption = None
    if depth == 1 and not reader.title and not reader.sections:
        text = _plain(reader, start, end)
        reader.title, reader.title_place = text.text, reader.file.place(start, end, label="title")
        if text.text:
            reader.passages.append(_passage(reader, "title", text))
        return
    number, level = None, max(1, depth - 1)
    found = _NUMBER.match(reader.file.text[start:end])
    if found and (given := _number(reader, found)):
        number = given
        level = given.count(".") + 1
        start += found.end()
    text = _plain(reader, start, end)
    appendix = number is not None and number[0].isalpha()
    role = section_role(text.text, level, [(section.level, section.role) for section in reader.sections], appendix=appendix)
    place = reader.file.place(start, end, label=f"Section {number}" if number else None)
    reader.sections.append(Section(title=text.text, level=level, number=number, role=role, place=place))
    if text.text:
        reader.passages.append(_passage(reader, "heading", text))


def _number(reader: _Reader, found: re.Match[str]) -> str | None:
    """Return the number of a heading; a single letter counts where the appendix goes on with it ("A study of" is no number)."""
    if found["number"]:
        return found["number"]
    if found["appendix"]:
        return found["appendix"]
    letters = [section.number[0] for section in reader.sections if section.number and section.number[0].isalpha()]
    following = chr(ord(letters[-1]) + 1) if letters else "A"
    numbered = any(section.number for section in reader.sections)
    return found["letter"] if found["letter"] == following and (found["mark"] or letters or (numbered and found["letter"] == "A")) else None


def _fields(reader: _Reader, index: int) -> int:
    """Read the "Authors:", "Year:" and "URL:" lines below the title."""
    lines = reader.lines
    position = index
    while position < len(lines):
        line = lines[position]
        found = _FIELD.match(line.text)
        if found:
            name, value = found[1].lower(), found[2].strip()
            if name.startswith("author"):
                reader.authors = tuple(
                    part.strip(" *_") for part in re.split(r"\s*[,;]\s*(?:and\s+)?|\s+and\s+", value) if part.strip(" *_")
                )
            elif name == "year" and (year := re.search(r"\b(1[89]\d\d|2[01]\d\d)\b", value)):
                reader.year = int(year[1])
            elif name == "url":
                reader.url = value.strip("<>") or None
            index = position + 1
        elif line.text.strip():
            break
        position += 1
    return index


def _plain(reader: _Reader, start: int, end: int) -> PlainText:
    """Return the plain text of a range: marks of emphasis, links and comments gone, formulas kept."""
    return assemble(_pieces(reader.file.text, start, end), [reader.file])


def _pieces(text: str, start: int, end: int) -> list[Piece]:
    pieces: list[Piece] = []
    position = start
    for found in _INLINE.finditer(text, start, end):
        if found.start() > position:
            pieces.append(Piece(text[position : found.start()], 0, position, found.start()))
        first, last = found.span()
        position = last
        kind = found.lastgroup
        if kind == "escape":
            pieces.append(Piece(found.group()[1:], 0, first, last))
        elif kind in ("math", "dollars"):
            pieces.extend(_words(text, first, last))
        elif found["code"] is not None:
            pieces.extend(_words(text, found.start("inner"), found.end("inner")))
        elif found["link"] is not None:
            pieces.extend(_pieces(text, found.start("shown"), found.end("shown")))
            if found["target"].startswith("http") and found["target"] != found["shown"]:
                pieces.append(Piece(" ", 0, found.end("shown"), found.start("target")))
                pieces.append(Piece("(", 0, found.start("target") - 1, found.start("target")))
                pieces.append(Piece(found["target"], 0, found.start("target"), found.end("target")))
                pieces.append(Piece(")", 0, last - 1, last))
        elif found["image"] is not None:
            pieces.append(Piece(found["alt"], 0, found.start("alt"), found.end("alt")))
        elif kind == "address":
            pieces.append(Piece(found.group()[1:-1], 0, first + 1, last - 1))
        elif kind == "blank" or (kind == "tag" and found.group().lower().startswith("<br")):
            pieces.append(Piece(" ", 0, first, last))
    if position < end:
        pieces.append(Piece(text[position:end], 0, position, end))
    return pieces


def _words(text: str, start: int, end: int) -> list[Piece]:
    """Return a range as it stands, white space as single blanks."""
    return [
        Piece(found.group() if found.group().strip() else " ", 0, *found.span())
        for found in re.compile(r"\s+|\S+").finditer(text, start, end)
    ]


def _passage(reader: _Reader, kind: str, text: PlainText, label: str | None = None) -> Passage:
    place = reader.file.place(text.start, text.end, label=label)
    return Passage(kind=kind, text=text.text, section=reader.section, spans=text.spans, place=place)  # type: ignore[arg-type]


def _add(reader: _Reader, kind: str, start: int, end: int, label: str | None = None) -> None:
    text = _plain(reader, start, end)
    if text.text:
        reader.passages.append(_passage(reader, kind, text, label))


def _paragraph(reader: _Reader, index: int) -> int:
    """Read a paragraph, caption line, list item or footnote."""
    lines, first = reader.lines, index
    while index < len(lines) and lines[index].text.strip():
        text = lines[index].text
        if index > first and (
            _ITEM.match(text)
            or _NOTE.match(text)
            or _CAPTION.match(text)
            or _FENCE.match(text)
            or _HEADING.match(text)
            or text.lstrip().startswith("$$")
            or (_IMAGE.match(text))
            or (index + 1 < len(lines) and "|" in text and "-" in lines[index + 1].text and _RULE.match(lines[index + 1].text.rstrip()))
        ):
            break
        index += 1
    start, end = lines[first].start, lines[index - 1].end
    head = lines[first].text
    references = reader.sections and reader.sections[-1].role == "references"
    if caption := _CAPTION.match(head):
        _caption_line(reader, caption, start + caption.end(), end)
    elif note := _NOTE.match(head):
        _add(reader, "footnote", start + note.end(), end)
    elif references:
        _reference(reader, start, end)
    elif item := _ITEM.match(head):
        _add(reader, "item", start + item.end(), end)
    elif re.fullmatch(r"\s*([-*_]\s*){3,}", head):
        return index
    else:
        if head.lstrip().startswith(">"):
            start += head.index(">") + 1
        _add(reader, "paragraph", start, end)
    return index


def _caption_line(reader: _Reader, caption: re.Match[str], start: int, end: int) -> None:
    """A caption belongs to the table just above that has none, else to the one that follows; a figure's to the figure above."""
    number = caption[2]
    if caption[1] == "Table":
        text = _plain(reader, start, end)
        label = f"Table {number}"
        if text.text:
            reader.passages.append(_passage(reader, "caption", text, label))
        above = reader.tables[-1] if reader.tables else None
        gap = reader.file.text[_character(reader, above) : start].strip() if above is not None else "x"
        if above is not None and above.number is None and re.fullmatch(r"[*_]{0,2}Table[^\n]*", gap):
            place = reader.file.place(text.start, text.end, label=label)
            reader.tables[-1] = above.model_copy(
                update={"number": number, "caption": text.text, "caption_place": place, "place": _labelled(above.place, label)}
            )
        else:
            reader.caption = (number, text)
        return
    text = _plain(reader, start, end)
    if text.text:
        reader.passages.append(_passage(reader, "caption", text, f"Figure {number}"))
    if reader.figures and reader.figures[-1].number is None:
        old = reader.figures[-1]
        reader.figures[-1] = old.model_copy(
            update={"number": number, "caption": text.text, "place": _labelled(old.place, f"Figure {number}")}
        )
    else:
        place = reader.file.place(start, end, label=f"Figure {number}")
        reader.figures.append(Figure(number=number, label=None, caption=text.text, files=(), place=place))


def _labelled(place: Place, label: str) -> Place:
    return place.model_copy(update={"label": label})


def _character(reader: _Reader, table: Table) -> int:
    """Return the character behind a table."""
    if reader.file.offsets is None:
        return table.place.end
    return bisect_left(reader.file.offsets, table.place.end)


def _display(reader: _Reader, index: int) -> int:
    """Read $$ ... $$ with its number."""
    lines, first = reader.lines, index
    text = reader.file.text
    mark = "$$" if lines[index].text.lstrip().startswith("$$") else "\\["
    start = lines[index].start + lines[index].text.index(mark)
    closing = "$$" if mark == "$$" else "\\]"
    end = text.find(closing, start + 2) if closing not in reader.missing else -1
    if end < 0:
        reader.missing.add(closing)
    if end < 0 or re.search(r"\n[ \t\r]*\n#", text[start:end]):
        reader.problems.append(f"a display ({mark}) on line {index + 1} is opened and never closed.")
        _add(reader, "paragraph", lines[index].start + lines[index].text.index(mark) + 2, lines[index].end)
        return index + 1
    while index < len(lines) and lines[index].end < end + 2:
        index += 1
    rest = text[end + 2 : lines[index].end]
    behind = _BEHIND.match(rest.rstrip()) if len(rest) < 300 else None
    _equation(reader, start, end + 2, start + 2, end, behind)
    if behind is None and rest.strip():
        _add(reader, "paragraph", lines[first].start, lines[index].end)
    return index + 1


def _equation(reader: _Reader, start: int, end: int, inner_start: int, inner_end: int, behind: re.Match[str] | None) -> None:
    latex = reader.file.text[inner_start:inner_end]
    number = behind["number"] if behind is not None else None
    label = behind["label"] if behind is not None else None
    if tag := _TAG.search(latex):
        number = tag[1].strip()
        latex = latex[: tag.start()] + latex[tag.end() :]
    elif number is None and (found := _INSIDE.search(latex.rstrip()[-40:])):
        before = latex.rstrip()[: -len(found.group())]
        if _BEFORE_NUMBER.search(before[-12:]):
            number, latex = found[1], re.sub(r"(?:\\q?quad|\\hfill|\\[,;])$", "", before.rstrip())
    if named := _LABEL.search(latex):
        label = named[1].strip()
        latex = latex[: named.start()] + latex[named.end() :]
    latex = " ".join(latex.split())
    if not latex:
        return
    whole = end + (behind.end() if behind is not None and (behind["number"] or behind["label"]) else 0)
    place = reader.file.place(start, whole, label=f"equation ({number})" if number else None)
    reader.equations.append(Equation(number=number, label=label, latex=latex, expanded=latex, section=reader.section, place=place))
    shown = [piece for piece in _words(reader.file.text, start, end) if not _TAG.fullmatch(piece.text)]
    reader.passages.append(_passage(reader, "paragraph", assemble(shown, [reader.file]), place.label))


def _fenced(reader: _Reader, index: int, fence: str, language: str) -> int:
    """Read a fenced block: mathematics as a display, anything else as it stands."""
    lines, first = reader.lines, index
    index += 1
    while index < len(lines) and not lines[index].text.strip().startswith(fence):
        index += 1
    if index >= len(lines):
        reader.problems.append(f"a fenced block on line {first + 1} is opened and never closed.")
    if index - 1 > first:
        start, end = lines[first + 1].start, lines[min(index, len(lines)) - 1].end
        if language == "math":
            _equation(reader, start, end, start, end, None)
        else:
            text = assemble(_words(reader.file.text, start, end), [reader.file])
            if text.text:
                reader.passages.append(_passage(reader, "algorithm", text))
    return index + 1


def _comment(reader: _Reader, index: int) -> int:
    end = reader.file.text.find("-->", reader.lines[index].start)
    if end < 0:
        return len(reader.lines)
    while index < len(reader.lines) and reader.lines[index].end < end + 3:
        index += 1
    return index + 1


def _table(reader: _Reader, index: int) -> int:
    """Read a pipe table."""
    lines, first = reader.lines, index
    rows = [_row(reader, lines[index], header=True)]
    index += 2
    while index < len(lines) and "|" in lines[index].text and lines[index].text.strip():
        rows.append(_row(reader, lines[index], header=False))
        index += 1
    width = max(len(row) for row in rows)
    for row in rows:
        while len(row) < width:
            place = row[-1].place
            row.append(
                Cell(text="", header=row[0].header, place=place.model_copy(update={"start": place.end, "quote": "", "line": place.line}))
            )
    number, caption, caption_place = None, "", None
    if reader.caption is not None:
        number, text = reader.caption
        caption, caption_place = text.text, reader.file.place(text.start, text.end, label=f"Table {number}")
        reader.caption = None
    place = reader.file.place(lines[first].start, lines[index - 1].end, label=f"Table {number}" if number else None)
    reader.tables.append(
        Table(
            number=number,
            label=None,
            caption=caption,
            rows=tuple(tuple(row) for row in rows),
            section=reader.section,
            place=place,
            caption_place=caption_place,
        )
    )
    return index


def _row(reader: _Reader, line: _Line, *, header: bool) -> list[Cell]:
    """Cut a row at pipes that are neither escaped nor inside a formula or code."""
    text, cuts, position = line.text, [], 0
    protected = re.compile(r"\\.|\$[^$|]*(?:\\\|[^$|]*)*\$|\$[^$]+\$|`[^`]*`")
    while position < len(text):
        found = protected.match(text, position)
        if found:
            position = found.end()
            continue
        if text[position] == "|":
            cuts.append(position)
        position += 1
    edges = [-1, *cuts, len(text)]
    spans = [(left + 1, right) for left, right in pairwise(edges)]
    if spans and not text[spans[0][0] : spans[0][1]].strip() and len(spans) > 1:
        spans = spans[1:]
    if len(spans) > 1 and not text[spans[-1][0] : spans[-1][1]].strip():
        spans = spans[:-1]
    cells: list[Cell] = []
    for left, right in spans:
        raw = text[left:right]
        start = left + len(raw) - len(raw.lstrip())
        end = max(start, right - (len(raw) - len(raw.rstrip()))) if raw.strip() else start
        plain = _plain(reader, line.start + start, line.start + end)
        bold = bool(re.search(r"\*\*\S|__\S|\\mathbf|\\textbf", text[start:end]))
        underline = "<u>" in text[start:end] or "\\underline" in text[start:end]
        place = reader.file.place(line.start + start, line.start + end)
        cells.append(Cell(text=plain.text, bold=bold, underline=underline, header=header, place=place))
    return cells


def _figure(reader: _Reader, line: _Line, image: re.Match[str]) -> None:
    start, end = line.start + image.start(1), line.start + image.end(1)
    number = None
    if caption := _CAPTION.match(image[1]):
        number, start = caption[2], start + caption.end()
    text = _plain(reader, start, end)
    label = f"Figure {number}" if number else None
    if text.text:
        reader.passages.append(_passage(reader, "caption", text, label))
    place = reader.file.place(line.start, line.end, label=label)
    reader.figures.append(Figure(number=number, label=None, caption=text.text, files=(image[2],) if image[2] else (), place=place))


def _reference(reader: _Reader, start: int, end: int) -> None:
    text = reader.file.text
    item = re.match(r"[ \t]*[-*+][ \t]+", text[start:end])
    start += item.end() if item else 0
    found = _REFERENCE.match(text[start:end])
    key = next((group for group in found.groups() if group), "") if found else str(len(reader.references) + 1)
    start += found.end() if found else 0
    plain = _plain(reader, start, end)
    if plain.text:
        reader.references.append(Reference(key=key, text=plain.text, place=reader.file.place(plain.start, plain.end)))
