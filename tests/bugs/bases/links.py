"""Neighbourhood aggregation for predicting missing links; dot-product scores with sampled non-edges."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "link-prediction",
    "output": "logits",
    "graph": "undirected, every edge in both directions",
    "negatives": "pairs without an edge",
    "permutation_equivariant": "nodes",
    "loss": "mean binary cross-entropy over pairs",
    "samples_coupled": True,
    "self_loops": False,
    "equations": {"Aggregate.forward": r"h'_v=W_1h_v+W_2\frac1{|N(v)|}\sum_{u\in N(v)}h_u"},
    "optimizer": {"name": "Adam", "lr": 1e-2},
}


class Aggregate(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.own = nn.Linear(inputs, outputs)
        self.others = nn.Linear(inputs, outputs, bias=False)

    def forward(self, h, edges):
        source, target = edges
        total = torch.zeros_like(h).index_add_(0, target, h[source])
        degree = torch.zeros(len(h)).index_add_(0, target, torch.ones(len(target)))
        return self.own(h) + self.others(total / degree.clamp(min=1)[:, None])


class Sage(nn.Module):
    def __init__(self, inputs=10, width=24):
        super().__init__()
        self.first, self.second = Aggregate(inputs, width), Aggregate(width, width)
        self.drop = nn.Dropout(0.2)

    def encode(self, x, edges):
        h = self.drop(F.relu(self.first(x, edges)))
        return self.second(h, edges)

    def forward(self, x, edges, pairs):
        h = self.encode(x, edges)
        return (h[pairs[0]] * h[pairs[1]]).sum(-1)


def build():
    return Sage()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    kind = torch.randint(0, 3, (n,), generator=g)
    chance = torch.where(kind[:, None] == kind[None], 0.4, 0.03)
    joined = torch.rand(n, n, generator=g).triu(1) < chance.triu(1)
    joined[torch.arange(n - 1), torch.arange(1, n)] = True
    found = joined.nonzero().t()
    found = found[:, torch.randperm(found.shape[1], generator=g)]
    cut = found.shape[1] * 4 // 5
    seen, held = found[:, :cut], found[:, cut:]
    none = (~(joined | joined.t()) & ~torch.eye(n, dtype=torch.bool)).triu(1).nonzero().t()
    none = none[:, torch.randperm(none.shape[1], generator=g)[: held.shape[1]]]
    x = F.one_hot(kind, 10).float() + 0.5 * torch.randn(n, 10, generator=g)
    return {
        "x": x,
        "edges": torch.cat([seen, seen.flip(0)], 1),
        "pairs": torch.cat([held, none], 1),
        "label": torch.cat([torch.ones(held.shape[1]), torch.zeros(none.shape[1])]),
    }


def forward(model, batch):
    return model(batch["x"], batch["edges"], batch["pairs"])


def loss(model, batch):
    return F.binary_cross_entropy_with_logits(forward(model, batch), batch["label"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-2)
