"""Conditional flow matching with classifier-free guidance on small vectors."""

import math

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "generation",
    "classes": 4,
    "output": "velocity",
    "prediction": "velocity",
    "time_embedding": "sinusoidal",
    "dropout": 0.1,
    "stochastic": "time, noise and dropped labels are drawn in the loss",
    "loss": "mean squared error of the velocity",
    "optimizer": {"name": "AdamW", "lr": 1e-3, "betas": (0.9, 0.99)},
    "equations": {"interpolate": r"x_t=(1-t)x_0+t x_1,\;u_t=x_1-x_0"},
}


class Modulated(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulation = nn.Linear(width, 3 * width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width))
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x, condition):
        shift, scale, gate = self.modulation(F.silu(condition)).chunk(3, dim=-1)
        return x + gate * self.mlp(self.norm(x) * (1 + scale) + shift)


class Velocity(nn.Module):
    def __init__(self, inputs=6, width=32, classes=4, blocks=3):
        super().__init__()
        self.width, self.classes = width, classes
        self.into = nn.Linear(inputs, width)
        self.label = nn.Embedding(classes + 1, width)
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList([Modulated(width) for _ in range(blocks)])
        self.out = nn.Linear(width, inputs)

    def embed(self, t):
        frequency = torch.exp(-math.log(10000.0) * torch.arange(self.width // 2) / (self.width // 2))
        angle = 1000.0 * t[:, None] * frequency
        return torch.cat([angle.cos(), angle.sin()], dim=-1)

    def forward(self, x, t, label):
        if self.training:
            label = torch.where(torch.rand(label.shape) < 0.1, torch.full_like(label, self.classes), label)
        condition = self.time(self.embed(t)) + self.label(label)
        h = self.into(x)
        for block in self.blocks:
            h = block(h, condition)
        return self.out(h)


def build():
    return Velocity()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    centre = torch.randn(4, 6, generator=torch.Generator().manual_seed(11)) * 2
    label = torch.randint(0, 4, (n,), generator=g)
    return {
        "data": centre[label] + 0.2 * torch.randn(n, 6, generator=g),
        "label": label,
        "time": torch.rand(n, generator=g),
        "noise": torch.randn(n, 6, generator=g),
    }


def interpolate(noise, data, t):
    """Point on the straight path from noise (t = 0) to data (t = 1), and its velocity."""
    t = t[:, None]
    return (1 - t) * noise + t * data, data - noise


def forward(model, batch):
    point, _ = interpolate(batch["noise"], batch["data"], batch["time"])
    return model(point, batch["time"], batch["label"])


def loss(model, batch):
    noise = torch.randn_like(batch["data"])
    t = torch.sigmoid(torch.randn(len(noise)))
    point, velocity = interpolate(noise, batch["data"], t)
    return (model(point, t, batch["label"]) - velocity).pow(2).mean()


@torch.no_grad()
def sample(model, label, steps=20, guidance=2.0):
    model.eval()
    x = torch.randn(len(label), 6)
    for i in range(steps):
        t = torch.full((len(label),), i / steps)
        with_label, without = model(x, t, label), model(x, t, torch.full_like(label, 4))
        x = x + (without + guidance * (with_label - without)) / steps
    return x


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.99))
