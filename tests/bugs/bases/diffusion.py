"""Denoising diffusion on points: the network predicts the noise, with an average of its weights beside it."""

import math

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "diffusion",
    "steps": 20,
    "betas": "linear from 1e-3 to 0.2",
    "prediction": "noise",
    "time_embedding": "sinusoidal",
    "ema": 0.95,
    "frozen": ["average.*"],
    "stochastic": "the loss draws steps and noise",
    "loss": "mean squared error of the noise",
    "activation": "silu",
    "optimizer": {"name": "Adam", "lr": 2e-3},
    "clip_norm": 1.0,
}


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.into, self.time, self.out = nn.Linear(2, 24), nn.Linear(8, 24), nn.Linear(24, 2)

    def forward(self, x, t):
        angle = t[:, None] * torch.exp(-math.log(100.0) * torch.arange(4) / 4)
        time = torch.cat([angle.sin(), angle.cos()], dim=1)
        return self.out(F.silu(self.into(x) + self.time(time)))


class Diffusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.network, self.average = Denoiser(), Denoiser()
        self.average.load_state_dict(self.network.state_dict())
        self.average.requires_grad_(False)
        self.register_buffer("kept", (1 - torch.linspace(1e-3, 0.2, 20)).cumprod(0))

    def forward(self, x, t):
        return self.network(x, t)


def build():
    return Diffusion()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    angle = 6.2832 * torch.rand(n, generator=g)
    return {"x": torch.stack([angle.cos(), angle.sin()], dim=1), "t": torch.randint(0, 20, (n,), generator=g)}


def forward(model, batch):
    return model(batch["x"], batch["t"])


def corrupt(model, x, t, noise):
    kept = model.kept[t][:, None]
    return kept.sqrt() * x + (1 - kept).sqrt() * noise


def loss(model, batch):
    noise, t = torch.randn_like(batch["x"]), torch.randint(0, 20, (len(batch["x"]),))
    return F.mse_loss(model(corrupt(model, batch["x"], t, noise), t), noise)


def optimizer(model):
    return torch.optim.Adam(model.network.parameters(), lr=2e-3)


def step(model, optimizer, batch):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad()
    value.backward()
    nn.utils.clip_grad_norm_(model.network.parameters(), 1.0)
    optimizer.step()
    with torch.no_grad():
        for slow, fast in zip(model.average.parameters(), model.network.parameters(), strict=True):
            slow.lerp_(fast, 0.05)
    return value.detach()
