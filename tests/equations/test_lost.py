"""A symbol that stands in the text and in no tree is counted as lost."""

from __future__ import annotations

import pytest

from aquarius.equations._lost import lost, printed
from aquarius.equations._statements import read_display


@pytest.mark.parametrize(
    "latex", [r"y = W x + b", r"L = \frac{1}{N} \sum_{i=1}^{N} (y_i - \hat{y}_i)^2", r"a = \sqrt{b} \text{ where } b > 0"]
)
def test_nothing_is_lost(latex: str) -> None:
    assert lost(latex, read_display(latex)) == {}


def test_what_the_trees_do_not_hold_is_lost() -> None:
    assert lost(r"y = W x + \beta c", read_display("y = W x")) == {"beta": 1, "c": 1, "+": 1}


def test_labels_environments_and_prose_are_not_counted() -> None:
    assert printed(r"\begin{aligned} y = x \label{eq:one} \text{ if } \end{aligned} % z") == {"y": 1, "x": 1}
