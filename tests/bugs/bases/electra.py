"""Replaced-token detection: an encoder says of every token whether it is original."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 28289,
    "task": "replaced-token-detection",
    "vocabulary": 32,
    "padding_index": 0,
    "causal": False,
    "output": "logits",
    "heads": 4,
    "d_model": 32,
    "norm": "post",
    "positional": "learned",
    "context": 20,
    "segments": 2,
    "activation": "gelu",
    "norm_eps": 1e-12,
    "loss": "binary cross-entropy, mean over real tokens",
    "init": {"*embed*.weight": "normal(0, 0.02)"},
}


class Encoder(nn.Module):
    def __init__(self, d=32, heads=4):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)
        self.dense = nn.Linear(d, d)
        self.norm1, self.norm2 = nn.LayerNorm(d, eps=1e-12), nn.LayerNorm(d, eps=1e-12)
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def split(self, x):
        n, t, d = x.shape
        return x.view(n, t, self.heads, d // self.heads).permute(0, 2, 1, 3)

    def forward(self, x, penalty):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = torch.matmul(q, k.transpose(-1, -2)) / (q.shape[-1] ** 0.5) + penalty
        context = torch.matmul(scores.softmax(dim=-1), v).permute(0, 2, 1, 3).flatten(2)
        x = self.norm1(x + self.dense(context))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class Discriminator(nn.Module):
    def __init__(self, vocabulary=32, d=32, layers=2, context=20):
        super().__init__()
        self.token_embed = nn.Embedding(vocabulary, d, padding_idx=0)
        self.position_embed = nn.Embedding(context, d)
        self.segment_embed = nn.Embedding(2, d)
        for table in (self.token_embed, self.position_embed, self.segment_embed):
            nn.init.normal_(table.weight, std=0.02)
        with torch.no_grad():
            self.token_embed.weight[0].zero_()
        self.norm = nn.LayerNorm(d, eps=1e-12)
        self.layers = nn.ModuleList([Encoder(d) for _ in range(layers)])
        self.head = nn.Sequential(nn.Linear(d, d), nn.GELU(), nn.Linear(d, 1))

    def forward(self, ids, segment):
        t = ids.shape[1]
        x = self.token_embed(ids) + self.position_embed(torch.arange(t)) + self.segment_embed(segment)
        x = self.norm(x)
        penalty = (1.0 - (ids != 0).float())[:, None, None, :] * -10000.0
        for layer in self.layers:
            x = layer(x, penalty)
        return self.head(x).squeeze(-1)


def build():
    return Discriminator()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    length = torch.randint(10, 17, (n,), generator=g)
    first = torch.randint(1, 32, (n, 1), generator=g)
    clean = (first + 3 * torch.arange(16)[None]) % 31 + 1
    changed = torch.rand(n, 16, generator=g) < 0.2
    other = torch.randint(1, 32, (n, 16), generator=g)
    changed = changed & (other != clean)
    real = torch.arange(16)[None] < length[:, None]
    ids = torch.where(changed, other, clean) * real
    return {"ids": ids, "segment": (torch.arange(16)[None] >= (length // 2)[:, None]).long(), "replaced": (changed & real).float()}


def forward(model, batch):
    return model(batch["ids"], batch["segment"])


def loss(model, batch):
    each = F.binary_cross_entropy_with_logits(forward(model, batch), batch["replaced"], reduction="none")
    real = (batch["ids"] != 0).float()
    return (each * real).sum() / real.sum()


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
