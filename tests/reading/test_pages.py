"""A paper read from its source gets the pages of the PDF beside it, and no page where its words are not printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.reading import read, source_files
from reading import pdf_papers

SOURCE = (
    "# Steps from Two Numbers: A Study\n\n## 1 Training\n\n"
    + " ".join(pdf_papers.PROSE)
    + (
        "\n\nThis sentence is in the source and on no page of the print at all.\n\n## 2 Experiments\n\nText.\n\n## References\n\n[1] C. Babbage.\n"
    )
)


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    (tmp_path / "paper.md").write_text(SOURCE)
    (tmp_path / "print.pdf").write_bytes(pdf_papers.one_column())
    return tmp_path


def test_parts_have_the_page_they_are_printed_on(paper: Path) -> None:
    found = read(paper / "paper.md", pdf=paper / "print.pdf")
    pages = {passage.text[:20]: passage.place.page for passage in found.passages}
    assert found.kind == "markdown" and pages["Training deep networ"] == 1 and pages["This sentence is in "] is None
    assert [(section.title, section.place.page) for section in found.sections][:2] == [("Training", 1), ("Experiments", 2)]
    files = source_files(paper / "paper.md")
    assert all(passage.place.is_true_of(files["paper.md"]) for passage in found.passages)


def test_tables_by_their_captions(tmp_path: Path) -> None:
    (tmp_path / "paper.md").write_text("# T\n\nTable 5: Narrow columns.\n\n| x | 1 |\n|---|---|\n| alpha | 10 |\n")
    (tmp_path / "print.pdf").write_bytes(pdf_papers.tables())
    (table,) = read(tmp_path / "paper.md", pdf=tmp_path / "print.pdf").tables
    assert table.place.page == 1 and table.rows[1][0].place.page == 1 and table.caption_place is not None and table.caption_place.page == 1


def test_a_pdf_that_is_none_is_refused(paper: Path) -> None:
    with pytest.raises(BadInput, match=r"paper.md (is not a PDF|could not)"):
        read(paper / "paper.md", pdf=paper / "paper.md")
    with pytest.raises(BadInput, match="does not exist"):
        read(paper / "paper.md", pdf=paper / "none.pdf")
