"""Word files become Documents: styles, formulas, tables with merged cells, footnotes; hostile ones are refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.dossier import distill
from aquarius.reading import Document, place_of, read, source_files

SPACES = 'xmlns:w="http://w" xmlns:m="http://m"'


def paragraph(text: str, style: str = "", inner: str = "") -> str:
    mark = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{mark}<w:r><w:t xml:space="preserve">{text}</w:t></w:r>{inner}</w:p>'


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


FORMULA = (
    f"<m:oMath>{run('L=')}<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{run('i=1')}</m:sub><m:sup>{run('n')}</m:sup><m:e><m:sSup><m:e>"
    f"<m:d><m:e>{run('y−β')}</m:e></m:d></m:e><m:sup>{run('2')}</m:sup></m:sSup></m:e></m:nary><m:f><m:num>{run('1')}</m:num><m:den>{run('n')}</m:den></m:f></m:oMath>"
)


def cell(text: str, span: int = 1, merge: str | None = None, bold: bool = False) -> str:
    properties = (f'<w:gridSpan w:val="{span}"/>' if span > 1 else "") + ("" if merge is None else f'<w:vMerge w:val="{merge}"/>')
    weight = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r>{weight}<w:t>{text}</w:t></w:r></w:p></w:tc>"


def row(*cells: str) -> str:
    return f"<w:tr>{''.join(cells)}</w:tr>"


BODY = (
    paragraph("A Paper in Word", "Title")
    + paragraph("Ada Lovelace, Grace Hopper", "Author")
    + paragraph("Abstract", "Heading1")
    + paragraph("We show things &amp; more: naïve ones.")
    + paragraph("1 Training", "Heading1")
    + paragraph("We use a learning rate of ", inner="<m:oMath><m:sSup><m:e>" + run("10") + "</m:e><m:sup>" + run("−4") + "</m:sup></m:sSup></m:oMath>")
    + f"<w:p><m:oMathPara>{FORMULA}</m:oMathPara><w:r><w:t> (3)</w:t></w:r></w:p>"
    + paragraph("Table 1: Scores.", "Caption")
    + "<w:tbl>" + row(cell("Model", merge="restart"), cell("Reading", span=2)) + row(cell("", merge="continue"), cell("test"), cell("dev")) + row(cell("ours"), cell("75.0", bold=True), cell("74.4")) + "</w:tbl>"
    + "<w:p><w:del><w:r><w:t>gone</w:t></w:r></w:del><w:ins><w:r><w:t>come</w:t></w:r></w:ins></w:p>"
)  # fmt: skip
NOTES = f'<w:footnotes {SPACES}><w:footnote w:type="separator"><w:p/></w:footnote><w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>'


def write(path: Path, body: str = BODY, head: str = "") -> Path:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "word/document.xml", f'<?xml version="1.0" encoding="UTF-8"?>{head}<w:document {SPACES}><w:body>{body}</w:body></w:document>'
        )
        archive.writestr("word/footnotes.xml", NOTES)
    path.write_bytes(out.getvalue())
    return path


@pytest.fixture
def found(tmp_path: Path) -> Document:
    return read(write(tmp_path / "p.docx"))


def test_front_sections_and_text(found: Document) -> None:
    assert (found.kind, found.title, found.authors) == ("docx", "A Paper in Word", ("Ada Lovelace", "Grace Hopper"))
    assert found.abstract == "We show things & more: naïve ones."
    assert [(section.number, section.title, section.role) for section in found.sections] == [
        (None, "Abstract", "abstract"),
        ("1", "Training", "experiments"),
    ]
    texts = [passage.text for passage in found.passages]
    assert "We use a learning rate of $10^{-4}$" in texts and "come" in texts and "A note." in texts


def test_formulas_are_latex(found: Document) -> None:
    (equation,) = found.equations
    assert equation.number == "3"
    assert equation.latex == r"L= \sum_{i=1}^{n} {\left( y-\beta \right)}^{2} \frac{1}{n}"


def test_tables_with_merged_cells(found: Document) -> None:
    (table,) = found.tables
    assert (table.number, table.caption) == ("1", "Scores.")
    assert table.texts() == [["Model", "Reading", "Reading"], ["Model", "test", "dev"], ["ours", "75.0", "74.4"]]
    assert table.rows[2][1].bold and not table.rows[2][2].bold


def test_every_place_stands_in_its_file(tmp_path: Path) -> None:
    path = write(tmp_path / "p.docx")
    files, document = source_files(path), read(path)
    places = [passage.place for passage in document.passages] + [
        cell.place for table in document.tables for row in table.rows for cell in row
    ]
    places += [equation.place for equation in document.equations]
    assert places and all(place.is_true_of(files[place.file]) for place in places)
    for passage in document.passages:
        assert place_of(passage, 0, len(passage.text), files).is_true_of(files[passage.place.file])
    assert {fact.name: fact.value for fact in distill(document, files).recipe} == {"learning rate": "10^-4"}


@pytest.mark.parametrize(
    ("body", "head", "said"),
    [
        ("<w:p>", "", "is not whole XML"),
        (BODY, '<!DOCTYPE d [<!ENTITY a "b">]>', "carries a document type"),
        ("<w:sdt>" * 300 + "</w:sdt>" * 300, "", "deeper than any paper's"),
        ("", "", "holds no text"),
    ],
)
def test_what_is_broken_or_hostile_is_refused(tmp_path: Path, body: str, head: str, said: str) -> None:
    path = write(tmp_path / "p.docx", body, head)
    if said == "holds no text":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("word/document.xml", f"<w:document {SPACES}><w:body/></w:document>")
    with pytest.raises(BadInput, match=said) as refusal:
        read(path)
    assert str(refusal.value).startswith("p.docx") or said.startswith("deeper")  # the file that was given, not a part of it
