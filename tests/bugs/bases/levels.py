"""Probabilistic forecasting: dilated causal convolutions, reversible instance normalisation, pinball loss."""

import torch
import torch.nn.functional as F
from torch import nn

LEVELS = (0.1, 0.5, 0.9)
facts = {
    "task": "forecasting",
    "output": "quantiles at 0.1, 0.5 and 0.9 for each of 8 future steps",
    "parameters": 11162,
    "dropout": 0.1,
    "loss": "pinball loss averaged over series, steps and levels",
    "input": "each window is shifted and scaled to mean 0 and deviation 1; the forecast is scaled back",
    "equations": {"pinball": r"\frac{1}{NHQ}\sum_{n,h,q}\max\big(q(y_{nh}-\hat y_{nhq}),(q-1)(y_{nh}-\hat y_{nhq})\big)"},
    "optimizer": {"name": "Adam", "lr": 2e-3},
}


class ReversibleNorm(nn.Module):
    def __init__(self, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(1))
        self.bias = nn.Parameter(torch.zeros(1))

    def normalise(self, x):
        mean = x.mean(dim=1, keepdim=True)
        scale = (x.var(dim=1, keepdim=True, unbiased=False) + self.eps).sqrt()
        return (x - mean) / scale * self.gain + self.bias, (mean, scale)

    def restore(self, y, statistics):
        mean, scale = statistics
        return (y - self.bias) / self.gain * scale[..., None] + mean[..., None]


class CausalConv(nn.Module):
    def __init__(self, inputs, outputs, dilation):
        super().__init__()
        self.left = 2 * dilation
        self.conv = nn.Conv1d(inputs, outputs, 3, dilation=dilation)

    def forward(self, x):
        return self.conv(F.pad(x, (self.left, 0)))


class Block(nn.Module):
    def __init__(self, width, dilation):
        super().__init__()
        self.conv1 = CausalConv(width, width, dilation)
        self.conv2 = CausalConv(width, width, dilation)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        h = self.dropout(F.relu(self.conv1(x)))
        h = self.dropout(F.relu(self.conv2(h)))
        return x + h


class Forecaster(nn.Module):
    def __init__(self, width=24, horizon=8, levels=3):
        super().__init__()
        self.norm = ReversibleNorm()
        self.stem = nn.Conv1d(1, width, 1)
        self.blocks = nn.ModuleList([Block(width, 2**i) for i in range(3)])
        self.head = nn.Linear(width, horizon * levels)
        self.levels = levels

    def forward(self, past):
        x, statistics = self.norm.normalise(past)
        h = self.stem(x[:, None, :])
        for block in self.blocks:
            h = block(h)
        y = self.head(h[:, :, -1]).unflatten(1, (-1, self.levels))
        return self.norm.restore(y, statistics)


def build():
    return Forecaster()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    time = torch.arange(40.0)
    period = 6 + 6 * torch.rand(n, 1, generator=g)
    phase = 6.28 * torch.rand(n, 1, generator=g)
    level, size = 20 * torch.randn(n, 1, generator=g), 1 + 4 * torch.rand(n, 1, generator=g)
    series = level + size * (torch.sin(6.28 * time / period + phase) + 0.15 * torch.randn(n, 40, generator=g))
    return {"past": series[:, :32], "future": series[:, 32:]}


def pinball(prediction, target, levels):
    error = target[..., None] - prediction
    q = torch.tensor(levels)
    return torch.maximum(q * error, (q - 1) * error).mean()


def forward(model, batch):
    return model(batch["past"])


def loss(model, batch):
    return pinball(forward(model, batch), batch["future"], LEVELS)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)
