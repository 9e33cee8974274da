"""Variational autoencoder with a Bernoulli decoder and a weighted divergence."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "generation",
    "input": "binary images, flattened",
    "output": "logits",
    "latent": 4,
    "beta": 2.0,
    "parameters": 4172,
    "loss": "binary cross-entropy summed over pixels plus beta times the divergence, mean over samples",
    "stochastic": "the code is drawn in training; in evaluation it is the mean",
    "activation": "tanh",
    "optimizer": {"name": "Adam", "lr": 2e-3, "betas": (0.9, 0.999)},
    "equations": {
        "loss": r"\frac1N\sum_i\left[-\sum_p\left(x_{ip}\log\hat x_{ip}+(1-x_{ip})\log(1-\hat x_{ip})\right)+\beta\,D_i\right]",
        "divergence": r"-\frac12\sum_{j}\left(1+\log\sigma_j^2-\mu_j^2-\sigma_j^2\right)",
        "VAE.sample": r"z=\mu+\sigma\odot\epsilon,\;\epsilon\sim\mathcal N(0,I)",
    },
}


class VAE(nn.Module):
    def __init__(self, pixels=36, hidden=48, latent=4):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.Tanh())
        self.mean = nn.Linear(hidden, latent)
        self.logvar = nn.Linear(hidden, latent)
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.Tanh(), nn.Linear(hidden, pixels))

    def encode(self, x):
        h = self.encoder(x)
        return self.mean(h), self.logvar(h)

    def sample(self, mean, logvar):
        return mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)

    def forward(self, x):
        mean, logvar = self.encode(x)
        z = self.sample(mean, logvar) if self.training else mean
        return self.decoder(z), mean, logvar


def build():
    return VAE()


def divergence(mean, logvar):
    return -0.5 * (1 + logvar - mean.pow(2) - logvar.exp()).sum(dim=1)


def batch(n, seed=0):
    shapes = (torch.rand(6, 36, generator=torch.Generator().manual_seed(3)) < 0.35).float()
    g = torch.Generator().manual_seed(seed)
    x = shapes[torch.randint(0, 6, (n,), generator=g)]
    flip = torch.rand(n, 36, generator=g) < 0.05
    return {"x": torch.where(flip, 1 - x, x)}


def forward(model, batch):
    return model(batch["x"])[0]


def loss(model, batch):
    logits, mean, logvar = model(batch["x"])
    reconstruction = F.binary_cross_entropy_with_logits(logits, batch["x"], reduction="none").sum(dim=1)
    return (reconstruction + 2.0 * divergence(mean, logvar)).mean()


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)
