"""The subject runs: its four functions answer legal input with what they promise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..core import Evidence
from ._check import Check
from ._examination import Examination, distance, main_output
from ._training import Training
from .structure._gradient import cut_places


def interface(examination: Examination) -> Evidence | list[Evidence]:
    """Call build, batch, forward, loss and backward once, as a training loop would."""
    function = "build"
    try:
        model = examination.build()
        if not isinstance(model, nn.Module):
            return examination.finding("fail", f"build gave {type(model).__name__}, and a torch module is needed", where="build")
        function = "batch"
        size = examination.layout.size
        batch = examination.batch()
        if not isinstance(batch, dict) or not any(isinstance(value, Tensor) for value in batch.values()):
            return examination.finding("fail", "batch gave no dictionary with a tensor in it", where="batch")
        function = "forward"
        before = examination.batch()
        output = main_output(examination.call("forward", model, batch))
        changed = [key for key, value in before.items() if isinstance(value, Tensor) and distance(value, batch[key]) > 0]
        function = "loss"
        value = examination.loss(model, examination.batch())
        if not isinstance(value, Tensor) or value.numel() != 1:
            shape = f"the shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"{type(value).__name__}"
            return examination.finding("fail", f"loss gave {shape}, and one number is needed", where="loss")
        if not bool(torch.isfinite(value)):
            return examination.finding("fail", f"the loss of a fresh model is {float(value.detach())}", where="loss")
        if not value.requires_grad:
            message = "the loss of a fresh model has no gradient at all"
            cuts = cut_places(examination)
            return examination.finding(
                "fail",
                message,
                where=cuts[0] if len(cuts) == 1 else "loss",
                hint="Look for item(), detach(), argmax or no_grad between model and loss.",
            )
        value.backward()
    except Exception as error:
        examination.calling = None
        where = examination.source.where_of_error(error.__traceback__) or function
        text = str(error).strip().split("\n")[0][:200]
        return examination.finding(
            "fail",
            f"{function} raised {type(error).__name__} on legal input: {text}",
            where=where,
            hint=f"Call build, batch({SIZE}), forward and loss by hand; the error comes from {where}.",
        )
    if not bool(torch.isfinite(output).all()) and output.is_floating_point():
        return examination.unsure(
            "forward gave values that are not finite on a fresh model; that can be meant where positions are masked out"
        )
    if changed:
        return examination.finding(
            "fail",
            f"forward changed the batch it was given ({', '.join(changed)})",
            where="forward",
            hint="Look for operations in place (a trailing underscore, +=) on entries of the batch.",
        )
    return examination.passed("build, batch, forward, loss and backward answer legal input", size=size, loss=float(value.detach()))


def training_runs(examination: Examination) -> Evidence:
    """Call what the subject has beyond its four functions once: optimizer, scheduler, step and the loaders."""
    given = [name for name in BEYOND if examination.has(name)]
    if not given:
        return examination.skipped("the subject has build, batch, forward and loss alone")
    try:
        if examination.has("optimizer") or examination.has("step"):
            Training(examination, examination.build()).step(examination.batch())
        for name in ("train_loader", "test_loader"):
            if examination.has(name):
                next(iter(examination.call(name)), None)
    except Exception as error:
        where = examination.source.where_of_error(error.__traceback__)
        examination.calling = None
        text = str(error).strip().split("\n")[0][:200]
        if where is None:
            return examination.unsure(f"one of {', '.join(given)} could not be run here: {type(error).__name__}: {text}")
        return examination.finding(
            "fail",
            f"{where} raised {type(error).__name__} in the first step of training: {text}",
            where=where,
            hint="Call optimizer, scheduler, step and the loaders once by hand.",
        )
    return examination.passed(f"{', '.join(given)} answer once")


BEYOND = ("optimizer", "scheduler", "step", "train_loader", "test_loader")
SIZE = 8

INTERFACE = Check(
    name="interface",
    family="interface",
    finds="A function of the subject that raises on legal input, a loss that is no finite number with a gradient, a batch changed by forward.",
    uses=(),
    misled_by="A subject that needs a larger batch than the three sizes tried.",
    cost="forward",
    function=interface,
)

TRAINING_RUNS = Check(
    name="training runs",
    family="optimisation",
    finds="An optimizer, scheduler, step or loader of the subject that raises when it is called for the first time.",
    uses=(),
    misled_by="A step that needs a larger batch, or arguments that nothing here names: an error outside the subject's own lines is unsure.",
    cost="training",
    function=training_runs,
)
