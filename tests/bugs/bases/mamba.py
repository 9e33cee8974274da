"""Selective state-space language model: the input decides step size, input and output maps; the scan runs step by step."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 7008,
    "task": "language-model",
    "vocabulary": 20,
    "causal": True,
    "output": "logits",
    "d_model": 16,
    "layers": 2,
    "norm": "pre",
    "loss": "mean next-token cross-entropy",
    "no_decay": ["*.a_log", "*.skip"],
    "equations": {"Selective.scan": r"h_t=e^{\Delta_tA}h_{t-1}+\Delta_tB_tx_t,\;y_t=C_th_t+Dx_t"},
}


class Selective(nn.Module):
    def __init__(self, d, states=4, kernel=3):
        super().__init__()
        inner = 2 * d
        self.states = states
        self.inp = nn.Linear(d, 2 * inner, bias=False)
        self.conv = nn.Conv1d(inner, inner, kernel, groups=inner, padding=kernel - 1)
        self.to_bc = nn.Linear(inner, 2 * states, bias=False)
        self.to_step = nn.Linear(inner, inner)
        self.a_log = nn.Parameter(torch.log(torch.arange(1, states + 1).float()).repeat(inner, 1))
        self.skip = nn.Parameter(torch.ones(inner))
        self.out = nn.Linear(inner, d, bias=False)
        nn.init.constant_(self.to_step.bias, -2.0)

    def scan(self, x, step, b, c):
        a = -torch.exp(self.a_log)
        h = x.new_zeros(x.shape[0], x.shape[2], self.states)
        ys = []
        for t in range(x.shape[1]):
            decay = torch.exp(step[:, t, :, None] * a)
            h = decay * h + step[:, t, :, None] * b[:, t, None, :] * x[:, t, :, None]
            ys.append((h * c[:, t, None, :]).sum(-1))
        return torch.stack(ys, dim=1) + self.skip * x

    def forward(self, u):
        x, z = self.inp(u).chunk(2, dim=-1)
        x = self.conv(x.transpose(1, 2))[..., : u.shape[1]].transpose(1, 2)
        x = F.silu(x)
        b, c = self.to_bc(x).chunk(2, dim=-1)
        y = self.scan(x, F.softplus(self.to_step(x)), b, c)
        return self.out(y * F.silu(z))


class Mamba(nn.Module):
    def __init__(self, vocabulary=20, d=16, layers=2):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, d)
        self.norms = nn.ModuleList([nn.LayerNorm(d) for _ in range(layers)])
        self.mixers = nn.ModuleList([Selective(d) for _ in range(layers)])
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, vocabulary, bias=False)

    def forward(self, ids):
        x = self.embed(ids)
        for norm, mixer in zip(self.norms, self.mixers):
            x = x + mixer(norm(x))
        return self.head(self.norm(x))


def build():
    return Mamba()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    marker = torch.randint(0, 10, (n, 1), generator=g)
    ids = 10 + torch.randint(0, 10, (n, 15), generator=g)
    ids[:, 4:5] = marker
    ids[:, 9::3] = marker
    return {"ids": ids}


def forward(model, batch):
    return model(batch["ids"])


def loss(model, batch):
    logits = forward(model, batch)[:, :-1]
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), batch["ids"][:, 1:].reshape(-1))


def optimizer(model):
    plain = [p for n, p in model.named_parameters() if n.endswith(("a_log", "skip"))]
    rest = [p for n, p in model.named_parameters() if not n.endswith(("a_log", "skip"))]
    return torch.optim.AdamW([{"params": rest, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}], lr=4e-3)
