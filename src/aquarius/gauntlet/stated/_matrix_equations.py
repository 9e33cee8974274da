"""Normalised adjacencies stated as products of matrices, such as D^{-1/2}(A+I)D^{-1/2}, held against their function."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
from torch import Tensor

from ...core import Evidence
from .._calls import FunctionCall, named
from .._check import card
from .._examination import Examination
from .._functions import called

SAME, APART = 1e-4, 5e-3
_DEGREE = r"(\\tilde|\\hat|\\bar)?\{?D\}?(?:_\{?\w\}?)?\^\{?(-?\\frac\{?1\}?\{?2\}?|-?\d(?:/\d)?(?:\.\d)?)\}?"
_MIDDLE = r"(\(?\{?A\}?\+\{?I\}?(?:_\{?[nN]\}?)?\)?|\(?I(?:_\{?[nN]\}?)?\+A\)?|(?:\\tilde|\\hat|\\bar)\{?A\}?|A)"
_FORM = re.compile(rf"^(I(?:_\{{?[nN]\}}?)?-)?(?:{_DEGREE})?\(?{_MIDDLE}\)?(?:{_DEGREE})?$")
Form = tuple[str, bool, str | None, str | None, str]  # middle, is it taken from the identity, powers on the left and right, mark of D


def matrix_equations(examination: Examination) -> list[Evidence]:
    """Compute the stated product from the function's one square argument and compare, where rows or columns are counted for degrees."""
    stated = examination.facts.get("equations")
    found = []
    for qualname, latex in sorted(stated.items()) if isinstance(stated, dict) else []:
        form = _read(latex) if isinstance(latex, str) else None
        if form is not None and named(examination, str(qualname)) is not None:
            calls = [call for call in called(examination).get(qualname, []) if _square(call) is not None]
            if calls:
                found.append(_held(examination, qualname, latex, form, calls))
    return found or [examination.skipped("no product of degrees and an adjacency is stated")]


def _read(latex: str) -> Form | None:
    """Return the first product of degrees and an adjacency in a display, None where there is none."""
    text = re.sub(r"\\(?:left|right|,|;|!|quad|qquad|cdot|mathbf|boldsymbol|bm)(?![a-zA-Z])|\\[,;! ]|\s", "", latex)
    for piece in re.split(r"[,;]|\\text\{[^}]*\}", text):
        match = _FORM.match(piece.split("=")[-1])
        if match and (match[3] or match[6]):
            return match[4], match[1] is not None, match[3], match[6], match[2] or match[5] or ""
    return None


def _power(text: str | None) -> float:
    if not text:
        return 0.0
    sign = -1.0 if text.startswith("-") else 1.0
    return sign * (0.5 if re.search(r"frac|1/2|0?\.5", text) else float(re.sub(r"[^\d.]", "", text) or 1))


def _square(call: FunctionCall) -> Tensor | None:
    arrays = [value for value in call.arguments.values() if isinstance(value, Tensor)]
    if len(arrays) != 1 or not isinstance(call.result, Tensor) or call.result.is_sparse or arrays[0].is_sparse:
        return None
    fits = arrays[0].ndim == 2 and arrays[0].shape[0] == arrays[0].shape[1] == len(call.result) and call.result.shape == arrays[0].shape
    return arrays[0].double() if fits else None


def _values(form: Form, plain: Tensor) -> Iterator[Tensor]:
    """Yield what the product may be: degrees by rows or columns, of the middle or, where D carries no mark, of A itself."""
    middle, taken, left, right, mark = form
    eye = torch.eye(len(plain), dtype=plain.dtype)
    loops = "I" in middle or middle.startswith("\\")
    looped = plain * (1 - eye) + eye if loops and bool((plain.diagonal() == 1).all()) else plain + eye
    inner = looped if loops else plain
    for counted in [inner] if mark or not loops else [inner, plain]:
        for axis in (0, 1):
            degree = counted.sum(axis).clamp(min=1e-12)
            value = degree[:, None] ** _power(left) * inner * degree[None, :] ** _power(right)
            yield eye - value if taken else value


def _held(examination: Examination, qualname: str, latex: str, form: Form, calls: list[FunctionCall]) -> Evidence:
    least = 0.0
    for call in calls:
        plain, got = _square(call), call.result.detach().double()
        assert plain is not None
        alive = plain.sum(0) * plain.sum(1) > 0  # what becomes of a node without edges, each guards in its own way
        inside = alive[:, None] & alive[None, :]
        scale = float(got[inside].abs().max()) if bool(inside.any()) else 0.0
        if scale == 0.0 or not bool(got[inside].isfinite().all()):
            return examination.unsure(f"{qualname} gives nothing that can be compared")
        least = max(least, min(float((got - value)[inside].abs().max()) / scale for value in _values(form, plain)))
    if least < SAME:
        return examination.passed(f"{qualname} is {latex}", difference=least)
    if least < APART:
        return examination.unsure(f"{qualname} differs from {latex} by {least:.2g} of its largest element only")
    return examination.finding(
        "fail",
        f"{qualname} is not {latex}: on real graphs it is off by {least:.3g} of the largest element or more",
        where=qualname,
        hint="Look at the loops, at what the degrees count, at their root, and at both sides.",
        values={"difference": least},
    )


MATRICES = card(
    "equations",
    "matrix equations",
    "A normalised adjacency that is not the stated product of degrees and adjacency.",
    ("equations",),
    "Degrees by rows or by columns, and loops that are there already, are both taken; nodes without edges are left out.",
    matrix_equations,
)
