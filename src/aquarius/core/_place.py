"""Where a fact comes from: a file, a byte range, and the exact quote."""

from __future__ import annotations

from ._record import Record


class Place(Record):
    """A byte range of a source file and what stands there.

    `quote` equals `source[start:end]` decoded as UTF-8 (undecodable bytes as surrogate escapes), byte for byte: `is_true_of` checks it.
    """

    file: str  # path inside the source, "/" between parts
    start: int  # bytes from the beginning of the file
    end: int
    line: int  # 1-based
    quote: str
    page: int | None = None  # 1-based, where the source has pages
    label: str | None = None  # how a reader would name it: "Table 3", "Section 5.3", "equation (1)"

    def is_true_of(self, source: bytes) -> bool:
        """Say whether the quote stands in the source, at this range, byte for byte."""
        return 0 <= self.start <= self.end <= len(source) and source[self.start : self.end] == self.quote.encode("utf-8", "surrogateescape")

    def __str__(self) -> str:
        spot = f"{self.file}:{self.line}" if self.page is None else f"{self.file}, page {self.page}"
        return f"{self.label} ({spot})" if self.label else spot


def place_at(file: str, source: bytes, start: int, end: int, *, label: str | None = None, page: int | None = None) -> Place:
    """Return the place of a byte range of a source: its line is counted and its quote taken from the bytes."""
    quote = source[start:end].decode("utf-8", "surrogateescape")
    return Place(file=file, start=start, end=end, line=source.count(b"\n", 0, start) + 1, quote=quote, label=label, page=page)
