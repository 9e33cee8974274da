"""What the pieces of a display say: equations, ranges, memberships, and what code cannot carry."""

from __future__ import annotations

import pytest

from aquarius.equations._bracketed import join_names, signature
from aquarius.equations._statements import read_display, statements
from aquarius.equations._tokenize import tokenize
from aquarius.equations._tokens import Refusal


def test_rows_are_joined_where_one_continues_the_other() -> None:
    found = statements(r"a &= b \\ &\quad + c \\ d &= e")
    assert [statement.node.tag for statement in found] == [("=",), ("=",)]


def test_a_clause_of_an_index_is_a_range() -> None:
    found = statements(r"y_i = x_i, \quad i = 1, \dots, n")
    assert [statement.kind for statement in found] == ["equation", "range"]


@pytest.mark.parametrize(
    ("display", "reason"),
    [
        (r"f = b \text{ subject to } c \le 1", "in words"),
        (r"\max_x f(x) \quad \text{s.t. } x > 0", "beside an equation"),
        (r"f = b \pm c", "two values at once"),
        (r"f \mid x \sim p", "behind a bar"),
        (r"f = b \\ {} c d", "beside an equation"),
        (r"f = b, \; c", "after an equation"),
    ],
)
def test_what_code_cannot_carry_is_read_and_refused(display: str, reason: str) -> None:
    assert read_display(display)
    with pytest.raises(Refusal, match=reason):
        statements(display)


@pytest.mark.parametrize(
    "display",
    [
        r"v = a + b \quad \text{(biased estimate)}",
        r"\text{depth: } d = a^b",
        r"f = b, \quad \text{where } b = c",
        r"a \stackrel{def}{=} b",
        r"x \in [0, 1), \quad y = x",
    ],
)
def test_remarks_and_labels_are_no_conditions(display: str) -> None:
    assert any(statement.kind == "equation" for statement in statements(display))


def test_a_remark_that_is_a_condition_is_not_left_out() -> None:
    for words in ("(if x is large)", "minimize:", "subject to:", "(for small x)"):
        with pytest.raises(Refusal, match="in words"):
            statements(rf"y = x \quad \text{{{words}}}")


def test_declared_names_with_brackets_are_one_token() -> None:
    name = signature(tokenize("E[g^2]_t"))
    joined = join_names(tokenize("E[g^2]_{t} + 1"), {name: "E[g^2]_t"})
    assert [(token.kind, token.text) for token in joined] == [("name", "E[g^2]_t"), ("symbol", "+"), ("number", "1")]
    assert join_names(tokenize("E[g]_t"), {name: "E[g^2]_t"})[0].kind == "letter"
