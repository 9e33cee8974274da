"""Diffusion with the cosine schedule, velocity prediction and class conditions; evaluates a slow copy of the weights."""

import copy
import math

import torch
from torch import nn

facts = {
    "task": "generation",
    "steps": 40,
    "betas": "cosine, s = 0.008",
    "prediction": "velocity",
    "classes": 3,
    "output": "velocity",
    "ema": 0.99,
    "frozen": ["ema.*"],
    "stochastic": "steps and noise are drawn in the loss",
    "loss": "mean squared error of the velocity",
    "equations": {"noise_image": r"x_t=\sqrt{\bar\alpha_t}x_0+\sqrt{1-\bar\alpha_t}\epsilon"},
}
STEPS = 40


def cosine_bar(steps=STEPS, s=0.008):
    t = torch.arange(steps + 1) / steps
    f = torch.cos((t + s) / (1 + s) * math.pi / 2) ** 2
    return (f / f[0])[1:].clamp(min=1e-4)


BAR = cosine_bar()


def noise_image(x0, t, noise):
    bar = BAR[t].view(-1, 1, 1, 1)
    return bar.sqrt() * x0 + (1 - bar).sqrt() * noise


def velocity(x0, t, noise):
    bar = BAR[t].view(-1, 1, 1, 1)
    return bar.sqrt() * noise - (1 - bar).sqrt() * x0


class Net(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.time, self.label = nn.Embedding(STEPS, width), nn.Embedding(3, width)
        self.into = nn.Conv2d(1, width, 3, padding=1)
        self.mid = nn.Sequential(nn.GroupNorm(3, width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1))
        self.out = nn.Sequential(nn.SiLU(), nn.Conv2d(width, 1, 3, padding=1))

    def forward(self, x, t, label):
        h = self.into(x) + (self.time(t) + self.label(label))[:, :, None, None]
        return self.out(h + self.mid(h))


class Diffusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Net()
        self.ema = copy.deepcopy(self.net).requires_grad_(False)

    def forward(self, x, t, label):
        return self.net(x, t, label) if self.training else self.ema(x, t, label)


def build():
    return Diffusion()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 3, (n,), generator=g)
    grid = torch.arange(8.0)
    wave = torch.sin(0.5 * (label[:, None, None] + 1) * grid[None, :, None] + 0.3 * grid[None, None])
    return {
        "image": wave[:, None],
        "label": label,
        "t": torch.randint(0, STEPS, (n,), generator=g),
        "noise": torch.randn(n, 1, 8, 8, generator=g),
    }


def forward(model, batch):
    return model(noise_image(batch["image"], batch["t"], batch["noise"]), batch["t"], batch["label"])


def loss(model, batch):
    t = torch.randint(0, STEPS, (len(batch["label"]),))
    noise = torch.randn_like(batch["image"])
    guess = model.net(noise_image(batch["image"], t, noise), t, batch["label"])
    return (guess - velocity(batch["image"], t, noise)).pow(2).mean()


def optimizer(model):
    return torch.optim.Adam(model.net.parameters(), lr=2e-3)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    with torch.no_grad():
        for slow, fast in zip(model.ema.parameters(), model.net.parameters(), strict=False):
            slow.lerp_(fast, 0.01)
    return value.detach()
