"""Two inputs through one encoder, and the distance between them."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "verification",
    "output": "distance",
    "distance": "euclidean",
    "shared_weights": True,
    "symmetric": ["left", "right"],
    "margin": 1.0,
    "parameters": 344,
    "loss": "contrastive with margin",
    "activation": "tanh",
    "optimizer": {"name": "Adam", "lr": 2e-3},
}


class Pairs(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 7), nn.Identity())
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, left, right):
        return self.scale.abs() * (self.encoder(left) - self.encoder(right)).pow(2).sum(-1).add(1e-12).sqrt()


def build():
    return Pairs()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    left = torch.randn(n, 6, generator=g)
    same = (torch.arange(n) % 2).float()
    right = torch.where(same[:, None] > 0, left + 0.1 * torch.randn(n, 6, generator=g), torch.randn(n, 6, generator=g))
    return {"left": left, "right": right, "same": same}


def forward(model, batch):
    return model(batch["left"], batch["right"])


def loss(model, batch):
    distance = forward(model, batch)
    return (batch["same"] * distance.pow(2) + (1 - batch["same"]) * F.relu(1.0 - distance).pow(2)).mean()


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)
