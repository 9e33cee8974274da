"""Assignments of values to the symbols of a stated equation, and the equation's value under them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...core import BadInput
from ...equations import Translation, translate
from ._spellings import constants

UNDECLARED = re.compile(r"^(.+?) is not declared")
LEFT = r"\mathcal{O}"
MOST_CONSTANTS = 5
MOST_VARIANTS = 24
MOST_ROWS = 512
TOO_LONG = "the leading axes are too long to be gone through"


@dataclass(frozen=True)
class Layout:
    """How captured tensors become the equation's arrays: leading axes over which it is repeated, and what becomes of the axes that follow.

    They stay, are flattened ("flat"), all of them with the samples' own ("vector"), or all but the axis of classes, axis 1 of maps, which
    then comes "first" or "last" (p_{ki} or p_{ik} over pixels i).
    """

    leading: int
    rest: str = ""


PAIRS = (Layout(2),)
LAYOUTS = (
    *(Layout(0), Layout(1), Layout(0, "flat"), Layout(2), Layout(1, "flat"), Layout(3)),
    *(Layout(0, "vector"), Layout(0, "last"), Layout(0, "first"), Layout(1, "last")),
)


@dataclass(frozen=True)
class Attempt:
    """The equation's value under one assignment, or why there is none."""

    value: Tensor | None
    reason: str = ""
    ambiguous: bool = False  # two axes of one array have the same size


def attempts(
    latex: str,
    values: Mapping[str, Tensor],
    numbers: Mapping[str, float],
    facts: Mapping[str, Any],
    attributes: Mapping[str, float],
    shared: frozenset[str] = frozenset(),
    layouts: tuple[Layout, ...] = LAYOUTS,
) -> Iterator[Attempt]:
    """Yield the equation's value for every layout of the tensors and every meaning of the symbols left over; `shared` have no samples."""
    seen = set()
    for layout in layouts:
        deepest = max((value.ndim for name, value in values.items() if name not in shared), default=0)
        if layout.rest in ("vector", "last", "first") and deepest < 4:
            continue  # no maps
        arranged = {name: value if name in shared else _arranged(value, layout, deepest) for name, value in values.items()}
        key = (layout.leading, tuple(tuple(value.shape) for value in arranged.values()))
        if layout.leading == 3 and any(value.ndim < 4 for name, value in values.items() if name not in shared):
            continue  # vectors in an array of four axes, or more
        if key in seen or any(value.ndim < layout.leading for name, value in values.items() if name not in shared):
            continue
        seen.add(key)
        yield from _with_constants(latex, arranged, layout.leading, numbers, facts, attributes, shared)


def _arranged(value: Tensor, layout: Layout, deepest: int) -> Tensor:
    """Flatten the axes that a layout flattens; a map without an axis of classes, or with one class, is one of pixels alone."""
    start = max(1, layout.leading)
    if layout.rest == "flat":
        return value.flatten(start) if value.ndim > start + 1 else value
    if not layout.rest or value.ndim < deepest - 1 or value.ndim < 2:
        return value
    if layout.rest == "vector" or value.ndim < deepest or value.shape[1] == 1:
        return value.flatten(layout.leading)
    return value.movedim(1, -1).flatten(layout.leading, -2) if layout.rest == "last" else value.movedim(1, 0).flatten(1)


def _with_constants(
    latex: str,
    values: Mapping[str, Tensor],
    leading: int,
    numbers: Mapping[str, float],
    facts: Mapping[str, Any],
    attributes: Mapping[str, float],
    shared: frozenset[str],
) -> Iterator[Attempt]:
    waiting: list[dict[str, float | str]] = [dict(numbers)]
    free = ""
    tried = 0
    while waiting and tried < MOST_VARIANTS:
        chosen = waiting.pop(0)
        tried += 1
        translation, ambiguous = _translated(f"{LEFT}_{{{free}}}={latex}" if free else latex, values, leading, chosen, shared)
        while (index := _free_index(translation, free)) and "=" not in _outside(latex):  # the left side would name it
            free += index
            translation, ambiguous = _translated(f"{LEFT}_{{{free}}}={latex}", values, leading, chosen, shared)
        if translation.status == "ok":
            yield _evaluated(translation, values, leading, ambiguous, shared)
            continue
        missing = UNDECLARED.match(translation.reason)
        options = constants(missing[1].strip(), facts, attributes) if missing and len(chosen) < MOST_CONSTANTS + len(numbers) else []
        if missing is not None and applied(missing[1].strip(), latex):  # C(Z) is a function of Z, and C no number of columns
            options = [option for option in options if not isinstance(option, str)]
        if not options or missing is None:
            yield Attempt(None, translation.reason)
        waiting += [chosen | {missing[1].strip(): option} for option in options if missing is not None]


def applied(symbol: str, latex: str) -> bool:
    """Say whether a symbol stands before one other symbol in parentheses, as a function does before its argument."""
    return re.search(rf"(?<![a-zA-Z]){re.escape(symbol)}\s*(?:\\left)?\s*\(\s*(?:\\[a-z]+|[A-Za-z])\s*(?:\\right)?\s*\)", latex) is not None


def _free_index(translation: Translation, known: str) -> str:
    """Return the letter for which a display was refused where it stands as an index, "" where it does not."""
    missing = UNDECLARED.match(translation.reason)
    letter = missing[1].strip() if missing else ""
    indices = "".join("".join(pair) for pair in re.findall(r"_(?:\{([a-z]+)\}|([a-z]))", translation.latex))
    return letter if len(letter) == 1 and letter in indices and letter not in known and len(known) < 3 else ""


