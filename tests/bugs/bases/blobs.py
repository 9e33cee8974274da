"""Convolutional variational autoencoder with a Gaussian decoder of fixed variance."""

import torch
import torch.nn as nn
import torch.nn.functional as F

facts = {
    "task": "generation",
    "latent": 3,
    "beta": 0.5,
    "parameters": 4079,
    "stochastic": "loss draws the code",
    "output": "reconstructed image",
    "loss": "half the squared error summed over pixels plus beta times the divergence, mean over samples",
    "equations": {
        "kl": r"\frac12\sum_j(\mu_j^2+e^{l_j}-l_j-1)",
        "reparameterise": r"\mu+e^{l/2}\odot\epsilon",
        "loss": r"\frac1N\sum_n\left[\frac12\|x_n-\hat x_n\|^2+\beta\,\mathrm{KL}_n\right],\;\beta=0.5",
    },
    "optimizer": {"name": "AdamW", "lr": 3e-3, "weight_decay": 0.0},
    "schedule": {"warmup": 10, "kind": "constant after linear warm-up", "per": "step"},
}


def kl(mu, l):
    return 0.5 * torch.sum(mu**2 + torch.exp(l) - l - 1, dim=1)


def reparameterise(mu, l, eps):
    return mu + torch.exp(l / 2) * eps


class ConvVAE(nn.Module):
    def __init__(self, latent=3):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.to_code = nn.Linear(64, 2 * latent)
        self.from_code = nn.Linear(latent, 64)
        self.up1 = nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1)
        self.up2 = nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1)

    def encode(self, x):
        h = F.leaky_relu(self.conv1(x))
        h = F.leaky_relu(self.conv2(h))
        return self.to_code(h.flatten(1)).chunk(2, dim=1)

    def decode(self, z):
        h = F.leaky_relu(self.from_code(z)).view(-1, 16, 2, 2)
        return self.up2(F.leaky_relu(self.up1(h)))

    def forward(self, x):
        mu, _ = self.encode(x)
        return self.decode(mu)


def build():
    return ConvVAE()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    u = torch.arange(8).float()
    cx, cy = 2 + 4 * torch.rand(n, 1, 1, generator=g), 2 + 4 * torch.rand(n, 1, 1, generator=g)
    x = torch.exp(-((u[None, :, None] - cx) ** 2 + (u[None, None, :] - cy) ** 2) / 3)
    return {"x": x[:, None]}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    x = batch["x"]
    mu, l = model.encode(x)
    z = reparameterise(mu, l, torch.randn_like(mu))
    error = 0.5 * ((model.decode(z) - x) ** 2).flatten(1).sum(dim=1)
    return (error + 0.5 * kl(mu, l)).mean()


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: min(1.0, (k + 1) / 10))
