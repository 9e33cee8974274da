"""Triplet embedding with batch-hard mining on labelled signals."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "metric-learning",
    "output": "unit-norm embeddings",
    "margin": 0.3,
    "mining": "batch hard",
    "embedding": 12,
    "samples_coupled": True,
    "distance": "Euclidean",
    "optimizer": {"name": "Adam", "lr": 1e-3},
    "equations": {"distances": r"D_{ij}=\|x_i-x_j\|"},
}


class Embed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(1, 8, 5, padding=2),
            nn.BatchNorm1d(8),
            nn.ReLU(),
            nn.Conv1d(8, 16, 5, stride=2, padding=2),
            nn.BatchNorm1d(16),
            nn.ReLU(),
        )
        self.head = nn.Linear(16, 12)

    def forward(self, x):
        return F.normalize(self.head(self.conv(x).mean(-1)), dim=-1)


def build():
    return Embed()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    label = torch.arange(n) % 4
    frequency = 0.3 + 0.3 * label.float()
    phase = 6.28 * torch.rand(n, generator=g)
    signal = torch.sin(frequency[:, None] * torch.arange(20.0) + phase[:, None]) + 0.2 * torch.randn(n, 20, generator=g)
    return {"signal": signal[:, None], "label": label}


def forward(model, batch):
    return model(batch["signal"])


def distances(x):
    square = x.pow(2).sum(1)
    return (square[:, None] + square[None] - 2 * x @ x.t()).clamp(min=1e-12).sqrt()


def hard_triplet(x, label, margin=0.3):
    d = distances(x)
    same = label[:, None] == label[None]
    positive = d.masked_fill(~same, 0.0).max(dim=1).values
    negative = d.masked_fill(same, float("inf")).min(dim=1).values
    return F.relu(positive - negative + margin).mean()


def loss(model, batch):
    return hard_triplet(forward(model, batch), batch["label"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)
