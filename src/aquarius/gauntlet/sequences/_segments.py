"""Truncated backpropagation: where along time the gradient ends."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance, no_dropout
from .._trace import Recorder


def segments(examination: Examination) -> Evidence:
    """Take the slope of each output along the input one step before: it is 0 at the stated distance only."""
    stated = examination.number("truncation")
    if stated is None or stated < 1:
        return examination.skipped("no truncation of the gradient is stated")
    keys = [
        key
        for key, value in examination.batch().items()
        if isinstance(value, Tensor) and value.is_floating_point() and value.ndim >= 3 and examination.reads(key)
    ]
    if len(keys) > 1 or not examination.layout.rows:
        return examination.skipped("the model is not given one sequence")
    cuts, length = _cuts(examination, keys[0] if keys else None)
    if cuts is None or (len(cuts) >= length - 1 and not _follows(examination)):
        return examination.skipped("outputs do not follow the steps of the input, or no state is carried")
    size = int(stated)
    steps = sorted({later - earlier for earlier, later in zip([0, *cuts], cuts, strict=False)})
    if cuts and len(cuts) < length - 1 and not keys and not any(_carried(examination, cut) for cut in cuts):
        text = f"after each cut of the gradient, at steps {', '.join(map(str, cuts[:4]))}, no output follows what came before: the state is not handed on"
        return examination.finding("fail", text, where=_handing(examination), hint="Detach the state and give it to the next segment.")
    if not cuts:
        if length > size and (cutting := _cut_in_part(examination)):
            text = f"the gradient flows through all {length} steps though states are detached on the way, and segments of {size} are stated"
            hint = "Every part of the state is to be detached: hidden and cell state, of each layer."
            return examination.finding("fail", text, where=cutting, hint=hint)
        if length > size:
            return examination.unsure(f"the gradient flows through all {length} steps; it may be cut between batches")
        return examination.passed("the gradient flows through each segment")
    if min(steps) < size:
        text = f"the gradient is cut after {min(steps)} steps, and segments of {size} are stated"
        where = next(iter(sorted(examination.source.holding(r"detach\("), key=lambda place: "." not in place)), None) or examination.where(
            examination.probe, ""
        )
        return examination.finding("fail", text, where=where, hint="Look at when states are detached.", values={"steps": min(steps)})
    if max(steps) > size or length - cuts[-1] > size:
        return examination.unsure(f"segments of {size} steps are stated, and the gradient flows through {max(*steps, length - cuts[-1])}")
    return examination.passed(f"the gradient is cut every {size} steps")


def _follows(examination: Examination) -> bool:
    """Say whether the output at the second step changes with the first element of the one sequence in the batch."""
    batch, other = examination.batch(), examination.batch()
    keys = [key for key, value in batch.items() if isinstance(value, Tensor) and value.ndim >= 2 and examination.reads(key)]
    if len(keys) != 1:
        return False
    other[keys[0]][:, 0] = other[keys[0]][:, 0].roll(1, 0)
    with torch.no_grad():
        one, two = (examination.forward(examination.probe, some, seed=3) for some in (batch, other))
    return one.ndim > 2 and distance(one[:, 1], two[:, 1]) > 1e-5


def _carried(examination: Examination, cut: int) -> bool:
    """Say whether any output from a cut on changes with the last element before it."""
    batch, other = examination.batch(), examination.batch()
    keys = [key for key, value in batch.items() if isinstance(value, Tensor) and value.ndim >= 2 and examination.reads(key)]
    if len(keys) != 1 or cut >= batch[keys[0]].shape[1]:
        return True
    other[keys[0]][:, cut - 1] = other[keys[0]][:, cut - 1].roll(1, 0)
    with torch.no_grad():
        one, two = (examination.forward(examination.probe, some, seed=3) for some in (batch, other))
    return distance(one[:, cut:], two[:, cut:]) > 1e-6


def _handing(examination: Examination) -> str:
    """Return the method that runs the segments: the one that calls what detaches, else the model's own."""
    places = [place for place in examination.source.holding(r"split\(|chunk\(|detach|range\(") if place.endswith(".forward")]
    return next(iter(places), examination.where(examination.probe, ""))


def _cut_in_part(examination: Examination) -> str:
    """Return where `forward` itself detaches tensors that carry a gradient, "" where it detaches none."""
    recorder = Recorder(examination.source, frozenset({"detach"}))
    model = examination.perturbed(training=True)
    with recorder:
        examination.forward(model, examination.batch())
    places = [
        call.where
        for call in recorder.calls
        if call.arguments and isinstance(call.arguments[0], Tensor) and call.arguments[0].requires_grad
    ]
    return next((place for place in places if place), "")


def _cuts(examination: Examination, key: str | None) -> tuple[list[int] | None, int]:
    """Return the steps to which no gradient comes from the output one step later, and the length; without a key, of what was embedded."""
    model = examination.perturbed(training=True)
    batch = examination.batch()
    given: list[Tensor] = []
    handles = []
    if key is None:
        tables = [module for module in model.modules() if isinstance(module, nn.Embedding)]
        handles = [table.register_forward_hook(lambda _, tokens, vectors: given.append(vectors)) for table in tables]
    else:
        given.append(batch[key].requires_grad_())
    with no_dropout(model):
        output = examination.forward(model, batch)
    for handle in handles:
        handle.remove()
    if len(given) != 1 or not given[0].requires_grad or given[0].ndim < 3:
        return None, 0
    length = given[0].shape[1]
    if output.ndim < 2 or output.shape[:2] != given[0].shape[:2] or not output.requires_grad or length < 3:
        return None, length
    cuts = []
    for step in range(1, length):
        (slope,) = torch.autograd.grad(output[:, step].sum(), given[0], retain_graph=True, allow_unused=True)
        if slope is None:
            return None, length
        if not bool(slope[:, step - 1].any()):
            cuts.append(step)
    return cuts, length


SEGMENTS = card(
    "gradient",
    "segments",
    "A state that is detached more often than the stated truncation, only in part, or not handed on to the next segment.",
    ("truncation",),
    "States that are cut between batches only: 'unsure'.",
    segments,
)
