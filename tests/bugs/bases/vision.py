"""Vision transformer with a class token, register tokens, layer scale and learned positions."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 27237,
    "task": "classification",
    "classes": 5,
    "output": "logits",
    "patch": 4,
    "positional": "learned",
    "pooling": "class token",
    "norm": "pre",
    "heads": 4,
    "width": 32,
    "layers": 3,
    "tokens": 19,
    "label_smoothing": 0.1,
    "loss": "mean label-smoothed cross-entropy",
    "stochastic_depth": 0.1,
    "init": {"positions": "truncated normal(0, 0.02)", "cls": "zeros", "registers": "normal(0, 0.02)"},
}


class Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads, self.scale = heads, (d // heads) ** -0.5
        self.qkv = nn.Linear(d, 3 * d)
        self.proj = nn.Linear(d, d)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).reshape(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        a = (q * self.scale) @ k.transpose(-2, -1)
        return self.proj((a.softmax(dim=-1) @ v).transpose(1, 2).reshape(b, t, d))


class Drop(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        keep = torch.rand(len(x), 1, 1) >= self.p
        return x * keep / (1 - self.p)


class Block(nn.Module):
    def __init__(self, d, heads, p):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attn, self.mlp = Attention(d, heads), nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))
        self.g1, self.g2 = nn.Parameter(0.1 * torch.ones(d)), nn.Parameter(0.1 * torch.ones(d))
        self.drop = Drop(p)

    def forward(self, x):
        x = x + self.drop(self.g1 * self.attn(self.norm1(x)))
        return x + self.drop(self.g2 * self.mlp(self.norm2(x)))


class VisionTransformer(nn.Module):
    def __init__(self, d=32, heads=4, depth=3, classes=5, p=0.1):
        super().__init__()
        self.patch = nn.Conv2d(1, d, 4, stride=4)
        self.cls = nn.Parameter(torch.zeros(1, 1, d))
        self.registers = nn.Parameter(torch.randn(1, 2, d) * 0.02)
        self.positions = nn.Parameter(torch.empty(1, 17, d))
        nn.init.trunc_normal_(self.positions, std=0.02)
        self.blocks = nn.ModuleList([Block(d, heads, p) for _ in range(depth)])
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, classes)

    def forward(self, image):
        x = self.patch(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], dim=1) + self.positions
        x = torch.cat([x[:, :1], self.registers.expand(len(x), -1, -1), x[:, 1:]], dim=1)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


def build():
    return VisionTransformer()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    proto = torch.randn(5, 1, 16, 16, generator=torch.Generator().manual_seed(7))
    y = torch.randint(0, 5, (n,), generator=g)
    return {"image": proto[y] + 0.7 * torch.randn(n, 1, 16, 16, generator=g), "y": y}


def forward(model, batch):
    return model(batch["image"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"], label_smoothing=0.1)


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
