"""LaTeX as MathML: harmless, and None where it would be half right."""

from __future__ import annotations

import time

import pytest

from aquarius.report._mathml import mathml


def test_words_are_one_identifier() -> None:
    drawn = mathml(r"\mathrm{softmax}(\frac{QK^T}{\sqrt{d_k}})V")
    assert drawn is not None and "<mi>softmax</mi>" in drawn and "<msqrt>" in drawn and drawn.startswith('<math display="block">')


@pytest.mark.parametrize(
    "latex",
    [r"a &= b \\ c &= d", r"\begin{aligned} a &= b \\ c &= d\end{aligned}", r"\begin{align*} a &= b \nonumber \\ c &= d\end{align*}"],
)
def test_rows_are_a_table(latex: str) -> None:
    drawn = mathml(latex)
    assert drawn is not None and drawn.count("<mtr>") == 2 and drawn.count("<mtd>") == 4


@pytest.mark.parametrize(
    "latex",
    [
        r"\text{<script>alert(1)</script>}",
        r"\text{</mtext><img src=x>}",
        r"\text{<!DOCTYPE x>}",
        r"\foo x",
        r"\frac{",
        "",
        "x" * 5_000,
        "{" * 3_000 + "}" * 3_000,
        "&" * 100,
    ],
)
def test_what_is_hostile_or_unknown_is_left_to_text(latex: str) -> None:
    begin = time.perf_counter()
    drawn = mathml(latex)
    assert drawn is None or ("<script" not in drawn and "<img" not in drawn)
    assert drawn is None or latex.startswith("&")
    assert time.perf_counter() - begin < 2


def test_links_and_styles_are_dropped() -> None:
    assert mathml(r"\href{javascript:alert(1)}{x}") == '<math display="block"><mrow><mrow><mrow><mi>x</mi></mrow></mrow></mrow></math>'
    drawn = mathml(r"\style{background:url(http://a)}{x} \class{evil}{y} \text{&lt;b&gt;}")
    assert drawn is not None and "style" not in drawn and "class" not in drawn and "<b>" not in drawn
