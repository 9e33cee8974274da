"""Patches of an image: each token is made of one square of pixels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination


def patches(examination: Examination) -> Evidence:
    """Number the pixels, and look which of them each row of the first linear layer holds: those of one square of the stated side."""
    side = examination.number("patch")
    if side is None or side < 2 or side != int(side):
        return examination.skipped("no side of a patch is stated")
    images = [
        key
        for key, value in examination.batch().items()
        if isinstance(value, Tensor) and value.is_floating_point() and value.ndim in (3, 4) and examination.reads(key)
    ]
    if len(images) != 1:
        return examination.skipped("there is no one image")
    batch = examination.batch()
    shape = batch[images[0]].shape
    numbers = torch.arange(batch[images[0]][0].numel(), dtype=batch[images[0]].dtype).reshape(shape[1:])
    batch[images[0]] = numbers.expand(shape).clone()
    model = examination.probe
    rows, path = _first(examination, model, batch)
    count = int(side) ** 2 * (shape[1] if len(shape) == 4 else 1)
    if rows is None or rows.ndim != 3 or rows.shape[-1] != count or not bool((rows[0].flatten().sort().values == numbers.flatten()).all()):
        return examination.skipped("no linear layer is given the pixels patch by patch")
    width = shape[-1]
    for token, row in enumerate(rows[0].long()):
        place = row % (shape[-1] * shape[-2])
        down, along = place // width, place % width
        if int(down.max() - down.min()) >= side or int(along.max() - along.min()) >= side:
            text = f"token {token} is made of pixels {int(down.max() - down.min()) + 1} rows and {int(along.max() - along.min()) + 1} columns apart, and patches of side {side:g} are stated"
            hint = "A reshape alone cuts an image along its memory: move the axes of a patch beside one another first."
            return examination.finding("fail", text, where=examination.where(model, path.rpartition(".")[0]), path=path, hint=hint)
    return examination.passed("each token is made of one square of pixels", tokens=float(len(rows[0])))


def _first(examination: Examination, model: nn.Module, batch: dict[str, Any]) -> tuple[Tensor | None, str]:
    """Return what the first linear layer is given, and its path."""
    seen: list[tuple[Tensor, str]] = []
    handles = [
        module.register_forward_pre_hook(lambda _, given, path=path: seen.append((given[0].detach().clone(), path)))
        for path, module in model.named_modules()
        if isinstance(module, nn.Linear)
    ]
    try:
        with torch.no_grad():
            examination.quiet(lambda: examination.forward(model, batch))
    finally:
        for handle in handles:
            handle.remove()
    return seen[0] if seen else (None, "")


PATCHES = card(
    "architecture",
    "patches",
    "Tokens of an image that are made of other pixels than those of one square of the stated side.",
    ("patch",),
    "Patches made by a convolution, and images that are scaled before they are cut: skipped.",
    patches,
)
