"""Optimisation: one step of the subject run under a recorder; the optimiser and the schedule held against what is stated."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from ..core import Evidence
from ._check import Check
from ._examination import Examination, distance
from ._training import Training


@dataclass
class Tape:
    """What happened in a step, in order, and the gradients at each step of an optimiser."""

    events: list[str] = field(default_factory=list)  # "backward", "clip", "unscale", "step 0", "schedule"
    uncleared: set[int] = field(default_factory=set)  # optimisers that stepped again on gradients nobody had cleared
    norms: list[float] = field(default_factory=list)  # total norm of the gradients at each step of an optimiser
    gradients: list[list[Tensor | None]] = field(default_factory=list)
    lost: bool = False  # gradients of a backward pass were cleared before any optimiser used them
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
                tape.training.append(training.model.training)
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
        for number, optimizer in enumerate(training.optimizers):

            def before(_: Any, *rest: Any, number: int = number) -> None:
                sweep()
                pending.clear()
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


def step_order(examination: Examination) -> Evidence | list[Evidence]:
    """Run two steps under the recorder: gradients are cleared between them, backward comes before clipping, clipping before the update."""
    if not examination.has("step") or not examination.has("optimizer"):
        return examination.skipped("the subject has no step of its own")
    model = examination.perturbed(training=True)
    training = Training(examination, model)
    with recording(training) as tape:
        training.step(examination.batch(seed=0), seed=0)
        first = len(tape.events)
        training.step(examination.batch(seed=1), seed=1)
    steps = [event for event in tape.events if event.startswith("step")]
    if not steps:
        if "backward" in tape.events and not examination.number("accumulation"):
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
    if tape.training and not any(tape.training) and _has_modes(model):
        found.append(_wrong(examination, "the model is in evaluation mode while it trains: dropout and batch statistics are off"))
    return found or examination.passed("cleared, backward, clipped and updated in this order", updates=len(steps))


def _has_modes(model: nn.Module) -> bool:
    kinds = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)
    return any(isinstance(module, kinds) for module in model.modules())


def _wrong(examination: Examination, message: str) -> Evidence:
    return examination.finding("fail", message, where="step", hint="The order is zero_grad, backward, unscale, clip, step, schedule.")


def clipping(examination: Examination) -> Evidence:
    """Make the loss a thousand times larger: the gradients that reach the optimiser must have the stated norm."""
    limit = examination.number("clip_norm")
    if limit is None or not examination.has("step") or not examination.has("optimizer"):
        return examination.skipped("no clipping norm is stated, or the subject has no step of its own")
    model = examination.perturbed(training=True)
    training = Training(examination, model)
    original = examination.module.loss
    with patch.object(examination.module, "loss", lambda *a, **k: original(*a, **k) * 1000.0), recording(training) as tape:
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
    """Compare the gradients of an update made of several parts with those of the whole batch."""
    parts = examination.number("accumulation")
    if (parts is not None and parts < 2) or not examination.has("step") or not examination.has("optimizer"):
        return examination.skipped("no accumulation is stated, or the subject has no step of its own")
    model = examination.perturbed(training=True)
    if any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()):
        return examination.skipped("batch normalisation makes parts differ from the whole")
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
    training = Training(examination, model)
    owned = [p for optimizer in training.optimizers for group in optimizer.param_groups for p in group["params"]]
    original = examination.module.loss
    with (
        patch.object(examination.module, "loss", lambda *a, **k: original(*a, **k) * 1e-4),
        recording(training) as tape,
    ):  # below any clipping
        whole = torch.autograd.grad(examination.loss(model, examination.batch()), owned, allow_unused=True)
        training.step(examination.batch())
    backwards = tape.events.count("backward")
    if parts is None:
        if backwards < 2 or len(tape.gradients) != 1 or len(training.optimizers) != 1:
            return examination.skipped("an update is made of one backward pass, or of several optimisers' steps")
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
    if cosine > 0.999 and abs(ratio - 1) < 0.01:
        return examination.finding("pass", "accumulated gradients equal those of the whole batch", values=values)
    return examination.finding(
        "fail" if cosine < 0.98 or abs(ratio - parts) < 0.05 * parts or abs(ratio - 1 / parts) < 0.05 else "unsure",
        f"accumulated gradients are {ratio:.3g} times those of the whole batch, in a direction of cosine {cosine:.3f} to them",
        where="step",
        hint=f"Divide each part's loss by {parts:g}; clear the gradients once per update and not once per part.",
        values=values,
    )


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


def optimizer_as_stated(examination: Examination) -> Evidence | list[Evidence]:
    """Compare the optimiser's kind and numbers, and the parameters without weight decay, with what is stated."""
    stated = examination.facts.get("optimizer")
    free = examination.facts.get("no_decay")
    if not examination.has("optimizer") or not (isinstance(stated, dict) or isinstance(free, list | tuple)):
        return examination.skipped("nothing is stated of the optimiser")
    model = examination.build()
    training = Training(examination, model)
    found = []
    if isinstance(stated, dict):
        for optimizer in training.optimizers:
            found += [_unlike(examination, text) for text in _differences(optimizer, stated, training)]
    if isinstance(free, list | tuple):
        found += _decay(examination, model, training, [str(glob) for glob in free])
    return found[:3] or examination.passed("the optimiser is the stated one")


