"""Convolutional variational autoencoder with a learned log-deviation head and a warm divergence weight."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "generation",
    "output": "reconstruction",
    "latent": 6,
    "beta": 2.0,
    "stochastic": "codes are drawn in training",
    "loss": "squared error summed over pixels plus beta times the divergence, mean over samples",
    "optimizer": {"name": "Adam", "lr": 2e-3},
    "equations": {"divergence": r"\frac1N\sum_i\sum_j\frac12\left(\mu_{ij}^2+e^{2s_{ij}}-1-2s_{ij}\right)"},
}


class Encoder(nn.Module):
    def __init__(self, latent=6):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1), nn.SiLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.SiLU(), nn.Flatten(), nn.Linear(16 * 9, 2 * latent)
        )

    def forward(self, x):
        return self.net(x).chunk(2, dim=1)


class Decoder(nn.Module):
    def __init__(self, latent=6):
        super().__init__()
        self.into = nn.Linear(latent, 16 * 9)
        self.net = nn.Sequential(nn.SiLU(), nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.SiLU(), nn.ConvTranspose2d(8, 1, 4, 2, 1))

    def forward(self, z):
        return self.net(self.into(z).view(-1, 16, 3, 3))


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def sample(self, mu, s):
        return mu + s.exp() * torch.randn_like(mu) if self.training else mu

    def forward(self, x):
        mu, s = self.encoder(x)
        return self.decoder(self.sample(mu, s)), mu, s


def build():
    return VAE()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    rows = torch.rand(n, 12, 1, generator=g) < 0.3
    columns = torch.rand(n, 1, 12, generator=g) < 0.3
    return {"image": (rows | columns).float()[:, None]}


def forward(model, batch):
    return model(batch["image"])[0]


def divergence(mu, s):
    return 0.5 * (mu**2 + (2 * s).exp() - 1 - 2 * s).sum(dim=1).mean()


def loss(model, batch):
    rebuilt, mu, s = model(batch["image"])
    error = F.mse_loss(rebuilt, batch["image"], reduction="none").flatten(1).sum(1).mean()
    return error + 2.0 * divergence(mu, s)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)
