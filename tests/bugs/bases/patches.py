"""Image classifier: patches, a class token, pre-norm blocks of torch's fused attention, layer scale that starts near zero."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "classification",
    "classes": 4,
    "output": "logits",
    "patch": 4,
    "tokens": 5,
    "pooling": "class token",
    "norm": "pre",
    "heads": 2,
    "label_smoothing": 0.1,
    "loss": "mean cross-entropy with label smoothing",
    "parameters": 6_364,
    "activation": "gelu",
    "width": 24,
    "positional": "learned",
    "init": {"place": "normal(0, 0.02)", "head.weight": "zeros", "head.bias": "zeros"},
    "optimizer": {"name": "SGD", "lr": 0.05, "momentum": 0.9},
    "schedule": {"warmup": 0, "kind": "cosine", "total": 80, "per": "step"},
}


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.feed = nn.Sequential(nn.Linear(width, 48), nn.GELU(), nn.Linear(48, width))
        self.gain = nn.Parameter(torch.full((width,), 1e-4))

    def forward(self, x):
        y = self.before(x)
        q, k, v = (f(y).unflatten(-1, (self.heads, -1)).transpose(1, 2) for f in (self.query, self.key, self.value))
        x = x + self.gain * self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return x + self.gain * self.feed(self.between(x))


class Patches(nn.Module):
    def __init__(self, width=24, classes=4):
        super().__init__()
        self.cut = nn.Conv2d(3, width, 4, stride=4)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.place = nn.Parameter(torch.randn(1, 5, width) * 0.02)
        self.blocks = nn.Sequential(*[Block(width, 2) for _ in range(1)])
        self.last, self.head = nn.LayerNorm(width), nn.Linear(width, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, image):
        x = self.cut(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1) + self.place
        return self.head(self.last(self.blocks(x))[:, 0])


def build():
    return Patches()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 4, (n,), generator=g)
    image = torch.randn(n, 3, 8, 8, generator=g) * 0.3
    for i in range(n):
        row, column = divmod(int(label[i]), 2)
        image[i, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 1.0
    return {"image": image, "label": label}


def forward(model, batch):
    return model(batch["image"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["label"], label_smoothing=0.1)


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 80)
