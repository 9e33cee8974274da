"""Causal linear attention with the elu+1 feature map."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 18944,
    "task": "language-model",
    "vocabulary": 16,
    "causal": True,
    "context": 24,
    "positional": "learned",
    "heads": 2,
    "d_model": 32,
    "norm": "pre",
    "output": "logits",
    "loss": "sum over positions of the next-token cross-entropy, mean over sequences",
    "equations": {
        "attend": r"y_i=\frac{\phi(q_i)^\top\sum_{j\le i}\phi(k_j)v_j^\top}{\phi(q_i)^\top\sum_{j\le i}\phi(k_j)},\;\phi(x)=\mathrm{elu}(x)+1"
    },
}


def attend(q, k, v):
    """q, k, v: (batch, heads, time, size)."""
    q, k = F.elu(q) + 1, F.elu(k) + 1
    state = torch.einsum("bhtd,bhte->bhtde", k, v).cumsum(dim=2)
    norm = k.cumsum(dim=2)
    top = torch.einsum("bhtd,bhtde->bhte", q, state)
    bottom = torch.einsum("bhtd,bhtd->bht", q, norm)
    return top / (bottom[..., None] + 1e-6)


class LinearAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)
        self.to_out = nn.Linear(d, d)

    def forward(self, x):
        b, t, d = x.shape
        heads = lambda z: z.reshape(b, t, self.heads, d // self.heads).permute(0, 2, 1, 3)
        y = attend(heads(self.to_q(x)), heads(self.to_k(x)), heads(self.to_v(x)))
        return self.to_out(y.permute(0, 2, 1, 3).reshape(b, t, d))


class LM(nn.Module):
    def __init__(self, vocabulary=16, d=32, heads=2, layers=2, context=24):
        super().__init__()
        self.wte = nn.Embedding(vocabulary, d)
        self.wpe = nn.Parameter(torch.randn(context, d) * 0.02)
        self.att = nn.ModuleList(LinearAttention(d, heads) for _ in range(layers))
        self.mlp = nn.ModuleList(nn.Sequential(nn.Linear(d, 64), nn.GELU(), nn.Linear(64, d)) for _ in range(layers))
        self.ln_a = nn.ModuleList(nn.LayerNorm(d) for _ in range(layers))
        self.ln_m = nn.ModuleList(nn.LayerNorm(d) for _ in range(layers))
        self.ln_f = nn.LayerNorm(d)
        self.head = nn.Linear(d, vocabulary, bias=False)

    def forward(self, idx):
        x = self.wte(idx) + self.wpe[: idx.shape[1]]
        for att, mlp, na, nm in zip(self.att, self.mlp, self.ln_a, self.ln_m):
            x = x + att(na(x))
            x = x + mlp(nm(x))
        return self.head(self.ln_f(x))


def build():
    return LM()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    table = torch.randperm(16, generator=torch.Generator().manual_seed(3))
    x = [torch.randint(0, 16, (n,), generator=g)]
    for _ in range(17):
        jump = torch.rand(n, generator=g) < 0.1
        x.append(torch.where(jump, torch.randint(0, 16, (n,), generator=g), table[x[-1]]))
    return {"idx": torch.stack(x, 1)}


def forward(model, batch):
    return model(batch["idx"])


def loss(model, batch):
    logits = forward(model, batch)[:, :-1]
    return F.cross_entropy(logits.flatten(0, 1), batch["idx"][:, 1:].flatten(), reduction="sum") / len(logits)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)
