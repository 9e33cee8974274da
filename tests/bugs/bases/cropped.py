"""Contrastive pretraining: n images, two crops each, stacked; loss over pairs of rows (NT-Xent)."""

import torch
import torch.nn as nn

TAU = 0.5
facts = {
    "task": "contrastive",
    "temperature": 0.5,
    "similarity": "cosine",
    "negatives": "in-batch, both views",
    "views": "two random crops with independent noise",
    "samples_coupled": True,
    "output": "embeddings",
    "embedding": 10,
    "parameters": 2234,
    "loss": "mean NT-Xent over all 2N rows",
    "activation": "gelu",
    "normalisation": "layer",
    "optimizer": {"name": "Adam", "lr": 2e-3, "betas": (0.9, 0.98)},
    "equations": {
        "similarity": r"s(u,v)=\frac{u^\top v}{\|u\|\|v\|}",
        "nt_xent": r"\ell=\frac1{2N}\sum_{i}-\log\frac{\exp(s(z_i,z_{p(i)})/\tau)}{\sum_{k=1}^{2N}\mathbb 1_{[k\neq i]}\exp(s(z_i,z_k)/\tau)}",
    },
}


class Net(nn.Module):
    def __init__(self, crop=12, hidden=32, out=10):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(crop, hidden), nn.LayerNorm(hidden), nn.GELU(), nn.Linear(hidden, hidden))
        self.head = nn.Sequential(nn.GELU(), nn.Linear(hidden, 16), nn.GELU(), nn.Linear(16, out))

    def forward(self, x):
        return self.head(self.backbone(x))


def build():
    return Net()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    freq = torch.rand(n, 1, generator=g) * 2 + 0.3
    phase = torch.rand(n, 1, generator=g) * 6.28
    signal = torch.sin(freq * torch.arange(20) + phase)
    start = torch.randint(0, 9, (2, n, 1), generator=g)
    crops = [signal.gather(1, start[v] + torch.arange(12)) + 0.05 * torch.randn(n, 12, generator=g) for v in range(2)]
    return {"a": crops[0], "b": crops[1]}


def forward(model, batch):
    return model(batch["a"])


def similarity(u, v):
    u = u / u.norm(dim=-1, keepdim=True)
    v = v / v.norm(dim=-1, keepdim=True)
    return u @ v.T


def nt_xent(z, tau=TAU):
    n = len(z) // 2
    s = similarity(z, z) / tau
    e = torch.exp(s) * (1 - torch.eye(2 * n))
    partner = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    positive = torch.exp(s[torch.arange(2 * n), partner])
    return -torch.log(positive / e.sum(dim=1)).mean()


def loss(model, batch):
    za, zb = model(batch["a"]), model(batch["b"])
    return nt_xent(torch.cat([za, zb], dim=0))


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3, betas=(0.9, 0.98))
