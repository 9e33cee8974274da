"""LaTeX: the main file among decoys, then one pass over its tokens, then a Document with every place."""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ..core import BadInput, Place
from ._definitions import ACTIONS
from ._document import Cell, Document, Equation, Figure, Passage, Reference, Section, Table
from ._drafts import Caption, CellDraft, Draft, TableDraft
from ._macros import Gullet, OutOfTime
from ._places import Piece, PlainText, SourceFile, assemble, source_file
from ._read import hashes
from ._tex_body import LISTS, Body
from ._tex_commands import COMMANDS
from ._tex_equations import DISPLAYS
from ._tex_floats import FLOATS, SUBFLOATS
from ._tex_front import authors_of
from ._tex_tables import TABULARS
from ._tex_text import ACCENTS, DRAWINGS, DROPPED, SHOWN_AFTER, SYMBOLS
from ._tex_tokens import extent

D = TypeVar("D")
Finish = Callable[[list[Piece]], PlainText]

SECONDS = 4.0  # of work for reading one paper; the time of the thread, so that a busy machine reads the same
ALL_SECONDS = 7.0  # for reading it and making its records

_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_INCLUDED = re.compile(r"\\(?:input|include|subfile)\s*\{?\s*([^\s{}\\]+)")
_REFERENCE = re.compile(r"\\(?:eqref|ref|cref|Cref|autoref|vref)\*?\s*\{([^{}]*)\}")
_AUTONUM = re.compile(rb"\\usepackage\s*(?:\[[^\]]*\])?\s*\{[^{}]*\bautonum\b")
_STRUCTURE = re.compile(r"\\(?:section|subsection|begin\s*\{(?:equation|align|table|figure|abstract)|caption|maketitle)")
_ENTRY = re.compile(r"@(\w+)\s*[{(]\s*([^,\s{}]+)\s*,")
_FIELD = re.compile(r"\b(author|title|year)\s*=\s*", re.IGNORECASE)
_BUILT_IN = (
    frozenset(DISPLAYS)
    | frozenset(TABULARS)
    | frozenset(FLOATS)
    | SUBFLOATS
    | LISTS
    | DRAWINGS
    | {"document", "abstract", "subequations", "thebibliography", "minipage"}
)
_KNOWN = frozenset(COMMANDS) | frozenset(SYMBOLS) | frozenset(ACCENTS) | frozenset(DROPPED) | frozenset(SHOWN_AFTER)


def read_latex(name: str, files: dict[str, bytes]) -> Document:
    """Read a LaTeX paper.

    Raises:
        BadInput: no file holds a document.
    """
    started = time.thread_time()
    main = main_file(name, files)
    gullet = Gullet(
        files, started + SECONDS, ACTIONS, built_in_environments=_BUILT_IN, known_commands=_KNOWN, folder=posixpath.dirname(main)
    )
    only_referenced = bool(_AUTONUM.search(files[main][: 2 * 1024 * 1024]))
    body = Body(gullet, commands=COMMANDS, referenced=_referenced(files), only_referenced=only_referenced)
    try:
        gullet.open_file(main)
        body.read()
    except OutOfTime:
        gullet.problem(f"the time for one paper was over after {SECONDS:g} s: what follows was not read.")
        gullet.deadline = time.thread_time() + 0.5
    authors: tuple[str, ...] = ()
    try:
        body.finish()
        authors = authors_of(body)
    except OutOfTime:
        gullet.problem("the time was over before the title and the authors were read.")
    return _document(name, files, body, authors, started + ALL_SECONDS)


def main_file(name: str, files: dict[str, bytes]) -> str:
    """Return the path of the paper among its decoys: \\documentclass, \\begin{document}, included by nobody, and the most content.

    Raises:
        BadInput: no such file.
    """
    candidates: dict[str, str] = {}
    for path in sorted(files):
        if (path.endswith((".tex", ".ltx", ".latex")) or len(files) == 1) and b"document" in files[path]:
            text = _COMMENT.sub("", files[path][: 8 * 1024 * 1024].decode("utf-8", "replace"))
            if re.search(r"\\begin\s*\{document\}", text):
                candidates[path] = text
    if not candidates:
        raise BadInput(f"{name} holds no LaTeX paper: no file has \\begin{{document}}.")
    whole = {path: text for path, text in candidates.items() if re.search(r"\\document(?:class|style)\b", text)} or candidates
    included = {
        posixpath.normpath(posixpath.join(posixpath.dirname(p), found)).removesuffix(".tex")
        for p, t in whole.items()
        for found in _INCLUDED.findall(t)
    }
    free = {path: text for path, text in whole.items() if path.removesuffix(".tex") not in included} or whole
    return max(free, key=lambda path: (_weight(path, free[path], files), path))


