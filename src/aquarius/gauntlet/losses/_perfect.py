"""Overlap of masks: the right answer reaches the function that measures it."""

from __future__ import annotations

import re

import torch
from torch import Tensor

from ...core import Evidence
from .._calls import FunctionCall
from .._check import card
from .._examination import Examination
from .._functions import called
from .._inputs import is_integer

NAMES = r"dice|iou|jaccard|tversky|overlap"
SURE = 15.0  # scores of plus and minus this much: probabilities of one and zero


def overlap_of_the_right_answer(examination: Examination) -> Evidence:
    """Let forward give the labels themselves as scores: the overlap that the loss measures is that of equal masks."""
    names = [name for name in examination.source.functions if re.search(NAMES, name.lower())]
    batch = examination.batch()
    with torch.no_grad():
        output = examination.forward(examination.probe, batch)
    labels = [key for key, value in batch.items() if isinstance(value, Tensor) and _is_map(value, output)]
    if not names or output.ndim != 4 or len(labels) != 1:
        return examination.skipped("no function that measures an overlap of maps is there")
    calls = _with_right_answer(examination, _scores(batch[labels[0]], output), names)
    for name, call in calls:
        pair = [key for key, value in call.arguments.items() if isinstance(value, Tensor)]
        if len(pair) != 2 or not isinstance(call.result, Tensor):
            continue
        masks = [key for key in pair if bool(((call.arguments[key] == 0) | (call.arguments[key] == 1)).all())]
        best = _again(examination, call, masks[-1], next(key for key in pair if key != masks[-1])) if masks else None
        if best is None:
            continue
        seen = float(call.result.detach().mean())
        if abs(seen - best) <= 0.1:
            return examination.passed(f"{name} has its value of equal masks for the right answer", seen=seen)
        return examination.finding(
            "fail",
            f"for the right answer {name} gives {seen:.3g}, and {best:.3g} for equal masks",
            where="loss",
            hint="Which class, and along which axis, are the probabilities that it is given?",
            values={"right answer": seen, "equal masks": best},
        )
    return examination.unsure("no overlap is measured where forward gives the right answer")


def _is_map(value: Tensor, output: Tensor) -> bool:
    return (
        is_integer(value) and output.ndim == 4 and value.shape == output.shape[:1] + output.shape[2:] and int(value.max()) < output.shape[1]
    )


def _scores(labels: Tensor, output: Tensor) -> Tensor:
    right = torch.zeros_like(output).scatter(1, labels[:, None].long().clamp_min(0), 1.0)
    return (2 * right - 1) * SURE


def _with_right_answer(examination: Examination, scores: Tensor, names: list[str]) -> list[tuple[str, FunctionCall]]:
    """Return the calls of functions in the loss while the subject's forward gives these scores."""
    own = examination.module.forward
    kept = examination.kept
    examination.kept = {}
    examination.module.forward = lambda model, batch: scores.clone().requires_grad_()  # type: ignore[attr-defined]
    try:
        found = examination.quiet(lambda: called(examination)) or {}
    finally:
        examination.module.forward = own  # type: ignore[attr-defined]
        examination.kept = kept
    return [(name, found[name][0]) for name in names if found.get(name)]


def _again(examination: Examination, call: FunctionCall, one: str, other: str) -> float | None:
    """Return the function's value where one argument stands in both places."""
    with torch.no_grad():
        value = examination.quiet(lambda: call.again(dict(call.arguments) | {other: call.arguments[one]}))
    return float(value.mean()) if isinstance(value, Tensor) else None


OVERLAP_OF_RIGHT = card(
    "loss",
    "overlap of the right answer",
    "An overlap that is measured on another class, or along another axis, than that of the labels.",
    (),
    "A function that weighs classes: only a value far from that of equal masks fails.",
    overlap_of_the_right_answer,
)
