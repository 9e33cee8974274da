"""The step of training, run under a recorder: what happens in which order, and with which gradients."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination, distance
from .._inputs import select
from .._training import Training

MOST_CALLS = 9  # of step, until an optimiser has stepped twice: updates may be made of several calls


@dataclass
class Tape:
    """What happened in a step, in order, and the gradients at each step of an optimiser."""

    events: list[str] = field(default_factory=list)  # "backward", "clip", "unscale", "step 0", "schedule"
    uncleared: set[int] = field(default_factory=set)  # optimisers that stepped again on gradients nobody had cleared
    norms: list[float] = field(default_factory=list)  # total norm of the gradients at each step of an optimiser
    gradients: list[list[Tensor | None]] = field(default_factory=list)
    lost: bool = False  # gradients of a backward pass were cleared before any optimiser used them
    enlarged: bool = False  # a scaler has enlarged the loss, and its gradients are not scaled back yet
    scaled: bool = False  # an optimiser stepped on gradients of a loss that was scaled, and nothing scaled them back
    training: list[bool] = field(default_factory=list)  # the model's mode at each backward pass


@contextmanager
def recording(training: Training) -> Iterator[Tape]:
    """Record backward passes, clipping, unscaling, and steps of optimisers and schedules inside the block."""
    tape = Tape()
    dirty: dict[int, set[int]] = {}  # optimiser -> its parameters whose gradient was used and not cleared since
    inside = False
    pending: list[tuple[Tensor, Tensor]] = []  # a parameter with a fresh gradient, and its value at that time
    groups = [[p for group in optimizer.param_groups for p in group["params"]] for optimizer in training.optimizers]

    def sweep() -> None:
        for number, used in dirty.items():
            dirty[number] = {id(p) for p in groups[number] if id(p) in used and p.grad is not None and bool(p.grad.abs().max() > 0)}

    def wrapped(name: str, function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal inside
            if inside:  # Tensor.backward calls torch.autograd.backward
                return function(*arguments, **named)
            sweep()
            tape.events.append(name)
            if name == "backward":
                tape.training.append(any(module.training for module in training.model.modules()))
                cleared = [p.grad is None or not bool(p.grad.abs().max() > 0) for p, _ in pending]
                kept = all(torch.equal(p, value) for p, value in pending)  # parameters that moved between had a use of their gradients
                tape.lost = tape.lost or (bool(cleared) and all(cleared) and kept)
            inside = True
            try:
                value = function(*arguments, **named)
            finally:
                inside = False
            sweep()
            if name == "backward":
                pending[:] = [
                    (p, p.detach().clone()) for group in groups for p in group if p.grad is not None and bool(p.grad.abs().max() > 0)
                ]
            return value

        return call

    with ExitStack() as stack:
        stack.enter_context(patch.object(Tensor, "backward", wrapped("backward", Tensor.backward)))
        stack.enter_context(patch.object(torch.autograd, "backward", wrapped("backward", torch.autograd.backward)))
        for name in ("clip_grad_norm_", "clip_grad_value_"):
            stack.enter_context(patch.object(nn.utils, name, wrapped("clip", getattr(nn.utils, name))))
        stack.enter_context(patch.object(torch.amp.GradScaler, "unscale_", wrapped("unscale", torch.amp.GradScaler.unscale_)))
        stack.enter_context(_scaling(tape))
        for number, optimizer in enumerate(training.optimizers):

            def before(_: Any, *rest: Any, number: int = number) -> None:
                sweep()
                tape.lost = tape.lost or (bool(pending) and not any(p.grad is not None and bool(p.grad.any()) for p, _ in pending))
                pending.clear()
                tape.scaled = tape.scaled or tape.enlarged
                if dirty.get(number):
                    tape.uncleared.add(number)
                tape.events.append(f"step {number}")
                found = [p.grad for p in groups[number]]
                tape.gradients.append([None if g is None else g.detach().clone() for g in found])
                tape.norms.append(math.sqrt(sum(float(g.double().pow(2).sum()) for g in found if g is not None)))

            def after(_: Any, *rest: Any, number: int = number) -> None:
                dirty[number] = {id(p) for p in groups[number] if p.grad is not None and bool(p.grad.abs().max() > 0)}

            stack.callback(optimizer.register_step_pre_hook(before).remove)
            stack.callback(optimizer.register_step_post_hook(after).remove)
        if training.scheduler is not None:
            own = training.scheduler.step
            training.scheduler.step = wrapped("schedule", own)
            stack.callback(lambda: setattr(training.scheduler, "step", own))
        yield tape


@contextmanager
def enlarging(factor: float) -> Iterator[None]:
    """Multiply, inside the block, all that a backward pass starts from."""
    inside = False

    def larger(function: Any) -> Any:
        def call(first: Any, *arguments: Any, **named: Any) -> Any:
            nonlocal inside
            if inside:  # Tensor.backward calls torch.autograd.backward
                return function(first, *arguments, **named)
            inside = True
            try:
                return function(first * factor if isinstance(first, Tensor) else [one * factor for one in first], *arguments, **named)
            finally:
                inside = False

        return call

    with (
        patch.object(Tensor, "backward", larger(Tensor.backward)),
        patch.object(torch.autograd, "backward", larger(torch.autograd.backward)),
    ):
        yield


@contextmanager
def _scaling(tape: Tape) -> Iterator[None]:
    """Keep book, inside the block, of whether a scaler has enlarged the loss and nothing has scaled its gradients back."""
    kind = torch.amp.GradScaler

    def leaving(name: str, after: bool) -> Any:
        function = getattr(kind, name)

        def call(self: Any, *arguments: Any, **named: Any) -> Any:
            tape.enlarged = after and bool(self.is_enabled()) and self.get_scale() != 1.0
            return function(self, *arguments, **named)

        return patch.object(kind, name, call)

    with leaving("scale", True), leaving("unscale_", False), leaving("step", False):
        yield


def step_order(examination: Examination) -> Evidence | list[Evidence]:
    """Run two steps under the recorder: gradients are cleared between them, backward comes before clipping, clipping before the update."""
    if not examination.has("step") or not examination.has("optimizer"):
        return examination.skipped("the subject has no step of its own")
    model = examination.perturbed(training=True)
    training = Training(examination, model)
    start = [parameter.detach().clone() for parameter in model.parameters()]
    with recording(training) as tape:
        try:
            training.step(examination.batch(seed=0), seed=0)
            first = len(tape.events)
            for seed in range(1, MOST_CALLS):
                training.step(examination.batch(seed=seed), seed=seed)
                if any(event.startswith("step") for event in tape.events[first:]):
                    break
        except Exception as error:
            examination.calling = None
            where = examination.source.where_of_error(error.__traceback__) or "step"
            text = str(error).strip().split("\n")[0][:160]
            return examination.finding("fail", f"step raised {type(error).__name__} on legal input: {text}", where=where)
    steps = [event for event in tape.events if event.startswith("step")]
    if not steps:
        still = all(torch.equal(a, b) for a, b in zip(start, model.parameters(), strict=True))  # else it updates them by hand
        if "backward" in tape.events and still and not examination.number("accumulation"):
            where = "step"
            return examination.finding(
                "fail", "step runs a backward pass, and no optimiser takes a step", where=where, hint="Call optimizer.step()."
            )
        return examination.unsure("step updates the parameters in a way this check does not see")
    found = []
    events = tape.events[:first]
    if "backward" in events and events.index("backward") > next(n for n, event in enumerate(events) if event.startswith("step")):
        found.append(_wrong(examination, "the optimiser steps before the backward pass, on gradients of the step before"))
    if tape.uncleared:
        found.append(_wrong(examination, "the optimiser steps on gradients that were not cleared since its last step: they add up"))
    if tape.lost and len(training.optimizers) == 1:
        found.append(_wrong(examination, "gradients of a backward pass are cleared before an optimiser has used them"))
    if tape.scaled:
        found.append(
            _wrong(examination, "the optimiser steps on gradients of a scaled loss that were not scaled back: scaler.step is passed by")
        )
    if "clip" in events:
        last_clip = max(n for n, event in enumerate(events) if event == "clip")
        last_step = max(n for n, event in enumerate(events) if event.startswith("step"))
        first_clip = events.index("clip")
        if last_clip > last_step and not any(event.startswith("step") for event in events[last_clip:]):
            if not any(event == "clip" for event in events[: events.index(next(e for e in events if e.startswith("step")))]):
                found.append(_wrong(examination, "gradients are clipped after the update, where it has no effect"))
        elif "unscale" in events and events.index("unscale") > first_clip:
            found.append(_wrong(examination, "gradients are clipped before they are unscaled"))
        elif "backward" in events and first_clip < events.index("backward"):
            found.append(_wrong(examination, "gradients are clipped before the backward pass"))
        elif _clipped_in_parts(events):
            found.append(
                _wrong(examination, "gradients are clipped between the backward passes of one update, and not as the sum that they are")
            )
    if "schedule" in events and events.index("schedule") < next(n for n, event in enumerate(events) if event.startswith("step")):
        found.append(_wrong(examination, "the schedule advances before the optimiser steps, so the first value of the rate is never used"))
    fixed = any(not parameter.requires_grad for parameter in model.parameters())  # a frozen part may be meant to stay in evaluation mode
    acting = bool(examination.number("dropout")) and not any(
        m.training for m in model.modules() if isinstance(m, nn.modules.dropout._DropoutNd)
    )
    if tape.training and not any(tape.training) and (not fixed or acting) and (_has_modes(model) or _acts_otherwise(examination)):
        found.append(_wrong(examination, "the model is in evaluation mode while it trains: dropout and batch statistics are off"))
    return found or examination.passed("cleared, backward, clipped and updated in this order", updates=len(steps))


def _clipped_in_parts(events: Sequence[str]) -> bool:
    """Say whether a backward pass follows a clipping before any optimiser has stepped."""
    waiting = False
    for event in events:
        if waiting and event == "backward":
            return True
        waiting = event == "clip" or (waiting and not event.startswith("step"))
    return False


def _has_modes(model: nn.Module) -> bool:
    kinds = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)
    return any(isinstance(module, kinds) for module in model.modules())


def _acts_otherwise(examination: Examination) -> bool:
    """Say whether a model draws something in training mode and nothing in evaluation mode, as with stochastic depth written by hand."""

    def moves(training: bool) -> bool:
        model = examination.perturbed(training=training)
        with torch.no_grad():
            one, two = (examination.quiet(lambda seed=seed: examination.forward(model, examination.batch(), seed=seed)) for seed in (1, 2))  # type: ignore[misc]
        return one is not None and two is not None and distance(one, two) > 1e-6

    return moves(True) and not moves(False)


def _wrong(examination: Examination, message: str) -> Evidence:
    return examination.finding("fail", message, where="step", hint="The order is zero_grad, backward, unscale, clip, step, schedule.")


def clipping(examination: Examination) -> Evidence:
    """Make the loss a thousand times larger: the gradients that reach the optimiser must have the stated norm."""
    limit = examination.number("clip_norm")
    if limit is None or not examination.has("step") or not examination.has("optimizer"):
        return examination.skipped("no clipping norm is stated, or the subject has no step of its own")
    model = examination.perturbed(training=True)
    training = Training(examination, model)
    with recording(training) as tape, enlarging(1000.0):
        training.step(examination.batch())
    if not tape.norms:
        return examination.unsure("no optimiser took a step")
    largest, least = max(tape.norms), min(tape.norms)
    values = {"largest": largest, "stated": limit}
    if largest > 1.01 * limit:
        return examination.finding(
            "fail",
            f"gradients of norm {largest:.4g} reach the optimiser, and they are stated to be clipped to {limit:g}",
            where="step",
            hint="Is it clipped at all, by total norm, after the last backward pass and before the update?",
            values=values,
        )
    if least < 0.5 * limit and len(tape.norms) == 1 and "clip" in tape.events:
        return examination.finding(
            "fail",
            f"gradients of norm {least:.4g} reach the optimiser where clipping to {limit:g} would leave that norm",
            where="step",
            hint="Were they clipped while they were still scaled, or clipped to another norm?",
            values=values,
        )
    return examination.finding("pass", f"gradients are clipped to {limit:g}", values=values)


def accumulation(examination: Examination) -> Evidence:
    """Compare the gradients of an update made of several parts with those of the whole batch, with dropout switched off."""
    with patch.object(torch.nn.functional, "dropout", lambda x, *rest, **named: x):
        return _accumulated(examination)


def _accumulated(examination: Examination) -> Evidence:
    parts = examination.number("accumulation")
    if (parts is not None and parts < 2) or not examination.has("step") or not examination.has("optimizer"):
        return examination.skipped("no accumulation is stated, or the subject has no step of its own")
    model = examination.perturbed(training=True)
    model.eval()
    model.train = lambda mode=True: model  # type: ignore[method-assign]  # nothing is drawn, and samples do not share statistics
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
    if distance(*(examination.loss(model, examination.batch(), seed=seed) for seed in (1, 2))) > 1e-6:
        return examination.skipped("the loss draws random numbers")
    training = Training(examination, model)
    owned = [p for optimizer in training.optimizers for group in optimizer.param_groups for p in group["params"]]
    whole = torch.autograd.grad(1e-4 * examination.loss(model, examination.batch()), owned, allow_unused=True)
    kept = [p.detach().clone() for p in owned]
    with recording(training) as tape, enlarging(1e-4):  # below any clipping
        training.step(examination.batch())
    with torch.no_grad():
        for p, value in zip(owned, kept, strict=True):
            p.copy_(value)
    backwards = tape.events.count("backward")
    if parts is None:
        if backwards < 2 or len(tape.gradients) != 1 or len(training.optimizers) != 1:
            return examination.skipped("an update is made of one backward pass, or of several optimisers' steps")
        if (added := _added_parts(examination, model, owned, tape.gradients[0], backwards)) is not None:
            return added
        return _parts_inferred(examination, whole, tape.gradients[0], backwards)
    if len(tape.gradients) != 1:
        return examination.finding(
            "fail" if len(tape.gradients) == int(parts) else "unsure",
            f"one update of {parts:g} parts is stated, and the optimiser steps {len(tape.gradients)} times",
            where="step",
        )
    compared = _compare(whole, tape.gradients[0])
    if compared is None:
        return examination.unsure("there are no gradients to compare")
    cosine, ratio = compared
    values = {"cosine": cosine, "ratio": ratio}
    if (added := _added_parts(examination, model, owned, tape.gradients[0], int(parts))) is not None:
        return added
    if cosine > 0.999 and abs(ratio - 1) < 0.01:
        return examination.finding("pass", "accumulated gradients equal those of the whole batch", values=values)
    added_up = cosine >= 0.9 and abs(ratio - parts) <= 0.05 * parts
    if examination.facts.get("samples_coupled") and not added_up:
        return examination.unsure("samples belong together, so the parts need not give what the whole batch gives", **values)
    uneven = {"ignore_index", "padding_index"} & set(examination.facts)  # means over as many positions as each part has
    return examination.finding(
        "fail" if cosine < (0.85 if uneven else 0.98) or abs(ratio - parts) < 0.05 * parts or abs(ratio - 1 / parts) < 0.05 else "unsure",
        f"accumulated gradients are {ratio:.3g} times those of the whole batch, in a direction of cosine {cosine:.3f} to them",
        where="step",
        hint=f"Divide each part's loss by {parts:g}; clear the gradients once per update and not once per part.",
        values=values,
    )


def _added_parts(
    examination: Examination, model: nn.Module, owned: list[Tensor], gradients: Sequence[Tensor | None], parts: int
) -> Evidence | None:
    """Say that an update is exactly the sum of the gradients of consecutive parts, each a mean of its own; None where it is not."""
    if not examination.layout.rows or examination.facts.get("samples_coupled") or examination.layout.size % parts:
        return None
    batch, size = examination.batch(), examination.layout.size // parts
    each = [select(batch, slice(place * size, (place + 1) * size), examination.layout.axes) for place in range(parts)]
    losses = [examination.quiet(lambda part=part: examination.loss(model, part)) for part in each]  # type: ignore[misc]
    if any(loss is None for loss in losses):
        return None
    total = torch.autograd.grad(1e-4 * sum(loss for loss in losses if loss is not None), owned, allow_unused=True)  # type: ignore[arg-type]
    compared, whole = _compare(total, gradients), examination.loss(model, batch)
    summed = (
        abs(float(sum(float(loss) for loss in losses if loss is not None)) / float(whole.detach()) - 1) < 0.1
    )  # a sum, of which parts are parts
    if compared is None or compared[0] < 0.9999 or abs(compared[1] - 1) > 1e-3 or summed:
        return None
    message = f"an update adds the gradients of {parts} parts, each a mean of its own, and does not divide them by {parts}"
    return examination.finding("fail", message, where="step", hint=f"Divide each part's loss by {parts}.")


def _compare(whole: Sequence[Tensor | None], parts: Sequence[Tensor | None]) -> tuple[float, float] | None:
    """Return (cosine, ratio of lengths) of two gradients; None where one is 0."""
    pairs = [(a.double(), b.double()) for a, b in zip(whole, parts, strict=True) if a is not None and b is not None]
    dot = sum(float((a * b).sum()) for a, b in pairs)
    size, other = (sum(float(pair[n].pow(2).sum()) for pair in pairs) for n in (0, 1))
    return (dot / math.sqrt(size * other), math.sqrt(other / size)) if size and other else None


def _parts_inferred(examination: Examination, whole: Sequence[Tensor | None], parts: list[Tensor | None], backwards: int) -> Evidence:
    """Without a statement, only gradients that are exactly as many times too long as there are parts are taken for a mistake."""
    compared = _compare(whole, parts)
    if compared is not None and compared[0] > 0.999 and abs(compared[1] / backwards - 1) < 0.01:
        message = f"an update adds the gradients of {backwards} parts, and is {backwards} times that of the whole batch"
        return examination.finding("fail", message, where="step", hint=f"Divide each part's loss by {backwards}.")
    if compared is not None and compared[0] > 0.999 and abs(compared[1] - 1) < 0.01:
        return examination.passed(f"the gradients of {backwards} parts equal those of the whole batch")
    return examination.unsure(f"an update is made of {backwards} backward passes, and is not stated to be that of the whole batch")


STEP = Check(
    name="step",
    family="optimisation",
    finds="Gradients that add up, an update before the backward pass, clipping after the update or before unscaling, training in evaluation mode.",
    uses=("accumulation",),
    misled_by="Updates written by hand without an optimiser: 'unsure'.",
    cost="forward",
    function=step_order,
)


CLIPPING = Check(
    name="clipping",
    family="optimisation",
    finds="Gradients above, or far below, the stated clipping norm when the optimiser steps.",
    uses=("clip_norm",),
    misled_by="A step that takes its gradients without a backward pass is not enlarged, so small gradients pass.",
    cost="forward",
    function=clipping,
)


ACCUMULATION = Check(
    name="accumulation",
    family="optimisation",
    finds="Accumulated gradients that are not those of the whole batch.",
    uses=("accumulation", "clip_norm"),
    misled_by="Losses that are means over valid positions differ a little between parts and whole: 'unsure'.",
    cost="forward",
    function=accumulation,
)
