"""What a check is given: the subject's functions, called with a seed and a clock, and helpers to look inside its model."""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from types import ModuleType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ..core import Evidence, Status
from ._inputs import Batch, Layout, copy, layout
from ._locate import Source, where_of_module

T = TypeVar("T")
SIZES = ((8, 6), (24, 32), (32, 48))  # sizes of batch that are tried; a graph may need more nodes than a batch has rows


class Examination:
    """One subject under examination. Every call of its code is seeded, so equal calls give equal numbers."""

    def __init__(self, module: ModuleType, seed: int = 0, stated: dict[str, Any] | None = None) -> None:
        self.module, self.seed = module, seed
        self.source = Source(module)
        facts = getattr(module, "facts", None)
        self.facts: dict[str, Any] = (stated or {}) | (facts if isinstance(facts, dict) else {})
        self.calling: tuple[str, float] | None = None  # the function of the subject that runs now, and since when
        self._batches: dict[tuple[int, int], Batch] = {}
        self._reads: dict[Any, bool] = {}
        self.kept: dict[str, Any] = {}  # what several checks look at, made by the first of them

    # --- facts ---------------------------------------------------------------------------------------------------

    def number(self, key: str) -> float | None:
        """Return a stated number, None where the fact is absent or no number."""
        value = self.facts.get(key)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def words(self, key: str) -> str:
        """Return a stated text in lower case, "" where the fact is absent."""
        value = self.facts.get(key)
        return value.lower() if isinstance(value, str) else ""

    # --- the subject's functions ---------------------------------------------------------------------------------

    def has(self, function: str) -> bool:
        """Say whether the subject defines an optional function."""
        return callable(getattr(self.module, function, None))

    def call(self, function: str, *arguments: Any, seed: int | None = None) -> Any:
        """Call a function of the subject with the global generators seeded."""
        seed_all(self.seed if seed is None else seed)
        self.calling = (function, time.perf_counter())
        try:
            value = getattr(self.module, function)(*arguments)
        except Exception:
            self.calling = None  # an error is an answer; only a call that does not come back stays open
            raise
        self.calling = None
        return value

    def build(self, seed: int | None = None) -> nn.Module:
        """Return a fresh model in training mode."""
        model: nn.Module = self.call("build", seed=seed)
        return model

    def batch(self, n: int | None = None, seed: int = 0) -> Batch:
        """Return a batch that may be changed; n defaults to the layout's size."""
        key = (self.layout.size if n is None else n, seed)
        if key not in self._batches:
            self._batches[key] = self.call("batch", *key)
        return copy(self._batches[key])

    def forward(self, model: nn.Module, batch: Batch, seed: int | None = None) -> Tensor:
        """Return the main output; the first tensor where the subject returns several."""
        return main_output(self.call("forward", model, batch, seed=seed))

    def loss(self, model: nn.Module, batch: Batch, seed: int | None = None) -> Tensor:
        """Return the loss."""
        value: Tensor = self.call("loss", model, batch, seed=seed)
        return value

    @cached_property
    def step_arguments(self) -> list[str]:
        """The names of the arguments of `step`, [] where the subject has none."""
        function = getattr(self.module, "step", None)
        return list(inspect.signature(function).parameters) if callable(function) else []

    def quiet(self, function: Callable[[], T]) -> T | None:
        """Return what a call that may be illegal for this subject gives, None where the subject refuses it."""
        try:
            return function()
        except (RuntimeError, ValueError, IndexError, TypeError, KeyError, AssertionError, NotImplementedError):
            self.calling = None
            return None

    # --- models --------------------------------------------------------------------------------------------------

    def perturbed(self, seed: int = 1, *, training: bool = False) -> nn.Module:
        """Return a fresh model with noise on every parameter: gates and heads that start at zero no longer hide anything."""
        model = self.build()
        perturb(model, seed)
        return model.train(training)

    @cached_property
    def layout(self) -> Layout:
        """The layout of the subject's batches, at the first size that gives square entries or none and is not below the least size of a batch."""
        error: Exception | None = None
        first: Layout | None = None
        for large, small in SIZES:
            try:
                found = layout(self.call("batch", large, 0), self.call("batch", small, 0), (large, small))
            except Exception as caught:
                self.calling, error = None, caught
                continue
            first = first or found
            if (any(axis is not None for axis in found.axes.values()) and not found.graph) or (found.graph and large >= 24):
                return found
        if first is not None:
            return first  # batches of one size, whatever is asked for
        assert error is not None
        raise error

    # --- entries of the batch ------------------------------------------------------------------------------------

    def reads(self, key: str) -> bool:
        """Say whether `forward` looks at an entry: its values in another batch change the output."""
        if key not in self._reads:
            self._reads[key] = self._depends(key, self.forward)
        return self._reads[key]

    def loss_reads(self, key: str) -> bool:
        """Say whether `loss` looks at an entry."""
        if (key, "loss") not in self._reads:
            self._reads[key, "loss"] = self._depends(key, self.loss)
        return self._reads[key, "loss"]

    def _depends(self, key: str, function: Callable[[nn.Module, Batch], Tensor]) -> bool:
        """Exchange one entry for that of other batches and compare; True where the exchange is refused, for then it was looked at."""
        model = self.probe
        if all(_same(self.batch()[key], self.batch(seed=other)[key]) for other in (1, 2)):
            return self._depends_on_order(key, function)
        for other in (1, 2):
            batch, mixed = self.batch(), self.batch()
            mixed[key] = self.batch(seed=other)[key]
            with torch.no_grad():
                one = self.quiet(lambda: function(model, batch))  # noqa: B023
                two = self.quiet(lambda: function(model, mixed))  # noqa: B023
            if one is None or two is None or distance(one, two) > 0:
                return True
        return False

    def _depends_on_order(self, key: str, function: Callable[[nn.Module, Batch], Tensor]) -> bool:
        """Turn round, then shuffle an entry that is the same in every batch, along its last axis; False where neither changes anything."""
        value = self.batch()[key]
        if not isinstance(value, Tensor) or value.ndim == 0:
            return True
        shuffled = value[..., torch.randperm(value.shape[-1], generator=torch.Generator().manual_seed(3))]
        others = [other for other in (value.flip(-1), shuffled) if not torch.equal(other, value)]
        with torch.no_grad():
            one = self.quiet(lambda: function(self.probe, self.batch()))
            if one is None or not others or (one.numel() == 1 and float(one) == 0):  # a hinge at rest tells nothing
                return True
            for other in others:
                two = self.quiet(lambda: function(self.probe, self.batch() | {key: other}))  # noqa: B023
                if two is None or distance(one, two) > 0:
                    return True
        return False

    @cached_property
    def probe(self) -> nn.Module:
        """A perturbed model in evaluation mode, for looking only."""
        return self.perturbed()

    @cached_property
    def random_evaluation(self) -> bool:
        """Say whether the output in evaluation mode changes from call to call."""
        with torch.no_grad():
            return distance(self.forward(self.probe, self.batch(), seed=1), self.forward(self.probe, self.batch(), seed=2)) > 0

    # --- places --------------------------------------------------------------------------------------------------

    def where(self, model: nn.Module, path: str, method: str = "forward") -> str:
        """Return "Class.method" for a module path, or the function that builds the model."""
        return where_of_module(self.source, model, path, method)

    def where_parameter(self, model: nn.Module, name: str, method: str = "forward") -> str:
        """Return "Class.method" for a parameter's name."""
        return self.where(model, name.rpartition(".")[0], method)

    # --- findings ------------------------------------------------------------------------------------------------

    def finding(
        self,
        status: Status,
        message: str,
        *,
        where: str | None = None,
        path: str | None = None,
        hint: str = "",
        values: dict[str, float] | None = None,
    ) -> Evidence:
        """Return a finding; the runner adds the check's name and the seconds."""
        return Evidence(
            kind="finding", check="", status=status, message=message, where=where, path=path or None, hint=hint, values=values or {}
        )

    def passed(self, message: str, **values: float) -> Evidence:
        """Return a pass with what was measured."""
        return self.finding("pass", message, values=values)

    def unsure(self, message: str, **values: float) -> Evidence:
        """Return that the check looked and cannot tell."""
        return self.finding("unsure", message, values=values)

    def skipped(self, message: str) -> Evidence:
        """Return that the check does not apply here, and why."""
        return self.finding("skipped", message)


