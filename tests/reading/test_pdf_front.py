"""Titles and authors, and what is neither."""

from __future__ import annotations

import pytest

from aquarius.reading._pdf_front import authors_of, text_of_title, title_of
from aquarius.reading._pdf_lines import layer, lines_of
from aquarius.reading._pdf_pages import pages_of
from reading.pdf_writer import Sheet, write_pdf


def front(sheet: Sheet) -> tuple[str, tuple[str, ...]]:
    pages, _ = pages_of("p.pdf", write_pdf([sheet.text(100, 500, "Abstract", font="bold").text(100, 480, "We show things that are true.")]))
    lines = lines_of(pages)
    layer(lines)
    title = title_of(lines)
    return text_of_title(title), authors_of(lines, title)


def test_a_conference_head_is_not_the_title() -> None:
    sheet = (
        Sheet()
        .text(72, 750, "Under review as a conference paper", size=9)
        .text(72, 700, "THE TITLE", size=17)
        .text(72, 660, "Ann Author", font="bold")
    )
    assert front(sheet) == ("THE TITLE", ("Ann Author",))


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (["Ann Author, Bob B. Builder and Carl van der Code"], ("Ann Author", "Bob B. Builder", "Carl van der Code")),
        (["Ann Author1*, Bob Builder1,2", "1University of Here 2Institute of There"], ("Ann Author", "Bob Builder")),
        (["ANN AUTHOR", "Department of Things, Some College", "ann@some.edu"], ("Ann Author",)),
        (["Anonymous Authors", "Paper under review"], ()),
        (["Google Research, New York, USA"], ()),
    ],
)
def test_names_and_not_institutions(rows: list[str], names: tuple[str, ...]) -> None:
    assert front(Sheet().text(100, 700, "A Title", size=17, font="bold").lines(100, 660, rows)) == ("A Title", names)


def test_blocks_side_by_side() -> None:
    sheet = Sheet().text(100, 700, "A Title", size=17, font="bold").row(660, {100: "Ann Author", 250: "Bob Builder"}, font="bold", size=10)
    sheet.row(648, {100: "Some Lab", 250: "Stony Brook"}, size=10).row(620, {100: "Carl Code"}, font="bold", size=10).row(
        608, {100: "Stony Brook"}, size=10
    )
    assert front(sheet)[1] == ("Ann Author", "Bob Builder", "Carl Code")
