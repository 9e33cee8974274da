"""What the subject's functions and modules were given and gave back while its forward and loss ran."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ._examination import Examination
from ._inputs import Batch
from ._training import Training

MOST_CALLS = 3


@dataclass
class FunctionCall:
    """One call: the function, its arguments by name as they were at the call, the tensors and numbers that its object holds, the result."""

    function: Callable[..., Any]
    arguments: dict[str, Any]
    attributes: dict[str, Any]
    result: Any
    owner: Any = None
    through: tuple[str, ...] = ()  # the arguments that carried a gradient

    def again(self, arguments: dict[str, Any]) -> Any:
        """Call the same function with other values of the arguments."""
        return self.function(**({} if self.owner is None else {"self": self.owner}), **arguments)


@dataclass
class ModuleCall:
    """One call of a module: the names of the batch's entries that were its only tensors, in order, and its output."""

    path: str
    entries: tuple[str, ...]
    output: Tensor


@dataclass
class Seen:
    """The calls of one run."""

    functions: list[FunctionCall] = field(default_factory=list)
    modules: list[ModuleCall] = field(default_factory=list)


def named(examination: Examination, qualname: str) -> tuple[Any, str, Callable[..., Any]] | None:
    """Return (holder, attribute, function) of "function" or "Class.method" of the subject's file, None where there is none."""
    holder: Any = examination.module
    first, _, rest = qualname.partition(".")
    if rest:
        holder, first = getattr(holder, first, None), rest
    function = inspect.getattr_static(holder, first, None) if holder is not None else None
    return (holder, first, function) if inspect.isfunction(function) else None


@contextmanager
def recorded(holder: Any, attribute: str, function: Callable[..., Any]) -> Iterator[list[FunctionCall]]:
    """Record the first calls of a function inside the block."""
    calls: list[FunctionCall] = []
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapper(*positional: Any, **by_name: Any) -> Any:
        if len(calls) >= MOST_CALLS:
            return function(*positional, **by_name)
        bound = signature.bind(*positional, **by_name)
        bound.apply_defaults()
        arguments = {name: _frozen(value) for name, value in bound.arguments.items()}
        owner = bound.arguments.get("self")
        arguments.pop("self", None)
        result = function(*positional, **by_name)
        through = tuple(name for name, value in bound.arguments.items() if isinstance(value, Tensor) and value.requires_grad)
        calls.append(FunctionCall(function, arguments, _attributes(owner), result, owner, through))
        return result

    setattr(holder, attribute, wrapper)
    try:
        yield calls
    finally:
        setattr(holder, attribute, function)


def _frozen(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value


def _attributes(owner: Any) -> dict[str, Any]:
    """Return the tensors and numbers that an object holds itself."""
    if not isinstance(owner, nn.Module):
        return {}
    found: dict[str, Any] = {name: value.detach() for name, value in owner.named_parameters(recurse=False)}
    found |= dict(owner.named_buffers(recurse=False))
    found |= {name: value for name, value in vars(owner).items() if isinstance(value, int | float) and not isinstance(value, bool)}
    return found


@contextmanager
def watched(model: nn.Module, batch: Batch) -> Iterator[list[ModuleCall]]:
    """Record which modules were called with entries of the batch, and nothing else, as their tensors."""
    calls: list[ModuleCall] = []
    known = {(value.data_ptr(), value.shape): key for key, value in batch.items() if isinstance(value, Tensor)}

    def look(path: str, given: tuple[Any, ...], output: Any) -> None:
        tensors = [value for value in given if isinstance(value, Tensor)]
        entries = [known.get((value.data_ptr(), value.shape)) for value in tensors]
        if entries and None not in entries and isinstance(output, Tensor):
            calls.append(ModuleCall(path, tuple(str(entry) for entry in entries), output))

    handles = []
    for path, module in model.named_modules():
        handles.append(module.register_forward_hook(lambda _, given, output, path=path: look(path, given, output)))
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def run(examination: Examination, model: nn.Module, batch: Batch) -> Tensor | None:
    """Run forward and loss on a batch; return the loss, None where it is refused."""
    with torch.enable_grad():
        examination.quiet(lambda: examination.forward(model, batch, seed=3))
        return examination.quiet(lambda: examination.loss(model, batch, seed=3))


def run_elsewhere(examination: Examination, rows: int, seed: int) -> None:
    """Make a batch, run the loss in training mode, then take a step: what forward and loss do not call in evaluation may run there."""
    batch = examination.quiet(lambda: examination.call("batch", rows, seed))
    if batch is not None:
        examination.quiet(lambda: examination.loss(examination.perturbed(seed, training=True), batch, seed=3))
    if batch is not None and (examination.has("step") or examination.has("scheduler")):
        examination.quiet(lambda: Training(examination, examination.build(seed)).step(batch))
