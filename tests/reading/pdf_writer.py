"""A PDF written by hand: text at places in the standard fonts, thin lines, notes of a reader. Enough to set every trap a page can hold."""

from __future__ import annotations

from dataclasses import dataclass, field

FONTS = {"roman": "Times-Roman", "bold": "Times-Bold", "italic": "Times-Italic", "symbol": "Symbol"}


@dataclass
class Sheet:
    """A page under construction; points from the lower left corner."""

    width: float = 612
    height: float = 792
    parts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, *, size: float = 10, font: str = "roman", turned: bool = False) -> Sheet:
        """Set words at a place."""
        escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        matrix = f"0 1 -1 0 {x} {y} Tm" if turned else f"1 0 0 1 {x} {y} Tm"
        self.parts.append(f"BT /{font} {size} Tf {matrix} ({escaped}) Tj ET")
        return self

    def lines(self, x: float, y: float, rows: list[str], *, leading: float = 12, size: float = 10, font: str = "roman") -> Sheet:
        """Set rows below each other."""
        for index, row in enumerate(rows):
            self.text(x, y - index * leading, row, size=size, font=font)
        return self

    def row(self, y: float, cells: dict[float, str], *, size: float = 9, font: str = "roman") -> Sheet:
        """Set the cells of a table's row, each at its left edge."""
        for x, words in cells.items():
            self.text(x, y, words, size=size, font=font)
        return self

    def rule(self, left: float, right: float, y: float, *, thick: float = 0.6) -> Sheet:
        """Draw a thin line across."""
        self.parts.append(f"{left} {y} {right - left} {thick} re f")
        return self

    def note(self, words: str) -> Sheet:
        """Let a reader write a note on the page: an annotation, not the page's text."""
        self.notes.append(words)
        return self


def write_pdf(sheets: list[Sheet]) -> bytes:
    """Return the file."""
    objects: list[str] = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    fonts = []
    for name, base in FONTS.items():
        encoding = "" if base == "Symbol" else " /Encoding /WinAnsiEncoding"
        objects.append(f"<< /Type /Font /Subtype /Type1 /BaseFont /{base}{encoding} >>")
        fonts.append(f"/{name} {len(objects)} 0 R")
    pages = []
    for sheet in sheets:
        stream = "\n".join(sheet.parts)
        objects.append(f"<< /Length {len(stream.encode('cp1252'))} >>\nstream\n{stream}\nendstream")
        content = len(objects)
        notes = []
        for words in sheet.notes:
            objects.append(f"<< /Type /Annot /Subtype /FreeText /Rect [300 300 500 340] /Contents ({words}) /DA (/roman 10 Tf) /F 4 >>")
            notes.append(f"{len(objects)} 0 R")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {sheet.width} {sheet.height}] /Contents {content} 0 R"
            f" /Resources << /Font << {' '.join(fonts)} >> >> /Annots [{' '.join(notes)}] >>"
        )
        pages.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(pages)}] /Count {len(pages)} >>"
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    start = len(out)
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
