"""Transformer language model whose feed-forward is a sparse mixture of experts with a load-balancing loss (Switch / GShard)."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "language-model",
    "vocabulary": 32,
    "causal": True,
    "output": "logits",
    "positional": "learned",
    "context": 16,
    "heads": 2,
    "layers": 2,
    "width": 24,
    "norm": "pre",
    "experts": 4,
    "top_k": 2,
    "balance_coefficient": 0.01,
    "activation": "relu",
    "parameters": 25968,
    "samples_coupled": True,
    "loss": "mean next-token cross-entropy plus balance loss of every layer",
    "optimizer": {"name": "AdamW", "lr": 3e-3, "weight_decay": 0.01},
    "equations": {
        "balance": r"E\sum_{e=1}^{E}f_e P_e,\quad f_e=\frac1T\sum_t[\arg\max_j p_{tj}=e],\quad P_e=\frac1T\sum_t p_{te}",
        "Mixture.forward": r"y=\sum_{e\in\mathrm{TopK}(p)}\frac{p_e}{\sum_{j\in\mathrm{TopK}(p)}p_j}E_e(x),\quad p=\mathrm{softmax}(W_r x)",
        "loss": r"L=L_{CE}+\alpha\sum_\ell L_{balance}^{(\ell)}",
    },
}


def balance(probabilities):
    experts = probabilities.shape[-1]
    share = F.one_hot(probabilities.argmax(dim=-1), experts).float().mean(dim=0)
    return experts * (share * probabilities.mean(dim=0)).sum()


class Mixture(nn.Module):
    def __init__(self, width, hidden, experts, top_k):
        super().__init__()
        self.top_k = top_k
        self.router = nn.Linear(width, experts, bias=False)
        self.experts = nn.ModuleList([nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width)) for _ in range(experts)])
        self.penalty = 0.0

    def forward(self, x):
        flat = x.reshape(-1, x.shape[-1])
        probabilities = self.router(flat).softmax(dim=-1)
        self.penalty = balance(probabilities)
        weight, chosen = probabilities.topk(self.top_k, dim=-1)
        weight = weight / weight.sum(dim=-1, keepdim=True)
        out = torch.zeros_like(flat)
        for number, expert in enumerate(self.experts):
            row, slot = (chosen == number).nonzero(as_tuple=True)
            out = out.index_add(0, row, weight[row, slot][:, None] * expert(flat[row]))
        return out.view_as(x)


class Block(nn.Module):
    def __init__(self, width, heads, experts, top_k):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.mixture = Mixture(width, 2 * width, experts, top_k)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(a.transpose(1, 2).reshape(b, t, d))
        return x + self.mixture(self.norm2(x))


class Sparse(nn.Module):
    def __init__(self, vocabulary=32, context=16, width=24, heads=2, layers=2, experts=4, top_k=2):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.randn(context, width) * 0.02)
        self.blocks = nn.ModuleList([Block(width, heads, experts, top_k) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        nn.init.normal_(self.tokens.weight, std=0.02)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def build():
    return Sparse()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    first = torch.randint(0, 32, (n, 2), generator=g)
    rows = [first[:, 0], first[:, 1]]
    for _ in range(14):
        rows.append((rows[-1] + rows[-2] + 1) % 32)
    return {"tokens": torch.stack(rows, dim=1)}


def forward(model, batch):
    return model(batch["tokens"])


def loss(model, batch):
    logits = forward(model, batch)[:, :-1]
    main = F.cross_entropy(logits.flatten(0, 1), batch["tokens"][:, 1:].flatten())
    return main + 0.01 * sum(block.mixture.penalty for block in model.blocks)


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
