"""Next-item recommender over sessions that are padded on the left; items are scored by the embedding table."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 8712,
    "task": "sequential-recommendation",
    "vocabulary": 41,
    "padding_index": 0,
    "ignore_index": 0,
    "causal": True,
    "output": "logits",
    "heads": 2,
    "width": 24,
    "positional": "learned",
    "context": 12,
    "norm": "pre",
    "loss": "mean cross-entropy over real positions",
    "init": {"items.weight": "normal(0, 0.05)", "places": "normal(0, 0.05)"},
}


class SelfAttentive(nn.Module):
    def __init__(self, items=41, width=24, context=12, layers=2, heads=2):
        super().__init__()
        self.items = nn.Embedding(items, width)
        self.places = nn.Parameter(torch.empty(context, width))
        nn.init.normal_(self.items.weight, std=0.05)
        nn.init.normal_(self.places, std=0.05)
        self.n1 = nn.ModuleList([nn.LayerNorm(width) for _ in range(layers)])
        self.n2 = nn.ModuleList([nn.LayerNorm(width) for _ in range(layers)])
        self.attention = nn.ModuleList([nn.MultiheadAttention(width, heads, batch_first=True) for _ in range(layers)])
        self.feed = nn.ModuleList([nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)) for _ in range(layers)])
        self.last = nn.LayerNorm(width)

    def forward(self, session):
        length = session.shape[1]
        absent = session == 0
        x = (self.items(session) + self.places[-length:]).masked_fill(absent[..., None], 0.0)
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        blocked = future[None] | absent[:, None, :]
        blocked = blocked & ~torch.eye(length, dtype=torch.bool)
        blocked = blocked.repeat_interleave(2, dim=0)
        for n1, n2, attention, feed in zip(self.n1, self.n2, self.attention, self.feed):
            z = n1(x)
            x = x + attention(z, z, z, attn_mask=blocked, need_weights=False)[0]
            x = (x + feed(n2(x))).masked_fill(absent[..., None], 0.0)
        return F.linear(self.last(x), self.items.weight)


def build():
    return SelfAttentive()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    follow = torch.randperm(40, generator=torch.Generator().manual_seed(1)) + 1
    rows = [torch.randint(1, 41, (n,), generator=g)]
    for _ in range(10):
        jump = torch.rand(n, generator=g) < 0.15
        rows.append(torch.where(jump, torch.randint(1, 41, (n,), generator=g), follow[rows[-1] - 1]))
    full = torch.stack(rows, 1)
    length = torch.randint(5, 12, (n,), generator=g)
    full = full * (torch.arange(11)[None] >= (11 - length)[:, None])
    return {"session": full[:, :-1], "target": full[:, 1:] * (full[:, :-1] != 0)}


def forward(model, batch):
    return model(batch["session"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch).flatten(0, 1), batch["target"].flatten(), ignore_index=0)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3, betas=(0.9, 0.98))
