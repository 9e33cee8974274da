"""Whatever the bytes are: a Document whose places are true, or one sentence of refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aquarius.core import BadInput, Place
from aquarius.reading import Document, place_of, read, source_files
from aquarius.reading._archive import read_archive
from aquarius.reading._html import read_html
from aquarius.reading._latex import read_latex
from aquarius.reading._markdown import read_markdown
from reading import pdf_papers
from reading.test_docx import BODY, write

Untrue = Callable[[Document, Mapping[str, bytes]], list[Place]]
QUICK = settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

FRAGMENTS = [
    *[r"{", r"}", r"$", r"$$", r"&", r"\\", r"[", r"]", r"%", r"#", r"#1", r"^", r"_", r"~", r"\[", r"\]", r"\(", r"\)", r"\par", r"\item", r"\fi", r"\else", r"\or", r"\if", r"\iffalse", r"\maketitle", r"\appendix", r"\hline", r"\nonumber", r"\thesection"],
    *(rf"\begin{{{name}}}" for name in ("table", "tabular", "align", "equation", "itemize", "minipage", "subtable", "thebibliography", "algorithmic", "q")),
    *(rf"\end{{{name}}}" for name in ("table", "tabular", "align", "equation", "itemize", "minipage", "subtable", "thebibliography", "document", "q")),
    *(rf"\{name}{{" for name in ("section", "caption", "footnote", "title", "author", "label", "ref", "cite", "textbf", "url", "href", "tag", "multirow")),
    r"\newcommand{\a}[1]{#1\a{#1}}", r"\a{x}", r"\def\b#1{#1#1}", r"\b", r"\let\c\d", r"\input{main}", r"\input{other}", r"\multicolumn{3}{c}{", r"\multirow{-2}{*}{x}",
    r"\newenvironment{q}{\begin{align}}{\end{align}}", r"\renewcommand{\theequation}{\theequation}", r"\numberwithin{equation}{section}", r"\bibitem{a}", r"\verb|", r"\'",
    "\n\n", "word", "7.5", "é", "\U0001f600", "\x00", "| a | b |\n|---|---|\n", "# 1 T\n", "$$x$$ (1)\n", "Table 1: c\n", "`", "**", "![a](b)", "[^1]: ", "- ",
]  # fmt: skip
SOUP = st.lists(st.sampled_from(FRAGMENTS), max_size=60).flatmap(
    lambda parts: st.sampled_from(["", " ", "\n"]).map(lambda glue: glue.join(parts))
)


def check(document: Document, files: Mapping[str, bytes], untrue: Untrue) -> None:
    assert untrue(document, files) == []
    for passage in document.passages:
        for start in range(0, min(len(passage.text), 400), 5):
            place_of(passage, start, min(len(passage.text), start + 7), files)
    for table in document.tables:
        assert len({len(row) for row in table.rows}) == 1


@QUICK
@given(body=SOUP, other=SOUP)
def test_latex_soup(untrue: Untrue, body: str, other: str) -> None:
    files = {
        "main.tex": rf"\documentclass{{article}}\begin{{document}}{body}".encode(),
        "other.tex": other.encode("utf-16")[:50] + other.encode(),
    }
    check(read_latex("p", files), files, untrue)


@QUICK
@given(text=SOUP)
def test_markdown_soup(untrue: Untrue, text: str) -> None:
    files = {"a.md": text.encode()}
    try:
        document = read_markdown("a.md", files)
    except BadInput as refusal:
        assert "\n" not in str(refusal)
        return
    check(document, files, untrue)


@QUICK
@given(data=st.binary(max_size=400))
def test_bytes(untrue: Untrue, data: bytes) -> None:
    files = {"main.tex": rb"\documentclass{a}\begin{document}" + data}
    document = read_latex("p", files)
    check(document, files, untrue)
    assert Document.from_json(document.to_json()) == document
    for head in (b"", b"PK\x03\x04", b"\x1f\x8b\x08"):
        try:
            read_archive("p.tar", head + data)
        except BadInput as refusal:
            assert str(refusal).startswith("p.tar ")


TAGS = [
    *(f"<{name}>" for name in ("p", "div", "section", "h1", "h2", "table", "tr", "td", "th", "tbody", "figure", "figcaption", "math", "sup", "ul", "li", "body", "script", "q")),
    *(f"</{name}>" for name in ("p", "div", "section", "h1", "table", "tr", "td", "figure", "math", "ul", "body", "html", "script", "q")),
    *('<td colspan="3" rowspan="-2">', '<td colspan="999999999">', '<section class="ltx_section">', '<table class="ltx_equation">', '<span class="ltx_tag">(1)</span>'),
    *('<math alttext="\\frac{a}{b}" class="ltx_Math" display="block">', '<annotation encoding="application/x-tex">x^2</annotation>', '<div class="ltx_bibliography">'),
    *("&amp;", "&#x0;", "&#99999999;", "&nope;", "<!--", "-->", "<![CDATA[", "<!DOCTYPE x [<!ENTITY a 'b'>]>", "<", ">", '"', "word", "7.5 ± .1", "Table 1: c", "\n\n", "é"),
]  # fmt: skip


@QUICK
@given(parts=st.lists(st.sampled_from(TAGS), max_size=60))
def test_html_soup(untrue: Untrue, parts: list[str]) -> None:
    files = {"a.html": ("<html><body><p>Words.</p>" + "".join(parts)).encode()}
    try:
        document = read_html("a.html", files)
    except BadInput as refusal:
        assert "\n" not in str(refusal)
        return
    check(document, files, untrue)


CUTS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.05), st.binary(max_size=8)), min_size=1, max_size=6)


def mutated(data: bytes, cuts: list[tuple[float, float, bytes]]) -> bytes:
    """Replace some stretches of a file by a few other bytes."""
    for at, length, other in cuts:
        start = int(at * len(data))
        data = data[:start] + other + data[start + int(length * len(data)) :]
    return data


def read_or_refused(path: Path, untrue: Untrue) -> None:
    try:
        document = read(path)
    except BadInput as refusal:
        assert "\n" not in str(refusal)
        return
    check(document, source_files(path), untrue)


@settings(QUICK, max_examples=60)
@given(cuts=CUTS)
def test_a_mutated_word_file(tmp_path: Path, untrue: Untrue, cuts: list[tuple[float, float, bytes]]) -> None:
    write(tmp_path / "a.docx", mutated(BODY.encode(), cuts).decode("utf-8", "replace").replace("\x00", ""))
    read_or_refused(tmp_path / "a.docx", untrue)
    (tmp_path / "b.docx").write_bytes(mutated((tmp_path / "a.docx").read_bytes(), cuts))
    read_or_refused(tmp_path / "b.docx", untrue)


@settings(QUICK, max_examples=5)  # each starts a process
@given(cuts=CUTS)
def test_a_mutated_pdf(tmp_path: Path, untrue: Untrue, cuts: list[tuple[float, float, bytes]]) -> None:
    (tmp_path / "a.pdf").write_bytes(mutated(pdf_papers.tables(), cuts))
    read_or_refused(tmp_path / "a.pdf", untrue)


@pytest.mark.slow
@settings(QUICK, max_examples=150)
@given(cuts=CUTS, which=st.sampled_from(["tables", "two_columns", "equations"]))
def test_many_mutated_pdfs(tmp_path: Path, untrue: Untrue, cuts: list[tuple[float, float, bytes]], which: str) -> None:
    (tmp_path / "a.pdf").write_bytes(mutated(getattr(pdf_papers, which)(), cuts))
    read_or_refused(tmp_path / "a.pdf", untrue)
