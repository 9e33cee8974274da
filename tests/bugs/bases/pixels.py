"""Autoregressive model of small grey pictures with masked convolutions and gates (van den Oord et al. 2016)."""

import torch
import torch.nn.functional as F
from torch import nn

LEVELS = 4
facts = {
    "task": "autoregressive image model",
    "classes": 4,
    "output": "logits",
    "causal": True,
    "loss": "mean cross-entropy over pixels",
    "parameters": 10580,
    "blocks": 2,
    "input": "intensities 0 to 3 divided by 3",
    "optimizer": {"name": "RMSprop", "lr": 2e-3, "momentum": 0.0},
    "equations": {
        "loss": r"-\mathbb E_x\left[\frac1{HW}\sum_{i}\ln p(x_i|x_1,\dots,x_{i-1})\right]",
        "PixelCNN.forward": r"p(x)=\prod_{i=1}^{HW}p(x_i|x_{<i})",
    },
}


class MaskedConv2d(nn.Conv2d):
    def __init__(self, kind, *args, **kwargs):
        super().__init__(*args, **kwargs)
        mask = torch.ones_like(self.weight)
        _, _, h, w = mask.shape
        mask[:, :, h // 2, w // 2 + (kind == "B") :] = 0
        mask[:, :, h // 2 + 1 :] = 0
        self.register_buffer("mask", mask)

    def forward(self, x):
        return F.conv2d(x, self.weight * self.mask, self.bias, self.stride, self.padding)


class GatedBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = MaskedConv2d("B", channels, 2 * channels, 3, padding=1)
        self.mix = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        a, b = self.conv(x).chunk(2, dim=1)
        return x + self.mix(a.tanh() * b.sigmoid())


class PixelCNN(nn.Module):
    def __init__(self, channels=16, blocks=2):
        super().__init__()
        self.first = MaskedConv2d("A", 1, channels, 5, padding=2)
        self.blocks = nn.Sequential(*[GatedBlock(channels) for _ in range(blocks)])
        self.head = nn.Sequential(nn.ReLU(), nn.Conv2d(channels, channels, 1), nn.ReLU(), nn.Conv2d(channels, LEVELS, 1))

    def forward(self, pixels):
        x = pixels.float().unsqueeze(1) / (LEVELS - 1)
        return self.head(self.blocks(self.first(x)))


def build():
    return PixelCNN()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    slope = torch.randint(1, 4, (n, 2, 1, 1), generator=g)
    r, c = torch.meshgrid(torch.arange(7), torch.arange(7), indexing="ij")
    return {"pixels": (slope[:, 0] * r + slope[:, 1] * c + torch.randint(0, 4, (n, 1, 1), generator=g)) % LEVELS}


def forward(model, batch):
    return model(batch["pixels"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["pixels"])


def optimizer(model):
    return torch.optim.RMSprop(model.parameters(), lr=2e-3)
