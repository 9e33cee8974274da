"""Stated products of degrees and adjacency: read in the ways papers print them, held against the function, left alone where they are another thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.gauntlet.stated._matrix_equations import _read
from gauntlet.profiles.test_rollouts import look

LOOPS = "adjacency = adjacency + torch.eye(len(adjacency))"
BOTH = "degree[:, None] * adjacency * degree[None, :]"


@pytest.mark.parametrize(
    ("latex", "wanted"),
    [
        (r"\hat A=\tilde D^{-1/2}(A+I)\tilde D^{-1/2},\quad \tilde D_{ii}=\sum_j(A+I)_{ij}", ("A+I", "-1/2", "-1/2")),
        (r"\tilde{D}^{-\frac{1}{2}}\tilde{A}\tilde{D}^{-\frac{1}{2}},\;\tilde A=A+I", (r"\tilde{A}", r"-\frac{1}{2}", r"-\frac{1}{2}")),
        (r"D^{-1}A", ("A", "-1", None)),
        (r"I-D^{-1/2}AD^{-1/2}", ("A", "-1/2", "-1/2")),
    ],
)
def test_products_are_read_as_papers_print_them(latex: str, wanted: tuple[str, ...]) -> None:
    form = _read(latex)
    assert form is not None and (form[0].strip("()"), form[2], form[3]) == wanted


@pytest.mark.parametrize("latex", [r"\frac{x-\mu}{\sigma}", r"\hat A=A+I", r"D^{-1/2}AD^{-1/2}XW"])
def test_what_is_no_such_product_is_left_alone(latex: str) -> None:
    assert _read(latex) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (BOTH, "degree[:, None] ** 2 * adjacency"),
        (LOOPS, "adjacency = adjacency.clone()"),
        (LOOPS, "adjacency = adjacency + 2 * torch.eye(len(adjacency))"),
        (".rsqrt()", ".sqrt()"),
    ],
)
def test_another_normalisation_than_stated_fails(old: str, new: str, tmp_path: Path) -> None:
    found = look(tmp_path, "matrix equations", "spectral", (old, new))
    assert (found.status, found.where) == ("fail", "normalise")


def test_the_stated_one_passes_by_other_means_too(tmp_path: Path) -> None:
    assert look(tmp_path, "matrix equations", "spectral").status == "pass"
    other = (BOTH, "torch.diag(degree) @ adjacency @ torch.diag(degree)")
    assert look(tmp_path, "matrix equations", "spectral", other).status == "pass"


def test_a_function_of_more_than_the_adjacency_is_not_judged(tmp_path: Path) -> None:
    two = ("def normalise(adjacency):", "def normalise(adjacency, weight=torch.ones(24, 24)):")
    assert look(tmp_path, "matrix equations", "spectral", two).status == "skipped"