def _weight(path: str, text: str, files: dict[str, bytes]) -> float:
    """How much paper a main file holds, with what it includes; templates and supplements weigh less."""
    weight = float(len(text)) + 500.0 * len(_STRUCTURE.findall(text))
    folder = posixpath.dirname(path)
    for given in list(dict.fromkeys(_INCLUDED.findall(text)))[:200]:
        target = posixpath.normpath(posixpath.join(folder, given))
        data = files.get(target + ".tex", files.get(target, b""))
        weight += len(data) + 500.0 * data.count(b"\\section")
    if re.search(
        r"Formatting Instructions|Instructions for (?:Authors|\w+ (?:Proceedings|Submissions))|Supplement(?:al|ary) Material", text[:20_000]
    ):
        weight *= 0.1
    if "\\maketitle" not in text and "\\title" not in text and "\\icmltitle" not in text:
        weight *= 0.5
    if posixpath.basename(path) in ("main.tex", "ms.tex", "paper.tex"):
        weight *= 1.5
    return weight * (0.7 ** path.count("/"))


def _referenced(files: dict[str, bytes]) -> frozenset[str]:
    """Return the labels that references name; they matter only where the paper numbers no other equation."""
    labels: set[str] = set()
    texts = {path: data for path, data in files.items() if path.endswith((".tex", ".sty")) and len(data) < 2 * 1024 * 1024}
    if any(b"showonlyrefs" in data or b"autonum" in data for data in texts.values()):
        for data in list(texts.values())[:200]:
            for group in _REFERENCE.findall(_COMMENT.sub("", data.decode("utf-8", "replace"))):
                labels.update(label.strip() for label in group.split(","))
    return frozenset(labels)


def _document(name: str, files: dict[str, bytes], body: Body, authors: tuple[str, ...], deadline: float) -> Document:
    sources = body.gullet.sources

    def finished(pieces: list[Piece]) -> PlainText:
        return assemble([_resolved(piece, body.labels) for piece in pieces], sources)

    def timely(drafts: Iterable[D]) -> Iterator[D]:
        for draft in drafts:
            if time.thread_time() > deadline:
                body.gullet.problem(f"the time for one paper was over after {ALL_SECONDS:g} s: what follows was left out.")
                return
            yield draft

    title_pieces, title_tokens = body.title_pieces, body.title_tokens
    title = finished(title_pieces)
    title_place = None
    if title_tokens:
        source, start, end = extent(title_tokens)
        title_place = sources[source].place(start, end, label="title")
    sections = tuple(
        Section(
            title=finished(draft.pieces).text,
            level=draft.level,
            number=draft.number,
            role=draft.role,
            place=sources[draft.source].place(draft.start, draft.end, label=f"Section {draft.number}" if draft.number else None),
        )
        for draft in timely(body.sections)
    )
    drafts = ([Draft("title", title_pieces, None)] if title.text else []) + body.drafts
    passages = tuple(made for draft in timely(drafts) if (made := _passage(draft, finished(draft.pieces), sources)) is not None)
    abstract_sections = {index for index, section in enumerate(sections) if section.role == "abstract"}
    abstract = "\n".join(p.text for p in passages if p.section in abstract_sections and p.kind not in ("heading", "footnote"))
    numbers = [
        draft.number if not isinstance(draft.number, list) else finished(draft.number).text.strip("()") or None for draft in body.equations
    ]
    equations = tuple(
        Equation(
            number=number,
            label=draft.label,
            latex=draft.latex,
            expanded=draft.expanded,
            section=draft.section,
            place=sources[draft.source].place(draft.start, draft.end, label=f"equation ({number})" if number else None),
        )
        for draft, number in timely(zip(body.equations, numbers, strict=True))
    )
    read_files = {source.name for source in sources}
    references = [
        Reference(key=key, text=(text := finished(pieces)).text, place=_place(text, sources)) for key, pieces in timely(body.references)
    ]
    if not references:
        references, used = _bibtex(body, files)
        read_files |= used
    return Document(
        kind="latex",
        name=name,
        files=hashes(files, read_files),
        title=title.text,
        title_place=title_place,
        authors=authors,
        abstract=abstract,
        sections=sections,
        passages=passages,
        equations=equations,
        tables=_tables(timely(body.tables), finished, sources),
        figures=_figures(body, finished, sources),
        references=tuple(references),
        year=None,
        problems=tuple(body.gullet.problems),
    )


def _resolved(piece: Piece, labels: dict[str, tuple[str, str]]) -> Piece:
    if piece.reference is None:
        return piece
    kind, number = labels.get(piece.reference, ("", ""))
    number = number or "??"
    if piece.text == "()":
        return piece._replace(text=f"({number})", reference=None)
    if piece.text == "name":
        return piece._replace(text=f"{kind.capitalize()} {number}".strip(), reference=None)
    return piece._replace(text=number, reference=None)


