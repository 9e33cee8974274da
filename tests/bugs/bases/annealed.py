"""Denoising diffusion with a linear schedule and noise prediction on sequences."""

import math

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "generation",
    "steps": 50,
    "betas": "linear 0.0001 to 0.05",
    "prediction": "noise",
    "output": "noise",
    "time_embedding": "sinusoidal",
    "stochastic": "steps and noise are drawn in the loss",
    "loss": "mean squared error of the noise",
    "optimizer": {"name": "Adam", "lr": 2e-3},
    "equations": {"Process.diffuse": r"x_t=\sqrt{\bar\alpha_t}x_0+\sqrt{1-\bar\alpha_t}\epsilon"},
}


class Process(nn.Module):
    def __init__(self, steps=50):
        super().__init__()
        betas = torch.linspace(1e-4, 0.05, steps)
        self.register_buffer("betas", betas)
        self.register_buffer("alphas_cumprod", torch.cumprod(1 - betas, 0))

    def diffuse(self, x, t, noise):
        shape = (-1,) + (1,) * (x.ndim - 1)
        a = self.alphas_cumprod[t].view(shape)
        return a.sqrt() * x + (1 - a).sqrt() * noise


def timestep_embedding(t, width=16):
    half = width // 2
    frequency = torch.exp(-math.log(1e4) * torch.arange(half) / half)
    angle = t.float()[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], 1)


class Net(nn.Module):
    def __init__(self, channels=12):
        super().__init__()
        self.into = nn.Conv1d(1, channels, 3, padding=1)
        self.time = nn.Sequential(nn.Linear(16, channels), nn.SiLU(), nn.Linear(channels, channels))
        self.blocks = nn.ModuleList(
            [nn.Sequential(nn.GroupNorm(4, channels), nn.SiLU(), nn.Conv1d(channels, channels, 3, padding=1)) for _ in range(3)]
        )
        self.out = nn.Conv1d(channels, 1, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x, t):
        h = self.into(x)
        code = self.time(timestep_embedding(t))[:, :, None]
        for block in self.blocks:
            h = h + block(h + code)
        return self.out(h)


class Diffusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.process, self.net = Process(), Net()

    def forward(self, x, t):
        return self.net(x, t)

    @torch.no_grad()
    def sample(self, n):
        x = torch.randn(n, 1, 16)
        for t in reversed(range(50)):
            beta, bar = self.process.betas[t], self.process.alphas_cumprod[t]
            noise = self.net(x, torch.full((n,), t))
            x = (x - beta / (1 - bar).sqrt() * noise) / (1 - beta).sqrt()
            if t > 0:
                x = x + beta.sqrt() * torch.randn_like(x)
        return x


def build():
    return Diffusion()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    phase = 6.28 * torch.rand(n, 1, 1, generator=g)
    x = torch.sin(torch.arange(16.0) * 0.6 + phase)
    return {"x": x, "t": torch.randint(0, 50, (n,), generator=g), "noise": torch.randn(n, 1, 16, generator=g)}


def forward(model, batch):
    return model(model.process.diffuse(batch["x"], batch["t"], batch["noise"]), batch["t"])


def loss(model, batch):
    t = torch.randint(0, 50, (len(batch["x"]),))
    noise = torch.randn_like(batch["x"])
    return F.mse_loss(model(model.process.diffuse(batch["x"], t, noise), t), noise)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)
