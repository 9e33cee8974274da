"""The HTML report: what it shows, that it loads nothing, and that hostile text stays text."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from typing import Any

import pytest

from aquarius.core import Evidence, measure
from aquarius.report._html import LARGEST, html, interval_svg
from aquarius.verdict import Difference, judge

from .samples import ROWS, bundle, claims, dossier, place, receipt

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
ADDRESS = "javascript:alert(1)"


class Page(HTMLParser):
    """Collects elements, attributes and text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "line", "rect", "circle", "path", "use", "br", "mspace"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def source() -> str:
    return html(bundle()).decode()


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def test_the_page_is_well_formed(page: Page) -> None:
    assert page.open == []
    names = [value for _, name, value in page.attributes if name == "id"]
    assert len(names) == len(set(names))
    anchors = {value[1:] for tag, name, value in page.attributes if tag == "a" and value.startswith("#")}
    assert (
        anchors <= set(names)
        and {"claims", "counts", "equations", "checks", "runs", "gaps", "deviations", "model", "places", "again"} == anchors
    )


def test_it_is_small_and_loads_nothing(source: str, page: Page) -> None:
    assert len(source.encode()) < 400_000 < LARGEST
    assert not {"script", "link", "iframe", "img", "object", "embed", "form", "base", "audio", "video"} & set(page.elements)
    assert [value for _, name, value in page.attributes if name in ("src", "srcset", "data", "action", "xlink:href")] == []
    outside = {value for _, name, value in page.attributes if name == "href" and not value.startswith("#")}
    assert outside == {"https://arxiv.org/abs/1706.03762"}
    assert not re.search(r"@import|url\((?!#)", source)
    assert "default-src 'none'" in source


def test_the_outcome_comes_first_and_does_not_overstate(page: Page) -> None:
    assert "1 of 16 claims reproduced, 11 inconclusive, 4 not tested." in page.text
    assert page.text.index("1 of 16 claims") < page.text.index("Parameters, counted")
    assert "1 of the numbers that the paper prints for other systems is not judged." in page.text


def test_claims_stand_beside_what_was_measured(page: Page) -> None:
    for words in (
        "99.1 ± 0.3 %",
        "99.126 ± 0.18",
        "10 seeds",
        "margin ±0.55",
        "registered before the first run",
        "lies inside the margin",
        "needs WMT 2014 English-German, 8 GPUs for 3.5 days",
    ):
        assert words in page.text, words


def test_every_counted_row_has_its_sizes(page: Page) -> None:
    for _, _, printed, offset, slope in ROWS:
        assert printed.replace("^6", "⁶") in page.text and f"{offset + 37_000 * slope:,}" in page.text
    assert page.text.count("vocabulary: ") == len(ROWS) and "9 of 11 rows agree" in page.text


def test_equations_are_mathml_or_text(source: str, page: Page) -> None:
    assert source.count("<math ") == 2 and "<mi>softmax</mi>" in source
    assert "\\undefinedmacro{x} = 3" in page.text and "not held against code" in page.text
    assert "equations.py:attention conforms to the equation" in page.text and "max_error 2.2e−16" in page.text


def test_the_rest_is_there(page: Page) -> None:
    for words in (
        "running statistics", "proxy scale, stand-in data: supports no claim", "a padded vocabulary of the authors' library", "The text says 41.0 BLEU", "Python 3.11.14", "torch 2.13.0",
        "aquarius reproduce .", "a rule is commented out", "18,914,304", "results.tex:64", "runs/copy-full-3/log.txt:41", "1.4 GB of weights", "another system's number",
    ):  # fmt: skip
        assert words in page.text, words
    assert "warmup_steps" in page.text and "0x" not in page.text  # a deviation is named; no address of an object


def test_hashes_are_short_with_the_whole_in_the_title(page: Page) -> None:
    titles = {value for tag, name, value in page.attributes if tag == "code" and name == "title"}
    assert "3f" * 32 in titles and "3f" * 6 in page.text and "3f" * 32 not in page.text


def test_verdicts_are_said_in_words_not_only_in_colour(page: Page) -> None:
    assert "✓ reproduced" in page.text and "? inconclusive" in page.text and "– not tested" in page.text


def test_same_bundle_same_bytes(source: str) -> None:
    assert html(bundle()).decode() == source


