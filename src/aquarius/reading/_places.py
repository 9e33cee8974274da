"""From characters of plain text back to bytes of the source: decoded files, text with its origins, `place_of`."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from ..core import BadInput, Place
from ._document import Passage, Span


@dataclass(frozen=True)
class SourceFile:
    """A file's bytes and their text, with the way from a character to its byte and its line."""

    name: str
    data: bytes
    text: str
    encoding: str
    offsets: array[int] | None = None  # byte offset of each character; None where both are equal
    line_starts: array[int] = field(default_factory=lambda: array("q"))

    def byte(self, character: int) -> int:
        """Return the byte offset of a character offset."""
        return character if self.offsets is None else self.offsets[character]

    def place(self, start: int, end: int, *, label: str | None = None) -> Place:
        """Return the place of the characters `start`..`end`."""
        first, last = self.byte(start), self.byte(end)
        quote = self.data[first:last].decode("utf-8", "surrogateescape")
        return Place(file=self.name, start=first, end=last, line=bisect_right(self.line_starts, first), quote=quote, label=label)


def source_file(name: str, data: bytes) -> SourceFile:
    """Decode a file: UTF-8, else latin-1, in which every byte is a character."""
    starts = array("q", [0])
    starts.extend(found.end() for found in re.finditer(b"\n", data))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return SourceFile(name, data, data.decode("latin-1"), "latin-1", None, starts)
    if len(text) == len(data):
        return SourceFile(name, data, text, "utf-8", None, starts)
    sizes = ((1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4) for code in map(ord, text))
    return SourceFile(name, data, text, "utf-8", array("q", accumulate(sizes, initial=0)), starts)


class Piece(NamedTuple):
    """A run of plain text and the characters of the source it comes from; a reference's text is known only at the end."""

    text: str
    source: int
    start: int
    end: int
    reference: str | None = None  # a label; `text` is then the form: "", "()", "name"


class PlainText(NamedTuple):
    """Finished plain text with its spans, and the extent in the source."""

    text: str
    spans: tuple[Span, ...]
    source: int
    start: int
    end: int


def assemble(pieces: list[Piece], files: list[SourceFile]) -> PlainText:
    """Join pieces: white space collapsed to single blanks, none at the ends; contiguous runs share a span.

    Spans refer to the file of the first piece; text that comes from another file carries none.
    """
    characters: list[str] = []
    spans: list[list[int]] = []  # text start, length, source start, source end (bytes), faithful
    length = 0
    blank: Piece | None = None
    home = next((piece.source for piece in pieces if piece.text.strip()), pieces[0].source if pieces else 0)
    low, high = -1, -1
    for piece in pieces:
        if not piece.text.strip(" \n\t"):
            blank = piece if length and piece.text and blank is None else blank
            continue
        if blank is not None:
            length = _append(" ", blank, home, files, characters, spans, length)
            blank = None
        length = _append(piece.text, piece, home, files, characters, spans, length)
        if piece.source == home:
            low = piece.start if low < 0 else min(low, piece.start)
            high = max(high, piece.end)
    records = tuple(Span(text_start=s[0], length=s[1], source_start=s[2], source_end=s[3]) for s in spans)
    return PlainText("".join(characters), records, home, max(low, 0), max(high, 0))


def _append(text: str, piece: Piece, home: int, files: list[SourceFile], characters: list[str], spans: list[list[int]], length: int) -> int:
    characters.append(text)
    if piece.source == home:
        file = files[home]
        start, end = file.byte(piece.start), file.byte(piece.end)
        faithful = end - start == len(text.encode("utf-8", "surrogatepass")) and (text == " " or file.text.startswith(text, piece.start))
        last = spans[-1] if spans else None
        if last and faithful and last[4] and last[3] == start and last[0] + last[1] == length:
            last[1] += len(text)
            last[3] = end
        elif last and not faithful and not last[4] and last[2] == start and last[3] == end and last[0] + last[1] == length:
            last[1] += len(text)
        else:
            spans.append([length, len(text), start, end, int(faithful)])
    return length + len(text)


def place_of(passage: Passage, start: int, end: int, files: Mapping[str, bytes] | None = None) -> Place:
    """Return the smallest byte range of the source that the characters `start`..`end` of a passage's plain text come from.

    Text that stands in the source as it is gives exactly its bytes; text that a command made gives the command. `files` are not needed:
    the passage carries its own bytes; where they are given, the place is checked against them.

    Raises:
        BadInput: the range lies outside the passage, or `files` are not the files it was read from.
    """
    if not 0 <= start < end <= len(passage.text):
        raise BadInput(f"characters {start}..{end} lie outside a passage of {len(passage.text)} characters.")
    base = passage.place
    source = base.quote.encode("utf-8", "surrogateescape")
    low, high = -1, -1
    for span in passage.spans:
        first, last = max(start, span.text_start), min(end, span.text_start + span.length)
        if first >= last:
            continue
        left, right = span.source_start, span.source_end
        run = passage.text[span.text_start : span.text_start + span.length]
        raw = run.encode("utf-8", "surrogatepass")
        if raw.translate(_FLAT) == source[left - base.start : right - base.start].translate(_FLAT):
            left += len(run[: first - span.text_start].encode("utf-8", "surrogatepass"))
            right = left + len(passage.text[first:last].encode("utf-8", "surrogatepass"))
        low = left if low < 0 else min(low, left)
        high = max(high, right)
    if low < 0:
        low, high = base.start, base.end
    low, high = max(low, base.start), min(high, base.end)
    quote = source[low - base.start : high - base.start]
    line = base.line + source.count(b"\n", 0, low - base.start)
    place = Place(
        file=base.file, start=low, end=high, line=line, quote=quote.decode("utf-8", "surrogateescape"), page=base.page, label=base.label
    )
    if files is not None and not place.is_true_of(files.get(base.file, b"")):
        raise BadInput(f"{base.file} is not the file this passage was read from: its bytes {low}..{high} differ.")
    return place


_FLAT = bytes.maketrans(b"\n\t\r~", b"    ")
