"""Odd on purpose: Monte-Carlo dropout that stays on in evaluation, a frozen first layer, a loss summed over the batch."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "regression",
    "stochastic_evaluation": True,
    "dropout": 0.25,
    "frozen": ["first.*"],
    "loss": "squared error summed over the batch",
    "parameters": 609,
    "trainable_parameters": 417,
    "activation": "relu",
    "optimizer": {"name": "Adam", "lr": 1e-3},
}


class Carlo(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = nn.Linear(7, 24), nn.Linear(24, 16), nn.Linear(16, 1)
        self.first.requires_grad_(False)

    def forward(self, x):
        x = F.dropout(F.relu(self.first(x)), 0.25, training=True)
        return self.last(F.relu(self.second(x))).squeeze(-1)


def build():
    return Carlo()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 7, generator=g)
    return {"x": x, "y": x[:, 0] * x[:, 1] + 0.5 * x[:, 2]}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return (forward(model, batch) - batch["y"]).pow(2).sum()


def optimizer(model):
    return torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)
