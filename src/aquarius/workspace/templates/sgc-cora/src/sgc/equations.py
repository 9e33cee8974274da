"""The function that is held against the paper's equation: a thin door to the code that the model is made of."""

from __future__ import annotations

from torch import Tensor

from aquarius.parts.graph import propagate


def simple_graph_convolution(adjacency: Tensor, features: Tensor, weight: Tensor, hops: int) -> Tensor:
    """Section 2.2: a normalised adjacency [N, N], features [N, C], weight [C, F] -> probabilities [N, F]."""
    return (propagate(adjacency, features, hops=int(hops)) @ weight).softmax(dim=1)
