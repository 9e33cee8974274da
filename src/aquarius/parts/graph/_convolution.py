"""The graph convolution: mix the features with a weight, then the nodes with their neighbours."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...core import BadInput
from .._part import Part
from ..initialisation import glorot_uniform_


def graph_convolution(
    adjacency: Float[Tensor, "nodes nodes"], features: Float[Tensor, "nodes inputs"], weight: Float[Tensor, "inputs outputs"]
) -> Float[Tensor, "nodes outputs"]:
    """Return Â H W for a normalised adjacency Â, dense or sparse COO: one layer before its nonlinearity.

    Source: arXiv:1609.02907, section 2, equation (2).
    """
    return adjacency @ (features @ weight)  # in this order: the narrow product is the one that is spread


def propagate(
    adjacency: Float[Tensor, "nodes nodes"], features: Float[Tensor, "nodes inputs"], *, hops: int
) -> Float[Tensor, "nodes inputs"]:
    """Return S^K X: features averaged over neighbours, `hops` times.

    Source: arXiv:1902.07153, section 2.2, equation (8).

    Raises:
        BadInput: a negative number of hops.
    """
    if hops < 0:
        raise BadInput(f"the number of hops must be at least 0, got {hops=}.")
    for _ in range(hops):
        features = adjacency @ features
    return features


class GraphConvolution(nn.Module):
    """One graph convolution with a learned weight, Glorot start, no bias (as in the authors' code and equations).

    Raises:
        BadInput: a size is not positive.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        if inputs < 1 or outputs < 1:
            raise BadInput(f"a graph convolution needs positive sizes, got {inputs=}, {outputs=}.")
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        glorot_uniform_(self.weight)

    def forward(self, features: Float[Tensor, "nodes inputs"], adjacency: Float[Tensor, "nodes nodes"]) -> Float[Tensor, "nodes outputs"]:
        """Return Â H W."""
        return graph_convolution(adjacency, features, self.weight)


GRAPH_CONVOLUTION = Part(
    name="graph convolution",
    paper="arXiv:1609.02907",
    section="section 2, equation (2)",
    equation=r"H^{(l+1)} = \sigma\left(\tilde{D}^{-\frac{1}{2}}\tilde{A}\tilde{D}^{-\frac{1}{2}} H^{(l)} W^{(l)}\right)",
    gotcha="The adjacency is normalised once, beforehand; the authors' layers have no bias, popular re-implementations do.",
    build=GraphConvolution,
)
