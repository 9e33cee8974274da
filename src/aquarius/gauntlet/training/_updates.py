"""Updates by hand inside a step: weights moved and not moved back, averages that share their memory, averages that forget everything."""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ...core import Evidence
from .._check import Check
from .._examination import Examination
from .._locate import Source
from .._training import Training
from ..structure._axes import calling_frame
from ._recipe import _copy_and_original

STEPS = 12
IN_PLACE = {"lerp_": 1, "copy_": 1, "sub": 1, "__sub__": 1, "sub_": 1, "add_": 1, "__isub__": 1, "__iadd__": 1}


class _Aliases(TorchFunctionMode):
    """Collect operations, without gradients, on two tensors that are one memory."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source, self.found = source, {}  # type: ignore[var-annotated]

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        name = getattr(func, "__name__", "")
        if name in IN_PLACE and len(args) > 1 and not torch.is_grad_enabled() and _one_memory(args[0], args[1]):
            where = self.source.where_now()
            if where is not None:
                self.found.setdefault((name, where), tuple(args[0].shape))
        return func(*args, **(kwargs or {}))


def _one_memory(a: Any, b: Any) -> bool:
    if not isinstance(a, Tensor) or not isinstance(b, Tensor) or a.layout != torch.strided or b.layout != torch.strided:
        return False
    return a.numel() > 1 and a.data_ptr() == b.data_ptr() and a.shape == b.shape and a.stride() == b.stride() and a.is_floating_point()


def shared_memory(examination: Examination) -> Evidence:
    """Take steps and watch for a weight that is averaged with, copied onto or subtracted from itself: its copy was never made."""
    if not examination.has("step"):
        return examination.skipped("the subject has no step of its own")
    training = Training(examination, examination.build())
    aliases = _Aliases(examination.source)
    with aliases:
        for seed in range(STEPS):
            training.step(examination.batch(seed=seed), seed=seed)
    if not aliases.found:
        return examination.passed("no weight is averaged with itself", steps=float(STEPS))
    (name, where), shape = next(iter(aliases.found.items()))
    text = (
        f"{name.strip('_')} in {where} combines a tensor of shape {shape} with itself: what should be a copy of the weights is the weights"
    )
    maker = where.rpartition(".")[0]
    place = f"{maker}.__init__" if maker in examination.source.classes and "__init__" in examination.source.code(maker) else where
    return examination.finding("fail", text, where=place, hint="Clone the weights when the copy is made.")


def moved_back(examination: Examination) -> Evidence | list[Evidence]:
    """Where a step moves the weights between two backward passes, they are back, and the first gradients gone, when the optimiser steps."""
    if not examination.has("step") or not examination.has("optimizer"):
        return examination.skipped("the subject has no step of its own")
    model = examination.perturbed(training=True)
    training = Training(examination, model)
    if len(training.optimizers) != 1:
        return examination.skipped("there are several optimisers")
    weights = [p for group in training.optimizers[0].param_groups for p in group["params"]]
    tape = _Passes(weights)
    handle = training.optimizers[0].register_step_pre_hook(lambda *_: tape.stepped())
    original = Tensor.backward
    try:
        Tensor.backward = tape.wrapped(original)  # type: ignore[method-assign]
        training.step(examination.batch())
    finally:
        Tensor.backward = original  # type: ignore[method-assign]
        handle.remove()
    if len(tape.before) != 2 or tape.at_step is None or not _apart(tape.before[0], tape.before[1]):
        return examination.skipped("no step moves the weights between two backward passes")
    found = []
    if _apart(tape.before[0], tape.at_step):
        text = "the weights are moved between two backward passes, and are not back where they were when the optimiser steps"
        found.append(examination.finding("fail", text, where="step", hint="Move them back before the update."))
    if tape.added:
        text = "the weights are moved between two backward passes, and the gradients of the second are added to those of the first"
        found.append(examination.finding("fail", text, where="step", hint="Clear the gradients before the second backward pass."))
    return found or examination.passed("the weights are moved, moved back, and updated with the second gradients")


class _Passes:
    """The weights at each backward pass and at the update, and whether gradients of the first were there at the second."""

    def __init__(self, weights: list[nn.Parameter]) -> None:
        self.weights = weights
        self.before: list[list[Tensor]] = []
        self.at_step: list[Tensor] | None = None
        self.added = False

    def copy(self) -> list[Tensor]:
        return [p.detach().clone() for p in self.weights]

    def wrapped(self, original: Any) -> Any:
        def backward(tensor: Tensor, *arguments: Any, **named: Any) -> Any:
            if len(self.before) == 1:
                self.added = any(p.grad is not None and bool(p.grad.abs().max() > 0) for p in self.weights)
            self.before.append(self.copy())
            return original(tensor, *arguments, **named)

        return backward

    def stepped(self) -> None:
        if self.at_step is None:
            self.at_step = self.copy()


def _apart(one: list[Tensor], two: list[Tensor]) -> bool:
    size = max(float(a.abs().max()) for a in one)
    return max(float((a - b).abs().max()) for a, b in zip(one, two, strict=True)) > 1e-6 * max(1.0, size)


def forgetting_average(examination: Examination) -> Evidence:
    """Measure which share of the new weights an averaged copy takes at each step: nearly all, and not all, is the decay the wrong way round."""
    if not examination.has("step"):
        return examination.skipped("the subject has no step of its own")
    model = examination.perturbed(training=True)
    pair = _copy_and_original(model)
    if pair is None:
        return _kept_outside(examination, model)
    online, average = pair
    training = Training(examination, model)
    shares = []
    for seed in range(3):
        was = torch.cat([p.detach().double().flatten() for p in average.parameters()])
        training.step(examination.batch(seed=seed), seed=seed)
        now = torch.cat([p.detach().double().flatten() for p in average.parameters()])
        new = torch.cat([p.detach().double().flatten() for p in online.parameters()])
        way = new - was
        if float(way.norm()) < 1e-12:
            return examination.skipped("the copy is equal to the trained part")
        share = float((now - was) @ way / (way @ way))
        if float((now - was - share * way).norm()) > 1e-4 * float(way.norm()):
            return examination.skipped("the copy is no average of its old and the new weights")
        shares.append(share)
    share = shares[-1]
    if 0.85 < share < 0.9999 and max(shares) - min(shares) < 1e-3:
        text = f"at each step the copy takes {share:.4g} of the new weights and keeps {1 - share:.2g} of its own: it averages nothing"
        places = [place for place in examination.source.holding(r"lerp_|mul_\(|copy_\(") if place != "step"]
        where = places[0] if len(places) == 1 else "step"
        return examination.finding(
            "fail", text, where=where, hint="The decay belongs to the copy, one minus it to the new weights.", values={"share": share}
        )
    return examination.passed(f"the copy takes {share:.4g} of the new weights at a step", share=share)


class _Followers(TorchFunctionMode):
    """Collect tensors of a parameter's shape that are no parameters and that the subject's code changes in place, without gradients."""

    def __init__(self, source: Source, model: nn.Module) -> None:
        super().__init__()
        self.source, self.shapes = source, {p.shape for p in model.parameters()}
        self.own = {t.data_ptr() for t in (*model.parameters(), *model.buffers())}
        self.seen: dict[int, tuple[Tensor, Tensor, str]] = {}  # memory -> (the tensor, what it was, where it was changed)

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        name, first = getattr(func, "__name__", ""), args[0] if args else None
        if name in ("mul_", "lerp_", "copy_", "add_") and isinstance(first, Tensor) and not torch.is_grad_enabled():
            place = first.data_ptr()
            if first.shape in self.shapes and place not in self.own and place not in self.seen:
                frame = calling_frame(sys._getframe(1))
                where = self.source.where_now() if frame is not None and frame.f_code.co_filename == self.source.file else None
                if where:  # not the optimiser's own averages
                    self.seen[place] = (first, first.detach().clone(), where)
        return func(*args, **(kwargs or {}))


def _kept_outside(examination: Examination, model: nn.Module) -> Evidence:
    """Measure the share of averages that are kept outside the model, from what the step itself changes in place."""
    training, shares, where = Training(examination, model), [], ""
    stated = examination.number("ema")
    for seed in range(3):
        followers = _Followers(examination.source, model)
        with followers:
            training.step(examination.batch(seed=seed), seed=seed)
        seen = list(followers.seen.values())
        found = [share for now, was, _ in seen if (share := _share(model, now, was)) is not None]
        if not found or 2 * len(found) < len(seen):
            return examination.skipped("no part of the model has the form of another, and no average is seen outside it")
        where = seen[0][2]
        shares.append(sorted(found)[len(found) // 2])
    share, steady = shares[-1], max(shares[1:]) - min(shares[1:]) < 0.05 * max(shares[1:])
    off = stated is not None and 0 < stated < 1 and abs(1 - share - stated) > 0.2 * min(stated, 1 - stated)
    if steady and ((0.85 < share < 0.9999) if stated is None else (off and share < 0.9999)):
        text = f"at each step an average takes {share:.4g} of the new weights" + (
            f", and a decay of {stated:g} is stated" if stated else ""
        )
        hint = "The decay belongs to the average, one minus it to the new weights."
        return examination.finding("fail", text, where=where, hint=hint, values={"share": share})
    return examination.passed(f"an average outside the model takes {share:.4g} of the new weights at a step", share=share)


def _share(model: nn.Module, now: Tensor, was: Tensor) -> float | None:
    """Return s with now = (1 - s) was + s p for a parameter p; None where there is none or the tensor stands still."""
    for parameter in model.parameters():
        if parameter.shape != now.shape:
            continue
        way, moved = (parameter.detach() - was).double().flatten(), (now - was).double().flatten()
        if float(way.norm()) < 1e-9 * max(1.0, float(was.double().norm())) or float(moved.norm()) == 0.0:
            continue
        share = float(moved @ way / (way @ way))
        if float((moved - share * way).norm()) < 0.05 * float(moved.norm()):  # small steps are rounded
            return share
    return None


SHARED = Check(
    name="shared memory",
    family="optimisation",
    finds="A copy of the weights (slow, averaged, target) that is the weights themselves, so that averaging does nothing.",
    uses=(),
    misled_by="Operations with gradients are left alone: a difference with itself can be meant there.",
    cost="training",
    function=shared_memory,
)
MOVED = Check(
    name="moved back",
    family="optimisation",
    finds="A step that moves the weights between two backward passes and does not move them back, or adds both gradients.",
    uses=(),
    misled_by="Steps with one or more than two backward passes are left alone.",
    cost="forward",
    function=moved_back,
)
FORGETS = Check(
    name="forgetting average",
    family="optimisation",
    finds="An averaged copy that takes nearly all of the new weights at each step: its decay is the wrong way round.",
    uses=(),
    misled_by="A copy that takes all of them is a plain copy, and passes.",
    cost="forward",
    function=forgetting_average,
)
