"""The head of a model, found by what runs: the last Linear whose output has as many columns as the logits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ..core import BadInput, did_you_mean


class HeadTap:
    """Keeps the input of the head Linear from the latest forward, by a forward hook; no pass of its own, no gradient.

    `head` is "auto", the name of a Linear, or the Linear. A tied head is a Linear whose weight is the embedding's. A model that multiplies by
    the embedding with `functional.linear` has no Linear to tap: give the features yourself wherever logits are asked for.

    Raises:
        BadInput: the model has no such Linear.
    """

    def __init__(self, model: nn.Module, head: str | nn.Linear = "auto") -> None:
        linears = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
        if isinstance(head, str) and head != "auto":
            if head not in linears:
                raise BadInput(f"The model has no Linear named {head!r}.{did_you_mean(head, linears)}")
            head = linears[head]
        if isinstance(head, nn.Linear):
            if head not in linears.values():
                raise BadInput("The Linear given as head is no part of the model; give one of its modules.")
            linears = {name: module for name, module in linears.items() if module is head}
        if not linears:
            raise BadInput("The model has no Linear to take as its head; give features to loss and estimate yourself.")
        self.head: nn.Linear | None = head if isinstance(head, nn.Linear) else None
        self._seen: dict[nn.Module, tuple[Tensor, torch.Size, Tensor | None]] = {}  # in the order of their latest call
        self._handles: list[RemovableHandle] = [module.register_forward_hook(self._keep) for module in linears.values()]

    def _keep(self, module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        self._seen.pop(module, None)
        if inputs:
            kept = output.detach() if self.head is None else None  # the output is kept only until the head is known
            self._seen[module] = (inputs[0].detach(), output.shape, kept)

    def take(self, logits: Tensor) -> Tensor:
        """Return the features [..., d] behind these logits; the first call settles which Linear the head is.

        Raises:
            BadInput: no tapped Linear made an output of this shape in the latest forward.
        """
        fitting = [module for module, (_, shape, _) in self._seen.items() if shape == logits.shape]
        if not fitting:
            raise BadInput(
                f"No Linear of the model made an output of shape {list(logits.shape)} in the latest forward; name the head, or give features."
            )
        chosen = fitting[-1]
        if self.head is None:
            equal = [module for module in fitting if torch.equal(self._seen[module][2], logits.detach())]  # type: ignore[arg-type]
            chosen = (equal or fitting)[-1]
            self._settle(chosen)
        return self._seen[chosen][0]

    def _settle(self, head: nn.Module) -> None:
        assert isinstance(head, nn.Linear)
        features, shape, _ = self._seen[head]
        self.close()
        self.head, self._seen = head, {head: (features, shape, None)}
        self._handles = [head.register_forward_hook(self._keep)]

    def close(self) -> None:
        """Take every hook off the model."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
