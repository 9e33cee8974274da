"""Rows: which begin a statement, which go on from the one before, and what a cut leaves."""

from __future__ import annotations

import pytest

from aquarius.equations._rows import joined_rows, outer, segments, undollared
from aquarius.equations._statements import read_display
from aquarius.equations._tokenize import tokenize
from aquarius.equations._tokens import Refusal


def rows(text: str) -> list[str]:
    return ["".join(token.text for token in row if token.kind not in {"align", "space"}) for row in joined_rows(outer(tokenize(text)))]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (r"a &= b \\ c &= d", ["a=b", "c=d"]),
        (r"a &= b \\ &+ c", ["a=b+c"]),
        (r"a &= b \\ & & {} + c", ["a=b{}+c"]),
        (r"a &= b + \\ & c", ["a=b+c"]),
        (r"a &= \left( b \right. \\ & \left. c \right)", ["a=(bc)"]),
        (r"a &= \Big[ b \\ & c \Big]", ["a=[bc]"]),
        (r"\begin{array}{rcl} a & = & b \\ c & = & d \end{array}", ["a=b", "c=d"]),
        (r"a = b \\[2pt] c = d", ["a=b", "c=d"]),
        (r"a_{\begin{aligned} x &\sim p \\ y &\sim q \end{aligned}}", [r"a_{begin{aligned}xsimp\\ysimqend{aligned}}".replace("&", "")]),
        (r"a = \left[ \begin{aligned} b & \\ + c & \end{aligned} \right]", ["a=[b\\\\+c]".replace("\\\\", "")]),
    ],
)
def test_rows_are_joined_where_one_goes_on(text: str, want: list[str]) -> None:
    assert [row.replace("&", "") for row in rows(text)] == want


def test_an_array_inside_brackets_is_a_matrix_and_not_rows_of_a_display() -> None:
    (statement,) = read_display(r"v = \left( \begin{array}{c} x \\ y \end{array} \right)")
    assert [item.kind for item in statement.node.items[1].items] == ["matrix"]


def test_a_brace_on_the_left_makes_cases() -> None:
    (statement,) = read_display(r"y = \left\{ \begin{array}{ll} 1 & x > 0 \\ 0 & x \le 0 \end{array} \right.")
    assert statement.node.items[1].kind == "cases"
    assert len(statement.node.items[1].items) == 2


def test_an_end_without_a_begin_is_refused() -> None:
    with pytest.raises(Refusal, match="ends nothing"):
        outer(tokenize(r"a = b \end{align}"))


def test_a_row_is_cut_at_commas_and_prose_but_not_inside_brackets() -> None:
    cut = segments(tokenize(r"a = f(b, c), \quad d = e \text{ where } g = h"))
    assert [("".join(token.text for token in piece if token.kind != "space"), before) for piece, before in cut] == [
        ("a=f(b,c)", ""),
        ("d=e", ","),
        ("g=h", "where"),
    ]


def test_dollars_are_no_symbols() -> None:
    assert [token.text for token in undollared(tokenize("$x$"))] == ["x"]