def hostile() -> Any:
    made = dossier()
    claim = claims()[-1].model_copy(
        update={
            "statement": HOSTILE,
            "subject": HOSTILE,
            "dataset": HOSTILE,
            "measure": measure("1.0", unit=HOSTILE),
            "place": place(HOSTILE, HOSTILE),
        }
    )
    formula = made.formulas[0].model_copy(update={"id": HOSTILE, "latex": rf"\text{{{HOSTILE}}}"})
    linked = made.formulas[0].model_copy(
        update={"id": "link", "latex": rf"\href{{{ADDRESS}}}{{x}} \style{{background:url(//evil.example)}}{{y}}"}
    )
    given = made.model_copy(
        update={"title": HOSTILE, "authors": (HOSTILE,), "url": ADDRESS, "claims": (claim,), "formulas": (formula, linked)}
    )
    items = [
        Evidence(kind="finding", check=HOSTILE, status="fail", message=HOSTILE, where=HOSTILE, path=HOSTILE, hint=HOSTILE, values={HOSTILE: 1.0}),
        Evidence(kind="conformance", check=HOSTILE, status="fail", message=HOSTILE, details={"latex": HOSTILE, "code": HOSTILE}),
        Evidence(
            kind="run", check=HOSTILE, status="pass", message=HOSTILE, claim=claim.id, values={"accuracy": 1.0}, curves={HOSTILE: [(0, 1.0), (1, float("nan"))], "$x_{": [(0, 1.0)]},
            details={"settings": {HOSTILE: 1, "warmup_steps": 5}, "deviations": [HOSTILE]}, receipt=receipt(command=HOSTILE, log=HOSTILE, inputs={HOSTILE: HOSTILE}),
        ),
    ]  # fmt: skip
    return bundle(title=HOSTILE, verdict=judge(given, items), dossier=given, evidence=tuple(items))


def test_hostile_text_stays_text() -> None:
    source = html(hostile()).decode()
    page = Page(source)
    assert not {"script", "img"} & set(page.elements)
    assert "<script" not in source and "<img" not in source and "evil.example" not in re.sub(r"<pre>.*?</pre>", "", source, flags=re.DOTALL)
    assert "<script>alert(1)</script>" in page.text  # it is shown, as what it is
    assert not [attribute for attribute in page.attributes if attribute[1].startswith("on") or "javascript" in attribute[2]]
    assert page.open == []


def test_without_matplotlib_the_curves_are_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    page = Page(html(bundle()).decode())
    assert "Curves as a table" in page.text and "at step 398" in page.text
    assert ("svg", "class", "curves") not in page.attributes


@pytest.mark.parametrize(("limit", "drawn"), [(10**9, 1), (50_000, 1), (35_000, 0)])
def test_a_large_report_has_fewer_points_and_no_drawing_at_last(limit: int, drawn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aquarius.report._html.LARGEST", limit)
    curve = [(step, 1 / (step + 1) + 0.123456789) for step in range(400)]
    given = tuple(
        Evidence(kind="run", check="e", status="pass", message="x", curves={"a": curve}, receipt=receipt(seed=i)) for i in range(8)
    )
    made = html(bundle(evidence=given, dossier=None, blueprint=None, document=None, questions=())).decode()
    assert made.count('<svg class="curves"') == drawn
    assert ("Curves as a table" in made) is not bool(drawn)
    if limit < 10**9 and drawn:
        assert len(made) < limit


def test_evidence_that_the_verdict_does_not_use_is_marked(source: str) -> None:
    assert source.count("not used by the verdict") == 3  # the proxy's runs
    assert "the verdict does not use these counts" not in source
    runs_only = [item for item in bundle().evidence if item.kind == "run"]
    other = html(bundle(verdict=judge(dossier(), runs_only))).decode()
    assert other.count("the verdict does not use these counts") == len(ROWS)


def test_a_verdict_alone_is_a_report() -> None:
    page = Page(html(bundle(dossier=None, blueprint=None, evidence=(), document=None, questions=())).decode())
    assert "1 of 16 claims reproduced" in page.text and page.open == []


def test_a_drawing_of_an_interval_is_made_of_numbers() -> None:
    drawn = interval_svg(Difference(value=-0.1, low=-0.36, high=0.16, margin=1.05))
    assert 'aria-label="difference −0.1, interval −0.36 to 0.16, margin 1.05"' in drawn
    x = [float(value) for value in re.findall(r'x[12]="([\d.]+)"', drawn)]
    assert x == sorted([*x[:2], *x[2:]]) or x[2] < x[0] < x[3]  # the interval spans zero
    assert "zone" not in interval_svg(Difference(value=1.0, low=0.5, high=1.5, margin=0.0))
