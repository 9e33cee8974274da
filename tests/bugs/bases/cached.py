"""Chunked decoder: keys and values of earlier chunks are kept in a cache, positions are sinusoidal and go on across chunks."""

import math

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 15868,
    "task": "language-model",
    "vocabulary": 28,
    "causal": True,
    "output": "logits",
    "heads": 2,
    "d_model": 24,
    "norm": "pre",
    "layers": 2,
    "positional": "sinusoidal",
    "position_base": 10000.0,
    "loss": "mean next-token cross-entropy",
    "dropout": 0.1,
    "equations": {"sinusoid": r"\mathrm{PE}_{t,2i}=\sin(t\,10000^{-2i/d}),\;\mathrm{PE}_{t,2i+1}=\cos(t\,10000^{-2i/d})"},
}


def sinusoid(start, length, d):
    t = torch.arange(start, start + length, dtype=torch.float32)
    frequency = 10000.0 ** (-torch.arange(0, d, 2, dtype=torch.float32) / d)
    phase = t[:, None] * frequency
    return torch.stack([phase.sin(), phase.cos()], dim=-1).flatten(1)


class Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(d, 3 * d)
        self.c_proj = nn.Linear(d, d)
        self.drop = nn.Dropout(0.1)

    def forward(self, x, cache):
        n, t, d = x.shape
        q, k, v = self.c_attn(x).split(d, dim=2)
        q, k, v = (z.reshape(n, t, self.heads, d // self.heads).transpose(1, 2) for z in (q, k, v))
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        past = k.shape[2] - t
        allowed = torch.ones(t, past + t, dtype=torch.bool).tril(past)
        weights = (q @ k.transpose(2, 3) / math.sqrt(k.shape[-1])).masked_fill(~allowed, float("-inf"))
        y = self.drop(weights.softmax(dim=-1)) @ v
        return self.c_proj(y.transpose(1, 2).reshape(n, t, d)), (k, v)


class Layer(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attn = Attention(d, heads)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.ReLU(), nn.Linear(4 * d, d), nn.Dropout(0.1))

    def forward(self, x, cache):
        y, cache = self.attn(self.ln_1(x), cache)
        x = x + y
        return x + self.mlp(self.ln_2(x)), cache


class Chunked(nn.Module):
    def __init__(self, vocabulary=28, d=24, layers=2, heads=2, chunk=6):
        super().__init__()
        self.d, self.chunk = d, chunk
        self.wte = nn.Embedding(vocabulary, d)
        self.h = nn.ModuleList([Layer(d, heads) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(d)
        self.lm_head = nn.Linear(d, vocabulary)

    def forward(self, ids):
        caches = [None for _ in self.h]
        parts, start = [], 0
        for piece in ids.split(self.chunk, dim=1):
            x = self.wte(piece) + sinusoid(start, piece.shape[1], self.d)
            for i, layer in enumerate(self.h):
                x, caches[i] = layer(x, caches[i])
            parts.append(self.lm_head(self.ln_f(x)))
            start += piece.shape[1]
        return torch.cat(parts, dim=1)


def build():
    return Chunked()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    a = torch.randint(0, 28, (n, 1), generator=g)
    k = torch.randint(1, 5, (n, 1), generator=g)
    ids = (a + k * torch.arange(16)[None] + (torch.arange(16)[None] % 4 == 3).long()) % 28
    return {"tokens": ids[:, :-1], "next": ids[:, 1:]}


def forward(model, batch):
    return model(batch["tokens"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch).flatten(0, 1), batch["next"].flatten())


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=2e-3)
