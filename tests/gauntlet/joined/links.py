"""Link prediction: mean-aggregating encoder, inner-product decoder, as many sampled non-edges as edges."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "link-prediction",
    "output": "logits",
    "samples_coupled": True,
    "embedding": 8,
    "negatives": "pairs that are not joined, as many as positive pairs",
    "parameters": 380,
    "loss": "binary cross-entropy, mean over positive and negative pairs",
    "graph": "undirected, message edges hold no target pair",
    "optimizer": {"name": "AdamW", "lr": 1e-2, "weight_decay": 1e-2},
    "schedule": {"warmup": 10, "kind": "linear to zero", "total": 100, "per": "step"},
    "equations": {
        "SAGELayer.forward": r"W_1x_i+W_2\,\frac1{\max(|N(i)|,1)}\sum_{j\in N(i)}x_j",
        "decode": r"z_i^\top z_j",
        "loss": r"-\frac1{2P}\left[\sum_{+}\ln\sigma(s)+\sum_{-}\ln(1-\sigma(s))\right]",
    },
}


class SAGELayer(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.self_lin = nn.Linear(d_in, d_out)
        self.neigh_lin = nn.Linear(d_in, d_out, bias=False)

    def forward(self, x, adj):
        degree = adj.sum(1, keepdim=True).clamp(min=1)
        return self.self_lin(x) + self.neigh_lin(adj @ x / degree)


class Encoder(nn.Module):
    def __init__(self, d_in=6, hidden=12, d_out=8):
        super().__init__()
        self.layer1, self.layer2 = SAGELayer(d_in, hidden), SAGELayer(hidden, d_out)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, x, adj):
        h = F.relu(self.norm(self.layer1(x, adj)))
        return self.layer2(h, adj)


def build():
    return Encoder()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    place = torch.randn(n, 2, generator=g)
    close = torch.cdist(place, place) < 0.8
    upper = torch.triu(close, diagonal=1)
    pairs = upper.nonzero()
    order = torch.randperm(len(pairs), generator=g)
    held = max(4, len(pairs) // 3)
    pos, message = pairs[order[:held]], pairs[order[held:]]
    adj = torch.zeros(n, n)
    adj[message[:, 0], message[:, 1]] = 1.0
    adj = adj + adj.t()
    free = torch.triu(~close, diagonal=1).nonzero()
    neg = free[torch.randint(0, len(free), (len(pos),), generator=g)]
    x = torch.cat([place, place.pow(2), torch.randn(n, 2, generator=g)], dim=1)
    return {"x": x, "adj": adj, "pos_pairs": pos, "neg_pairs": neg}


def decode(z, pairs):
    return (z[pairs[:, 0]] * z[pairs[:, 1]]).sum(dim=-1)


def forward(model, batch):
    z = model(batch["x"], batch["adj"])
    return torch.cat([decode(z, batch["pos_pairs"]), decode(z, batch["neg_pairs"])])


def loss(model, batch):
    scores = forward(model, batch)
    target = torch.cat([torch.ones(len(batch["pos_pairs"])), torch.zeros(len(batch["neg_pairs"]))])
    return F.binary_cross_entropy_with_logits(scores, target)


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-2)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min((s + 1) / 10, max(0.0, (100 - s) / 90)))


def step(model, optimizer, batch, scheduler):
    model.train()
    optimizer.zero_grad(set_to_none=True)
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    scheduler.step()
    return value.item()
