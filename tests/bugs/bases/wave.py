"""Autoregressive waveform model: dilated causal convolutions with gates, residual and skip paths, 32 quantised levels."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 10112,
    "task": "audio-generation",
    "classes": 32,
    "causal": True,
    "output": "logits (n, levels, time)",
    "layers": 5,
    "loss": "mean cross-entropy over samples",
    "locality": "receptive field of 32 samples before the predicted one",
    "input": "waveform in [-1, 1]; the model sees samples before t to predict level t",
    "equations": {
        "Gated.forward": r"z=\tanh(W_f*x)\odot\sigma(W_g*x)",
        "compress": r"\mathrm{sign}(x)\frac{\ln(1+\mu|x|)}{\ln(1+\mu)},\;\mu=31",
    },
}


def compress(x, mu=31.0):
    return x.sign() * torch.log1p(mu * x.abs()) / torch.log1p(torch.tensor(mu))


class Gated(nn.Module):
    def __init__(self, channels, skip, dilation):
        super().__init__()
        self.dilation = dilation
        self.filter = nn.Conv1d(channels, channels, 2, dilation=dilation)
        self.gate = nn.Conv1d(channels, channels, 2, dilation=dilation)
        self.residual = nn.Conv1d(channels, channels, 1)
        self.skip = nn.Conv1d(channels, skip, 1)

    def forward(self, x):
        past = F.pad(x, (self.dilation, 0))
        z = torch.tanh(self.filter(past)) * torch.sigmoid(self.gate(past))
        return x + self.residual(z), self.skip(z)


class Wave(nn.Module):
    def __init__(self, channels=16, skip=24, levels=32):
        super().__init__()
        self.first = nn.Conv1d(1, channels, 1)
        self.layers = nn.ModuleList([Gated(channels, skip, 2**n) for n in range(5)])
        self.last = nn.Sequential(nn.ReLU(), nn.Conv1d(skip, skip, 1), nn.ReLU(), nn.Conv1d(skip, levels, 1))
        nn.init.zeros_(self.last[-1].weight)

    def forward(self, wave):
        x = self.first(F.pad(wave, (1, 0))[:, None, :-1])
        total = 0.0
        for layer in self.layers:
            x, s = layer(x)
            total = total + s
        return self.last(total)


def build():
    return Wave()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    t = torch.arange(48).float()
    f = 0.1 + 0.5 * torch.rand(n, 1, generator=g)
    wave = 0.7 * torch.sin(f * t + 6.28 * torch.rand(n, 1, generator=g)) + 0.02 * torch.randn(n, 48, generator=g)
    return {"wave": wave, "level": ((compress(wave.clamp(-1, 1)) + 1) / 2 * 31).round().long()}


def forward(model, batch):
    return model(batch["wave"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["level"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)
