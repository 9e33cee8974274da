"""Lines in reading order, columns, running heads, and the text layer."""

from __future__ import annotations

from aquarius.reading._pdf_lines import layer, lines_of
from aquarius.reading._pdf_pages import pages_of
from reading import pdf_papers
from reading.pdf_writer import Sheet, write_pdf


def test_columns_in_order_with_a_wide_table_below() -> None:
    pages, _ = pages_of("p.pdf", pdf_papers.two_columns())
    lines = lines_of(pages)
    assert [line.column for line in lines[:2]] == [0, 0]
    assert [line.column for line in lines[2:38]] == [1] * 36 and [line.column for line in lines[38:74]] == [2] * 36
    assert lines[-1].column == 0 and lines[-1].text.startswith("Table 1")
    assert [line.text for line in lines[74:77]] == ["Model Data Accuracy Error", "small A 71.5 28.5", "large A 75.0 25.0"]


def test_a_table_alone_does_not_make_two_columns() -> None:
    sheet = Sheet()
    for index in range(30):
        sheet.text(72, 700 - 12 * index, f"row {index} of names").text(400, 700 - 12 * index, f"{index}.5")
    pages, _ = pages_of("p.pdf", write_pdf([sheet]))
    assert {line.column for line in lines_of(pages)} == {0}


def test_running_heads_and_page_numbers_are_furniture() -> None:
    pages, _ = pages_of("p.pdf", pdf_papers.one_column())
    furniture = [line.text for line in lines_of(pages) if line.furniture]
    assert furniture.count("Lovelace and de la Tour") == 3 and "2" in furniture


def test_the_layer_has_a_line_for_each_line_and_a_form_feed_between_pages() -> None:
    pages, _ = pages_of("p.pdf", pdf_papers.one_column())
    lines = lines_of(pages)
    text = layer(lines)
    assert text.count("\f") == 3 and text.count("\n") == len(lines)
    for line in lines:
        assert text[line.start : line.end] == line.text
        assert all(text[word.start : word.end] == word.text for word in line.words)
