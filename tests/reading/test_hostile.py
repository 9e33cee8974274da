"""What a hostile paper may try: each ends within 10 seconds of processor time, in a document or in one sentence, and touches nothing."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.reading import Document, read

HEAD = r"\documentclass{article}\title{T}\begin{document}\maketitle Words. "
SECONDS, MEMORY = 10.0, 1024**3


def bounded(path: Path, content: str | bytes) -> Document | str:
    """Read a file and hold the time against the limit; return the document or the refusal."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = os.times()
    try:
        found: Document | str = read(path)
    except BadInput as refusal:
        found = str(refusal)
        assert "\n" not in found and len(found) < 400
    after = os.times()
    assert sum(after[:4]) - sum(before[:4]) < SECONDS
    return found


@pytest.mark.parametrize(
    "body",
    [
        "{" * 40_000,
        "$" * 40_000,
        r"\begin{itemize}" * 3_000,
        r"\begin{table}\begin{tabular}{l}\multicolumn{100000000}{c}{x}\\ \multirow{999999999}{*}{y}\end{tabular}\end{table}",
        r"\begin{tabular}{*{1000000}{*{1000000}{l}}}a&b\\\end{tabular}",
        r"\begin{tabular}{l}" + "&" * 20_000 + r"\end{tabular}",
        r"\loop\iftrue x\repeat",
        r"\def\x{\expandafter\x\csname x\endcsname}\x",
        "learning rate of 0.1, 0.2, 0.3, " * 1_000,
    ],
    ids=lambda body: body[:24],
)
def test_latex_without_end(tmp_path: Path, body: str) -> None:
    found = bounded(tmp_path / "main.tex", HEAD + body)
    assert isinstance(found, Document) and any(passage.text.startswith("Words.") for passage in found.passages)


def test_latex_runs_and_opens_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    secret = tmp_path.parent / f"{tmp_path.name}-secret.tex"
    secret.write_text("SECRET")
    commands = rf'\immediate\write18{{touch {mark}}}\input{{|"touch {mark}"}}\openout1={mark} \verbatiminput{{{secret}}}\lstinputlisting{{{secret}}}'
    found = bounded(tmp_path / "main.tex", HEAD + commands + rf"\input{{{secret}}}\include{{../{secret.stem}}}\input{{/etc/passwd}} End.")
    assert isinstance(found, Document) and not mark.exists()
    text = " ".join(passage.text for passage in found.passages)
    assert "SECRET" not in text and "root:" not in text and text.endswith("End.")


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ("<div>" * 50_000 + "x", True),
        pytest.param("<p>x</p>" + "<" * 1_500_000, True, marks=pytest.mark.slow),
        ("<p " + 'a="b" ' * 100_000 + ">x</p>", True),
        ("<table><tr><td colspan=1000000000 rowspan=1000000000>x</td></tr></table><p>Words.</p>", False),
        ("<table><tr><td>" * 1000, True),
    ],
    ids=["deep", "angles", "attributes", "spans", "tables"],
)
def test_html_without_end(tmp_path: Path, body: str, refused: bool) -> None:
    assert isinstance(bounded(tmp_path / "a.html", f"<html><body>{body}"), str) is refused


def test_entities_of_a_web_page_are_not_expanded(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    found = bounded(tmp_path / "a.html", f"{bomb}<html><body><p>Words &b; here.</p>")
    assert isinstance(found, Document) and "aaaa" not in " ".join(passage.text for passage in found.passages)


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>"
HELLO = b"BT /F 10 Tf 50 700 Td (Hello there, reader.) Tj ET "


def page(resources: bytes = b"/Font << /F 4 0 R >>", box: bytes = b"0 0 612 792") -> bytes:
    return b"<< /Type /Page /Parent 2 0 R /MediaBox [%b] /Contents 5 0 R /Resources << %b >> >>" % (box, resources)


def stream(data: bytes, head: bytes = b"") -> bytes:
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (head, len(data), data)


def packed(data: bytes) -> bytes:
    return stream(zlib.compress(data, 9), b"/Filter /FlateDecode")


def pdf(*objects: bytes) -> bytes:
    out, spots = b"%PDF-1.5\n", []
    for number, item in enumerate(objects, 1):
        spots.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % spot for spot in spots)
    size = len(objects) + 1
    tail = b"xref\n0 %d\n0000000000 65535 f \n%btrailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (size, table, size, len(out))
    return out + tail


DICE = random.Random(1)
FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>"


@pytest.mark.parametrize(
    "content",
    [
        pdf(CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"),
        pdf(b"1 0 R"),
        pdf(CATALOG, PAGES.replace(b"Count 1", b"Count 2000000000"), page(), FONT, stream(HELLO)),
        pytest.param(pdf(CATALOG, PAGES, page(b"/XObject << /X 6 0 R >>"), FONT, stream(b"/X Do"), stream(b"/X Do /X Do", FORM)), marks=pytest.mark.slow),
        pdf(CATALOG, PAGES, page(box=b"0 0 1e30 1e30"), FONT, stream(HELLO)),
        pdf(CATALOG, PAGES, page(), FONT, packed(HELLO * 20_000)),
        pdf(CATALOG, PAGES, page(), FONT, packed(b"".join(b"%d %d 99 0.5 re f " % (DICE.randrange(600), DICE.randrange(790)) for _ in range(15_000)) + HELLO)),
        pdf(CATALOG, b"<< /Type /Pages /Kids [" + b"3 0 R " * 3_000 + b"] /Count 3000 >>", page(), FONT, stream(HELLO)),
    ],
    ids=["pages", "catalog", "count", "form", "box", "stream", "rules", "many"],
)  # fmt: skip
def test_pdf_without_end(tmp_path: Path, content: bytes) -> None:
    bounded(tmp_path / "a.pdf", content)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.tex", "a.md", "a.html", "a.pdf", "a.zip", "a.docx"])
def test_200_megabytes_of_noise(tmp_path: Path, name: str) -> None:
    heads = {"a.tex": HEAD.encode(), "a.html": b"<html>", "a.pdf": b"%PDF-1.5\n", "a.zip": b"PK\x03\x04", "a.docx": b"PK\x03\x04"}
    (tmp_path / name).write_bytes(heads.get(name, b"# T\n") + random.Random(1).randbytes(200_000_000))
    done = subprocess.run(
        [sys.executable, "-m", "aquarius", "read", str(tmp_path / name), "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (10, 10)) or resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),  # type: ignore[func-returns-value]
    )
    assert done.returncode in (0, 2) and done.stderr.count("\n") <= 1, done.stderr[-300:]
