"""Outputs of a mean and a spread: the loss is least where the mean is the target and the spread is their distance."""

from __future__ import annotations

import math
import re
from typing import Any

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination
from ._pinned import Pinned, pinned

AWAY = 3.0  # of the mean from the target
MEAN = re.compile(r"(?i)^(mean|mu|loc|location)s?$")
LOG_VARIANCE = re.compile(r"(?i)^(log_?(var|variance|sigma2|s2)|s)$")


def mean_and_spread(examination: Examination) -> list[Evidence]:
    """Put means and log-variances in the place of the model's output: their slopes must lead to the target and to its distance."""
    stated = re.fullmatch(r"(?:the )?mean and (?:the )?log[- ]?variance.*", examination.words("output"))
    batch = examination.batch()
    seen = pinned(examination, examination.perturbed(), batch)
    if seen is None or len(seen.outputs) != 1 or _pair(seen.outputs[0]) is None:
        return [examination.skipped("the loss does not come from one output of the model")]
    columns = _columns(seen, stated is not None)
    size = _pair(seen.outputs[0])
    targets = [
        key
        for key, value in batch.items()
        if isinstance(value, Tensor) and value.is_floating_point() and size is not None and value.numel() == size.numel()
    ]
    targets = [key for key in targets if not examination.reads(key)]
    if columns is None or size is None or len(targets) != 1 or not seen.holds():
        return [examination.skipped("no output of a mean and a log-variance with a target of its size is seen")]
    found = _negative(examination, columns[1]) if stated else []
    place = (batch[targets[0]].reshape(size.shape), *columns)
    where = "loss"
    for side in (1.0, -1.0):
        slopes = [_slopes(seen, *place, side * AWAY, share * math.log(AWAY**2)) for share in (0.85, 1.0, 1.15)]
        if any(slope is None for slope in slopes):
            return [examination.unsure("the loss takes no other mean and log-variance than the model's own")]
        means, spreads = zip(*[slope for slope in slopes if slope is not None], strict=True)
        if all(mean * side < -1e-9 for mean in means) and spreads[0] < -1e-9 and spreads[2] > 1e-9:
            continue
        what = (
            "mean does not lead to the target"
            if not all(mean * side < -1e-9 for mean in means)
            else "log-variance is not 0 at the distance of mean and target"
        )
        hint = "Which column is which? Half of the log-variance, and the squared distance over twice the variance, exp(log-variance)."
        return [*found, examination.finding("fail", f"the slope of the loss along the {what}", where=where, hint=hint)]
    return found or [examination.passed("the loss is least where mean and log-variance are those of the target")]


def _pair(output: Any) -> Tensor | None:
    """Return the first of the two arrays that an output is made of: the columns of its last axis, or the members of a pair."""
    if isinstance(output, tuple):
        return output[0] if len(output) == 2 and output[0].shape == output[1].shape and output[0].is_floating_point() else None
    return output[..., 0] if output.ndim > 1 and output.shape[-1] == 2 and output.is_floating_point() else None


def _columns(seen: Pinned, stated: bool) -> tuple[int, int] | None:
    """Return which of the two arrays is the mean and which the log-variance: by the names in the loss, or in the stated order."""
    if stated:
        return 0, 1
    output = seen.outputs[0]
    places = [
        {place for name, part in seen.parts.items() if pattern.match(name) and (place := _place(part, output)) is not None}
        for pattern in (MEAN, LOG_VARIANCE)
    ]
    return (min(places[0]), min(places[1])) if places[0] | places[1] == {0, 1} and len(places[0]) == len(places[1]) == 1 else None


def _place(part: Tensor, output: Any) -> int | None:
    if isinstance(output, tuple):
        return next((place for place, member in enumerate(output) if member is part), None)
    inside = part.untyped_storage().data_ptr() == output.untyped_storage().data_ptr() and 2 * part.numel() == output.numel()
    return part.storage_offset() - output.storage_offset() if inside else None


def _slopes(seen: Pinned, target: Tensor, mean: int, spread: int, away: float, level: float) -> tuple[float, float] | None:
    """Return the loss's slopes along all means and along all log-variances, with the mean `away` above the target."""
    means, spreads = (target - away).detach().requires_grad_(), torch.full_like(target, level).requires_grad_()
    pair = (means, spreads) if mean < spread else (spreads, means)
    value = seen.loss([pair if isinstance(seen.outputs[0], tuple) else torch.stack(pair, dim=-1)])
    if value is None or not value.requires_grad:
        return None
    slopes = torch.autograd.grad(value, (means, spreads), allow_unused=True)
    along = [0.0 if slope is None else float(slope.sum()) for slope in slopes]
    return along[0], along[1]


def _negative(examination: Examination, column: int) -> list[Evidence]:
    """A logarithm has both signs: over many perturbed models it is not always 0 or more."""
    least, zeros = [], 0
    with torch.no_grad():
        for seed in range(6):
            output = examination.forward(examination.perturbed(seed), examination.batch(seed=seed))
            if output.ndim < 2 or output.shape[-1] != 2:
                return []
            values = output[..., column]
            least.append(float(values.min()))
            zeros += int((values == 0).sum())
    if min(least) >= 0 and (zeros or min(least) > 0):
        model = examination.probe
        text = "the log-variance is never below 0 in six models, so no variance is below 1"
        return [examination.finding("fail", text, where=examination.where(model, ""), hint="Is it a variance, or is it cut at 0?")]
    return []


MEAN_AND_SPREAD = card(
    "loss",
    "mean and spread",
    "A Gaussian loss that is not least at the true mean and log-variance: columns exchanged, a factor, a variance for its logarithm, a logarithm that is never negative.",
    ("output",),
    "Without a statement the columns are known by their names in the loss only; other losses of two columns are skipped.",
    mean_and_spread,
)
