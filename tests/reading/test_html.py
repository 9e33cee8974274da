"""HTML becomes a Document: as LaTeXML sets it, as a person writes it, and as an enemy does."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aquarius.core import BadInput
from aquarius.dossier import distill
from aquarius.reading import Document, place_of, read, source_files
from aquarius.reading._html import read_html
from reading import html_papers


def document(text: str) -> Document:
    return read_html("p.html", {"p.html": text.encode()})


def test_latexml_front_and_sections() -> None:
    found = document(html_papers.LATEXML)
    assert found.kind == "html" and found.title == "Steps from $k$ Numbers"
    assert found.authors == ("Ada B. Lovelace", "Jean-Luc de la Tour", "Grace Hopper")
    assert found.abstract == "We show that steps < 1 work."
    assert [(section.number, section.title, section.role) for section in found.sections] == [
        (None, "Abstract", "abstract"),
        ("1", "Training", "experiments"),
        ("2", "Results", "experiments"),
        ("A", "More", "appendix"),
        (None, "References", "references"),
    ]


def test_latexml_text_equations_and_notes() -> None:
    found = document(html_papers.LATEXML)
    texts = [(passage.kind, passage.text) for passage in found.passages]
    assert ("paragraph", "We use Adam with a learning rate of $10^{-4}$ and a batch size of 64. It works well.") in texts
    assert ("footnote", "On one machine.") in texts
    assert [(equation.number, equation.latex) for equation in found.equations] == [("1", r"L=\sum_{i}x_{i}"), ("2", "a =b"), ("3", "c =d")]
    assert not any("Generated" in text or "Contents" in text for _, text in texts)
    assert [(reference.key, reference.text) for reference in found.references] == [("1", "C. Babbage. On engines. 1837.")]


def test_latexml_tables_and_figures() -> None:
    found = document(html_papers.LATEXML)
    (table,) = found.tables
    assert (table.number, table.caption) == ("1", "Accuracy by task.")
    assert table.texts() == [
        ["Model", "Reading", "Reading"],
        ["Model", "test", "dev"],
        ["plain", "71.5", "70.1"],
        ["ours", "75.0", r"74.4 $\pm 0.3$"],
    ]
    assert table.rows[3][1].bold and not table.rows[3][2].bold and table.rows[0][1].header
    assert [(figure.number, figure.caption, figure.files) for figure in found.figures] == [("1", "A curve.", ("x1.png",))]


def test_a_page_written_by_hand_with_tags_left_open() -> None:
    found = document(html_papers.PLAIN)
    assert (found.title, found.authors, found.abstract) == ("A page about steps", ("Ada Lovelace",), "We show things.")
    assert [passage.text for passage in found.passages if passage.kind == "paragraph"][1:] == [
        "The batch size is 32",
        "and the dropout is 0.1.",
    ]
    assert [(equation.number, equation.latex) for equation in found.equations] == [("4", "y = x^2")]
    assert found.tables[0].texts() == [["m", "s"], ["x", "1.5"]] and found.tables[0].number == "2"
    assert [passage.text for passage in found.passages if passage.kind == "item"] == ["one thing", "another thing"]
    assert not any("never shown" in passage.text for passage in found.passages)
    assert {fact.name: fact.value for fact in distill(found).recipe}["batch size"] == "32"


@pytest.mark.parametrize("text", [html_papers.LATEXML, html_papers.PLAIN])
def test_every_place_stands_in_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.html"
    path.write_text(text, encoding="utf-8")
    files, found = source_files(path), read(path)
    places = [passage.place for passage in found.passages] + [cell.place for table in found.tables for row in table.rows for cell in row]
    places += [equation.place for equation in found.equations] + [section.place for section in found.sections]
    assert places and all(place.is_true_of(files["p.html"]) for place in places)
    for passage in found.passages:
        assert place_of(passage, 0, len(passage.text), files).is_true_of(files["p.html"])


@pytest.mark.parametrize(
    ("text", "said"),
    [("<div>" * 1000 + "x", "deeper ones, than any paper"), ("<html><p> </p></html>", "holds no text of a paper"), ("a\0b", "is binary")],
)
def test_what_is_no_paper_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        document(text)


def test_cells_that_claim_to_span_millions_are_bounded() -> None:
    found = document("<h1>T</h1><table><tr><td colspan=99999999 rowspan=99999999>x</td></tr></table><p>text</p>")
    assert len(found.tables[0].rows[0]) == 200


@settings(max_examples=60, deadline=2000)
@given(st.lists(st.sampled_from(["<p>", "</p>", "<table>", "<tr>", "<td rowspan=2>", "</table>", "x &lt; y", "&nbsp;", "<math alttext='a'>", "<h2>", "</div>", "<figure>", "<figcaption>Table 1: c", "<!-- ", "<![CDATA[", "é", "<script>", "</script>", "<li>"]), max_size=40))  # fmt: skip
def test_noise_is_read_or_refused(parts: list[str]) -> None:
    try:
        found = document("<h1>T</h1>" + "".join(parts))
    except BadInput:
        return
    source = ("<h1>T</h1>" + "".join(parts)).encode()
    assert all(passage.place.is_true_of(source) for passage in found.passages)


def test_time_for_one_paper_is_bounded_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count()
    monkeypatch.setattr("aquarius.reading._html.time.thread_time", lambda: next(clock) / 100)
    found = document("<h1>T</h1>" + "<p>word</p>" * 5000)
    assert 0 < len(found.passages) < 5000 and found.problems == ("the time for one paper (7 s) was over: the rest was not read.",)
