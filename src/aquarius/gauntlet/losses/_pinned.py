"""The loss as a function of what the model gives: the model's output is recorded once, and replaced in later calls of the loss."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from .._examination import Examination
from .._inputs import Batch


@dataclass
class Pinned:
    """One evaluation of the loss: its value, what the model gave in its calls, and the loss's own variables that are parts of these or of the batch."""

    examination: Examination
    model: nn.Module
    batch: Batch
    seed: int
    value: Tensor
    outputs: list[Any]  # tensors, or tuples of them
    parts: dict[str, Tensor] = field(default_factory=dict)  # variable of the loss -> a view of an output, or an entry

    def loss(self, outputs: list[Any]) -> Tensor | None:
        """Return the loss with these in the place of the model's outputs; None where it is refused."""
        with _replaced(self.model, outputs):
            return self.examination.quiet(lambda: self.examination.loss(self.model, dict(self.batch), seed=self.seed))

    def holds(self) -> bool:
        """Say whether the loss is what it was when the model's own outputs are put in their place."""
        again = self.loss([_detached(output) for output in self.outputs])
        return again is not None and abs(float(again) - float(self.value)) <= 1e-5 * max(1.0, abs(float(self.value)))


def pinned(examination: Examination, model: nn.Module, batch: Batch, seed: int = 3) -> Pinned | None:
    """Evaluate the loss and keep what the model gave; None where it does not call the model for tensors, or is refused."""
    outputs: list[Any] = []
    kept: dict[str, Tensor] = {}
    handle = model.register_forward_hook(lambda _, given, output: outputs.append(output))
    try:
        with torch.enable_grad(), _variables(examination, kept):
            value = examination.quiet(lambda: examination.loss(model, dict(batch), seed=seed))
    finally:
        handle.remove()
    members = [tensor for output in outputs for tensor in (output if isinstance(output, tuple) else (output,))]
    if value is None or not members or not all(isinstance(tensor, Tensor) for tensor in members) or value.numel() != 1:
        return None
    memory = {tensor.untyped_storage().data_ptr() for tensor in members}
    entries = [entry for entry in batch.values() if isinstance(entry, Tensor)]
    parts = {
        name: local
        for name, local in kept.items()
        if local.untyped_storage().data_ptr() in memory or any(_same(local, entry) for entry in entries)
    }
    return Pinned(examination, model, batch, seed, value, outputs, parts)


@contextmanager
def _replaced(model: nn.Module, outputs: list[Any]) -> Iterator[None]:
    waiting = list(outputs)
    handle = model.register_forward_hook(lambda _, given, output: waiting.pop(0) if waiting else output)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def _variables(examination: Examination, kept: dict[str, Tensor]) -> Iterator[None]:
    """Collect the tensors among the variables of the subject's loss when it returns."""
    file = examination.module.__file__

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code.co_filename == file and frame.f_code.co_name == "loss":
            kept.update({name: value for name, value in frame.f_locals.items() if isinstance(value, Tensor)})

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)


def _detached(output: Any) -> Any:
    return tuple(tensor.detach() for tensor in output) if isinstance(output, tuple) else output.detach()


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and torch.equal(a, b)
