"""The functions that are held against the paper's equations: thin doors to the code that the model is made of."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.func import functional_call

from aquarius.models.graph.gcn import GCN, GCNConfig
from aquarius.parts.graph import graph_convolution


def layer(degree: Tensor, adjacency: Tensor, hidden: Tensor, weight: Tensor, activation: Callable[[Tensor], Tensor]) -> Tensor:
    """Equation (2): degree and adjacency [N, N] with self-loops, hidden [N, C], weight [C, F] -> [N, F]."""
    scale = degree.diagonal().rsqrt()  # (N,)
    return activation(graph_convolution(scale[:, None] * adjacency * scale, hidden, weight))


def two_layers(adjacency: Tensor, features: Tensor, hidden_weight: Tensor, output_weight: Tensor) -> Tensor:
    """Equation (9): a normalised adjacency [N, N], features [N, C], weights [C, H] and [H, F] -> probabilities [N, F]."""
    config = GCNConfig(features.shape[1], hidden_weight.shape[1], output_weight.shape[1], dropout=0.0)
    model = GCN(config).to(features.dtype)
    logits: Tensor = functional_call(model, {"hidden.weight": hidden_weight, "output.weight": output_weight}, (features, adjacency))
    return logits.softmax(dim=1)
