"""A paper's displays together: each kind of evidence settles what it proves, and what is not proven is asked for."""

# tests _knowledge.py
from __future__ import annotations

import time
from typing import Any

import pytest

from aquarius.equations import Shown, answers, stated, survey
from aquarius.equations._paper import deadline


def outcome(
    displays: list[str], text: str = "", given: dict[str, Any] | None = None, meanings: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    shown = [Shown(f"equation ({number})", latex) for number, latex in enumerate(displays, start=1)]
    survey(
        shown,
        stated([(text, "paper.tex:7")]),
        meanings or {},
        answers(given),
        seconds=20,
        tell=lambda index, row: rows.update({index: row}),
    )
    return [rows[index] for index in range(len(displays))]


def one(display: str, text: str = "", **more: Any) -> dict[str, Any]:
    return outcome([display], text, **more)[0]


def because(row: dict[str, Any], symbol: str) -> str:
    return str(next(item["because"] for item in row["evidence"] if item["symbol"] == symbol))


def asked(row: dict[str, Any]) -> list[str]:
    assert row["status"] == "open", row
    return [item["symbol"] for item in row["ask"]]


ATTENTION = r"\mathrm{Attention}(Q, K, V) = \mathrm{softmax}(\frac{QK^T}{\sqrt{d_k}})V"


def test_words_of_the_text_give_the_axes_and_unification_the_sizes() -> None:
    row = one(ATTENTION, r"We pack queries into a matrix $Q$, with matrices $K$ and $V$, and use $d_k = 64$.")
    assert row["status"] == "translated" and "torch.softmax(Q @ K.T / torch.sqrt(d_k), dim=-1) @ V" in row["code"]
    inputs = row["declared"]["inputs"]
    assert inputs["Q"][1] == inputs["K"][1] and inputs["K"][0] == inputs["V"][0] and len({*inputs["Q"], *inputs["V"]}) == 4
    assert because(row, "Q") == 'the text: "matrix $Q$" (paper.tex:7)'


def test_without_a_statement_the_same_display_is_open() -> None:
    assert set(asked(one(ATTENTION, "We use $d_k = 64$."))) <= {"Q", "K", "V"}


def test_one_code_for_every_shape_needs_no_statement() -> None:
    row = one(r"m_t = \beta_1 m_{t-1} + (1-\beta_1) g_t", r"with $\beta_1 \in [0, 1)$")
    assert row["status"] == "translated" and "beta_1 * m_t_minus_1 + (1 - beta_1) * g_t" in row["code"]
    assert next(item["is"] for item in row["evidence"] if item["symbol"] == "g_t") == "of any shape"


def test_where_shapes_differ_in_code_the_one_name_that_decides_is_asked_for() -> None:
    assert asked(one(r"v_t = \beta_2 v_{t-1} + (1-\beta_2) g_t^2", r"with $\beta_2 \in [0, 1)$")) == ["g_t"]  # elementwise, or of a matrix
    assert asked(one("y = W x", "a vector $x$")) == ["W"]  # a factor or a matrix


@pytest.mark.parametrize("said", ["a number", "a matrix"])
def test_an_answer_settles_it_and_is_shown(said: str) -> None:
    row = one("y = W x", "a vector $x$", given={"W": said})
    assert row["status"] == "translated" and ("W @ x" in row["code"]) == (said == "a matrix")
    assert because(row, "W") in (f'the answer: "W: {said}"', "the text")


def test_what_one_equation_shows_holds_in_another() -> None:
    rows = outcome(["y = W x + b", "v = x^2"], "a matrix $W$, vectors $b$ and $y$")
    assert [row["status"] for row in rows] == ["translated", "translated"]
    assert because(rows[1], "x") == "by shape unification with equation (1)"
    assert asked(outcome(["v = x^2"])[0]) == ["x"]


def test_a_definition_teaches_the_displays_behind_it_and_none_before() -> None:
    text = "a matrix $W$ and a vector $x$; a matrix $U$"
    before, _, behind = outcome(["z = U y", "y = W x", "u = U y"], text)
    assert asked(before) == ["y"]
    assert behind["status"] == "translated" and "equation (2), which defines it" in because(behind, "y")


def test_two_displays_that_use_a_name_in_two_ways_teach_nothing() -> None:
    rows = outcome([r"s = \mathrm{tr}(A)", r"t = \mathrm{diag}(A) \mathrm{tr}(\mathrm{diag}(A))", "y = A x"], "a vector $x$")
    assert rows[2]["status"] == "open"


def test_the_letters_of_the_paper_count_only_where_its_statements_are_alike() -> None:
    display = r"y = \mathrm{softmax}(W_3 x + b)"
    alike = r"$W_1 \in \mathbb{R}^{m \times n}$, $W_2 \in \mathbb{R}^{n \times m}$, vectors $x$ and $b$"
    row = one(display, alike)
    assert row["status"] == "translated" and "typography" in because(row, "W_3")
    assert asked(one(display, alike.replace(r"\mathbb{R}^{n \times m}", r"\mathbb{R}^n"))) == ["W_3"]


def test_bold_small_letters_are_vectors_where_the_paper_shows_it() -> None:
    text = r"vectors $\mathbf{u}$ and $\mathbf{v}$, and a matrix $W$"
    row = one(r"\mathbf{y} = W \mathbf{x}", text)
    assert row["status"] == "translated" and "bold small letters are vectors, as u, v" in because(row, r"\mathbf{x}")
    assert one(r"\mathbf{y} = W \mathbf{x}", text.replace("vectors", "scalars"))["status"] == "open"


def test_a_name_that_is_only_called_is_a_function() -> None:
    row = one("A(a | s) = Q(a | s) - V(s)")
    assert row["status"] == "translated" and "Q(a, s) - V(s)" in row["code"]
    assert asked(one("z = f(x + 1)", "a vector $x$")) == ["f"]  # a factor as well


def test_two_densities_of_one_letter_are_not_one_function() -> None:
    row = one("r = p(x | z) p(z)")
    assert row["status"] == "refused" and "several functions" in row["why"]
    row = one("r = p(x | y) p(x | z)")
    assert row["status"] == "refused" and "several functions" in row["why"]


def test_a_function_that_fits_only_as_a_number_is_asked_for() -> None:
    display, text = r"y = W f(x)", r"$W \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^d$"
    assert asked(one(display, text)) == ["f"]
    assert one(display, text, given={"f": "a function to a number"})["status"] == "translated"
    assert one(display, text, given={"f": "a function to a vector"})["status"] == "refused"
    assert one(display, text + r", a map $f: \mathbb{R}^d \to \mathbb{R}$")["status"] == "translated"


def test_an_expectation_is_the_mean_over_what_it_names_and_nothing_else() -> None:
    row = one(r"L = \mathbb{E}_{x}[f(x)^2]")
    assert row["status"] == "translated" and "mean(dim=0)" in row["code"]
    assert asked(one(r"L = \mathbb{E}_{x}[(f(x) - y)^2]")) == ["the expectation"]  # y may hang on x
    assert one(r"L = \mathbb{E}_{x}[(f(x) - y)^2]", given={"samples": ["x", "y"], "y": "a number"})["status"] == "translated"


def test_a_stated_value_is_no_evidence_for_a_letter_that_is_drawn() -> None:
    display = r"y = \epsilon A"
    text = r"a matrix $A$, and $\epsilon = 10^{-8}$"
    assert one(display, text)["status"] == "translated"
    assert asked(one(display, text + r", noise $\epsilon \sim p$")) == [r"\epsilon"]


def test_a_stated_element_gives_the_stack() -> None:
    row = one(r"c = \sum_{j=1}^{N} a_j h_j", r"$h_i \in \mathbb{R}^d$, $a_i \in \mathbb{R}$; a vector $a$")
    assert row["status"] == "translated" and row["declared"]["inputs"]["h"][0] == "N" and "of which it is the stack" in because(row, "h")


def test_what_is_added_to_a_vector_is_no_matrix() -> None:
    row = one("y = W x + b", "a matrix $W$ and a vector $x$")
    assert row["status"] == "translated" and next(item["is"] for item in row["evidence"] if item["symbol"] == "b") == "a number or a vector"


def test_an_index_without_a_range_is_asked_for() -> None:
    display, text = r"L = \sum_k (x_k - 1)^2", r"$x \in \mathbb{R}^n$"
    assert asked(one(display, text)) == ["k"]
    assert one(display, text, given={"index": {"k": "1..n"}})["status"] == "translated"


def test_a_set_under_a_sum_is_an_axis() -> None:
    row = one(r"J = -\sum_{l \in S} t_l \log y_l", "", given={"t": "a vector", "y": "a vector"})
    assert row["status"] == "translated" and row["declared"]["inputs"]["t"] == ["S"]


@pytest.mark.parametrize(
    ("display", "words"),
    [
        (r"a_t = \prod_{s=1}^{t} b_s, \quad b_t = 1 - c_t", "b is defined by the display for one index"),
        (r"V = \sum_{t=0}^\infty \gamma^t r_t", "infinity"),
        (r"g = \nabla_\theta E_\theta(x)", "the gradient is taken by"),
        (r"[a, b] = L(h, x)", "the sizes of the parts"),
        (r"y = \int f(x)", "no finite computation"),
    ],
)
def test_what_no_answer_could_help_is_refused(display: str, words: str) -> None:
    row = one(display)
    assert row["status"] == "refused" and words in row["why"]


def test_what_is_supposed_of_a_function_is_said() -> None:
    row = one(r"y = x + \operatorname{LN}(x)", r"$x \in \mathbb{R}^n$")
    assert row["supposes"] == [r"\mathrm{LN} returns an array like one of its arguments or a number"]
    assert one("y = 2 x", r"$x \in \mathbb{R}^n$")["supposes"] == []


def test_a_display_that_takes_too_long_is_left() -> None:
    begin = time.perf_counter()
    with pytest.raises(TimeoutError), deadline(0.05):
        while time.perf_counter() - begin < 5:
            pass
    with deadline(5.0):
        pass
    assert time.perf_counter() - begin < 4
