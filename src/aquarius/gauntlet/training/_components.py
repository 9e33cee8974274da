"""The components of a subject that can be taken out and put back: found in its modules, its training and the functions that its loss calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn

from .._examination import Examination
from .._trace import tensors

ACTIVATIONS = (nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.ELU, nn.LeakyReLU, nn.Softplus, nn.Hardtanh, nn.ReLU6, nn.SELU)
INTERFACE = frozenset({"build", "batch", "forward", "loss", "optimizer", "scheduler", "step", "train_loader", "test_loader"})


@dataclass(frozen=True)
class Component:
    """Something that a subject could do without. `changes` says to what: the model that was built, its training, or its functions."""

    name: str  # "normalisation blocks.*.norm", "gradient clipping", "function augment"
    where: str  # "Class.method" or a function of the subject's file
    changes: str  # "model", "training" or "functions"
    paths: tuple[str, ...] = ()  # modules
    kind: str = ""


def components(examination: Examination) -> list[Component]:
    """Return what can be taken out, the parts of the training first, the whole step before its parts; one component for all modules of one place in a repeated block."""
    model = examination.build()
    found = [Component(name, where, "training", kind=kind) for name, where, kind in _of_training(examination)]
    found += [Component(f"function {name}", name, "functions", kind=kind) for name, kind in _functions(examination, model)]
    if any(not parameter.requires_grad for parameter in model.parameters()):
        found.append(Component("frozen parameters", "build", "model", kind="frozen"))
    groups: dict[tuple[str, str], list[str]] = {}
    same = _shape_keeping(examination, model)
    for path, part in model.named_modules():
        kind = _kind(examination, part, path in same)
        if path and kind:
            groups.setdefault((kind, re.sub(r"\b\d+\b", "*", path)), []).append(path)
    for (kind, pattern), paths in groups.items():
        method = "forward" if examination.source.owns(type(model.get_submodule(paths[0]))) else "__init__"
        found.append(Component(f"{kind} {pattern}", examination.where(model, paths[0], method), "model", tuple(paths), kind))
    if any(hasattr(part, "reset_parameters") for part in model.modules()):
        found.append(Component("its own initialisation", _initialiser(examination), "model", kind="initialisation"))
    return found


def _of_training(examination: Examination) -> Iterator[tuple[str, str, str]]:
    text = examination.source.text
    if examination.has("step"):
        yield "its own step", "step", "step"
    if examination.has("optimizer"):
        yield "its own optimiser", "optimizer", "optimizer"
    if "clip_grad" in text:
        yield "gradient clipping", next(iter(examination.source.holding(r"clip_grad")), "step"), "clip"
    if examination.has("scheduler"):
        yield "schedule", "scheduler", "schedule"
    if examination.has("optimizer") and "weight_decay" in text:
        yield "weight decay", "optimizer", "decay"
    if re.search(r"\b(F|functional)\.\w*dropout\w*\(", text):
        yield "functional dropout", next(iter(examination.source.holding(r"\.\w*dropout\w*\(")), "forward"), "dropout"


def _functions(examination: Examination, model: nn.Module) -> list[tuple[str, str]]:
    """Return the functions of the file that `loss` calls and that can be left out: those that give back a tensor like their first, or a term."""
    seen: dict[str, str] = {}
    plain = {name: getattr(examination.module, name) for name in examination.source.functions if name not in INTERFACE}

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            value = function(*arguments, **named)
            first = next((item for item in arguments if isinstance(item, Tensor)), None)
            if isinstance(value, Tensor) and value.numel() == 1 and value.requires_grad:
                seen.setdefault(name, "term")
            elif isinstance(value, Tensor) and first is not None and first.shape == value.shape and first.dtype == value.dtype:
                seen.setdefault(name, "same")
            return value

        return call

    with ExitStack() as stack:
        for name, function in plain.items():
            stack.enter_context(mock.patch.object(examination.module, name, watched(name, function)))
        examination.quiet(lambda: examination.loss(model, examination.batch()))
    return list(seen.items())


def _shape_keeping(examination: Examination, model: nn.Module) -> set[str]:
    """Return the modules that give back one tensor of the shape they are given first."""
    same: set[str] = set()
    handles = []
    for path, part in model.named_modules():

        def note(_: nn.Module, given: Any, output: Any, path: str = path) -> None:
            first = next(iter(tensors(given)), None)
            if isinstance(output, Tensor) and first is not None and output.shape == first.shape and output.dtype == first.dtype:
                same.add(path)

        handles.append(part.register_forward_hook(note))
    try:
        examination.quiet(lambda: examination.forward(model, examination.batch()))
    finally:
        for handle in handles:
            handle.remove()
    return same


def _kind(examination: Examination, part: nn.Module, keeps_shape: bool) -> str:
    if isinstance(part, nn.modules.dropout._DropoutNd):
        return "dropout"
    if not keeps_shape:
        return ""
    name = type(part).__name__
    if "norm" in name.lower():
        return "normalisation"
    if isinstance(part, ACTIVATIONS):
        return "activation"
    return "block" if examination.source.owns(type(part)) else ""


def _initialiser(examination: Examination) -> str:
    found = examination.source.holding(r"\binit\.\w+_\(|\.(normal_|uniform_|zero_|fill_|zeros_|constant_)\(")
    return found[0] if found else "build"


@contextmanager
def without(examination: Examination, model: nn.Module, removed: Iterable[Component]) -> Iterator[None]:
    """Take components of the model and of the file's functions out inside the block; a model of one's own is changed for good."""
    with ExitStack() as stack:
        for component in removed:
            if component.changes == "functions":
                stack.enter_context(mock.patch.object(examination.module, component.where, _left_out(component.kind, examination)))
            elif component.kind == "clip":
                for name in ("clip_grad_norm_", "clip_grad_value_"):
                    for place in (torch.nn.utils, examination.module):
                        if hasattr(place, name):
                            stack.enter_context(mock.patch.object(place, name, lambda *_, **__: torch.tensor(0.0)))
            elif component.kind == "dropout" and component.changes == "training":
                for name in ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"):
                    stack.enter_context(mock.patch.object(torch.nn.functional, name, lambda x, *_, **__: x))
            elif component.changes == "model":
                _take_out(model, component)
        yield


def _left_out(kind: str, examination: Examination) -> Callable[..., Any]:
    if kind == "term":
        return lambda *_, **__: torch.zeros((), requires_grad=True)
    return lambda *arguments, **_: next(item for item in arguments if isinstance(item, Tensor))


def _take_out(model: nn.Module, component: Component) -> None:
    if component.kind == "frozen":
        for parameter in model.parameters():
            parameter.requires_grad_(parameter.is_floating_point())
    elif component.kind == "initialisation":
        for part in model.modules():
            reset = getattr(part, "reset_parameters", None)
            if callable(reset) and not isinstance(part, nn.modules.batchnorm._NormBase):
                reset()
    for path in component.paths:
        part = model.get_submodule(path)
        if component.kind == "dropout":
            part.p = 0.0  # type: ignore[assignment]
        else:
            part.register_forward_hook(_passed_through)


def _passed_through(_: nn.Module, given: Any, output: Any) -> Any:
    first = next(iter(tensors(given)))
    return first + 0 * output.sum() if output.is_floating_point() and first.is_floating_point() else first