def seed_all(seed: int) -> None:
    """Seed the global generators of Python, NumPy and torch."""
    import numpy

    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)


def main_output(value: Any) -> Tensor:
    """Return a tensor, or the first one of a tuple, list or dict."""
    if isinstance(value, Tensor):
        return value
    items = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    for item in items:
        if isinstance(item, Tensor):
            return item
    raise TypeError(f"forward gave {type(value).__name__}, and a tensor is needed")


def perturb(model: nn.Module, seed: int) -> None:
    """Add noise to every parameter: at least the scale that keeps a signal's size through a matrix, 0.2 on vectors and scalars.

    A row of an embedding that starts at zero stays there.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        kept = [module.weight for module in model.modules() if isinstance(module, nn.Embedding)]
        empty = [(weight, rows) for weight in kept if (rows := (weight == 0).all(dim=1)).any() and not rows.all()]
        for parameter in model.parameters():
            if not parameter.is_floating_point() or parameter.numel() == 0:
                continue
            fan = max(1, parameter[0].numel()) if parameter.ndim > 1 else 25
            spread = float(parameter.std()) if parameter.numel() > 1 else 0.0
            scale = max(0.5 * spread if parameter.ndim > 1 else 0.0, fan**-0.5)
            parameter.add_(torch.randn(parameter.shape, generator=generator) * scale)
        for weight, rows in empty:  # the row of padding, which a sum may rely on
            weight[rows] = 0.0


@contextmanager
def no_dropout(model: nn.Module) -> Iterator[None]:
    """Switch every dropout module of a model off inside the block, whatever its mode."""
    dropouts = [module for module in model.modules() if isinstance(module, nn.modules.dropout._DropoutNd)]
    kept = [module.p for module in dropouts]
    for module in dropouts:
        module.p = 0.0
    try:
        yield
    finally:
        for module, p in zip(dropouts, kept, strict=True):
            module.p = p


def _same(a: Any, b: Any) -> bool:
    return not isinstance(a, Tensor) or distance(a, b) == 0


def distance(a: Tensor, b: Tensor) -> float:
    """Return the largest difference of two tensors against the scale of the first; infinite where their shapes differ or one is not finite."""
    if a.shape != b.shape:
        return float("inf")
    if a.numel() == 0:
        return 0.0
    a, b = a.detach(), b.detach()
    if a.is_sparse:
        a, b = a.to_dense(), b.to_dense()
    a, b = a.double(), b.double()
    same = (a == b) | (a.isnan() & b.isnan())
    difference = torch.where(same, 0.0, (a - b).abs())
    finite = a[a.isfinite()]
    scale = max(1.0, float(finite.abs().mean())) if finite.numel() else 1.0
    largest = float(difference.max())
    return largest / scale if largest == largest else float("inf")
