"""Simple Siamese learning: a predictor on one branch, no gradient through the other."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "self-supervised",
    "output": "embeddings",
    "views": 2,
    "stop_gradient": "projections",
    "shared_weights": True,
    "samples_coupled": True,
    "loss": "negative cosine, both ways",
    "optimizer": {"name": "SGD", "lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4},
    "schedule": {"kind": "cosine", "warmup": 0, "total": 200, "per": "step"},
    "equations": {"negative_cosine": r"-\frac1N\sum_i\frac{p_i\cdot z_i}{\|p_i\|\|z_i\|}"},
}


class Siamese(nn.Module):
    def __init__(self, inputs=14, width=32, code=16):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, code), nn.BatchNorm1d(code, affine=False)
        )
        self.predictor = nn.Sequential(nn.Linear(code, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, code))

    def forward(self, x):
        return self.encoder(x)


def build():
    return Siamese()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 3, generator=g) @ torch.randn(3, 14, generator=torch.Generator().manual_seed(6))
    noise = lambda: 0.4 * torch.randn(n, 14, generator=g)
    return {"x1": x + noise(), "x2": x + noise()}


def forward(model, batch):
    return model(batch["x1"])


def negative_cosine(p, z):
    return -F.cosine_similarity(p, z.detach(), dim=-1).mean()


def loss(model, batch):
    z1, z2 = model(batch["x1"]), model(batch["x2"])
    p1, p2 = model.predictor(z1), model.predictor(z2)
    return 0.5 * negative_cosine(p1, z2) + 0.5 * negative_cosine(p2, z1)


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=200)


def step(model, optimizer, batch, scheduler):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    scheduler.step()
    return value.detach()
