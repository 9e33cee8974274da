"""Grids: columns by alignment, spans, wrapped lines, labels of several rows, and text that is no column."""

from __future__ import annotations

from aquarius.reading._pdf_frames import Frame, box_of
from aquarius.reading._pdf_grid import grid_of, text_of
from aquarius.reading._pdf_lines import layer, lines_of
from aquarius.reading._pdf_pages import pages_of
from reading.pdf_writer import Sheet, write_pdf


def grid(sheet: Sheet) -> list[list[str]]:
    (page,), _ = pages_of("p.pdf", write_pdf([sheet]))
    layer(lines_of([page]))
    rows, _ = grid_of(Frame(box_of(page.words), page.words, page.rules, ruled=bool(page.rules)))
    return [[text_of(cell) for cell in row] for row in rows]


def test_an_empty_cell_stays_empty() -> None:
    sheet = (
        Sheet()
        .row(700, {72: "m", 150: "a", 200: "b"})
        .row(688, {72: "x", 200: "2.0"})
        .row(676, {72: "y", 150: "1.0"})
        .row(664, {72: "z", 150: "1.5", 200: "2.5"})
    )
    assert grid(sheet) == [["m", "a", "b"], ["x", "", "2.0"], ["y", "1.0", ""], ["z", "1.5", "2.5"]]


def test_a_name_of_several_words_is_one_cell() -> None:
    sheet = Sheet().row(700, {72: "Method", 200: "Score"})
    for index, name in enumerate(("Ours with all data", "Ours without", "The best of others", "Plain one")):
        sheet.row(688 - 12 * index, {72: name, 200: f"{index}.5"})
    assert [row[0] for row in grid(sheet)] == ["Method", "Ours with all data", "Ours without", "The best of others", "Plain one"]


def test_a_head_over_two_columns_without_a_rule_stands_in_both() -> None:
    sheet = (
        Sheet().rule(72, 400, 712).row(700, {205: "Reading"}).row(688, {72: "m", 190: "test", 230: "dev", 300: "time"}).rule(72, 400, 684)
    )
    sheet.row(672, {72: "x", 190: "1.0", 230: "2.0", 300: "3.0"}).row(660, {72: "y", 190: "1.5", 230: "2.5", 300: "3.5"}).rule(72, 400, 655)
    assert grid(sheet)[:2] == [["", "Reading", "Reading", ""], ["m", "test", "dev", "time"]]


def test_a_row_of_one_text_is_a_group_and_lends_its_words_to_no_column() -> None:
    sheet = Sheet().row(700, {72: "m", 150: "a", 200: "b"}).row(688, {72: "Single models on the test set of this year"})
    sheet.row(676, {72: "x", 150: "1.0", 200: "2.0"}).row(664, {72: "y", 150: "1.5", 200: "2.5"})
    assert grid(sheet)[1] == ["Single models on the test set of this year", "", ""]


def test_a_wrapped_text_is_put_together_and_numbers_are_not() -> None:
    sheet = (
        Sheet()
        .row(700, {72: "Input", 200: "Output"})
        .row(688, {72: "the food is very good here and", 200: "the food is bad here and I do"})
    )
    sheet.row(676, {72: "warm", 200: "not"}).row(664, {72: "a", 200: "b"})
    assert grid(sheet)[1:] == [["the food is very good here and warm", "the food is bad here and I do not"], ["a", "b"]]
    numbers = Sheet().row(700, {72: "m", 150: "a"}).row(688, {72: "x", 150: "100 (10 %)"}).row(676, {72: "y", 150: "200 (20 %)"})
    assert len(grid(numbers)) == 3


def test_spreads_powers_and_marks_stay_in_their_cell() -> None:
    sheet = (
        Sheet()
        .row(700, {72: "m", 150: "acc", 220: "flops"})
        .row(688, {72: "x", 150: "81.5 \xb1 0.3", 220: "1.0"})
        .row(676, {72: "y", 150: "82.0 \xb1 0.4", 220: "2.0"})
    )
    sheet.text(233, 691, "20", size=6).text(233, 679, "21", size=6).text(77, 679, "†", size=6)
    assert grid(sheet)[1:] == [["x", "81.5 ± 0.3", "1.0^20"], ["y^†", "82.0 ± 0.4", "2.0^21"]]