def _differences(optimizer: torch.optim.Optimizer, stated: dict[str, Any], training: Training) -> list[str]:
    found = []
    name = stated.get("name")
    if isinstance(name, str) and type(optimizer).__name__.lower() != name.lower() and type(optimizer).__module__.startswith("torch.optim"):
        found.append(f"the optimiser is {type(optimizer).__name__}, and {name} is stated")
    for key in ("lr", "betas", "eps", "weight_decay", "momentum"):
        if key not in stated or (key not in optimizer.defaults and not any(key in group for group in optimizer.param_groups)):
            continue
        if key == "lr" and training.scheduler is not None:
            values = [group.get("initial_lr", group["lr"]) for group in optimizer.param_groups]
        else:
            values = [group[key] for group in optimizer.param_groups if key in group]
        if not any(_close(value, stated[key]) for value in values):
            found.append(f"{key} of the optimiser is {values[0]}, and {stated[key]} is stated")
    return found


def _close(a: Any, b: Any) -> bool:
    try:
        if isinstance(b, list | tuple):
            return len(a) == len(b) and all(_close(x, y) for x, y in zip(a, b, strict=True))
        return math.isclose(float(a), float(b), rel_tol=1e-6, abs_tol=1e-12)
    except (TypeError, ValueError):
        return True  # words, not numbers: nothing to compare


def _unlike(examination: Examination, text: str) -> Evidence:
    return examination.finding("fail", text, where="optimizer", hint="Compare with the recipe.")


def _decay(examination: Examination, model: nn.Module, training: Training, globs: list[str]) -> list[Evidence]:
    decayed = {id(p) for o in training.optimizers for group in o.param_groups if group.get("weight_decay", 0) for p in group["params"]}
    given = {id(p) for o in training.optimizers for group in o.param_groups for p in group["params"]}
    found = []
    for name, parameter in model.named_parameters():
        if id(parameter) not in given:
            continue
        meant = not any(fnmatchcase(name, glob) for glob in globs)
        if meant != (id(parameter) in decayed):
            state = "decays and is stated not to" if not meant else "does not decay and is not among those stated"
            found.append(examination.finding("fail", f"{name} {state}", where="optimizer", path=name, hint="Look at the parameter groups."))
    return found