def _outside(latex: str) -> str:
    """Return a display without what stands in braces: its own signs of equality are left."""
    while re.search(r"\{[^{}]*\}", latex):
        latex = re.sub(r"\{[^{}]*\}", "", latex)
    return latex


def _translated(
    latex: str, values: Mapping[str, Tensor], leading: int, chosen: Mapping[str, float | str], shared: frozenset[str]
) -> tuple[Translation, bool]:
    names: dict[int, str] = {}
    shapes = {}
    for symbol, value in values.items():
        shape = value.shape if symbol in shared else value.shape[leading:]
        shapes[symbol] = [names.setdefault(size, f"axis{len(names)}") if size > 1 else "1" for size in shape]
    ambiguous = any(len(set(shape)) < len(shape) for shape in shapes.values())
    first = next((shape for shape in shapes.values() if shape), [])
    fixed = {name: (number if not isinstance(number, str) else _size(number, first)) for name, number in chosen.items()}
    try:
        return translate(latex, {"inputs": shapes, "constants": fixed}), ambiguous
    except BadInput as error:
        return Translation("refused", latex, str(error)), ambiguous


def _size(which: str, shape: list[str]) -> str | int:
    if not shape:
        return 1
    size = shape[0] if which == "first" else shape[-1]
    return 1 if size == "1" else size


def _evaluated(translation: Translation, values: Mapping[str, Tensor], leading: int, ambiguous: bool, shared: frozenset[str]) -> Attempt:
    """Evaluate; over leading axes once for each of their places, stacked."""
    rows = [dict(values)]
    sizes: tuple[int, ...] = ()
    if leading:
        common = {tuple(value.shape[:leading]) for name, value in values.items() if name not in shared}
        if len(common) != 1:
            return Attempt(None, "the arguments have different leading axes")
        sizes = common.pop()
        if torch.Size(sizes).numel() > MOST_ROWS:
            return Attempt(None, TOO_LONG)
        rows = [
            {name: value if name in shared else value[place] for name, value in values.items()}
            for place in itertools.product(*(range(size) for size in sizes))
        ]
    found = []
    try:
        for row in rows:
            results = translation.evaluate(row)
            found.append(results[translation.returns[-1]])
    except (BadInput, RuntimeError, ValueError, IndexError, OverflowError, ZeroDivisionError) as error:
        return Attempt(None, str(error).splitlines()[0] if str(error) else type(error).__name__)
    value = torch.stack(found).reshape(*sizes, *found[0].shape) if leading else found[0]
    return Attempt(value, ambiguous=ambiguous)


SAME = 3e-4  # of the largest element: what float32 loses in a sum of a few thousand terms
APART = 5e-3  # of the largest element: beyond a guard inside a root or a logarithm; in between it cannot be told


def matched(got: Tensor, value: Tensor, tolerance: float = SAME) -> Tensor | None:
    """Return the equation's value in the result's shape where they agree; its mean or sum where the equation is that of one sample."""
    for candidate in candidates(got, value):
        if close(got, candidate, tolerance):
            return candidate
    return None


def candidates(got: Tensor, value: Tensor) -> list[Tensor]:
    """Return what the equation's value may be compared as: in any order of its axes, averaged or summed where the result is a number."""
    forms = [value]
    if got.numel() == 1 and value.numel() > 1:
        forms = [value.mean(), value.sum()] + ([value.flatten(1).sum(1).mean()] if value.ndim > 1 else [])
    found = []
    for form in forms:
        orders = itertools.permutations(range(form.ndim)) if form.ndim in (2, 3) else [tuple(range(form.ndim))]
        if form.numel() == got.numel():
            found += [form.permute(order).reshape(got.shape) for order in orders]
    return found


def difference(got: Tensor, want: Tensor) -> float:
    """Return the largest difference against the largest element; infinite where one is not finite and the other is."""
    got, want = got.detach().double(), want.detach().double()
    both = want.isfinite() & got.isfinite()
    if not bool((both | (want == got)).all()):
        return float("inf")
    if not bool(both.any()):
        return 0.0
    return float((want - got)[both].abs().max()) / max(float(want[both].abs().max()), 1e-4)


def close(got: Tensor, want: Tensor, tolerance: float) -> bool:
    """Say whether two results are the same but for rounding."""
    return difference(got, want) <= tolerance


def paired(values: Mapping[str, Tensor], result: Tensor) -> list[dict[str, Tensor]]:
    """Return two sets of vectors, each of one with each of the other, where a result has a place for every pair: d(q, c) of single vectors."""
    if len(values) != 2:
        return []
    (one, a), (two, b) = sorted(values.items(), key=lambda item: item[1].ndim)
    if (a.ndim, b.ndim) == (2, 2) and a.shape[1] == b.shape[1]:
        a, b = (a[:, None].expand(-1, len(b), -1), b[None].expand(len(a), -1, -1))
    elif (a.ndim, b.ndim) == (2, 3) and (len(a), a.shape[1]) == (len(b), b.shape[2]):
        a = a[:, None].expand_as(b)
    return [{one: a, two: b}] if a.ndim == 3 and a.shape == b.shape and result.shape == a.shape[:2] else []


def undeclared(latex: str, values: Mapping[str, Tensor], numbers: Mapping[str, float]) -> str | None:
    """Return the first symbol of a display that nothing is declared for, None where the display is refused for another reason."""
    translation, _ = _translated(latex, values, 0, numbers, frozenset())
    missing = UNDECLARED.match(translation.reason)
    return missing[1].strip() if missing else None
