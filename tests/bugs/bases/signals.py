"""Diffusion on short signals: cosine schedule, the network predicts the clean signal; averaged copy kept beside the model."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

T = 50
facts = {
    "task": "diffusion",
    "steps": 50,
    "betas": "cosine, s = 0.008, clipped at 0.999",
    "prediction": "clean signal",
    "ema": 0.95,
    "time_embedding": "sinusoidal",
    "parameters": 7042,
    "trainable_parameters": 3521,
    "loss": "mean squared error to the clean signal",
    "stochastic": "batch draws step and noise",
    "frozen": ["ema.*"],
    "normalisation": "group",
    "norm_eps": 1e-5,
    "equations": {
        "cosine_schedule": r"\bar\alpha_t=\frac{f(t)}{f(0)},\;f(t)=\cos^2\left(\frac{t/T+s}{1+s}\cdot\frac\pi2\right)",
        "q_sample": r"x_t=\sqrt{\bar\alpha_t}x_0+\sqrt{1-\bar\alpha_t}\,\epsilon",
        "loss": r"\mathbb E_{t,\epsilon}\|x_0-f_\theta(x_t,t)\|^2/D",
        "Net.embed": r"[\sin(t\omega),\cos(t\omega)],\;\omega_k=10000^{-k/(d/2)}",
    },
}


def cosine_schedule(steps=T, s=0.008):
    t = torch.arange(steps + 1) / steps
    f = torch.cos((t + s) / (1 + s) * math.pi / 2) ** 2
    return f / f[0]


def q_sample(x0, t, eps):
    bar = cosine_schedule()[t].view(-1, 1, 1)
    return torch.sqrt(bar) * x0 + torch.sqrt(1 - bar) * eps


class Net(nn.Module):
    def __init__(self, channels=16):
        super().__init__()
        self.channels = channels
        self.first = nn.Conv1d(1, channels, 3, padding=1)
        self.norm = nn.GroupNorm(4, channels)
        self.time = nn.Linear(channels, channels)
        self.second = nn.Conv1d(channels, channels, 5, padding=2)
        self.third = nn.Conv1d(channels, channels, 7, padding=3)
        self.last = nn.Conv1d(channels, 1, 3, padding=1)

    def embed(self, t):
        k = torch.arange(self.channels // 2)
        omega = 10000.0 ** (-k / (self.channels // 2))
        angle = t[:, None] * omega
        return torch.cat([torch.sin(angle), torch.cos(angle)], dim=1)

    def forward(self, x, t):
        h = self.first(x)
        h = F.silu(self.norm(h) + self.time(self.embed(t))[:, :, None])
        h = h + F.silu(self.second(h))
        h = h + F.silu(self.third(h))
        return self.last(h)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Net()
        self.ema = Net()
        self.ema.load_state_dict(self.net.state_dict())
        self.ema.requires_grad_(False)

    def forward(self, x, t):
        return (self.net if self.training else self.ema)(x, t)


def build():
    return Model()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    phase = 2 * math.pi * torch.rand(n, 1, 1, generator=g)
    x = torch.sin(torch.arange(16) * 2 * math.pi / 8 + phase)
    return {"x": x, "t": torch.randint(1, T + 1, (n,), generator=g), "eps": torch.randn(n, 1, 16, generator=g)}


def forward(model, batch):
    return model(q_sample(batch["x"], batch["t"], batch["eps"]), batch["t"])


def loss(model, batch):
    return F.mse_loss(forward(model, batch), batch["x"])


def optimizer(model):
    return torch.optim.Adam(model.net.parameters(), lr=2e-3)


def ema_update(model, decay=0.95):
    for slow, fast in zip(model.ema.parameters(), model.net.parameters()):
        slow.data = decay * slow.data + (1 - decay) * fast.data


def step(model, optimizer, batch):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    ema_update(model)
    return value.detach()
