"""The true per-sample empirical Fisher of any Linear layer, from one backward of the batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..core import BadInput


class PerSampleFisher:
    """Watches a Linear for one forward and backward, as a context; then gives each sample's squared gradient.

    With a ∈ [B, T, i] its input and δ ∈ [B, T, o] the loss's gradient in its output, sample n has the gradient G_n = Σ_t δ_nt a_ntᵀ.
    `reduction` says how the loss went over samples: "mean" gives δ back its factor B. Squaring the batch's mean gradient instead gives about 1/B of this.

    Source: Kunstner, Balles, Hennig, "Limitations of the Empirical Fisher Approximation" (2019); Goodfellow, "Efficient Per-Example
    Gradient Computations" (2015).
    """

    def __init__(self, layer: nn.Linear, *, reduction: Literal["mean", "sum"] = "mean") -> None:
        if not isinstance(layer, nn.Linear):
            raise BadInput(f"A per-sample Fisher is kept for a Linear layer, not for {type(layer).__name__}.")
        if reduction not in ("mean", "sum"):
            raise BadInput(f"The reduction over samples is 'mean' or 'sum', not {reduction!r}.")
        self.layer = layer
        self.reduction = reduction
        self._input: Tensor | None = None
        self._gradient: Tensor | None = None

    def __enter__(self) -> PerSampleFisher:
        self._input = self._gradient = None
        self._handle = self.layer.register_forward_hook(self._forward)
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.remove()

    def _forward(self, module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        if self._input is not None:
            raise BadInput(
                "The layer ran twice inside one PerSampleFisher; a shared layer's gradient is not the sum of its calls' squares."
            )
        self._input = inputs[0].detach()
        if output.requires_grad:
            output.register_hook(self._backward)

    def _backward(self, gradient: Tensor) -> None:
        self._gradient = gradient.detach()

    def _watched(self) -> tuple[Tensor, Tensor]:
        if self._input is None or self._gradient is None:
            raise BadInput("The layer saw no forward and backward yet: run both inside the context.")
        inputs = self._input.reshape(self._input.shape[0], -1, self._input.shape[-1])
        gradient = self._gradient.reshape(inputs.shape[0], inputs.shape[1], -1)
        if inputs.dtype in (torch.float16, torch.bfloat16):
            inputs, gradient = inputs.float(), gradient.float()
        return inputs, gradient * (len(inputs) if self.reduction == "mean" else 1)

    def gradients(self) -> Iterator[Tensor]:
        """Give G_n [o, i] of one sample after the other."""
        inputs, gradient = self._watched()
        for own, delta in zip(inputs, gradient, strict=True):
            yield delta.T @ own

    def weight(self) -> Tensor:
        """Return Σ_n G_n² [o, i]: one product of squares where T = 1, else sample by sample in O(o·i) memory."""
        inputs, gradient = self._watched()
        if inputs.shape[1] == 1:
            return gradient[:, 0].square().T @ inputs[:, 0].square()
        total = torch.zeros(gradient.shape[-1], inputs.shape[-1], dtype=inputs.dtype, device=inputs.device)
        for each in self.gradients():
            total += each.square()
        return total

    def bias(self) -> Tensor:
        """Return Σ_n (Σ_t δ_nt)² [o]."""
        return self._watched()[1].sum(1).square().sum(0)

    def norms(self) -> Tensor:
        """Return ‖G_n‖ [B] without making G_n: ‖G_n‖² = Σ_ts (δ_nt·δ_ns)(a_nt·a_ns)."""
        inputs, gradient = self._watched()
        squares = ((inputs @ inputs.mT) * (gradient @ gradient.mT)).sum((1, 2))
        return squares.clamp(min=0).sqrt()
