"""A generator against a discriminator on points of a ring."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "generation",
    "players": ["generator", "discriminator"],
    "output": "logits",
    "stochastic": "the loss draws noise",
    "parameters": 395,
    "loss": "non-saturating game",
    "activation": "leaky relu",
    "optimizer": {"name": "Adam", "lr": 1e-3, "betas": [0.5, 0.999]},
}


class Game(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(4, 24), nn.LeakyReLU(0.2), nn.Linear(24, 2))
        self.discriminator = nn.Sequential(nn.Linear(2, 56), nn.LeakyReLU(0.2), nn.Linear(56, 1))
        self.generator[2].bias.requires_grad_(True)

    def forward(self, x):
        return self.discriminator(x).squeeze(-1)


def build():
    return Game()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    angle = 6.2832 * torch.rand(n, generator=g)
    return {"x": torch.stack([angle.cos(), angle.sin()], dim=1)}


def forward(model, batch):
    return model(batch["x"])


def judge(model, real, fake):
    return F.softplus(-model(real)).mean() + F.softplus(model(fake)).mean()


def loss(model, batch):
    fake = model.generator(torch.randn(len(batch["x"]), 4))
    return F.softplus(-model(fake)).mean() + judge(model, batch["x"], fake.detach())


def optimizer(model):
    return {
        "generator": torch.optim.Adam(model.generator.parameters(), lr=1e-3, betas=(0.5, 0.999)),
        "discriminator": torch.optim.Adam(model.discriminator.parameters(), lr=1e-3, betas=(0.5, 0.999)),
    }


def step(model, optimizer, batch):
    model.train()
    fake = model.generator(torch.randn(len(batch["x"]), 4))
    optimizer["discriminator"].zero_grad()
    judge(model, batch["x"], fake.detach()).backward()
    optimizer["discriminator"].step()
    optimizer["generator"].zero_grad()
    value = F.softplus(-model(fake)).mean()
    value.backward()
    optimizer["generator"].step()
    return value.detach()
