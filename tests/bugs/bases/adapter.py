"""Odd on purpose: low-rank adaptation of a frozen network, whose update starts at zero; a gradient scaler without autocast."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "classification",
    "classes": 3,
    "output": "logits",
    "rank": 2,
    "alpha": 4,
    "frozen": ["*base.*"],
    "loss": "mean cross-entropy",
    "activation": "gelu",
    "init": {"*up": "zeros", "*down": "normal(0, 0.1)"},
    "loss_scaling": True,
    "clip_norm": 1.0,
    "dropout": 0.1,
    "optimizer": {"name": "AdamW", "lr": 1e-2, "weight_decay": 0.0},
}


class Adapted(nn.Module):
    def __init__(self, inputs, outputs, rank=2, alpha=4):
        super().__init__()
        self.base = nn.Linear(inputs, outputs)
        self.base.requires_grad_(False)
        self.down, self.up = nn.Parameter(torch.randn(rank, inputs) * 0.1), nn.Parameter(torch.zeros(outputs, rank))
        self.scale, self.drop = alpha / rank, nn.Dropout(0.1)

    def forward(self, x):
        return self.base(x) + self.scale * F.linear(F.linear(self.drop(x), self.down), self.up)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Adapted(5, 24), Adapted(24, 3)

    def forward(self, x):
        return self.second(F.gelu(self.first(x)))


def build():
    return Network()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 5, generator=g)
    return {"x": x, "label": (x[:, 0] > 0).long() + (x[:, 1] > 0).long()}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["label"])


def optimizer(model):
    return torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2, weight_decay=0.0)


scaler = torch.amp.GradScaler("cpu", init_scale=128.0)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    scaler.scale(value).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
    scaler.step(optimizer)
    scaler.update()
    return value.detach()
