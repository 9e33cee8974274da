"""Pieces of text with brackets where they bind too loosely, and readable names."""

from __future__ import annotations

import pytest

from aquarius.equations._code import PRODUCT, SUM, Code, Names, clamped, python_name, summed, tensor_text


@pytest.mark.parametrize(
    ("latex", "name"),
    [
        (r"\hat{m}_t", "m_hat_t"),
        ("W^Q", "W_Q"),
        (r"\theta_{t-1}", "theta_t_minus_1"),
        (r"D_{K L}", "D_KL"),
        (r"L^{C L I P}", "L_CLIP"),
        (r"r_{x y}", "r_xy"),
        (r"\lambda", "lambda_"),
        ("x'", "x_prime"),
        ("2x", "x_2x"),
        (r"\mathbf{w}_{i, j}", "w_i_j"),
    ],
)
def test_names_are_readable(latex: str, name: str) -> None:
    assert python_name(latex) == name


def test_two_things_never_share_a_name() -> None:
    names = Names()
    assert [names.of("x"), names.of(r"\mathbf{x}"), names.of("x")] == ["x", "x2", "x"]


def test_brackets_stand_only_where_they_are_needed() -> None:
    code = Code("a + b", SUM)
    assert code.at(SUM) == "a + b" and code.at(PRODUCT) == "(a + b)"
    assert summed([("-", code), ("+", Code("c"))]).text == "-(a + b) + c"
    assert tensor_text(Code("2", plain=True)) == "torch.tensor(2, dtype=torch.float64)"
    assert tensor_text(Code("x")) == "x"


def test_two_limits_are_one_call_and_nothing_else_is() -> None:
    assert clamped("x", "min", "0.1") == "torch.clamp(x, min=0.1)"
    assert clamped("torch.clamp(x, min=0.1)", "max", "2") == "torch.clamp(x, min=0.1, max=2)"
    assert clamped("torch.relu(x)", "max", "6") == "torch.clamp(x, min=0, max=6)"
    apart = "torch.relu(x) + torch.relu(y)"
    assert clamped(apart, "max", "6") == f"torch.clamp({apart}, max=6)"
    assert clamped("torch.clamp(x, max=2)", "min", "1") == "torch.clamp(torch.clamp(x, max=2), min=1)"  # it differs where the limits cross
