"""Normalising flow of affine couplings with an exact likelihood, trained in bits of two-dimensional data."""

import math

import torch
from torch import nn

facts = {
    "task": "density-estimation",
    "output": "latent code",
    "layers": 6,
    "loss": "mean negative log-likelihood",
    "optimizer": {"name": "Adam", "lr": 1e-3, "weight_decay": 1e-5},
    "equations": {
        "loss": r"-\frac1N\sum_i\left[\log\mathcal N(f(x_i);0,I)+\log|\det\partial f/\partial x_i|\right]",
        "Coupling.forward": r"z_b=x_b\odot\exp(s(x_a))+t(x_a),\;\log|\det|=\sum s(x_a)",
    },
}


class Coupling(nn.Module):
    def __init__(self, width, hidden, flip):
        super().__init__()
        self.flip = flip
        self.scale = nn.Sequential(nn.Linear(width // 2, hidden), nn.Tanh(), nn.Linear(hidden, width // 2), nn.Tanh())
        self.shift = nn.Sequential(nn.Linear(width // 2, hidden), nn.ReLU(), nn.Linear(hidden, width // 2))

    def forward(self, x):
        a, b = x.chunk(2, dim=-1)
        if self.flip:
            a, b = b, a
        s, t = self.scale(a), self.shift(a)
        b = b * s.exp() + t
        out = torch.cat([b, a] if self.flip else [a, b], dim=-1)
        return out, s.sum(-1)

    def inverse(self, z):
        a, b = z.chunk(2, dim=-1)
        if self.flip:
            a, b = b, a
        b = (b - self.shift(a)) * (-self.scale(a)).exp()
        return torch.cat([b, a] if self.flip else [a, b], dim=-1)


class Flow(nn.Module):
    def __init__(self, width=4, hidden=24, layers=6):
        super().__init__()
        self.width = width
        self.couplings = nn.ModuleList([Coupling(width, hidden, flip=bool(n % 2)) for n in range(layers)])

    def forward(self, x):
        total = torch.zeros(x.shape[0])
        for coupling in self.couplings:
            x, log_determinant = coupling(x)
            total = total + log_determinant
        return x, total

    def inverse(self, z):
        for coupling in reversed(self.couplings):
            z = coupling.inverse(z)
        return z

    def log_likelihood(self, x):
        z, log_determinant = self(x)
        prior = -0.5 * (z**2).sum(-1) - 0.5 * self.width * math.log(2 * math.pi)
        return prior + log_determinant

    @torch.no_grad()
    def sample(self, n):
        return self.inverse(torch.randn(n, self.width))


def build():
    return Flow()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    angle = torch.rand(n, generator=g) * math.pi
    radius = 1.0 + 0.1 * torch.randn(n, generator=g)
    ring = torch.stack([radius * angle.cos(), radius * angle.sin()], -1)
    return {"x": torch.cat([ring, ring.flip(-1) * 0.5 + 0.2 * torch.randn(n, 2, generator=g)], -1)}


def forward(model, batch):
    return model(batch["x"])[0]


def loss(model, batch):
    return -model.log_likelihood(batch["x"]).mean()


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-5)
