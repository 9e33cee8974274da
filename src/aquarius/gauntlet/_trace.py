"""Watching a model at work: what went into and came out of every module, and the torch functions that were called, with their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ._examination import distance
from ._locate import Source

Event = tuple[str, str, list[Tensor]]  # "in" or "out", module path, its tensors
View = Callable[[Tensor], Tensor | None]


def tensors(value: Any) -> list[Tensor]:
    """Return the tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [found for item in value for found in tensors(item)] if isinstance(value, tuple | list) else []


@contextmanager
def watching(model: nn.Module) -> Iterator[list[Event]]:
    """Collect, in order, the inputs and outputs of every module called inside the block."""
    events: list[Event] = []
    handles = []
    for path, module in model.named_modules():
        before = lambda _, positional, named, path=path: events.append(("in", path, tensors([positional, named])))
        after = lambda _, positional, output, path=path: events.append(("out", path, tensors(output)))
        handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
        handles.append(module.register_forward_hook(after))
    try:
        yield events
    finally:
        for handle in handles:
            handle.remove()


def first_difference(one: list[Event], two: list[Event], view: View, tolerance: float = 1e-5) -> str | None:
    """Return the path of the module whose own computation first makes two runs differ, seen through `view`; None where it is outside any.

    An output that differs is the module's own doing where nothing before differed; an input that differs, its parent's.
    """
    for (kind, path, first), (_, other, second) in zip(one, two, strict=False):
        if path != other:
            return None
        for a, b in zip(first, second, strict=False):
            seen, again = view(a), view(b)
            if seen is None or again is None or seen.shape != again.shape or not seen.is_floating_point():
                continue
            if distance(seen, again) > tolerance:
                return path if kind == "out" else path.rpartition(".")[0]
    return None


@dataclass
class Call:
    """One call of a torch function: its name, arguments, result, and the function of the subject's file that made it."""

    name: str
    arguments: tuple[Any, ...]
    named: dict[str, Any]
    result: Any
    where: str | None
    line: str = ""


@dataclass
class Recorder(TorchFunctionMode):
    """Record the calls of the named torch functions and tensor methods made inside its block."""

    source: Source
    names: frozenset[str]
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in self.names:
            self.calls.append(Call(name, args, kwargs or {}, result, self.source.where_now()))
        return result


RANDOM = frozenset(
    [
        "rand",
        "randn",
        "randint",
        "randperm",
        "rand_like",
        "randn_like",
        "randint_like",
        "normal",
        "bernoulli",
        "multinomial",
        "dropout",
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "alpha_dropout",
        "feature_alpha_dropout",
        "normal_",
        "uniform_",
        "bernoulli_",
        "exponential_",
        "random_",
        "poisson",
        "rrelu",
        "gumbel_softmax",
    ]
)


def scale_of(result: Tensor, source: Tensor) -> Tensor | None:
    """Return d(sum result)/d(source), None where the result does not depend on it."""
    (gradient,) = torch.autograd.grad(result.sum(), source, retain_graph=True, allow_unused=True)
    return gradient
