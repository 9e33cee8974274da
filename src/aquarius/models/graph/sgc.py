"""Simple graph convolution: features averaged over K hops, then logistic regression (Wu et al. 2019).

Source: arXiv:1902.07153, section 2.2, equation (8).
Differs: the linear map has a bias, as in the authors' code; the equation has none. `bias=False` is the equation.
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from ...core import BadInput
from ...parts.graph import propagate
from ...parts.initialisation import glorot_uniform_


@dataclass(frozen=True)
class SGCConfig:
    """Sizes; the defaults are those of Cora with K = 2 (section 5.1).

    Raises:
        BadInput: a size is not positive, or K is negative.
    """

    features: int = 1433
    classes: int = 7
    hops: int = 2
    """K."""
    bias: bool = True

    def __post_init__(self) -> None:
        if min(self.features, self.classes) < 1 or self.hops < 0:
            raise BadInput(f"SGC needs positive sizes and at least 0 hops, got {self}.")


class SimpleGraphConvolution(nn.Module):
    """S^K X Theta, as logits: the softmax of equation (8) is in the loss.

    S^K X has no parameters: `precompute` it once and give it to `classify`, as the authors do; `forward` does both.
    """

    def __init__(self, config: SGCConfig | None = None) -> None:
        super().__init__()
        config = SGCConfig() if config is None else config
        self.config = config
        self.linear = nn.Linear(config.features, config.classes, bias=config.bias)
        glorot_uniform_(self.linear.weight)
        if config.bias:
            nn.init.zeros_(self.linear.bias)

    def precompute(
        self, features: Float[Tensor, "nodes features"], adjacency: Float[Tensor, "nodes nodes"]
    ) -> Float[Tensor, "nodes features"]:
        """Return S^K X. `adjacency` is normalised already, dense or sparse COO."""
        return propagate(adjacency, features, hops=self.config.hops)

    def classify(self, averaged: Float[Tensor, "nodes features"]) -> Float[Tensor, "nodes classes"]:
        """Return logits from averaged features."""
        logits: Tensor = self.linear(averaged)
        return logits

    def forward(self, features: Float[Tensor, "nodes features"], adjacency: Float[Tensor, "nodes nodes"]) -> Float[Tensor, "nodes classes"]:
        """Return logits."""
        return self.classify(self.precompute(features, adjacency))
