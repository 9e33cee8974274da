"""Denoising diffusion on points in the plane: linear schedule, sinusoidal time, averaged weights."""

import copy
import math

import torch
from torch import nn

STEPS = 100
facts = {
    "task": "diffusion",
    "steps": 100,
    "betas": "linear from 1e-4 to 0.02",
    "prediction": "noise",
    "ema": 0.99,
    "time_embedding": "sinusoidal, base 10000",
    "parameters": 17284,
    "trainable_parameters": 8642,
    "loss": "mean squared error between the noise and its prediction",
    "stochastic": "batch draws step and noise",
    "activation": "silu",
    "optimizer": {"name": "Adam", "lr": 1e-3},
    "frozen": ["average.*"],
    "equations": {
        "alpha_bar": r"\bar\alpha_t=\prod_{s=1}^{t}(1-\beta_s)",
        "noise": r"x_t=\sqrt{\bar\alpha_t}\,x_0+\sqrt{1-\bar\alpha_t}\,\epsilon",
        "time_embedding": r"\gamma(t)_{2i}=\sin(t/10000^{2i/d}),\;\gamma(t)_{2i+1}=\cos(t/10000^{2i/d})",
        "loss": r"\mathbb E\,\|\epsilon-\epsilon_\theta(x_t,t)\|^2",
        "update_average": r"\bar\theta\leftarrow\mu\bar\theta+(1-\mu)\theta,\;\mu=0.99",
    },
}


def betas():
    return torch.linspace(1e-4, 0.02, STEPS)


def alpha_bar():
    return torch.cumprod(1.0 - betas(), dim=0)


def noise(x, t, epsilon):
    a = alpha_bar()[t][:, None]
    return a.sqrt() * x + (1.0 - a).sqrt() * epsilon


def time_embedding(t, width):
    rate = torch.exp(-math.log(10000.0) * torch.arange(0, width, 2) / width)
    angle = t[:, None].float() * rate[None]
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


class Denoiser(nn.Module):
    def __init__(self, dim=2, width=64):
        super().__init__()
        self.width = width
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU())
        self.inside = nn.Linear(dim, width)
        self.middle = nn.Sequential(nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.out = nn.Linear(width, dim)

    def forward(self, x, t):
        h = self.inside(x) + self.time(time_embedding(t, self.width))
        return self.out(self.middle(h))


class Diffusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Denoiser()
        self.average = copy.deepcopy(self.net)
        for p in self.average.parameters():
            p.requires_grad_(False)

    def forward(self, x, t):
        net = self.net if self.training else self.average
        return net(x, t)


def build():
    return Diffusion()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    angle = torch.rand(n, generator=g) * 2 * math.pi
    x = torch.stack([angle.cos(), angle.sin()], dim=1) + 0.05 * torch.randn(n, 2, generator=g)
    t = torch.randint(0, STEPS, (n,), generator=g)
    epsilon = torch.randn(n, 2, generator=g)
    return {"x": noise(x, t, epsilon), "t": t, "epsilon": epsilon}


def forward(model, batch):
    return model(batch["x"], batch["t"])


def loss(model, batch):
    return (forward(model, batch) - batch["epsilon"]).pow(2).mean()


def optimizer(model):
    return torch.optim.Adam(model.net.parameters(), lr=1e-3)


def update_average(model, decay=0.99):
    with torch.no_grad():
        for a, p in zip(model.average.parameters(), model.net.parameters()):
            a.mul_(decay).add_(p, alpha=1 - decay)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    update_average(model)
    return value.detach()
