"""The Markdown report: complete, and hostile text stays text where it is rendered."""

from __future__ import annotations

from markdown_it import MarkdownIt

from aquarius.report._markdown import markdown, text

from .samples import ROWS, bundle
from .test_html import HOSTILE, Page, hostile


def test_it_says_what_the_page_says() -> None:
    source = markdown(bundle()).decode()
    for words in (
        "**1 of 16 claims reproduced, 11 inconclusive, 4 not tested.**",
        "## Parameters, counted",
        "`\\undefinedmacro{x} = 3`",
        "## What the paper leaves open",
        "    aquarius reproduce .",
    ):
        assert words in source, words
    page = Page(MarkdownIt("commonmark").enable("table").render(source))
    assert page.elements.count("table") >= 8 and page.text.count("inconclusive") >= len(ROWS)
    assert "W_1 + b_1" in page.text and "99.126 ± 0.18 (n = 10)" in page.text


def test_hostile_text_stays_text() -> None:
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown(hostile()).decode())
    page = Page(rendered.replace("<br>", ""))
    assert not {"script", "img", "a"} & set(page.elements) and "alert(1)" in page.text


def test_text_renders_as_itself() -> None:
    for given in (HOSTILE, "[a](javascript:alert(1))", "a | b * c _d_ `e` # f \\ g", "http://evil.example", "1. one", "- two", "&lt;"):
        page = Page(MarkdownIt("commonmark", {"html": True}).enable("table").render("x " + text(given)))
        assert page.elements == ["p"] and page.text.strip() == f"x {given}"
