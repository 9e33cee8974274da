"""A small U-Net for binary segmentation, with cross-entropy and dice."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "segmentation",
    "output": "logits",
    "normalisation": "group",
    "skip_connections": "concatenated with the decoder's features",
    "parameters": 6_553,
    "optimizer": {"name": "AdamW", "lr": 1e-3, "weight_decay": 1e-2},
    "equations": {"dice": r"1-\frac1N\sum_{n=1}^N\frac{2\sum_{j} p_{nj}g_{nj}+1}{\sum_{j} p_{nj}+\sum_{j} g_{nj}+1}"},
}


class Double(nn.Module):
    def __init__(self, inside, outside):
        super().__init__()
        self.first, self.second = nn.Conv2d(inside, outside, 3, padding=1), nn.Conv2d(outside, outside, 3, padding=1)
        self.norm, self.last = nn.GroupNorm(2, outside), nn.GroupNorm(2, outside)

    def forward(self, x):
        return F.relu(self.last(self.second(F.relu(self.norm(self.first(x))))))


class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.down, self.deep = Double(1, width), Double(width, 2 * width)
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.join = Double(2 * width, width)
        self.head = nn.Conv2d(width, 1, 1)

    def forward(self, x):
        fine = self.down(x)
        coarse = self.deep(F.max_pool2d(fine, 2))
        return self.head(self.join(torch.cat([fine, self.up(coarse)], dim=1))).squeeze(1)


def build():
    return Net()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = F.avg_pool2d(torch.randn(n, 1, 14, 14, generator=g), 3, stride=1)
    return {"image": x, "truth": (x[:, 0] > 0.1).float()}


def forward(model, batch):
    return model(batch["image"])


def dice(p, g):
    p, g = p.flatten(1), g.flatten(1)
    return 1 - ((2 * (p * g).sum(1) + 1) / (p.sum(1) + g.sum(1) + 1)).mean()


def loss(model, batch):
    logits = forward(model, batch)
    return F.binary_cross_entropy_with_logits(logits, batch["truth"]) + dice(logits.sigmoid(), batch["truth"])


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
