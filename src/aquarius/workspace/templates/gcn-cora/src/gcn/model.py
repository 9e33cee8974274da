"""The graph convolutional network of Kipf and Welling 2017 as a Subject: two layers, on a small random graph."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aquarius.models.graph.gcn import GCN, GCNConfig
from aquarius.parts.graph import symmetric_normalisation

CONFIG = GCNConfig(features=12, hidden=16, classes=3, dropout=0.5)
WEIGHT_DECAY = 5e-4

facts = {
    "task": "node-classification",
    "classes": CONFIG.classes,
    "parameters": 240,
    "output": "logits",
    "hidden": CONFIG.hidden,
    "layers": 2,
    "activation": "relu",
    "dropout": CONFIG.dropout,
    "graph": "undirected",
    "self_loops": True,
    "samples_coupled": True,
    "permutation_equivariant": "nodes",
    "loss": "mean cross-entropy over the labelled nodes",
    "init": {"*weight": "xavier uniform"},
    "optimizer": {"name": "Adam", "lr": 0.01},
    "no_decay": ["output.*"],
}


def build() -> nn.Module:
    """Return the two-layer network."""
    return GCN(CONFIG)


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
    """Return the cross-entropy over the labelled nodes; the penalty on the first layer is the optimiser's weight decay."""
    labelled = batch["labelled"]
    return cross_entropy(forward(model, batch)[labelled], batch["label"][labelled])


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    """Return Adam with weight decay on the first layer only."""
    groups = [
        {"params": model.hidden.parameters(), "weight_decay": WEIGHT_DECAY},
        {"params": model.output.parameters(), "weight_decay": 0.0},
    ]
    return torch.optim.Adam(groups, lr=0.01)
