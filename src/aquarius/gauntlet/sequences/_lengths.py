"""Lengths: an entry that counts the real elements of another; what stands after them, and how much of it, changes nothing that counts."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor

from ...core import Evidence
from .._check import Check
from .._examination import Examination, distance
from .._inputs import Batch, copy, is_integer, is_mask, select
from .._trace import first_difference, watching
from ._padding import left_out
from ._sequences import over_positions

SURE, ROUNDING = 1e-3, 2e-5
ROWS = 24
PRESENCE = re.compile(r"present|valid|observed|exist|real|absent|missing|pad|mask", re.IGNORECASE)


@dataclass(frozen=True)
class Counted:
    """An entry of elements (n, T, ...) whose rows end in a constant, from where another entry (n) says on."""

    key: str
    counter: str
    lengths: Tensor


def counted_entries(examination: Examination, batch: Batch) -> list[Counted]:
    """Return the entries of numbers whose rows are constant from a length on that stands in the batch."""
    found = []
    for counter, lengths in batch.items():
        if not is_integer(lengths) or lengths.ndim != 1 or examination.layout.axes.get(counter) != 0 or len(lengths.unique()) < 3:
            continue
        for key, value in batch.items():
            if (
                not isinstance(value, Tensor)
                or value.ndim < 2
                or not value.is_floating_point()
                or len(value) != len(lengths)
                or is_mask(value)
            ):
                continue
            width = value.shape[1]
            if int(lengths.min()) < 1 or int(lengths.max()) > width or int((lengths < width).sum()) < 3:
                continue
            after = torch.arange(width)[None] >= lengths[:, None]
            last = value[torch.arange(len(value)), lengths - 1]
            if bool((value[after] == 0).all()) and bool((last != 0).flatten(1 if last.ndim > 1 else 0).any()) and examination.reads(key):
                found.append(Counted(key, counter, lengths))
    return found


def lengths(examination: Examination) -> Evidence | list[Evidence]:
    """Cut off what stands after the real elements of the shorter rows, and compare outputs and loss; find masks that nothing looks at."""
    if not examination.layout.rows or examination.random_evaluation:
        return examination.skipped("samples are not rows of a batch, or evaluation is random")
    batch = examination.batch(ROWS)
    found = _unread(examination, batch)
    for entry in counted_entries(examination, batch):
        if not examination.reads(entry.counter) and not examination.loss_reads(entry.counter):
            found.append(_nobody(examination, entry.counter))
        else:
            found.append(_cut(examination, batch, entry))
    counted = {entry.key for entry in counted_entries(examination, batch)}
    found += [finding for key in batch if key not in counted for finding in _zeros(examination, batch, key)]
    return found or examination.skipped("no entry counts the real elements of another")


def _zeros(examination: Examination, batch: Batch, key: str) -> list[Evidence]:
    """Cut vectors of zeros off that end the rows of an entry which only the loss reads: a mean over real elements does not count them."""
    value = batch[key]
    if not isinstance(value, Tensor) or value.ndim < 3 or not value.is_floating_point() or examination.layout.axes.get(key) != 0:
        return []
    real = value.flatten(2).abs().amax(dim=2) > 0
    count = real.sum(dim=1)
    width = value.shape[1]
    ends = torch.arange(width)[None] < count[:, None]
    if not bool((real == ends).all()) or int((count < width).sum()) < 6 or len(count.unique()) < 3 or int(count.min()) < 1:
        return []
    if not examination.loss_reads(key):
        return []
    order = count.argsort()
    rows = order[: max(2, int((count < width).sum()) // 2)].sort().values
    longest = int(count[rows].max())
    if longest >= width:
        return []
    long = select(batch, rows, examination.layout.axes)
    shared = [name for name, item in long.items() if isinstance(item, Tensor) and item.ndim >= 2 and item.shape[1] == width]
    short = {name: item[:, :longest] if name in shared else item for name, item in long.items()}
    model = examination.probe
    with torch.no_grad():
        before = examination.loss(model, copy(long), seed=2)
        after = examination.quiet(lambda: examination.loss(model, copy(short), seed=2))
    if after is None:
        return []
    change = abs(float(before - after)) / max(1e-3, abs(float(before)))
    if change <= SURE:
        return [examination.passed(f"how many zeros end the rows of {key} does not change the loss", change=change)]
    message = f"how many zeros end the rows of {key} changes the loss from {float(before):.5g} to {float(after):.5g}"
    stated = re.search(r"real|valid|non-?padd|unpadded", examination.words("loss"))
    if not stated and not left_out(examination, long, ~real[rows]):
        return [examination.unsure(message, before=float(before), after=float(after))]
    hint = "Look for what the sum over real elements is divided by."
    return [
        examination.finding("fail", message, where="loss", path=key, hint=hint, values={"before": float(before), "after": float(after)})
    ]


def _nobody(examination: Examination, key: str) -> Evidence:
    return examination.finding(
        "fail",
        f"{key} says which elements are real, and neither forward nor loss looks at it",
        where=examination.where(examination.probe, ""),
        path=key,
        hint="Look for the place where absent elements should be left out.",
    )


def _unread(examination: Examination, batch: Batch) -> list[Evidence]:
    """Find masks over the elements of an entry that is read, which nothing reads; those of ones then zeros have a check of their own."""
    found = []
    for key, value in batch.items():
        if not is_mask(value) or value.ndim != 2 or not PRESENCE.search(key):
            continue
        over = [
            other
            for other, elements in batch.items()
            if other != key and isinstance(elements, Tensor) and elements.ndim >= 2 and elements.shape[:2] == value.shape
        ]
        if any(examination.reads(other) for other in over) and not examination.reads(key) and not examination.loss_reads(key):
            found.append(_nobody(examination, key))
    return found


def _cut(examination: Examination, batch: Batch, entry: Counted) -> Evidence:
    width = batch[entry.key].shape[1]
    order = entry.lengths.argsort()
    rows = order[: max(2, int((entry.lengths < width).sum()) // 2)].sort().values
    longest = int(entry.lengths[rows].max())
    if longest >= width:
        return examination.skipped(f"too few rows of {entry.key} are shorter than the longest")
    long = select(batch, rows, examination.layout.axes)
    shared = [key for key, value in long.items() if isinstance(value, Tensor) and value.ndim >= 2 and value.shape[1] == width]
    short = {key: value[:, :longest] if key in shared else value for key, value in long.items()}
    model = examination.probe
    with torch.no_grad(), watching(model) as one:
        before = examination.forward(model, copy(long))
    with torch.no_grad(), watching(model) as two:
        after = examination.quiet(lambda: examination.forward(model, copy(short)))
    if after is None:
        return examination.unsure(f"the subject does not take a shorter {entry.key}")
    real = torch.arange(longest)[None] < entry.lengths[rows][:, None]
    change, name = _changed(examination, long, short, before, after, real)
    if change <= ROUNDING:
        return examination.passed(f"what stands after the {entry.counter} of {entry.key} changes nothing", change=change)
    if change <= SURE:
        return examination.unsure(f"what stands after the {entry.counter} of {entry.key} changes {name} by little", change=change)

    def view(tensor: Tensor) -> Tensor | None:
        if tensor.ndim >= 2 and tensor.shape[0] == len(rows) and tensor.shape[1] in (width, longest):
            return torch.where(real.reshape(*real.shape, *[1] * (tensor.ndim - 2)), tensor[:, :longest], 0.0)
        return None

    path = first_difference(one, two, view, ROUNDING)
    message = f"how many zeros stand after the {entry.counter} of {entry.key} changes {name} by {change:.3g} of its scale"
    if not examination.reads(entry.counter):
        return examination.unsure(f"{message}, and the model is not told of the {entry.counter}", change=change)
    return examination.finding(
        "fail",
        message,
        where=examination.where(model, path or ""),
        path=path,
        hint="Look at what is made of the lengths: the sense of the mask, statistics and convolutions over padding, a recurrence that is not packed.",
        values={"change": change},
    )


def _changed(examination: Examination, long: Batch, short: Batch, before: Tensor, after: Tensor, real: Tensor) -> tuple[float, str]:
    """Return the larger change of the loss and of the output at real positions, and which it is."""
    model, samples, longest = examination.probe, *real.shape
    with torch.no_grad():
        loss = examination.loss(model, copy(long), seed=2)
        again = examination.quiet(lambda: examination.loss(model, copy(short), seed=2))
    loss_change = 0.0
    if again is not None and bool(torch.isfinite(loss)):
        loss_change = abs(float(loss - again)) / max(1e-3, abs(float(loss)))
    seen, cut = (
        over_positions(before, samples, next(v.shape[1] for k, v in long.items() if short[k] is not v)),
        over_positions(after, samples, longest),
    )
    change = 0.0
    if before.shape == after.shape and before.shape[0] == samples:
        change = distance(before, after)
    elif seen is not None and cut is not None and cut.shape[1] == longest:
        change = distance(seen[:, :longest][real], cut[real])
    return max((loss_change, "the loss"), (change, "the output at real positions"))


LENGTHS = Check(
    name="lengths",
    family="padding",
    finds="An output or a loss that depends on how many zeros end a row, a mask of elements that nothing looks at.",
    uses=("loss",),
    misled_by="A model that is not told of the lengths, as a causal one need not be: 'unsure'.",
    cost="forward",
    function=lengths,
)
