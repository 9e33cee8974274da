"""Preconditioned denoiser with continuous noise levels and an average of its weights."""

import copy

import torch
from torch import nn

facts = {
    "task": "generation",
    "output": "denoised",
    "prediction": "clean data",
    "ema": 0.999,
    "frozen": ["average.*"],
    "stochastic": "noise levels and noise are drawn in the loss",
    "loss": "weighted squared error, mean over samples and pixels",
    "equations": {
        "Denoiser.forward": r"D(x,\sigma)=c_{skip}x+c_{out}F(c_{in}x,c_{noise}),\;c_{skip}=\frac{\sigma_d^2}{\sigma^2+\sigma_d^2},\;c_{out}=\frac{\sigma\sigma_d}{\sqrt{\sigma^2+\sigma_d^2}},\;c_{in}=\frac1{\sqrt{\sigma^2+\sigma_d^2}},\;c_{noise}=\tfrac14\ln\sigma"
    },
    "optimizer": {"name": "Adam", "lr": 1e-3},
}
SIGMA_DATA = 0.5


class Denoiser(nn.Module):
    def __init__(self, channels=12):
        super().__init__()
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.level = nn.Linear(1, channels)
        self.middle = nn.Sequential(nn.GroupNorm(3, channels), nn.SiLU(), nn.Conv2d(channels, channels, 3, padding=1), nn.SiLU())
        self.last = nn.Conv2d(channels, 1, 3, padding=1)

    def network(self, x, noise):
        h = self.first(x) + self.level(noise[:, None])[..., None, None]
        return self.last(h + self.middle(h))

    def forward(self, x, sigma):
        s = sigma.view(-1, 1, 1, 1)
        total = s**2 + SIGMA_DATA**2
        skip, out, scale = SIGMA_DATA**2 / total, s * SIGMA_DATA / total.sqrt(), 1 / total.sqrt()
        return skip * x + out * self.network(scale * x, sigma.log() / 4)


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.live = Denoiser()
        self.average = copy.deepcopy(self.live).requires_grad_(False)

    def forward(self, x, sigma):
        return (self.live if self.training else self.average)(x, sigma)


def build():
    return Both()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    phase = torch.rand(n, 1, 1, generator=g) * 6.28
    wave = torch.sin(torch.arange(8)[None, :, None] * 0.8 + phase) * torch.ones(1, 1, 8)
    sigma = (-1.2 + 1.2 * torch.randn(n, generator=g)).exp()
    clean = 0.7 * wave[:, None]
    return {"clean": clean, "sigma": sigma, "noisy": clean + sigma.view(-1, 1, 1, 1) * torch.randn(n, 1, 8, 8, generator=g)}


def forward(model, batch):
    return model(batch["noisy"], batch["sigma"])


def loss(model, batch):
    clean = batch["clean"]
    sigma = (-1.2 + 1.2 * torch.randn(len(clean))).exp()
    noisy = clean + sigma.view(-1, 1, 1, 1) * torch.randn_like(clean)
    weight = (sigma**2 + SIGMA_DATA**2) / (sigma * SIGMA_DATA) ** 2
    return (weight.view(-1, 1, 1, 1) * (model.live(noisy, sigma) - clean) ** 2).mean()


def optimizer(model):
    return torch.optim.Adam(model.live.parameters(), lr=1e-3)


@torch.no_grad()
def average(model, decay=0.999):
    for slow, fast in zip(model.average.parameters(), model.live.parameters(), strict=False):
        slow.copy_(decay * slow + (1 - decay) * fast)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    average(model)
    return value.detach()