def schedule_as_stated(examination: Examination) -> Evidence | list[Evidence]:
    """Run the schedule alone: it rises for the stated warm-up, then follows the stated kind of curve; `step` advances it once."""
    stated = examination.facts.get("schedule")
    if not examination.has("scheduler") or not examination.has("optimizer"):
        return examination.skipped("the subject has no schedule")
    if not isinstance(stated, dict):
        training = Training(examination, examination.build())
        return _advances(examination, training) or examination.skipped("no schedule is stated")
    warmup, total = stated.get("warmup"), stated.get("total")
    kind = str(stated.get("kind", "")).lower()
    training = Training(examination, examination.build())
    length = int(total or 4 * (warmup or 25))
    if not 2 <= length <= 200_000:
        return examination.unsure(f"a schedule of {length} steps is not run through here")
    optimizer, scheduler = training.optimizers[0], training.scheduler
    curve = []
    for _ in range(length + 1):
        curve.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    found = _curve(examination, curve, int(warmup or 0), int(total) if total else None, kind)
    found += _advances(examination, training)
    return found or examination.passed("the schedule follows the stated curve", peak=max(curve), last=curve[-1])


def _curve(examination: Examination, curve: list[float], warmup: int, total: int | None, kind: str) -> list[Evidence]:
    wrong = lambda text: examination.finding(
        "fail", text, where="scheduler", hint="Compare the schedule's formula with the stated one, step by step."
    )
    peak = max(curve)
    if peak <= 0:
        return [wrong("the learning rate is 0 at every step")]
    top = curve.index(peak)
    slack = max(1, round(0.02 * warmup)) + 1
    if warmup and abs(top - warmup) > slack:
        return [wrong(f"the learning rate is largest at step {top}, and a warm-up of {warmup} steps is stated")]
    if warmup > 2 and not all(a <= b + 1e-12 for a, b in itertools.pairwise(curve[: top + 1])):
        return [wrong(f"the learning rate does not rise through the warm-up of {warmup} steps")]
    if warmup > 4 and abs(curve[warmup // 2] / peak - 0.5) > 0.5 / warmup + 0.1:
        return [wrong(f"half through the warm-up the learning rate is {curve[warmup // 2] / peak:.2f} of its peak, not one half")]
    rest = curve[top:]
    if (
        not all(b <= a * (1 + 1e-9) + 1e-12 for a, b in itertools.pairwise(rest))
        and any(w in kind for w in ("cosine", "linear", "inverse", "step", "exponential"))
        and "restart" not in kind
        and "cycl" not in kind
    ):
        return [wrong("after its peak the learning rate rises again")]
    if total and ("cosine" in kind or "linear" in kind) and total - warmup >= 8:
        last, middle = curve[min(total, len(curve) - 1)], curve[warmup + (total - warmup) // 2]
        if last > 0.5 * peak:
            return [wrong(f"at the last of {total} steps the learning rate is {last / peak:.2f} of its peak: {kind} does not end there")]
        if abs(middle - 0.5 * (peak + last)) > 0.06 * peak:
            return [
                wrong(
                    f"half through its fall the learning rate is {middle / peak:.2f} of its peak, and {kind} passes {0.5 * (1 + last / peak):.2f}"
                )
            ]
        quarter = curve[warmup + (total - warmup) // 4]
        expected = last + (peak - last) * (0.5 * (1 + math.cos(math.pi / 4)) if "cosine" in kind else 0.75)
        if abs(quarter - expected) > 0.05 * peak:
            return [
                wrong(
                    f"a quarter through its fall the learning rate is {quarter / peak:.2f} of its peak, and {kind} passes {expected / peak:.2f}"
                )
            ]
    if "inverse" in kind and warmup > 4 and len(curve) > 2 * warmup + 2:
        at = min(4 * warmup, len(curve) - 1)
        expected = peak * math.sqrt(max(top, 1) / at)
        if abs(curve[at] / expected - 1) > 0.1:
            return [
                wrong(
                    f"at step {at} the learning rate is {curve[at] / peak:.3f} of its peak, and the inverse root gives {expected / peak:.3f}"
                )
            ]
    return []


def _advances(examination: Examination, training: Training) -> list[Evidence]:
    if len(examination.step_arguments) <= 3 or not training.per_step:
        return []
    fresh = Training(examination, examination.build())
    with recording(fresh) as tape:
        fresh.step(examination.batch())
    updates = sum(event.startswith("step") for event in tape.events)
    advances = tape.events.count("schedule")
    if advances == updates or updates == 0 or (advances < updates and not examination.facts.get("schedule")):
        return []  # without a statement, it may count epochs
    message = f"one call of step makes {updates} updates and advances the schedule {advances} times"
    return [examination.finding("fail", message, where="step", hint="The schedule counts optimiser steps.")]


def moving_average(examination: Examination) -> Evidence:
    """Hold the averaged copy of the weights against its recurrence after one step."""
    decay = examination.number("ema")
    if decay is None or not 0 < decay < 1 or not examination.has("step"):
        return examination.skipped("no moving average of the weights is stated")
    model = examination.perturbed(training=True)
    pair = _copy_and_original(model)
    if pair is None:
        return examination.skipped("no part of the model has the form of another")
    training = Training(examination, model)
    found: list[Evidence] = []
    for online, average in (pair, pair[::-1]):
        before = [p.detach().clone() for p in average.parameters()]
        was = [p.detach().clone() for p in online.parameters()]
        training.step(examination.batch())
        now = [p.detach() for p in average.parameters()]
        moved = [p.detach() for p in online.parameters()]
        error = max(distance(decay * a + (1 - decay) * p, n) for a, p, n in zip(before, moved, now, strict=True))
        if error < 1e-5:
            return examination.passed("the average follows its recurrence", error=error)
        still = all(torch.equal(a, n) for a, n in zip(before, now, strict=True))
        if any(not torch.equal(a, b) for a, b in zip(was, moved, strict=True)) and not found:
            text = "does not move" if still else f"is off its recurrence of {decay:g} by {error:.3g}"
            where = "update_average" if "update_average" in examination.source.functions else "step"
            found.append(examination.finding("fail", f"the average of the weights {text}", where=where, values={"error": error}))
    return found[0] if found else examination.unsure("it cannot be seen which part of the model is the average")


def _copy_and_original(model: nn.Module) -> tuple[nn.Module, nn.Module] | None:
    """Return (trained, copy): two children of one form, the copy frozen or named after what it does."""
    children = [(name, child) for name, child in model.named_children() if any(True for _ in child.parameters())]
    for number, (name, first) in enumerate(children):
        for _other, second in children[number + 1 :]:
            if [p.shape for p in first.parameters()] == [p.shape for p in second.parameters()]:
                words = ("target", "ema", "average", "teacher", "momentum", "shadow", "slow", "copy")
                copied = any(word in name.lower() for word in words) or not any(p.requires_grad for p in first.parameters())
                return (second, first) if copied else (first, second)
    return None


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
    misled_by="A step that does not call the subject's loss is not enlarged, so small gradients pass.",
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
OPTIMISER = Check(
    name="optimiser",
    family="optimisation",
    finds="Another optimiser, another number of it, or other parameters without weight decay than stated.",
    uses=("optimizer", "no_decay"),
    misled_by="Nothing: the facts are compared as they stand.",
    cost="instant",
    function=optimizer_as_stated,
)
SCHEDULE = Check(
    name="schedule",
    family="optimisation",
    finds="A schedule off its stated curve, or one that a step advances never or twice.",
    uses=("schedule",),
    misled_by="Conventions that differ by a step at the ends are inside its tolerance.",
    cost="instant",
    function=schedule_as_stated,
)
AVERAGE = Check(
    name="moving average",
    family="optimisation",
    finds="An average of the weights that does not follow its recurrence.",
    uses=("ema",),
    misled_by="An average that is kept outside the model is not seen: skipped.",
    cost="forward",
    function=moving_average,
)
