"""Contrastive learning of two views with a projection head and an average of the weights beside it."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "contrastive",
    "output": "unit-norm embeddings",
    "temperature": 0.2,
    "views": 2,
    "negatives": "the other samples of the batch",
    "samples_coupled": True,
    "ema": 0.9,
    "loss": "symmetric cross-entropy over similarities",
    "normalisation": "batch",
    "activation": "relu",
    "frozen": ["average.*"],
    "optimizer": {"name": "Adam", "lr": 2e-3},
}


class Views(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(6, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Linear(24, 8))
        self.average = copy.deepcopy(self.encoder)
        for p in self.average.parameters():
            p.requires_grad_(False)

    def forward(self, x):
        return F.normalize(self.encoder(x), dim=-1)


def build():
    return Views()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 6, generator=g)
    return {"one": x + 0.1 * torch.randn(n, 6, generator=g), "two": x + 0.1 * torch.randn(n, 6, generator=g)}


def forward(model, batch):
    return model(batch["one"])


def loss(model, batch):
    similar = model(batch["one"]) @ model(batch["two"]).T / 0.2
    same = torch.arange(len(similar))
    return (F.cross_entropy(similar, same) + F.cross_entropy(similar.T, same)) / 2


def optimizer(model):
    return torch.optim.Adam(model.encoder.parameters(), lr=2e-3)


def update_average(average, model, decay):
    with torch.no_grad():
        for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
            slow.mul_(decay).add_(fast, alpha=1 - decay)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    update_average(model.average, model.encoder, 0.9)
    return value.detach()
