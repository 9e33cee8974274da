"""Metric learning with the hardest triplets of a batch."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "metric-learning",
    "output": "unit-norm embeddings",
    "margin": 0.3,
    "mining": "for each anchor the farthest positive and the nearest negative of the batch",
    "distance": "euclidean",
    "samples_coupled": True,
    "embedding": 8,
    "parameters": 2640,
    "loss": "mean of the hinge over anchors",
    "optimizer": {"name": "Adam", "lr": 1e-3},
    "dropout": 0.1,
    "equations": {
        "distances": r"d_{ij}=\|z_i-z_j\|_2",
        "loss": r"\frac1N\sum_a\left[m+\max_{p:y_p=y_a}d_{ap}-\min_{n:y_n\ne y_a}d_{an}\right]_+",
    },
}


class Embedder(nn.Module):
    def __init__(self, inputs=16, hidden=40, embedding=8):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(0.1), nn.Linear(hidden, hidden), nn.ReLU())
        self.head = nn.Linear(hidden, embedding, bias=False)

    def forward(self, x):
        return F.normalize(self.head(self.layers(x)), dim=-1)


def build():
    return Embedder()


def batch(n, seed=0):
    centres = torch.randn(4, 16, generator=torch.Generator().manual_seed(11))
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 4
    return {"x": centres[y] + torch.randn(n, 16, generator=g), "label": y}


def forward(model, batch):
    return model(batch["x"])


def distances(z):
    square = (z[:, None] - z[None]).pow(2).sum(dim=-1)
    return square.clamp(min=1e-12).sqrt()


def mine(d, label):
    same = label[:, None] == label[None]
    farthest = d.masked_fill(~same, float("-inf")).max(dim=1).values
    nearest = d.masked_fill(same, float("inf")).min(dim=1).values
    return farthest, nearest


def loss(model, batch):
    z = forward(model, batch)
    positive, negative = mine(distances(z), batch["label"])
    return F.relu(0.3 + positive - negative).mean()


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)
