"""Blocks of running text: headings and what only looks like one, paragraphs, scripts in text."""

from __future__ import annotations

from aquarius.reading._pdf_lines import layer, lines_of
from aquarius.reading._pdf_pages import pages_of
from aquarius.reading._pdf_text import Block, blocks_of, layout_of, pieces_of
from reading import pdf_papers
from reading.pdf_writer import Sheet, write_pdf


def blocks(sheet: Sheet) -> list[Block]:
    pages, _ = pages_of("p.pdf", write_pdf([sheet]))
    lines = lines_of(pages)
    layer(lines)
    return blocks_of(lines, layout_of(lines))


def text(block: Block) -> str:
    return "".join(piece.text for piece in pieces_of(block.lines))


def test_numbered_headings_of_two_lines_and_numbers_that_begin_a_line() -> None:
    sheet = (
        Sheet().text(72, 700, "3.1 A heading that is too long", size=12, font="bold").text(72, 686, "for one line", size=12, font="bold")
    )
    sheet.lines(72, 660, [*pdf_papers.PROSE, "10 Runs were made of it, and"])
    heading, paragraph = blocks(sheet)
    assert (heading.kind, heading.number, heading.title, heading.level) == ("heading", "3.1", "A heading that is too long for one line", 2)
    assert paragraph.kind == "paragraph" and text(paragraph).endswith("10 Runs were made of it, and")


def test_space_and_indentation_begin_paragraphs() -> None:
    sheet = (
        Sheet()
        .lines(72, 700, pdf_papers.PROSE)
        .lines(72, 600, pdf_papers.PROSE[:2])
        .text(84, 576, "An indented line begins a paragraph of its own here.")
    )
    assert [len(block.lines) for block in blocks(sheet)] == [6, 2, 1]


def test_footnote_marks_go_and_powers_stay() -> None:
    sheet = (
        Sheet()
        .lines(72, 700, pdf_papers.PROSE)
        .text(72, 628, "of a method")
        .text(117.5, 632, "3", size=6)
        .text(130, 628, "with rate 10")
        .text(180.5, 632, "-3", size=6)
    )
    (block,) = blocks(sheet)
    assert text(block).endswith("of a method with rate $10^{-3}$")


def test_compounds_keep_their_hyphen() -> None:
    sheet = Sheet().lines(
        72, 700, ["The words are broken at ends of lines as in state-of-", "the-art, Non-", "Euclidean and break-", "ing."]
    )
    (block,) = blocks(sheet)
    assert "Non-Euclidean" in text(block) or "Non- Euclidean" in text(block)
    assert text(block).endswith("breaking.")
