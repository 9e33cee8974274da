"""Diagonal state-space sequence model, computed as a long convolution by FFT."""

import math

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 2289,
    "task": "forecasting",
    "causal": True,
    "width": 16,
    "layers": 2,
    "norm": "pre",
    "loss": "mean squared error of the next value",
    "dropout": 0.0,
    "equations": {
        "DiagonalSSM.kernel": r"K_{l}=2\,\mathrm{Re}\sum_n C_n\frac{e^{\Delta A_n}-1}{A_n}e^{l\Delta A_n}",
    },
}


class DiagonalSSM(nn.Module):
    def __init__(self, width, states=8):
        super().__init__()
        self.log_step = nn.Parameter(torch.rand(width) * (math.log(0.1) - math.log(0.01)) + math.log(0.01))
        self.log_real = nn.Parameter(torch.log(0.5 * torch.ones(width, states)))
        self.imag = nn.Parameter(math.pi * torch.arange(states).float().repeat(width, 1))
        self.c = nn.Parameter(torch.randn(width, states, 2) * 0.5**0.5)
        self.d = nn.Parameter(torch.randn(width))

    def kernel(self, length):
        step = self.log_step.exp()[:, None]
        a = -self.log_real.exp() + 1j * self.imag
        c = torch.view_as_complex(self.c) * (torch.exp(step * a) - 1.0) / a
        power = (step * a)[..., None] * torch.arange(length)
        return 2 * (c[..., None] * power.exp()).sum(1).real

    def forward(self, u):
        length = u.shape[-1]
        k = self.kernel(length)
        spectrum = torch.fft.rfft(u, n=2 * length) * torch.fft.rfft(k, n=2 * length)
        y = torch.fft.irfft(spectrum, n=2 * length)[..., :length]
        return y + self.d[:, None] * u


class Layer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.ssm = DiagonalSSM(width)
        self.mix = nn.Linear(width, 2 * width)

    def forward(self, x):
        y = self.ssm(self.norm(x).transpose(1, 2)).transpose(1, 2)
        return x + F.glu(self.mix(F.gelu(y)), dim=-1)


class Forecaster(nn.Module):
    def __init__(self, width=16, layers=2):
        super().__init__()
        self.inp = nn.Linear(1, width)
        self.layers = nn.ModuleList([Layer(width) for _ in range(layers)])
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        h = self.inp(x[..., None])
        for layer in self.layers:
            h = layer(h)
        return self.out(h).squeeze(-1)


def build():
    return Forecaster()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    t = torch.arange(33).float()
    w = 0.2 + 0.6 * torch.rand(n, 1, generator=g)
    p = 6.28 * torch.rand(n, 1, generator=g)
    series = torch.sin(w * t + p) + 0.5 * torch.sin(0.3 * w * t) + 0.05 * torch.randn(n, 33, generator=g)
    return {"x": series[:, :-1], "y": series[:, 1:]}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return F.mse_loss(forward(model, batch), batch["y"])


def optimizer(model):
    slow = [p for name, p in model.named_parameters() if "log_" in name or "imag" in name]
    fast = [p for name, p in model.named_parameters() if not ("log_" in name or "imag" in name)]
    return torch.optim.Adam([{"params": slow, "lr": 1e-3}, {"params": fast, "lr": 5e-3}])
