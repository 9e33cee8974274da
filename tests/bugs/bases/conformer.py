"""Conformer encoder tagging every frame of a padded audio feature sequence."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 13140,
    "task": "sequence-labelling",
    "classes": 4,
    "output": "logits",
    "causal": False,
    "ignore_index": -100,
    "heads": 2,
    "d_model": 16,
    "loss": "mean cross-entropy over real frames",
    "dropout": 0.1,
    "norm": "pre",
    "normalisation": "layer",
    "equations": {
        "Conformer.forward": r"x_1=x+\tfrac12\mathrm{FF}(x),\;x_2=x_1+\mathrm{MHSA}(x_1),\;x_3=x_2+\mathrm{Conv}(x_2),\;y=\mathrm{LN}(x_3+\tfrac12\mathrm{FF}(x_3))"
    },
}


class FeedForward(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.net = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 4 * d), nn.SiLU(), nn.Dropout(0.1), nn.Linear(4 * d, d), nn.Dropout(0.1))

    def forward(self, x):
        return self.net(x)


class ConvModule(nn.Module):
    def __init__(self, d, kernel=5):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.point1 = nn.Conv1d(d, 2 * d, 1)
        self.depth = nn.Conv1d(d, d, kernel, padding=kernel // 2, groups=d)
        self.norm2 = nn.LayerNorm(d)
        self.point2 = nn.Conv1d(d, d, 1)
        self.drop = nn.Dropout(0.1)

    def forward(self, x, pad):
        x = self.norm(x).transpose(1, 2)
        x = F.glu(self.point1(x), dim=1)
        x = x.masked_fill(pad[:, None], 0.0)
        x = self.depth(x)
        x = F.silu(self.norm2(x.transpose(1, 2))).transpose(1, 2)
        return self.drop(self.point2(x).transpose(1, 2))


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.ff1, self.ff2, self.conv = FeedForward(d), FeedForward(d), ConvModule(d)
        self.norm = nn.LayerNorm(d)
        self.mhsa = nn.MultiheadAttention(d, heads, dropout=0.1, batch_first=True)
        self.last = nn.LayerNorm(d)

    def forward(self, x, pad):
        x = x + 0.5 * self.ff1(x)
        z = self.norm(x)
        x = x + self.mhsa(z, z, z, key_padding_mask=pad, need_weights=False)[0]
        x = x + self.conv(x, pad)
        return self.last(x + 0.5 * self.ff2(x))


class Conformer(nn.Module):
    def __init__(self, channels=10, d=16, heads=2, layers=2, classes=4):
        super().__init__()
        self.lift = nn.Linear(channels, d)
        self.blocks = nn.ModuleList([Block(d, heads) for _ in range(layers)])
        self.head = nn.Linear(d, classes)

    def forward(self, audio, lengths):
        pad = torch.arange(audio.shape[1])[None] >= lengths[:, None]
        x = self.lift(audio)
        for block in self.blocks:
            x = block(x, pad)
        return self.head(x)


def build():
    return Conformer()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    lengths = torch.randint(8, 17, (n,), generator=g)
    code = torch.randn(4, 10, generator=torch.Generator().manual_seed(2))
    y = torch.randint(0, 4, (n, 8), generator=g).repeat_interleave(2, 1)
    x = code[y] + 0.5 * torch.randn(n, 16, 10, generator=g)
    pad = torch.arange(16)[None] >= lengths[:, None]
    return {"audio": x.masked_fill(pad[..., None], 0), "lengths": lengths, "y": y.masked_fill(pad, -100)}


def forward(model, batch):
    return model(batch["audio"], batch["lengths"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch).transpose(1, 2), batch["y"])


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-3)
