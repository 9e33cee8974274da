"""Updates by hand inside a step: weights moved and not moved back, averages that share their memory, averages that forget everything."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..core import Evidence
from ._check import Check
from ._examination import Examination
from ._locate import Source
from ._recipe import _copy_and_original
from ._training import Training

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
        return examination.skipped("no part of the model has the form of another")
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
