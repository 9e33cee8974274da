"""The network of the image experiments as a Subject: two hidden layers with dropout, on images of ten classes."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

HIDDEN, CLASSES, DROPOUT = 32, 10, 0.1

facts = {
    "task": "classification",
    "classes": CLASSES,
    "output": "logits",
    "parameters": 784 * HIDDEN + HIDDEN + HIDDEN * HIDDEN + HIDDEN + HIDDEN * CLASSES + CLASSES,
    "hidden": HIDDEN,
    "activation": "relu",
    "dropout": DROPOUT,
    "loss": "mean cross-entropy",
    "optimizer": {"name": "Adam", "lr": 0.0006},
}


def network(hidden: int, dropout: float, classes: int = CLASSES, inputs: int = 784) -> nn.Sequential:
    """Return the network: inputs, two hidden layers with ReLU and dropout, logits."""
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, classes),
    )


def build() -> nn.Module:
    """Return the small network that is examined."""
    return network(HIDDEN, DROPOUT)


def batch(n: int, seed: int = 0) -> dict[str, Tensor]:
    """Return images (n, 784) around ten centres, and their label (n,)."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.arange(n) % CLASSES
    centres = torch.randn(CLASSES, 784, generator=torch.Generator().manual_seed(99))
    return {"x": centres[label] + torch.randn(n, 784, generator=generator), "label": label}


def forward(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return logits (n, 10)."""
    logits: Tensor = model(batch["x"])
    return logits


def loss(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return the mean cross-entropy."""
    return cross_entropy(forward(model, batch), batch["label"])


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    """Return Adam."""
    return torch.optim.Adam(model.parameters(), lr=0.0006)
