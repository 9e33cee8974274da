"""The simple graph convolution of Wu et al. 2019 as a Subject: features averaged over two hops and one linear map, on a small random graph."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aquarius.models.graph.sgc import SGCConfig, SimpleGraphConvolution
from aquarius.parts.graph import symmetric_normalisation

CONFIG = SGCConfig(features=12, classes=3, hops=2)
WEIGHT_DECAY = 1.3e-5

facts = {
    "task": "node-classification",
    "classes": CONFIG.classes,
    "parameters": 39,
    "output": "logits",
    "graph": "undirected",
    "self_loops": True,
    "samples_coupled": True,
    "permutation_equivariant": "nodes",
    "loss": "mean cross-entropy over the labelled nodes",
    "init": {"linear.weight": "xavier uniform", "linear.bias": "zeros"},
    "optimizer": {"name": "Adam", "lr": 0.2},
}


def build() -> nn.Module:
    """Return the linear map and the propagation before it."""
    return SimpleGraphConvolution(CONFIG)


def batch(n: int, seed: int = 0) -> dict[str, Tensor]:
    """Return one graph of n nodes: features (n, 12), the normalised adjacency (n, n), label (n,) and which nodes are labelled (n,)."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.arange(n) % CONFIG.classes
    together = label[:, None] == label
    edges = (torch.rand(n, n, generator=generator) < torch.where(together, 0.3, 0.05)).triu(1)
    adjacency = symmetric_normalisation((edges | edges.T).float())
    words = torch.rand(n, CONFIG.features, generator=generator) < 0.2 + 0.3 * (
        torch.arange(CONFIG.features) % CONFIG.classes == label[:, None]
    )
    features = words / words.sum(dim=1, keepdim=True).clamp(min=1)
    return {"features": features, "adjacency": adjacency, "label": label, "labelled": torch.arange(n) < max(CONFIG.classes, n // 2)}


def forward(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return logits (n, 3)."""
    logits: Tensor = model(batch["features"], batch["adjacency"])
    return logits


def loss(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return the cross-entropy over the labelled nodes."""
    labelled = batch["labelled"]
    return cross_entropy(forward(model, batch)[labelled], batch["label"][labelled])


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    """Return Adam; the penalty is its weight decay."""
    return torch.optim.Adam(model.parameters(), lr=0.2, weight_decay=WEIGHT_DECAY)
