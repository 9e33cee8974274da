"""Heteroscedastic regression: one network gives mean and log-variance (Nix and Weigend 1994; Kendall and Gal 2017)."""

import math

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "regression",
    "output": "mean and log-variance",
    "activation": "silu",
    "normalisation": "layer",
    "norm_eps": 1e-5,
    "parameters": 2154,
    "loss": "Gaussian negative log-likelihood, mean over samples",
    "optimizer": {"name": "Adam", "lr": 2e-3, "betas": [0.9, 0.999]},
    "init": {"inner.*.weight": "orthogonal", "last.weight": "normal(0, 0.01)", "*bias": "zeros"},
    "schedule": {"warmup": 20, "kind": "linear warm-up, then constant", "per": "step"},
    "clip_norm": 5.0,
    "equations": {"loss": r"\frac1N\sum_i\frac12\left[s_i+(y_i-\mu_i)^2e^{-s_i}+\log2\pi\right]", "rate": r"\min(1,(t+1)/w)"},
}
WARMUP = 20


class Regressor(nn.Module):
    def __init__(self, inputs=5, hidden=32):
        super().__init__()
        self.inner = nn.ModuleList([nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, 24)])
        self.norm = nn.LayerNorm(hidden)
        self.last = nn.Linear(24, 2)
        for layer in self.inner:
            nn.init.orthogonal_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.last.weight, std=0.01)
        nn.init.zeros_(self.last.bias)

    def forward(self, x):
        x = F.silu(self.inner[0](x))
        x = x + F.silu(self.inner[1](self.norm(x)))
        mean, logvar = self.last(F.silu(self.inner[2](x))).chunk(2, dim=-1)
        return torch.cat([mean, logvar.clamp(-8.0, 8.0)], dim=-1)


def build():
    return Regressor()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 5, generator=g)
    noise = (0.1 + 0.5 * torch.sigmoid(2 * x[:, 1])) * torch.randn(n, generator=g)
    return {"x": x, "y": x[:, 0] * 1.5 + torch.cos(x[:, 2]) + noise}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    mean, logvar = forward(model, batch).unbind(dim=-1)
    return 0.5 * (logvar + (batch["y"] - mean).pow(2) * torch.exp(-logvar) + math.log(2 * math.pi)).mean()


def rate(t):
    return min(1.0, (t + 1) / WARMUP)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, rate)


def step(model, optimizer, batch, scheduler=None):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    if scheduler is not None:
        scheduler.step()
    return value.detach()
