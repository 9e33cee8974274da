"""The recipe: the optimiser, the schedule and the average of the weights, held against what is stated."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination, distance
from .._training import Training
from ._schedules import unlike
from ._step import recording


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
        texts = [text for optimizer in training.optimizers for text in _differences(optimizer, stated, training)]
        found += [_unlike(examination, text) for text in dict.fromkeys(texts)]  # what is stated is stated of every optimiser
    if isinstance(free, list | tuple):
        found += _decay(examination, model, training, [str(glob) for glob in free])
    return found[:3] or examination.passed("the optimiser is the stated one")


def _differences(optimizer: torch.optim.Optimizer, stated: dict[str, Any], training: Training) -> list[str]:
    found = []
    name = stated.get("name")
    known = {item.lower() for item in dir(torch.optim)}
    if (
        isinstance(name, str)
        and name.lower() in known
        and type(optimizer).__name__.lower() != name.lower()
        and type(optimizer).__module__.startswith("torch.optim")
    ):
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
        if meant and parameter.ndim < 2:
            continue  # vectors that a statement of globs passes over may well be free of decay too
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
    if not found and (text := unlike(stated, curve)):
        found = [examination.finding("fail", text, where="scheduler", hint="Compare the schedule's formula with the stated one.")]
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
        not all(b <= a + 2e-3 * peak for a, b in itertools.pairwise(rest[: total - top] if total else rest))
        and any(w in kind for w in ("cosine", "linear", "inverse", "step", "exponential"))
        and "restart" not in kind
        and "cycl" not in kind
    ):
        return [wrong("after its peak the learning rate rises again")]
    rough = 2 / max(1, total - warmup) if total else 0.0
    falls = "cosine" in kind or kind.strip() in ("linear", "linear decay", "linear to zero")
    if total and falls and "restart" not in kind and "constant" not in kind and total - warmup >= 8:
        last, middle = curve[min(total, len(curve) - 1)], curve[warmup + (total - warmup) // 2]
        if last > 0.5 * peak:
            return [wrong(f"at the last of {total} steps the learning rate is {last / peak:.2f} of its peak: {kind} does not end there")]
        if abs(middle - 0.5 * (peak + last)) > (0.06 + rough) * peak:
            return [
                wrong(
                    f"half through its fall the learning rate is {middle / peak:.2f} of its peak, and {kind} passes {0.5 * (1 + last / peak):.2f}"
                )
            ]
        quarter = curve[warmup + (total - warmup) // 4]
        expected = last + (peak - last) * (0.5 * (1 + math.cos(math.pi / 4)) if "cosine" in kind else 0.75)
        if abs(quarter - expected) > (0.05 + rough) * peak:
            return [
                wrong(
                    f"a quarter through its fall the learning rate is {quarter / peak:.2f} of its peak, and {kind} passes {expected / peak:.2f}"
                )
            ]
    if "inverse" in kind and ("root" in kind or "sqrt" in kind) and warmup > 4 and len(curve) > 2 * warmup + 2:
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
    if advances == 1 and "truncation" in examination.facts:
        return [examination.unsure(f"{message}; it may count sequences")]
    return [examination.finding("fail", message, where="step", hint="The schedule counts optimiser steps.")]


Weights = Callable[[], list[Tensor]]
MOST_DELAY = 6
FOLLOWING = ("target", "ema", "average", "teacher", "momentum", "shadow", "slow", "copy")


def moving_average(examination: Examination) -> Evidence:
    """Hold the averaged copy of the weights against its recurrence after one step."""
    decay = examination.number("ema")
    if decay is None or not 0 < decay < 1 or not examination.has("step"):
        return examination.skipped("no moving average of the weights is stated")
    model = examination.perturbed(training=True)
    kept = _kept(model)
    pair = _copy_and_original(model)
    if pair is None and kept is None:
        return examination.skipped("no part of the model has the form of another")
    sides: list[tuple[Weights, Weights]] = [kept] if kept is not None else []
    if pair is not None and kept is None:
        one, other = _weights(pair[0]), _weights(pair[1])
        named = any(word in name.lower() for name, child in model.named_children() if child is pair[1] for word in FOLLOWING)
        sides = [(one, other)] if named else [(one, other), (other, one)]
    training = Training(examination, model)
    found: list[Evidence] = []
    for online, average in sides:
        for _ in range(MOST_DELAY):  # an update that is delayed shows at the first step that moves the copy
            before, was = _copies(average()), _copies(online())
            training.step(examination.batch())
            now, moved = _copies(average()), _copies(online())
            if any(not torch.equal(a, n) for a, n in zip(before, now, strict=True)):
                break
        error = min(  # of the weights after the update, or before it
            max(distance(decay * a + (1 - decay) * p, n) for a, p, n in zip(before, source, now, strict=True)) for source in (moved, was)
        )
        if error < 1e-5:
            return examination.passed("the average follows its recurrence", error=error)
        still = all(torch.equal(a, n) for a, n in zip(before, now, strict=True))
        if any(not torch.equal(a, b) for a, b in zip(was, moved, strict=True)) and not found:
            text = "does not move" if still else f"is off its recurrence of {decay:g} by {error:.3g}"
            where = "update_average" if "update_average" in examination.source.functions else "step"
            found.append(examination.finding("fail", f"the average of the weights {text}", where=where, values={"error": error}))
    return found[0] if found else examination.unsure("it cannot be seen which part of the model is the average")


def _copies(tensors: list[Tensor]) -> list[Tensor]:
    return [tensor.detach().clone() for tensor in tensors]


def _kept(model: nn.Module) -> tuple[Weights, Weights] | None:
    """Return (weights, copies) where the model keeps copies of its parameters in a plain dict by their names, or in a list in their order.

    The copies are set to half of the weights, for what is equal to them at first does not show which share is kept.
    """
    named = dict(model.named_parameters())
    for value in vars(model).values():
        if isinstance(value, dict) and value and all(_copy_of(v, named.get(str(k))) for k, v in value.items()):
            names: list[Any] = list(value)
        elif isinstance(value, list) and len(value) == len(named) > 0 and all(map(_copy_of, value, named.values())):
            names = list(range(len(value)))
        else:
            continue
        order = [named[name] for name in names] if isinstance(value, dict) else list(named.values())
        with torch.no_grad():
            for name, weight in zip(names, order, strict=True):
                value[name].copy_(0.5 * weight)
        return _listed(order), _chosen(value, names)
    return None


def _weights(module: nn.Module) -> Weights:
    return lambda: list(module.parameters())


def _listed(tensors: list[nn.Parameter]) -> Weights:
    return lambda: list(tensors)


def _chosen(value: Any, names: list[Any]) -> Weights:
    return lambda: [value[name] for name in names]


def _copy_of(value: object, weight: Tensor | None) -> bool:
    """Say whether a value is a tensor of a weight's shape with memory of its own."""
    return isinstance(value, Tensor) and weight is not None and value.shape == weight.shape and value.data_ptr() != weight.data_ptr()


def _copy_and_original(model: nn.Module) -> tuple[nn.Module, nn.Module] | None:
    """Return (trained, copy): two children of one form, the copy frozen or named after what it does."""
    children = [(name, child) for name, child in model.named_children() if any(True for _ in child.parameters())]
    for number, (name, first) in enumerate(children):
        for beside, second in children[number + 1 :]:
            if [p.shape for p in first.parameters()] == [p.shape for p in second.parameters()]:
                if any(word in name.lower() for word in FOLLOWING) or not any(p.requires_grad for p in first.parameters()):
                    return second, first
                if any(word in beside.lower() for word in FOLLOWING) or not any(p.requires_grad for p in second.parameters()):
                    return first, second
    return None


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
