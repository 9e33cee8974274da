"""Variational autoencoder on binary strings with a capacity that is fixed, Bernoulli decoder."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "generation",
    "output": "logits",
    "latent": 4,
    "beta": 4.0,
    "stochastic": "codes are drawn in the loss",
    "hidden": 32,
    "loss": "binary cross-entropy summed over bits plus beta times the divergence, mean over samples",
    "equations": {"kl": r"-\frac12\sum_j\left(1+\log\sigma_j^2-\mu_j^2-\sigma_j^2\right)"},
}


class Model(nn.Module):
    def __init__(self, bits=20, hidden=32, latent=4):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(bits, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU())
        self.mu, self.logvar = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.decode = nn.Sequential(nn.Linear(latent, hidden), nn.GELU(), nn.Linear(hidden, bits))

    def posterior(self, x):
        h = self.encode(2 * x - 1)
        return self.mu(h), self.logvar(h)

    def reparameterise(self, mu, logvar):
        std = torch.exp(logvar / 2)
        return mu + std * torch.randn_like(std)

    def forward(self, x):
        mu, _ = self.posterior(x)
        return self.decode(mu)


def build():
    return Model()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    kinds = (torch.rand(6, 20, generator=torch.Generator().manual_seed(9)) < 0.5).float()
    x = kinds[torch.randint(0, 6, (n,), generator=g)]
    flip = (torch.rand(n, 20, generator=g) < 0.05).float()
    return {"x": (x - flip).abs()}


def forward(model, batch):
    return model(batch["x"])


def kl(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1)


def loss(model, batch):
    mu, logvar = model.posterior(batch["x"])
    logits = model.decode(model.reparameterise(mu, logvar))
    bits = F.binary_cross_entropy_with_logits(logits, batch["x"], reduction="none").sum(1)
    return (bits + 4.0 * kl(mu, logvar)).mean()


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)
