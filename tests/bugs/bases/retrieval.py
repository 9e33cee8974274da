"""Query and passage encoders share weights; mean over real tokens; contrast within the batch with a learned temperature."""

import math

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 5201,
    "task": "retrieval",
    "vocabulary": 50,
    "padding_index": 0,
    "output": "unit-norm embeddings",
    "shared_weights": True,
    "heads": 2,
    "width": 20,
    "positional": "alibi",
    "slopes": "2^{-8h/H}",
    "samples_coupled": True,
    "negatives": "other passages of the batch",
    "norm": "pre",
    "loss": "mean of the two cross-entropies over the similarity matrix, divided by a learned temperature that starts at 0.07",
}


class SymmetricAttention(nn.Module):
    """Self-attention with a linear penalty on |i - j|."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.wq, self.wk, self.wv, self.wo = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.register_buffer("m", torch.tensor([2.0 ** (-8.0 * h / heads) for h in range(1, heads + 1)]).view(heads, 1, 1))

    def forward(self, x, mask):
        n, t, w = x.shape
        q, k, v = (f(x).view(n, t, self.heads, w // self.heads).transpose(1, 2) for f in (self.wq, self.wk, self.wv))
        gap = (torch.arange(t)[:, None] - torch.arange(t)[None]).abs()
        score = q @ k.mT * (w // self.heads) ** -0.5 - self.m * gap
        score = score.masked_fill(~mask[:, None, None], torch.finfo(score.dtype).min)
        return self.wo((score.softmax(-1) @ v).transpose(1, 2).flatten(2))


class Tower(nn.Module):
    def __init__(self, vocabulary=50, width=20, heads=2):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width, padding_idx=0)
        self.n1, self.n2, self.n3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend = SymmetricAttention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))

    def forward(self, ids):
        mask = ids > 0
        x = self.embed(ids)
        x = x + self.attend(self.n1(x), mask)
        x = self.n3(x + self.mlp(self.n2(x)))
        x = (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        return F.normalize(x, dim=-1)


class Retriever(nn.Module):
    def __init__(self):
        super().__init__()
        self.tower = Tower()
        self.log_t = nn.Parameter(torch.tensor(math.log(0.07)))

    def forward(self, query, passage):
        return torch.stack([self.tower(query), self.tower(passage)], dim=1)


def build():
    return Retriever()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    topic = torch.randint(1, 25, (n, 3), generator=g)
    a, b = torch.randint(25, 50, (n, 7), generator=g), torch.randint(25, 50, (n, 9), generator=g)
    a[:, 1:4], b[:, 2:5] = topic, topic
    la, lb = torch.randint(4, 8, (n, 1), generator=g), torch.randint(5, 10, (n, 1), generator=g)
    return {"query": a * (torch.arange(7)[None] < la), "passage": b * (torch.arange(9)[None] < lb)}


def forward(model, batch):
    return model(batch["query"], batch["passage"])


def loss(model, batch):
    z = forward(model, batch)
    logits = z[:, 0] @ z[:, 1].t() / model.log_t.exp()
    own = torch.arange(len(z))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.t(), own)) / 2


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=2e-3)
