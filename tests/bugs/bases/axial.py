"""Image classifier with axial attention (rows, then columns) and rotary embedding along each axis; mean pooling."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 14956,
    "task": "classification",
    "classes": 4,
    "output": "logits",
    "heads": 2,
    "width": 24,
    "patch": 3,
    "norm": "pre",
    "pooling": "mean over all tokens",
    "positional": "rotary",
    "rope_base": 100.0,
    "loss": "mean cross-entropy",
    "dropout": 0.0,
    "equations": {"turn": r"(a\cos\theta-b\sin\theta,\;a\sin\theta+b\cos\theta)"},
}


def turn(x):
    """x: (..., length, size); pairs are the two halves."""
    length, size = x.shape[-2], x.shape[-1]
    rate = 100.0 ** (-torch.arange(size // 2) / (size // 2))
    theta = torch.arange(length)[:, None] * rate
    a, b = x[..., : size // 2], x[..., size // 2 :]
    return torch.cat([a * theta.cos() - b * theta.sin(), a * theta.sin() + b * theta.cos()], dim=-1)


class AxialAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.merge = nn.Linear(width, width)

    def forward(self, x):
        """x: (n, lines, length, width); attends within each line."""
        n, lines, length, width = x.shape
        q, k, v = self.qkv(x).reshape(n, lines, length, 3, self.heads, width // self.heads).permute(3, 0, 1, 4, 2, 5)
        weights = (turn(q) @ turn(k).transpose(-1, -2) / (width // self.heads) ** 0.5).softmax(dim=-1)
        return self.merge((weights @ v).transpose(2, 3).reshape(n, lines, length, width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.n1, self.n2, self.n3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.rows, self.columns = AxialAttention(width, heads), AxialAttention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        x = x + self.rows(self.n1(x))
        x = x + self.columns(self.n2(x).transpose(1, 2)).transpose(1, 2)
        return x + self.mlp(self.n3(x))


class Axial(nn.Module):
    def __init__(self, width=24, classes=4):
        super().__init__()
        self.stem = nn.Conv2d(2, width, 3, stride=3)
        self.blocks = nn.Sequential(Block(width, 2), Block(width, 2))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, image):
        x = self.stem(image).permute(0, 2, 3, 1)
        return self.head(self.norm(self.blocks(x)).flatten(1, 2).mean(dim=1))


def build():
    return Axial()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 4, (n,), generator=g)
    image = 0.6 * torch.randn(n, 2, 15, 21, generator=g)
    image[torch.arange(n), 0, :6, :6] += (y % 2).float()[:, None, None] * 2
    image[torch.arange(n), 1, 9:, 15:] += (y // 2).float()[:, None, None] * 2
    return {"image": image, "y": y}


def forward(model, batch):
    return model(batch["image"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"])


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-3)
