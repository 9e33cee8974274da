"""Vision transformer with a class token and stochastic depth (Dosovitskiy et al. 2021; Huang et al. 2016)."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "classification",
    "classes": 5,
    "output": "logits",
    "patch": 4,
    "tokens": 10,
    "d_model": 24,
    "heads": 3,
    "layers": 2,
    "norm": "pre",
    "normalisation": "layer",
    "norm_eps": 1e-6,
    "pooling": "class token",
    "positional": "learned",
    "activation": "gelu",
    "stochastic_depth": 0.1,
    "causal": False,
    "parameters": 15293,
    "loss": "mean cross-entropy with label smoothing",
    "label_smoothing": 0.1,
    "init": {
        "position": "truncated normal(0, 0.02)",
        "token": "truncated normal(0, 0.02)",
        "head.weight": "zeros",
        "layers.*.qkv.weight": "xavier uniform",
        "layers.*.fc*.bias": "zeros",
    },
    "optimizer": {"name": "AdamW", "lr": 3e-3, "betas": [0.9, 0.99], "weight_decay": 0.05},
    "no_decay": ["*bias", "*norm*", "position", "token"],
    "accumulation": 2,
    "clip_norm": 1.0,
    "equations": {
        "Layer.attend": r"\mathrm{softmax}(QK^\top/\sqrt{d_k})V",
        "Layer.drop": r"\frac{b}{1-p}\,x,\;b\sim\mathrm{Bernoulli}(1-p)",
        "Transformer.forward": r"y=W\,\mathrm{LN}(z_L^0)+b",
    },
}


class Layer(nn.Module):
    def __init__(self, width, heads, rate):
        super().__init__()
        self.heads, self.rate = heads, rate
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        nn.init.xavier_uniform_(self.qkv.weight)
        nn.init.zeros_(self.fc1.bias)
        nn.init.zeros_(self.fc2.bias)

    def attend(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * (d // self.heads) ** -0.5).softmax(dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, t, d))

    def drop(self, x):
        if not self.training:
            return x
        keep = (torch.rand(x.shape[0], 1, 1) >= self.rate).to(x.dtype)
        return x * keep / (1 - self.rate)

    def forward(self, x):
        x = x + self.drop(self.attend(self.norm1(x)))
        return x + self.drop(self.fc2(F.gelu(self.fc1(self.norm2(x)))))


class Transformer(nn.Module):
    def __init__(self, size=12, patch=4, width=24, heads=3, depth=2, classes=5, drop=0.1):
        super().__init__()
        self.embed = nn.Conv2d(1, width, patch, stride=patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(torch.zeros(1, (size // patch) ** 2 + 1, width))
        self.layers = nn.ModuleList([Layer(width, heads, drop) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)
        nn.init.trunc_normal_(self.token, std=0.02)
        nn.init.trunc_normal_(self.position, std=0.02)
        nn.init.zeros_(self.head.weight)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.position
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x)[:, 0])


def build():
    return Transformer()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 5, (n,), generator=g)
    x = 0.2 * torch.randn(n, 1, 12, 12, generator=g)
    for i in range(n):
        r, c = divmod(2 * int(y[i]), 3)
        x[i, 0, 4 * r : 4 * r + 4, 4 * c : 4 * c + 4] += 1.5
    return {"x": x, "y": y}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"], label_smoothing=0.1)


def optimizer(model):
    decay, plain = [], []
    for name, p in model.named_parameters():
        (plain if p.dim() < 2 or name in ("token", "position") else decay).append(p)
    return torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}], lr=3e-3, betas=(0.9, 0.99))


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    n = batch["y"].shape[0]
    total = 0.0
    for part in (slice(0, n // 2), slice(n // 2, n)):
        value = loss(model, {k: v[part] for k, v in batch.items()}) / 2
        value.backward()
        total = total + value.detach()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return total
