"""Variational autoencoder: a sampled code in training, the mean in evaluation."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "generation",
    "output": "logits",
    "latent": 3,
    "beta": 0.5,
    "parameters": 1_054,
    "stochastic": "the loss draws noise",
    "loss": "binary cross-entropy summed over pixels plus beta times the divergence, mean over samples",
    "activation": "tanh",
    "optimizer": {"name": "Adam", "lr": 5e-3},
}


class Variational(nn.Module):
    def __init__(self, pixels=16, hidden=24, latent=3):
        super().__init__()
        self.into = nn.Linear(pixels, hidden)
        self.mean, self.log_variance = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.out = nn.Sequential(nn.Linear(latent, hidden), nn.Tanh(), nn.Linear(hidden, pixels))

    def encode(self, x):
        h = torch.tanh(self.into(x))
        return self.mean(h), self.log_variance(h)

    def forward(self, x):
        mean, log_variance = self.encode(x)
        if self.training:
            mean = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return self.out(mean)


def build():
    return Variational()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    kinds = (torch.rand(5, 16, generator=torch.Generator().manual_seed(3)) < 0.5).float()
    return {"x": kinds[torch.randint(0, 5, (n,), generator=g)]}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    mean, log_variance = model.encode(batch["x"])
    code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
    rebuilt = F.binary_cross_entropy_with_logits(model.out(code), batch["x"], reduction="sum") / len(mean)
    divergence = -0.5 * (1 + log_variance - mean.pow(2) - log_variance.exp()).sum(dim=1).mean()
    return rebuilt + 0.5 * divergence


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=5e-3)
