"""Padding: the amount of it, and what stands in it, changes nothing that counts."""

from __future__ import annotations

import torch
from torch import Tensor

from ...core import Evidence
from .._check import Check
from .._examination import Examination, distance
from .._inputs import Batch, copy, is_integer, is_mask, select
from .._trace import first_difference, watching
from ..structure._skips import pull
from ._sequences import Padded, cut, over_positions, padded_entries, prefix_mask, trailing

SURE = 1e-3
ROUNDING = 2e-5


def padding(examination: Examination) -> Evidence | list[Evidence]:
    """Take the rows that end in padding, cut the columns that are padding in all of them, and compare outputs and loss."""
    if examination.random_evaluation:
        return examination.skipped("evaluation is random, so outputs of two shapes cannot be compared")
    entries = padded_entries(examination)
    if not entries:
        stated = examination.number("padding_index") is not None
        return examination.skipped(
            "no row of a batch ends in padding" if stated else "no padding is stated and none can be seen in the batch"
        )
    return [finding for entry in entries for finding in _cut_one(examination, entry)]


def _cut_one(examination: Examination, entry: Padded) -> list[Evidence]:
    whole = examination.batch(24)
    lengths = trailing(whole[entry.key], entry.index)
    assert lengths is not None
    width = whole[entry.key].shape[1]
    order = lengths.argsort()
    rows = order[: max(2, int((lengths <= width - 2).sum()) // 2)].sort().values
    longest = int(lengths[rows].max())
    if longest >= width:
        return [examination.skipped(f"too few rows of {entry.key} end in padding")]
    long = select(whole, rows, examination.layout.axes)
    shares = [key for key in long if key != entry.key and _shares_padding(long[key], long[entry.key], entry.index)]
    short = cut(long, entry.key, longest, shares)
    model = examination.probe
    with torch.no_grad(), watching(model) as one:
        before = examination.forward(model, copy(long))
    with torch.no_grad(), watching(model) as two:
        after = examination.quiet(lambda: examination.forward(model, copy(short)))
    if after is None:
        same = [key for key, value in long.items() if isinstance(value, Tensor) and value.ndim >= 2 and value.shape[1] == width]
        short, shares = cut(long, entry.key, longest, same), same
        with torch.no_grad(), watching(model) as two:
            after = examination.quiet(lambda: examination.forward(model, copy(short)))
    if after is None:
        return [examination.unsure(f"the subject does not take a shorter {entry.key}, so the amount of padding cannot be changed")]
    found = [_outputs(examination, entry, long, longest, before, after, (one, two))]
    if found[0].status == "pass":
        found += _losses(examination, entry, long, short, shares)
    return found


def _shares_padding(value: object, tokens: Tensor, index: int) -> bool:
    """Say whether an entry runs over the same positions and changes where the padding begins: a mask, labels of its own."""
    if not isinstance(value, Tensor) or value.ndim < 2 or value.shape[:2] != tokens.shape[:2]:
        return False
    padded = tokens == index
    if is_mask(value) and value.ndim == 2:
        return bool((value.bool() == padded).all()) or bool((value.bool() == ~padded).all())
    if is_integer(value) and value.ndim == 2 and bool(padded.any()):
        ends = value[padded]
        return bool((ends == ends[0]).all()) and bool((value[~padded] != ends[0]).float().mean() > 0.9)
    return False


def _outputs(
    examination: Examination, entry: Padded, long: Batch, longest: int, before: Tensor, after: Tensor, events: tuple[list, list]
) -> Evidence:
    tokens = long[entry.key]
    samples, width = tokens.shape
    real = tokens[:, :longest] != entry.index
    seen, again = over_positions(before, samples, width), over_positions(after, samples, longest)
    if before.shape != after.shape and (seen is None or again is None):
        return examination.unsure(f"the output's shape follows the padding of {entry.key} in a way this check does not know")
    if before.shape == after.shape:  # pooled, or laid out over another entry's positions
        change = _real_change(examination, entry, long, before, after)
    else:
        assert seen is not None and again is not None
        least = min(again.shape[1], longest)
        change = distance(seen[:, :least][real[:, :least]], again[:, :least][real[:, :least]])

    def view(tensor: Tensor) -> Tensor | None:
        if tensor.ndim >= 2 and tensor.shape[0] == samples and tensor.shape[1] in (width, longest) and width != longest:
            return torch.where(real.reshape(*real.shape, *[1] * (tensor.ndim - 2)), tensor[:, :longest], 0.0)
        return tensor if tensor.ndim == 2 and tensor.shape[0] == samples else None

    if change > SURE:
        path = first_difference(events[0], events[1], view, ROUNDING)
        return examination.finding(
            "fail",
            f"less padding in {entry.key} changes the output at real positions by {change:.3g} of its scale",
            where=examination.where(examination.probe, path or ""),
            path=path,
            hint="Look at the padding mask: is it made, passed on, of the right sense, and does pooling leave padding out?",
            values={"change": change},
        )
    if change > ROUNDING:
        return examination.unsure(f"less padding in {entry.key} changes the output by little more than rounding", change=change)
    return examination.passed(f"the amount of padding in {entry.key} changes no output", change=change)


def _real_change(examination: Examination, entry: Padded, long: Batch, before: Tensor, after: Tensor) -> float:
    """Compare outputs of one shape, at the real positions of the entry over whose positions they are laid out, if there is one."""
    for other in padded_entries(examination):
        tokens = long[other.key]
        if other.key == entry.key:
            continue
        seen, again = (over_positions(output, *tokens.shape) for output in (before, after))
        if seen is not None and again is not None:
            real = (tokens != other.index)[:, : seen.shape[1]]
            return distance(seen[real], again[real])
    return distance(before, after)


def _losses(examination: Examination, entry: Padded, long: Batch, short: Batch, shares: list[str]) -> list[Evidence]:
    model = examination.probe
    labels = [
        key for key in long if key not in (entry.key, *shares) and is_integer(long[key]) and long[key].shape[:2] == long[entry.key].shape
    ]
    if labels:
        return []
    with torch.no_grad():
        before = examination.loss(model, copy(long))
        after = examination.quiet(lambda: examination.loss(model, copy(short)))
        again = examination.loss(model, copy(long), seed=5)
    if after is None or distance(before, again) > ROUNDING:
        return []
    change = abs(float(before - after)) / max(1e-3, abs(float(before)))
    if change > SURE:
        return [
            examination.finding(
                "fail" if entry.stated or left_out(examination, long, long[entry.key] == entry.index) else "unsure",
                f"less padding in {entry.key} changes the loss from {float(before):.5g} to {float(after):.5g}",
                where="loss",
                hint="Look for padded positions that take part in the loss, or in the number it is divided by.",
                values={"before": float(before), "after": float(after)},
            )
        ]
    return [examination.passed(f"the amount of padding in {entry.key} does not change the loss", change=change)]


def left_out(examination: Examination, batch: Batch, absent: Tensor) -> bool:
    """Say whether the loss has no gradient at the outputs of absent positions, and one at all others: it means to leave them out."""
    with torch.no_grad():
        output = examination.forward(examination.probe, copy(batch))
    slope = pull(examination, examination.probe, output, copy(batch))
    seen = over_positions(slope, *absent.shape) if slope is not None else None
    if seen is None or seen.shape[1] != absent.shape[1]:
        return False
    moved = seen.flatten(2).abs().amax(dim=2) > 0
    return not bool(moved[absent].any()) and float(moved[~absent].float().mean()) > 0.9


def masked_elements(examination: Examination) -> Evidence | list[Evidence]:
    """Change the elements that a mask calls absent; change the mask that nothing looks at."""
    if not examination.layout.rows:
        return examination.skipped("samples are not rows of a batch")
    batch = examination.batch(24)
    found = []
    for key, value in batch.items():
        present = prefix_mask(value) if is_mask(value) and value.ndim == 2 else None
        if present is None:
            continue
        if not examination.reads(key) and not examination.loss_reads(key):
            message = f"the mask {key} is in the batch, and neither forward nor loss looks at it"
            where = examination.where(examination.probe, "")
            found.append(
                examination.finding(
                    "fail", message, where=where, path=key, hint="Look for the place where absent elements should be left out."
                )
            )
            continue
        for other, elements in batch.items():
            same = (
                isinstance(elements, Tensor) and elements.is_floating_point() and elements.ndim >= 2 and elements.shape[:2] == present.shape
            )
            if other != key and same and not is_mask(elements) and examination.reads(other):
                found.append(_absent(examination, batch, key, other, present))
    return found or examination.skipped("no mask of absent elements at the ends of rows is in the batch")


def _absent(examination: Examination, batch: Batch, key: str, other: str, present: Tensor) -> Evidence:
    model = examination.probe
    changed = copy(batch)
    noise = torch.randn(batch[other].shape, generator=torch.Generator().manual_seed(3)).to(batch[other].dtype)
    absent = ~present.reshape(*present.shape, *[1] * (noise.ndim - 2))
    changed[other] = torch.where(absent, batch[other] + noise, batch[other])
    with torch.no_grad():
        before, after = examination.forward(model, copy(batch)), examination.forward(model, changed)
    seen, again = (over_positions(output, *present.shape) for output in (before, after))
    if seen is not None and again is not None and seen.shape[1] == present.shape[1]:
        before, after = seen[present], again[present]
    change = distance(before, after)
    if change > SURE:
        return examination.finding(
            "fail",
            f"elements of {other} that {key} calls absent change the output by {change:.3g} of its scale",
            where=examination.where(model, ""),
            path=other,
            hint="Look at the sense of the mask and at the place where it is applied.",
            values={"change": change},
        )
    return examination.passed(f"elements of {other} that {key} calls absent change nothing", change=change)


PADDING = Check(
    name="padding",
    family="padding",
    finds="An output or a loss that depends on how much padding follows the tokens.",
    uses=("padding_index",),
    misled_by="Padding that does not stand at the ends of rows: it is skipped. Without the fact a loss that changes is 'unsure', unless it has no gradient at padding and so means to leave it out.",
    cost="forward",
    function=padding,
)
MASKED = Check(
    name="absent elements",
    family="padding",
    finds="Elements that a mask calls absent and that change the output, or a mask that nothing looks at.",
    uses=(),
    misled_by="A mask that is not ones then zeros in every row, or the reverse, is taken for something else and skipped.",
    cost="forward",
    function=masked_elements,
)