def _place(text: PlainText, sources: list[SourceFile], label: str | None = None) -> Place:
    return sources[text.source].place(text.start, text.end, label=label)


def _passage(draft: Draft, text: PlainText, sources: list[SourceFile]) -> Passage | None:
    if not text.text:
        return None
    return Passage(
        kind=draft.kind,  # type: ignore[arg-type]
        text=text.text,
        section=draft.section,
        spans=text.spans,
        place=_place(text, sources, draft.label),
    )


def _caption(caption: Caption | None, finished: Finish) -> str:
    if caption is None:
        return ""
    own = finished(caption.pieces).text
    if caption.kind != "sub" or caption.main is None:
        return own
    letter = (caption.number or "")[-1:]
    return f"{finished(caption.main.pieces).text} ({letter}) {own}".strip()


def _tables(drafts: Iterable[TableDraft], finished: Finish, sources: list[SourceFile]) -> tuple[Table, ...]:
    tables: list[Table] = []
    for draft in drafts:
        cells: dict[int, Cell] = {}

        def cell(made: CellDraft, cells: dict[int, Cell] = cells) -> Cell:
            key = id(made)
            if key not in cells:
                text = finished(made.pieces).text
                place = sources[max(made.source, 0)].place(made.start, made.end)
                cells[key] = Cell(text=text, bold=made.bold, underline=made.underline, header=made.header, place=place)
            return cells[key]

        caption = draft.caption
        number = caption.number if caption is not None and caption.kind in ("table", "sub") else None
        label = f"Table {number}" if number else None
        tables.append(
            Table(
                number=number,
                label=caption.label if caption is not None else None,
                caption=_caption(caption, finished),
                rows=tuple(tuple(cell(made) for made in row) for row in draft.rows),
                section=draft.section,
                place=sources[draft.source].place(draft.start, draft.end, label=label),
                caption_place=sources[caption.source].place(caption.start, caption.end, label=label) if caption is not None else None,
            )
        )
    return tuple(tables)


def _figures(body: Body, finished: Finish, sources: list[SourceFile]) -> tuple[Figure, ...]:
    figures: list[Figure] = []
    for draft in body.figures:
        number = draft.caption.number if draft.caption is not None else None
        figures.append(
            Figure(
                number=number,
                label=draft.caption.label if draft.caption is not None else None,
                caption=_caption(draft.caption, finished),
                files=tuple(draft.files),
                place=sources[draft.source].place(draft.start, draft.end, label=f"Figure {number}" if number else None),
            )
        )
    return tuple(figures)


def _bibtex(body: Body, files: dict[str, bytes]) -> tuple[list[Reference], set[str]]:
    """Read the cited entries of the .bib files: author, title, year."""
    found: dict[str, Reference] = {}
    used: set[str] = set()
    folder = body.gullet.folder
    for given in dict.fromkeys(body.bibliographies):
        path = posixpath.normpath(posixpath.join(folder, given if given.endswith(".bib") else given + ".bib"))
        if path not in files or len(files[path]) > 32 * 1024 * 1024:
            continue
        used.add(path)
        file = source_file(path, files[path])
        marks = list(_ENTRY.finditer(file.text))
        for mark, following in zip(marks, [*marks[1:], None], strict=True):
            key = mark[2]
            if key in found or key not in body.cited:
                continue
            stop = following.start() if following is not None else len(file.text)
            entry = file.text[mark.start() : min(stop, mark.start() + 20_000)].rstrip()
            fields = {field.lower(): value for field, value in _fields(entry)}
            text = ". ".join(value for value in (fields.get("author", ""), fields.get("title", ""), fields.get("year", "")) if value)
            found[key] = Reference(key=key, text=text, place=file.place(mark.start(), mark.start() + len(entry)))
    return [found[key] for key in body.cited if key in found], used


def _fields(entry: str) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for mark in _FIELD.finditer(entry):
        position = mark.end()
        opening = entry[position : position + 1]
        depth, end = 0, position
        if opening == "{":
            for end in range(position, len(entry)):
                depth += (entry[end] == "{") - (entry[end] == "}")
                if depth == 0:
                    break
            value = entry[position + 1 : end]
        elif opening == '"':
            end = entry.find('"', position + 1)
            value = entry[position + 1 : end if end >= 0 else len(entry)]
        else:
            value = re.split(r"[,\n}]", entry[position:], maxsplit=1)[0]
        fields.append((mark[1], " ".join(value.replace("{", "").replace("}", "").split())))
    return fields
