"""Captions, frames, and which belongs to which."""

from __future__ import annotations

import pytest

from aquarius.reading._pdf_frames import CaptionLines, Frame, captions_of, frames_of, matched
from aquarius.reading._pdf_lines import layer, lines_of
from aquarius.reading._pdf_pages import pages_of
from reading import pdf_papers
from reading.pdf_writer import Sheet, write_pdf


def framed(data: bytes) -> tuple[list[CaptionLines], list[tuple[CaptionLines | None, Frame]]]:
    pages, _ = pages_of("p.pdf", data)
    lines = lines_of(pages)
    layer(lines)
    captions = captions_of(pages[0], lines)
    return captions, matched(captions, frames_of(pages[0], lines, captions))


def test_captions_side_by_side_are_two_and_a_sentence_is_none() -> None:
    captions, pairs = framed(pdf_papers.tables())
    assert [caption.number for caption in captions] == ["1", "2", "3", "4", "5"]
    assert sorted(caption.number for caption, _ in pairs if caption) == ["1", "2", "3", "4", "5"]
    assert all(frame.ruled for _, frame in pairs)


def test_a_caption_between_two_tables_takes_one_and_the_other_takes_its_own() -> None:
    sheet = Sheet()
    for top, number in ((700, 1), (600, 2)):
        sheet.rule(72, 250, top).row(top - 11, {78: "Name", 150: "Value"}).rule(72, 250, top - 16)
        sheet.row(top - 27, {78: "a", 150: f"{number}.0"}).row(top - 39, {78: "b", 150: f"{number}.5"}).rule(72, 250, top - 44)
        sheet.text(72, top - 56, f"Table {number}: Of number {number}.", size=9)
    _, pairs = framed(write_pdf([sheet]))
    assert {caption.number: [word.text for word in frame.words][3] for caption, frame in pairs if caption} == {"1": "1.0", "2": "2.0"}


@pytest.mark.parametrize("above", [True, False])
def test_a_table_without_rules_is_found_beside_its_caption(above: bool) -> None:
    sheet = Sheet().text(72, 712 if above else 640, "Table 1: No rules.", size=9)
    sheet.row(690, {78: "Name", 200: "Value", 300: "Other"}).row(678, {78: "a", 200: "1.0", 300: "3.0"}).row(
        666, {78: "b", 200: "2.0", 300: "4.0"}
    )
    _, pairs = framed(write_pdf([sheet]))
    ((caption, frame),) = pairs
    assert caption is not None and len(frame.words) == 9 and not frame.ruled


def test_text_below_a_caption_is_no_table() -> None:
    sheet = Sheet().text(72, 700, "Table 1: Nothing stands here.", size=9).lines(72, 680, pdf_papers.PROSE)
    captions, pairs = framed(write_pdf([sheet]))
    assert [caption.number for caption in captions] == ["1"] and pairs == []


def test_figures_and_algorithms_have_captions_too() -> None:
    sheet = (
        Sheet()
        .text(72, 700, "Figure 3: A curve.", size=9)
        .text(72, 600, "Algorithm 1", font="bold")
        .text(72, 500, "Figures show that curves fall.")
    )
    captions, _ = framed(write_pdf([sheet]))
    assert [(caption.kind, caption.number) for caption in captions] == [("figure", "3"), ("algorithm", "1")]
