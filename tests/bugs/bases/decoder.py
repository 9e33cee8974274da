"""Language model with rotary positions, grouped keys, root-mean-square norms and a gated feed-forward network."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "language-model",
    "vocabulary": 24,
    "causal": True,
    "output": "logits",
    "positional": "rotary",
    "rope_base": 1000.0,
    "heads": 4,
    "kv_heads": 2,
    "norm": "pre",
    "norm_eps": 1e-6,
    "parameters": 14_752,
    "layers": 2,
    "loss": "mean next-token cross-entropy",
    "clip_norm": 1.0,
    "accumulation": 2,
    "init": {"*embedding.weight": "normal(0, 0.02)"},
    "tied": [["embedding.weight", "head.weight"]],
    "activation": "silu",
    "optimizer": {"name": "AdamW", "lr": 3e-3, "betas": [0.9, 0.95], "weight_decay": 0.1},
    "no_decay": ["*gain"],
    "equations": {"Attention.forward": r"\mathrm{softmax}(QK^\top/\sqrt{d_k})V"},
}


class Norm(nn.Module):
    def __init__(self, width, eps=1e-6):
        super().__init__()
        self.gain, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.gain


def rotate(x, base=1000.0):
    half = x.shape[-1] // 2
    angle = torch.arange(x.shape[-2])[:, None] * base ** (-torch.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], dim=-1)


class Attention(nn.Module):
    def __init__(self, width, heads=4, groups=2):
        super().__init__()
        self.heads, self.groups, self.size = heads, groups, width // heads
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, groups * self.size, bias=False)
        self.value = nn.Linear(width, groups * self.size, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x):
        b, t, d = x.shape
        q = rotate(self.query(x).view(b, t, self.heads, self.size).transpose(1, 2))
        k = rotate(self.key(x).view(b, t, self.groups, self.size).transpose(1, 2))
        v = self.value(x).view(b, t, self.groups, self.size).transpose(1, 2)
        k, v = (z.repeat_interleave(self.heads // self.groups, dim=1) for z in (k, v))
        scores = q @ k.transpose(-1, -2) * self.size**-0.5
        scores = scores.masked_fill(torch.ones(t, t, dtype=torch.bool).triu(1), float("-inf"))
        return self.out((scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(b, t, d))


class Feed(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.gate, self.up, self.down = (
            nn.Linear(width, inner, bias=False),
            nn.Linear(width, inner, bias=False),
            nn.Linear(inner, width, bias=False),
        )

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first, self.attention = Norm(width), Attention(width)
        self.second, self.feed = Norm(width), Feed(width, 40)

    def forward(self, x):
        x = x + self.attention(self.first(x))
        return x + self.feed(self.second(x))


class Decoder(nn.Module):
    def __init__(self, vocabulary=24, width=32, layers=2):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList([Block(width) for _ in range(layers)])
        self.last = Norm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.head.weight = self.embedding.weight

    def forward(self, tokens):
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x)
        return self.head(self.last(x))


def build():
    return Decoder()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    start, stride = torch.randint(0, 24, (n, 1), generator=g), torch.randint(1, 5, (n, 1), generator=g)
    return {"tokens": (start + stride * torch.arange(12)) % 24}


def forward(model, batch):
    return model(batch["tokens"])


def loss(model, batch):
    logits = forward(model, batch)
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), batch["tokens"][:, 1:].flatten())


def optimizer(model):
    decay = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim == 1]
    return torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}], lr=3e-3, betas=(0.9, 0.95))


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    total = 0.0
    for part in batch["tokens"].chunk(2):
        value = loss(model, {"tokens": part}) / 2
        value.backward()
        total += value.detach()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return total
