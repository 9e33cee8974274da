"""A PDF becomes a Document: what stands on the page, in reading order, each part with its page and its place in the text layer."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.dossier import distill
from aquarius.reading import Document, place_of, read, source_files
from aquarius.reading._pdf import read_pdf, text_layer
from reading import pdf_papers
from reading.pdf_writer import Sheet, write_pdf


def document(data: bytes) -> Document:
    return read_pdf("p.pdf", {"p.pdf": data})


def test_front_sections_and_paragraphs() -> None:
    found = document(pdf_papers.one_column())
    assert found.kind == "pdf"
    assert found.title == "Steps from Two Numbers: A Study"
    assert found.authors == ("Ada B. Lovelace", "Jean-Luc de la Tour")
    assert found.abstract.startswith("Training deep networks") and found.abstract.endswith("that every")
    assert [(section.number, section.title, section.role) for section in found.sections] == [
        (None, "Abstract", "abstract"),
        ("1", "Training", "experiments"),
        ("2", "Experiments", "experiments"),
        (None, "References", "references"),
        ("A", "Further results", "appendix"),
    ]
    assert [section.place.page for section in found.sections] == [1, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("notice", "year"),
    [
        ("31st Conference on Learning (NIPS 2017), Long Beach.", 2017),
        ("Copyright 2016 by the authors.", 2016),
        ("We compare with a model of 2015.", None),
        ("Proceedings of the workshop of 2014 and the Conference of 2019", None),  # two years
    ],
)
def test_the_year_is_that_of_a_notice_on_the_first_page(notice: str, year: int | None) -> None:
    sheet = (
        Sheet()
        .text(100, 700, "A Title of a Paper", size=17, font="bold")
        .text(100, 600, "Some words of its text stand here.")
        .text(100, 60, notice)
    )
    assert document(write_pdf([sheet])).year == year


def test_a_paragraph_goes_over_the_page_its_hyphen_closed_and_its_power_kept() -> None:
    texts = [passage.text for passage in document(pdf_papers.one_column()).passages]
    (whole,) = [text for text in texts if "learning rate" in text]
    assert "learning rate of $10^{-4}$ and a batch size of 64. This is a hyphenated word" in whole
    assert whole.endswith("to reach the next page, where it ends.")


def test_notes_of_readers_heads_and_page_numbers_are_not_the_papers_text() -> None:
    found = document(pdf_papers.one_column())
    everything = " ".join(passage.text for passage in found.passages)
    assert "reader thinks" not in everything and "Lovelace and de la Tour" not in everything
    assert [passage.text for passage in found.passages if passage.kind == "footnote"] == ["1 All runs used one machine."]


def test_bibliography() -> None:
    found = document(pdf_papers.one_column())
    assert [(reference.key, reference.text) for reference in found.references] == [
        ("1", "[1] C. Babbage. On engines. Journal of Engines, 1837."),
        ("2", "[2] A. Turing. On numbers. Proceedings, 1936."),
    ]


def test_hyperparameters_of_a_pdf_with_their_page() -> None:
    data = pdf_papers.one_column()
    files = {"p.pdf": data, "p.pdf.txt": text_layer("p.pdf", data)}
    found = {fact.name: (fact.value, fact.place.page) for fact in distill(read_pdf("p.pdf", files), files).recipe}
    assert found["learning rate"] == ("10^-4", 1) and found["batch size"] == ("64", 1) and found["optimizer"] == ("Adam", 1)


def test_two_columns_are_read_one_after_the_other() -> None:
    found = document(pdf_papers.two_columns())
    text = " ".join(passage.text for passage in found.passages if passage.kind == "paragraph")
    assert text.index("left 35 ") < text.index("right 0 ")
    assert "arXiv" not in text and " 012" not in text
    assert found.authors == ("Ada Lovelace", "Grace Hopper")
    (table,) = found.tables
    assert table.texts()[1] == ["small", "A", "71.5", "28.5"]
    assert table.caption == "Results of two models on one data set, set across both columns of the page as wide tables are."


def test_every_table_has_its_own_caption_and_its_grid() -> None:
    found = {table.number: table for table in document(pdf_papers.tables()).tables}
    assert sorted(found) == ["1", "2", "3", "4", "5"]
    assert found["1"].caption == "Accuracy by task."
    assert found["1"].texts() == [
        ["Model", "Reading", "Reading", "Writing", "Writing"],
        ["", "test", "dev", "test", "dev"],
        ["plain", "71.5", "70.1", "60.2", "61.0"],
        ["ours", "75.0", "74.4", "66.6", "65.9"],
    ]
    assert found["1"].rows[0][0].header and found["1"].rows[0][0].bold and not found["1"].rows[2][0].bold
    assert found["2"].texts()[0] == ["Setting", "Learning rate", "Batch size"]
    assert found["3"].texts() == [["Name", "Value"], ["depth", "6"], ["width", "512"]]
    assert [row[0] for row in found["4"].texts()] == ["Group", "first", "first", "second", "second"]
    assert found["5"].texts()[2] == ["beta", "10", "21", "30", "40", "50"]
    assert all(table.place.page == 1 for table in found.values())


def test_equations_are_marked_as_read_from_a_picture_of_text() -> None:
    equations = document(pdf_papers.equations()).equations
    assert [(equation.number, equation.latex) for equation in equations] == [("1", "L = Σ = (y - x)"), ("2", "y = β x + 1")]
    assert all(equation.pictured for equation in equations)


@pytest.mark.parametrize("paper", [pdf_papers.one_column, pdf_papers.two_columns, pdf_papers.tables, pdf_papers.equations])
def test_every_place_stands_in_the_text_layer(tmp_path: Path, paper: object) -> None:
    path = tmp_path / "p.pdf"
    path.write_bytes(paper())  # type: ignore[operator]
    files = source_files(path)
    found = read(path)
    places = [passage.place for passage in found.passages] + [cell.place for table in found.tables for row in table.rows for cell in row]
    places += [table.place for table in found.tables] + [equation.place for equation in found.equations]
    assert places and all(place.is_true_of(files[place.file]) and place.file == "p.pdf.txt" and place.page for place in places)
    for passage in found.passages:
        assert place_of(passage, 0, len(passage.text), files).is_true_of(files["p.pdf.txt"])
    assert set(found.files) == {"p.pdf", "p.pdf.txt"}


def test_a_folder_with_one_pdf_is_that_paper_and_one_with_two_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf_papers.one_column())
    assert read(tmp_path).title.startswith("Steps")
    (tmp_path / "b.pdf").write_bytes(pdf_papers.tables())
    with pytest.raises(BadInput, match=r"holds 2 PDFs and no source: give the one that is the paper, such as a.pdf"):
        read(tmp_path)
    (tmp_path / "main.tex").write_text(r"\documentclass{article}\title{From source}\begin{document}\maketitle x\end{document}")
    assert read(tmp_path).title == "From source"


def test_a_table_that_is_a_picture_is_said() -> None:
    sheet = pdf_papers.front(Sheet()).text(72, 300, "Table 1: Drawn by a camera.", size=9)
    found = document(write_pdf([sheet]))
    assert found.tables == () and found.problems == ("Table 1 has a caption, and no grid of text was found for it: it may be a picture.",)


def test_reading_twice_gives_the_same_bytes() -> None:
    data = pdf_papers.tables()
    assert document(data).content_hash == document(data).content_hash


def test_nothing_computes_with_the_equations_of_a_picture_of_text() -> None:
    found = document(pdf_papers.equations())
    assert len(found.equations) == 2 and distill(found).formulas == ()
