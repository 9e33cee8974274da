"""Sentence classifier: encoder with bucketed relative position biases shared by all layers."""

import math

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 10403,
    "task": "classification",
    "classes": 3,
    "vocabulary": 40,
    "padding_index": 0,
    "causal": False,
    "output": "logits",
    "heads": 2,
    "d_model": 24,
    "norm": "pre",
    "pooling": "mean over all non-padding tokens",
    "loss": "mean cross-entropy",
    "norm_eps": 1e-6,
    "equations": {"RMSNorm.forward": r"g\odot x/\sqrt{\frac1d\sum_j x_j^2+10^{-6}}"},
}


class RMSNorm(nn.Module):
    def __init__(self, d, eps=1e-6):
        super().__init__()
        self.g = nn.Parameter(torch.ones(d))
        self.eps = eps

    def forward(self, x):
        return self.g * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)


def bucket(relative, buckets=16, furthest=32):
    """Half of the buckets for each direction; exact up to a quarter, logarithmic after it."""
    half = buckets // 2
    side = (relative > 0).long() * half
    n = relative.abs()
    exact = half // 2
    far = exact + (torch.log(n.float().clamp(min=1) / exact) / math.log(furthest / exact) * (half - exact)).long()
    return side + torch.where(n < exact, n, far.clamp(max=half - 1))


class RelativeBias(nn.Module):
    def __init__(self, heads, buckets=16):
        super().__init__()
        self.values = nn.Embedding(buckets, heads)

    def forward(self, t):
        i = torch.arange(t)
        return self.values(bucket(i[None, :] - i[:, None])).permute(2, 0, 1)


class Layer(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = RMSNorm(d), RMSNorm(d)
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.o = nn.Linear(d, d, bias=False)
        self.wi, self.wo = nn.Linear(d, 48, bias=False), nn.Linear(48, d, bias=False)
        nn.init.normal_(self.qkv.weight[:d], std=(d * d // heads) ** -0.5)

    def forward(self, x, bias, mask):
        b, t, d = x.shape
        q, k, v = self.qkv(self.n1(x)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        # no division by the root of the head size: it is folded into the initial queries
        logits = q @ k.transpose(-1, -2) + bias
        logits = logits.masked_fill(mask[:, None, None, :] == 0, torch.finfo(logits.dtype).min)
        a = F.softmax(logits, dim=-1)
        x = x + self.o((a @ v).transpose(1, 2).reshape(b, t, d))
        return x + self.wo(F.relu(self.wi(self.n2(x))))


class Classifier(nn.Module):
    def __init__(self, vocabulary=40, d=24, heads=2, layers=2, classes=3):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, d)
        self.bias = RelativeBias(heads)
        self.layers = nn.ModuleList([Layer(d, heads) for _ in range(layers)])
        self.norm = RMSNorm(d)
        self.head = nn.Linear(d, classes)

    def forward(self, ids):
        mask = (ids != 0).float()
        x = self.embed(ids)
        bias = self.bias(ids.shape[1])
        for layer in self.layers:
            x = layer(x, bias, mask)
        x = self.norm(x)
        pooled = (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return self.head(pooled)


def build():
    return Classifier()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    ids = torch.randint(4, 40, (n, 14), generator=g)
    label = torch.randint(0, 3, (n,), generator=g)
    ids[torch.arange(n), torch.randint(0, 6, (n,), generator=g)] = label + 1
    length = torch.randint(7, 15, (n,), generator=g)
    return {"ids": ids.masked_fill(torch.arange(14)[None] >= length[:, None], 0), "label": label}


def forward(model, batch):
    return model(batch["ids"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["label"])


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
