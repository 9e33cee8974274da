"""Wasserstein game with a gradient penalty and several critic updates for each of the generator."""

import torch
from torch import nn

facts = {
    "task": "generation",
    "output": "samples",
    "players": ["generator", "critic"],
    "regularisation": 10.0,
    "stochastic": "noise and mixing weights",
    "samples_coupled": True,
    "loss": "difference of the critic's means plus gradient penalty",
}
NOISE = 5


class Game(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(NOISE, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
        self.critic = nn.Sequential(nn.Linear(2, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1))

    def forward(self, z):
        return self.generator(z)


def build():
    return Game()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    angle = torch.randint(0, 6, (n,), generator=g) * 1.0472
    centre = 2 * torch.stack([angle.cos(), angle.sin()], 1)
    return {"real": centre + 0.1 * torch.randn(n, 2, generator=g), "z": torch.randn(n, NOISE, generator=g)}


def forward(model, batch):
    return model(batch["z"])


def gradient_penalty(critic, real, fake):
    weight = torch.rand(len(real), 1)
    mixed = (weight * real + (1 - weight) * fake).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    return (gradient.norm(dim=1) - 1).pow(2).mean()


def critic_loss(model, batch):
    fake = model.generator(batch["z"]).detach()
    return model.critic(fake).mean() - model.critic(batch["real"]).mean() + 10.0 * gradient_penalty(model.critic, batch["real"], fake)


def generator_loss(model, batch):
    return -model.critic(model.generator(batch["z"])).mean()


def loss(model, batch):
    return critic_loss(model, batch) + generator_loss(model, batch)


def optimizer(model):
    return {
        "generator": torch.optim.Adam(model.generator.parameters(), lr=1e-3, betas=(0.0, 0.9)),
        "critic": torch.optim.Adam(model.critic.parameters(), lr=1e-3, betas=(0.0, 0.9)),
    }


def step(model, optimizer, batch):
    model.train()
    for _ in range(3):
        optimizer["critic"].zero_grad()
        value = critic_loss(model, batch)
        value.backward()
        optimizer["critic"].step()
    optimizer["generator"].zero_grad()
    generator_loss(model, batch).backward()
    optimizer["generator"].step()
    return value.detach()
