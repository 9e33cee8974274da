"""Forecasting by dilated causal convolutions, with quantiles trained by the pinball loss."""

import torch
import torch.nn.functional as F
from torch import nn

QUANTILES = (0.1, 0.5, 0.9)
facts = {
    "task": "forecasting: at every position the quantiles of the next value",
    "causal": True,
    "norm": "pre",
    "normalisation": "layer",
    "blocks": 3,
    "width": 16,
    "dropout": 0.1,
    "parameters": 2_579,
    "clip_norm": 1.0,
    "optimizer": {"name": "Adam", "lr": 3e-3},
    "schedule": {"warmup": 10, "kind": "linear", "total": 100, "per": "step"},
    "equations": {"pinball": r"\frac{1}{N}\sum_{i=1}^{N}\max(\tau e_i,(\tau-1)e_i)"},
}


class Block(nn.Module):
    def __init__(self, width, dilation):
        super().__init__()
        self.norm, self.dilation = nn.LayerNorm(width), dilation
        self.conv, self.out = nn.Conv1d(width, width, 2, dilation=dilation), nn.Linear(width, width)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        h = F.pad(self.norm(x).transpose(1, 2), (self.dilation, 0))
        h = torch.tanh(self.conv(h)).transpose(1, 2)
        return x + self.dropout(self.out(h))


class Forecaster(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.enter = nn.Linear(1, width)
        self.blocks = nn.ModuleList([Block(width, 2**i) for i in range(3)])
        self.head = nn.Linear(width, len(QUANTILES))

    def forward(self, series):
        x = self.enter(series[..., None])
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def build():
    return Forecaster()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    start, speed = torch.rand(n, 1, generator=g) * 6, 0.3 + torch.rand(n, 1, generator=g)
    series = torch.sin(start + speed * torch.arange(17)) + 0.1 * torch.randn(n, 17, generator=g)
    return {"series": series[:, :-1], "target": series[:, 1:]}


def forward(model, batch):
    return model(batch["series"])


def pinball(e, tau):
    return torch.maximum(tau * e, (tau - 1) * e).mean()


def loss(model, batch):
    out = forward(model, batch)
    return sum(pinball((batch["target"] - out[..., k]).flatten(), tau) for k, tau in enumerate(QUANTILES)) / len(QUANTILES)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=3e-3)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min((s + 1) / 10, (100 - s) / 90))


def step(model, optimizer, batch, scheduler):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    return value
