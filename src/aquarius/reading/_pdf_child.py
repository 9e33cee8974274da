"""The glyphs of a PDF, taken out by PDFium in a process of its own: a hostile file can break that process and nothing else.

Started as `python -m aquarius.reading._pdf_child`: the PDF on standard input, one record per page on standard output (see `write_page`).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import resource
import sys
from array import array
from collections.abc import Iterator
from typing import Any, BinaryIO

MEMORY = 1024**3  # bytes of address space
PAGES = 300
GLYPHS = 1_000_000
NUMBERS = 6  # per glyph: origin x, baseline y, left, right (advance box), size in points, angle in degrees; x to the right, y upwards
MADE_UP_BLANK = 0xE000  # a code point of no meaning: PDFium thinks that a blank stands here, and no glyph does
_SUBSET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def main() -> None:
    """Read a PDF from standard input and write its pages to standard output; exit 0, or 3 with one sentence on standard error."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    import pypdfium2

    data = sys.stdin.buffer.read()
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        sys.stderr.write("is locked by a password." if locked else "is not a PDF that can be opened.")
        sys.exit(3)
    glyphs = 0
    for number in range(min(len(document), PAGES)):
        with contextlib.suppress(pypdfium2.PdfiumError):  # one broken page loses that page alone
            glyphs += write_page(sys.stdout.buffer, number + 1, document[number])
        if glyphs > GLYPHS:
            sys.stderr.write(f"holds more than {GLYPHS:,} characters.")
            sys.exit(3)
    if len(document) > PAGES:
        sys.stderr.write(f"has {len(document):,} pages; the first {PAGES} were read.")
    sys.stdout.buffer.flush()


def write_page(out: BinaryIO, number: int, page: Any) -> int:
    """Write a page: a JSON line (size, fonts, rules, pictures, number of glyphs), then the glyphs' code points, fonts and numbers."""
    codes, fonts, numbers, names = array("I"), array("H"), array("f"), list[tuple[str, int]]()
    for code, font, values in _glyphs(page, names):
        codes.append(code)
        fonts.append(font)
        numbers.extend(values)
    rules, pictures = _marks(page)
    width, height = page.get_size()
    header = {
        "number": number,
        "width": width,
        "height": height,
        "glyphs": len(codes),
        "fonts": [[name, flags] for name, flags in names],
        "rules": rules,
        "pictures": pictures,
    }
    out.write(json.dumps(header).encode() + b"\n")
    out.write(codes.tobytes() + fonts.tobytes() + numbers.tobytes())
    return len(codes)


def _glyphs(page: Any, names: list[tuple[str, int]]) -> Iterator[tuple[int, int, tuple[float, ...]]]:
    """Yield each glyph that the page prints, in the order of its content: code point, index into `names`, six numbers.

    Text of annotations (a reader's highlights and notes) is no part of the page's content and does not come.
    """
    import pypdfium2.raw as raw

    text = page.get_textpage()
    handle = text.raw
    x, y, box, matrix = ctypes.c_double(), ctypes.c_double(), raw.FS_RECTF(), raw.FS_MATRIX()
    known: dict[tuple[str, int], int] = {}
    last, font, size, angle = 0, 0, 0.0, 0.0
    for index in range(raw.FPDFText_CountChars(handle)):
        of = raw.FPDFText_GetTextObject(handle, index)
        if not of:
            if raw.FPDFText_GetUnicode(handle, index) == 0x20:
                yield MADE_UP_BLANK, 0, (0.0,) * NUMBERS
            continue
        address = ctypes.addressof(of.contents)
        if address != last:
            last = address
            name = _font(raw, handle, index)
            font = known.setdefault(name, len(known))
            if font == len(names):
                names.append(name)
            raw.FPDFText_GetMatrix(handle, index, matrix)
            size = raw.FPDFText_GetFontSize(handle, index) * math.hypot(matrix.c, matrix.d)
            angle = math.degrees(math.atan2(matrix.b, matrix.a))
        raw.FPDFText_GetCharOrigin(handle, index, x, y)
        raw.FPDFText_GetLooseCharBox(handle, index, box)
        yield raw.FPDFText_GetUnicode(handle, index), font, (x.value, y.value, box.left, box.right, size, angle)
    text.close()


def _font(raw: Any, handle: Any, index: int) -> tuple[str, int]:
    """Return a glyph's font: its name without the subset's prefix, and the flags of its descriptor (PDF 32000-1, table 123)."""
    flags = ctypes.c_int()
    length = raw.FPDFText_GetFontInfo(handle, index, None, 0, flags)
    buffer = ctypes.create_string_buffer(max(length, 1))
    raw.FPDFText_GetFontInfo(handle, index, buffer, length, flags)
    name = buffer.value.decode("utf-8", "replace")
    prefix, plus, rest = name.partition("+")
    return (rest if plus and len(prefix) == 6 and set(prefix) <= set(_SUBSET) else name), flags.value


def _marks(page: Any) -> tuple[list[list[float]], list[list[float]]]:
    """Return the boxes of thin lines (left, bottom, right, top), and of pictures: images and drawings set as one object."""
    import pypdfium2.raw as raw

    width, height = page.get_size()
    rules: list[list[float]] = []
    pictures: list[list[float]] = []
    edges = [ctypes.c_float() for _ in range(4)]
    for index in range(raw.FPDFPage_CountObjects(page.raw)):
        of = raw.FPDFPage_GetObject(page.raw, index)
        kind = raw.FPDFPageObj_GetType(of)
        if kind == raw.FPDF_PAGEOBJ_TEXT or not raw.FPDFPageObj_GetBounds(of, *edges):
            continue
        left, bottom, right, top = (edge.value for edge in edges)
        if min(right - left, top - bottom) <= 3 and max(right - left, top - bottom) >= 8:  # Ghostscript draws a rule as an image
            if len(rules) < 20_000:
                rules.append([left, bottom, right, top])
        elif kind != raw.FPDF_PAGEOBJ_PATH and (right - left) * (top - bottom) < 0.7 * width * height and len(pictures) < 2_000:
            pictures.append([left, bottom, right, top])
    return rules, pictures


if __name__ == "__main__":
    main()
