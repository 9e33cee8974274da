"""Known quantities among what a loss computes on its way: found by their value, so that the loss can be differentiated by them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .._examination import Examination
from .._inputs import Batch
from .._locate import Source
from .._trace import tensors

MOST_RESULTS = 4000


@dataclass
class Results(TorchFunctionMode):
    """Keep every tensor that a torch function gives inside the block, with the function of the subject's file that asked for it."""

    source: Source
    kept: list[tuple[Tensor, str | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if len(self.kept) < MOST_RESULTS:
            where = self.source.where_now()
            self.kept += [(value, where) for value in tensors(result) if value.is_floating_point()]
        return result


@dataclass
class Evaluation:
    """One evaluation of the loss: its value, all results on the way, and what modules gave: (path, tensors)."""

    value: Tensor
    results: list[tuple[Tensor, str | None]]
    outputs: list[tuple[str, list[Tensor]]]

    def slope(self, tensor: Tensor) -> Tensor | None:
        """Return the derivative of the loss by a tensor on its way, None where there is none."""
        if not tensor.requires_grad or not self.value.requires_grad:
            return None
        (found,) = torch.autograd.grad(self.value, tensor, retain_graph=True, allow_unused=True)
        return None if found is None else found.detach()

    def equal(self, wanted: Tensor, tolerance: float = 1e-4) -> list[tuple[Tensor, str | None, float]]:
        """Return the results that carry a gradient and equal `wanted` or its negative, with the sign."""
        found = []
        scale = max(1e-6, float(wanted.detach().abs().max()))
        for tensor, where in self.results:
            if tensor.requires_grad and tensor.shape == wanted.shape:
                for sign in (1.0, -1.0):
                    if float((tensor.detach() - sign * wanted.detach()).abs().max()) <= tolerance * scale:
                        found.append((tensor, where, sign))
                        break
        return found


def evaluated(examination: Examination, model: nn.Module, batch: Batch, seed: int = 0) -> Evaluation:
    """Evaluate the loss and keep all that it computes."""
    recorder = Results(examination.source)
    outputs: list[tuple[str, list[Tensor]]] = []
    handles = [
        module.register_forward_hook(lambda _, given, output, path=path: outputs.append((path, tensors(output))))
        for path, module in model.named_modules()
    ]
    try:
        with recorder:
            value = examination.loss(model, batch, seed=seed)
    finally:
        for handle in handles:
            handle.remove()
    return Evaluation(value, recorder.kept, outputs)
