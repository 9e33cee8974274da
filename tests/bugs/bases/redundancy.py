"""Redundancy reduction between two views of tabular rows."""

import torch
from torch import nn

facts = {
    "task": "self-supervised",
    "output": "embeddings",
    "views": 2,
    "samples_coupled": True,
    "regularisation": 5e-3,
    "normalisation": "batch",
    "optimizer": {"name": "AdamW", "lr": 1e-3, "weight_decay": 1e-2},
    "equations": {"redundancy": r"\sum_i(1-C_{ii})^2+\lambda\sum_i\sum_{j\ne i}C_{ij}^2"},
}


class Twin(nn.Module):
    def __init__(self, inputs=12, width=24, code=16):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU()
        )
        self.projector = nn.Sequential(nn.Linear(width, code, bias=False), nn.BatchNorm1d(code, affine=False))

    def forward(self, x):
        return self.projector(self.backbone(x))


def build():
    return Twin()


def corrupt(x, g):
    shuffled = torch.stack([column[torch.randperm(len(x), generator=g)] for column in x.t()], 1)
    return torch.where(torch.rand(x.shape, generator=g) < 0.25, shuffled, x)


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    factors = torch.randn(n, 4, generator=g)
    x = factors @ torch.randn(4, 12, generator=torch.Generator().manual_seed(8)) + 0.1 * torch.randn(n, 12, generator=g)
    return {"view1": corrupt(x, g), "view2": corrupt(x, g)}


def forward(model, batch):
    return model(batch["view1"])


def correlation(a, b):
    a, b = (a - a.mean(0)) / (a.std(0) + 1e-6), (b - b.mean(0)) / (b.std(0) + 1e-6)
    return a.t() @ b / len(a)


def redundancy(c):
    diagonal = c.diagonal()
    return (1 - diagonal).pow(2).sum() + 5e-3 * (c.pow(2).sum() - diagonal.pow(2).sum())


def loss(model, batch):
    return redundancy(correlation(model(batch["view1"]), model(batch["view2"])))


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
