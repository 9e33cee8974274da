"""Axes that a view mixes: an axis that keeps its size and is another one in memory, where a transpose was meant."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ...core import Evidence
from .._check import Check
from .._examination import Examination
from .._locate import Source, plain_name

VIEWS = frozenset({"view", "reshape", "flatten", "unflatten"})
PRIMES = (11, 13, 17, 19, 23, 29)
SHIFTS = ("Cat", "ConstantPad", "Pad")  # a column is added and the rows are read with another stride: the relative shift


@dataclass(frozen=True)
class View:
    """One change of shape, and the function of the subject's file that made it."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    where: str
    line: int
    shifted: bool  # it was padded just before


@dataclass
class Views(TorchFunctionMode):
    """Record the changes of shape that the subject's own lines ask for."""

    source: Source
    seen: list[View] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") in VIEWS and args and isinstance(args[0], Tensor) and isinstance(result, Tensor):
            frame = calling_frame(sys._getframe(1))
            where = plain_name(frame.f_code.co_qualname) if frame is not None and frame.f_code.co_filename == self.source.file else None
            if where is not None and frame is not None:
                node = args[0].grad_fn
                shifted = node is not None and node.name().startswith(SHIFTS)
                self.seen.append(View(tuple(args[0].shape), tuple(result.shape), where, frame.f_lineno, shifted))
        return result


def calling_frame(frame: FrameType | None) -> FrameType | None:
    """Return the frame that asked for the operation: the first that is neither this file nor torch's dispatch."""
    while frame is not None and (frame.f_code.co_filename == __file__ or "torch/overrides" in frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def blocks(before: Sequence[int], after: Sequence[int]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Cut two shapes of one size where their axes end at the same place in memory; axes of length 1 are left out."""
    one, two = [size for size in before if size > 1], [size for size in after if size > 1]
    found = []
    a = b = 0
    while a < len(one) and b < len(two):
        first, second, left, right = a + 1, b + 1, one[a], two[b]
        while left != right:
            if left < right:
                left, first = left * one[first], first + 1
            else:
                right, second = right * two[second], second + 1
        found.append((tuple(one[a:first]), tuple(two[b:second])))
        a, b = first, second
    return found


def mixed(before: Sequence[int], after: Sequence[int], samples: int) -> int | None:
    """Return the size of an axis that a view moves without moving what is in it; None where there is none or it may be chance.

    An axis that counts samples and stands elsewhere in memory after a view is no longer that axis. Of other axes it is said only where the
    shapes tell it: the sizes are exchanged, or one axis comes first while those around it are joined, or one is split around another.
    """
    for one, two in blocks(before, after):
        if len(one) < 2 or len(two) < 2:
            continue
        kept = [size for size in set(one) & set(two) if one.count(size) == 1 == two.count(size)]
        kept = [size for size in kept if _stride(one, size) != _stride(two, size)]
        if samples in kept:
            return samples
        for size in kept:
            rest_one, rest_two = [s for s in one if s != size], [s for s in two if s != size]
            exchanged = sorted(one) == sorted(two)
            joined = len(rest_one) > len(rest_two) == 1
            joined = joined and ((two[0] == size and one[0] % size != 0) or (two[-1] == size and one[-1] % size != 0))
            split = len(rest_two) > len(rest_one) == 1 and one[0] == size and two[0] != size
            if math.prod(rest_one) == math.prod(rest_two) and (exchanged or joined or split):
                return size
    return None


def _stride(shape: Sequence[int], size: int) -> int:
    return math.prod(shape[shape.index(size) + 1 :])


def axes(examination: Examination) -> Evidence:
    """Watch every view of forward and loss, with a number of samples that no other axis has."""
    model = examination.probe
    samples = 0
    if not examination.layout.graph:
        taken = {
            size for value in (*model.parameters(), *examination.batch().values()) if isinstance(value, Tensor) for size in value.shape
        }
        samples = next((size for size in PRIMES if size not in taken), PRIMES[-1])
    batch = examination.quiet(lambda: examination.batch(samples or None)) or examination.batch()
    recorder = Views(examination.source)
    with torch.enable_grad(), recorder:
        examination.quiet(lambda: examination.forward(model, batch))
        examination.quiet(lambda: examination.loss(model, batch))
    for view in recorder.seen:
        size = None if view.shifted or _shifting(view) else mixed(view.before, view.after, samples)
        if size is not None:
            which = "the samples" if size == samples else f"the axis of {size}"
            return examination.finding(
                "fail",
                f"a view from {view.before} to {view.after} in {view.where} moves {which} without moving what is in it: the axes are mixed",
                where=view.where,
                hint="view and reshape keep the order in memory; transpose or permute first.",
                values={"axis": float(size)},
            )
    if not recorder.seen:
        return examination.skipped("the subject changes no shape")
    return examination.passed("no view mixes axes", views=float(len(recorder.seen)))


def _shifting(view: View) -> bool:
    """Say whether rows are read with a stride of one more, (T, S + 1) as (S + 1, T): the relative shift."""
    return any(abs(a - b) == 1 and len(view.before) == len(view.after) for a, b in pairwise(view.before[-2:]))


AXES = Check(
    name="mixed axes",
    family="architecture",
    finds="A view or reshape where a transpose was meant: samples, positions or heads are mixed.",
    uses=(),
    misled_by="A grouping whose number of groups is the size of another axis by chance; the relative shift, which is left out.",
    cost="forward",
    function=axes,
)
