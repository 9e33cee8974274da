"""Parts of an input that nothing reads: a column of a table, most of a sequence."""

from __future__ import annotations

import torch
from torch import Tensor

from ...core import Evidence
from .._check import Check
from .._examination import Examination, distance
from .._inputs import Batch, is_integer, is_mask

MOST = 16  # parts into which an axis is divided
COLUMNS = 12  # a whole-number entry with no more columns than this is taken for a table of categories


def unread_parts(examination: Examination) -> Evidence | list[Evidence]:
    """Exchange an input part by part for that of other batches, and see which parts change neither output nor loss."""
    if not examination.layout.rows or examination.random_evaluation:
        return examination.skipped("samples are not rows of a batch, or evaluation is random")
    found, looked = [], 0
    for key, value in examination.batch().items():
        if not isinstance(value, Tensor) or value.ndim not in (2, 3) or is_mask(value) or value.shape[1] < 2:
            continue
        if examination.layout.axes.get(key) != 0 or not examination.reads(key) or _positional(examination, value.shape[1]):
            continue
        looked += 1
        parts = torch.arange(value.shape[1]).chunk(min(MOST, value.shape[1]))
        silent = [part for part in parts if not _read(examination, key, part)]
        share = sum(len(part) for part in silent) / value.shape[1]
        table = value.ndim == 2 and is_integer(value) and value.shape[1] <= COLUMNS and not examination.facts.get("vocabulary")
        if not silent:
            continue
        names = ", ".join(f"{int(part[0])}" if len(part) == 1 else f"{int(part[0])}-{int(part[-1])}" for part in silent[:4])
        text = f"along axis 1 of {key}, {names} is read by nothing ({share:.0%} of its length): other values there change neither output nor loss"
        sure = share > 0.5 or (table and _unlike_columns(value))
        hint = "Is one column read in the place of another, or one end of the sequence in the place of all of it?"
        where = examination.where(examination.probe, "")
        found.append(examination.finding("fail" if sure else "unsure", text, where=where, path=key, hint=hint, values={"share": share}))
    if not looked:
        return examination.skipped("no input has parts that the output has not")
    return found[:2] or examination.passed("every part of the inputs is read", inputs=float(looked))


def _positional(examination: Examination, length: int) -> bool:
    """Say whether the output has an axis of this length: then each part has its own place there."""
    with torch.no_grad():
        output = examination.forward(examination.probe, examination.batch())
    return output.ndim > 2 or length in output.shape[1:]


def _unlike_columns(value: Tensor) -> bool:
    """Say whether columns hold categories of their own: they have no common range, as words of a sentence have."""
    highest = value.amax(dim=0)
    return len(highest.unique()) == value.shape[1]


def _read(examination: Examination, key: str, part: Tensor) -> bool:
    model = examination.probe
    for other in (1, 2, 3):
        batch, mixed = examination.batch(), examination.batch()
        fresh = examination.batch(seed=other)[key]
        if fresh.shape != mixed[key].shape:
            return True
        mixed[key][:, part] = fresh[:, part]
        if torch.equal(mixed[key], batch[key]):
            continue
        if _differs(examination, model, batch, mixed):
            return True
    return bool((examination.batch()[key][:, part] == examination.batch(seed=1)[key][:, part]).all())  # nothing could be exchanged


def _differs(examination: Examination, model: torch.nn.Module, batch: Batch, mixed: Batch) -> bool:
    with torch.no_grad():
        for function in (examination.forward, examination.loss):
            one, two = (examination.quiet(lambda b=b: function(model, b)) for b in (batch, mixed))  # type: ignore[misc]  # noqa: B023
            if one is None or two is None or distance(one, two) > 0:
                return True
    return False


UNREAD = Check(
    name="unread parts",
    family="architecture",
    finds="A column of a table, or most of a sequence, that changes neither output nor loss: another is read in its place.",
    uses=("vocabulary",),
    misled_by="Convolutions that leave the last few places out, and padding: 'unsure' below half of the length.",
    cost="forward",
    function=unread_parts,
)
