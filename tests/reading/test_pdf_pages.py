"""Glyphs to words: scripts, accents, ligatures, line numbers; files that cannot be opened are refused in one sentence."""

from __future__ import annotations

import pytest

from aquarius.core import BadInput
from aquarius.reading import _pdf_pages
from aquarius.reading._pdf_pages import Word, pages_of
from reading import pdf_papers
from reading.pdf_writer import Sheet, write_pdf


def words(sheet: Sheet) -> list[Word]:
    (page,), _ = pages_of("p.pdf", write_pdf([sheet]))
    return page.words


def test_scripts_belong_to_the_word_before_them() -> None:
    found = words(
        Sheet().text(72, 700, "10").text(82.5, 704, "-4", size=7).text(100, 700, "x").text(105.5, 698, "i", size=7).text(120, 700, "next")
    )
    assert [(word.text, word.script, word.attached) for word in found] == [
        ("10", 0, False),
        ("-4", 1, True),
        ("x", 0, False),
        ("i", -1, True),
        ("next", 0, False),
    ]
    assert found[1].line == 700


def test_bold_and_italic_come_from_the_font() -> None:
    plain, bold, italic = words(Sheet().text(72, 700, "a").text(100, 700, "b", font="bold").text(130, 700, "c", font="italic"))
    assert not plain.bold and not plain.italic and bold.bold and not bold.italic and italic.italic


def test_numbers_of_lines_fall_away_and_a_column_of_numbers_does_not() -> None:
    sheet = Sheet()
    for index in range(20):
        sheet.text(20, 700 - 12 * index, f"{index:03d}", size=8).text(300, 700 - 12 * index, f"{index:03d}", size=8)
    assert len(words(sheet)) == 20


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.4\nnothing of it", "p.pdf is not a PDF that can be opened."),
        (b"%PDF-1.7" + bytes(range(256)) * 200, "p.pdf is not a PDF that can be opened."),
        (write_pdf([Sheet()]), "p.pdf holds no text, only pictures of it"),
    ],
)
def test_what_cannot_be_read_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        pages_of("p.pdf", data)


def test_a_cut_off_file_is_read_as_far_as_it_goes_or_refused() -> None:
    data = pdf_papers.one_column()
    for share in (0.2, 0.5, 0.9, 0.99):
        try:
            pages, _ = pages_of("p.pdf", data[: int(share * len(data))])
        except BadInput:
            continue
        assert pages


def test_a_file_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pdf_pages, "SECONDS", 0.001)
    with pytest.raises(BadInput, match=r"p.pdf took longer than 0.001 s to open"):
        pages_of("p.pdf", pdf_papers.one_column())


def test_output_that_is_not_ours_is_refused() -> None:
    for out in (b'{"glyphs": 5}\n', b"garbage", b'{"number": 1, "glyphs": 99999}\nshort'):
        with pytest.raises(BadInput, match="is broken after page 0"):
            _pdf_pages._parse("p.pdf", out)
