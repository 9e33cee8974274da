"""Small decoder-only language model: pre-norm blocks, learned positions, output tied to the token embedding."""

import math

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "language-model",
    "vocabulary": 40,
    "causal": True,
    "output": "logits",
    "positional": "learned",
    "context": 24,
    "heads": 4,
    "layers": 2,
    "width": 32,
    "norm": "pre",
    "normalisation": "layer",
    "norm_eps": 1e-5,
    "dropout": 0.1,
    "activation": "gelu",
    "parameters": 27520,
    "tied": [["head.weight", "tokens.weight"]],
    "loss": "mean next-token cross-entropy",
    "init": {
        "tokens.weight": "normal(0, 0.02)",
        "positions.weight": "normal(0, 0.02)",
        "blocks.*.up.weight": "normal(0, 0.02)",
        "blocks.*.down.weight": "normal(0, 0.02)",
        "blocks.*.attention.*.weight": "normal(0, 0.02)",
        "*.bias": "zeros",
    },
    "optimizer": {"name": "AdamW", "betas": [0.9, 0.95], "weight_decay": 0.1},
    "no_decay": ["*.bias", "*norm*"],
    "clip_norm": 1.0,
    "schedule": {"warmup": 20, "kind": "cosine", "total": 200, "per": "step"},
    "equations": {
        "Attention.forward": r"\mathrm{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}+M\right)V,\quad M_{ij}=-\infty\ \text{for}\ j>i",
        "Block.forward": r"x'=x+\mathrm{Attention}(\mathrm{LN}(x)),\quad y=x'+\mathrm{FFN}(\mathrm{LN}(x'))",
        "rate": r"\eta_t=\begin{cases}t/T_w & t<T_w\\ \frac12\left(1+\cos\left(\pi\frac{t-T_w}{T-T_w}\right)\right) & t\ge T_w\end{cases}",
        "loss": r"-\frac{1}{N(T-1)}\sum_n\sum_{t=1}^{T-1}\log p(x_{n,t+1}\mid x_{n,\le t})",
    },
}


class Attention(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q, k, v = (part.view(b, t, self.heads, d // self.heads).transpose(1, 2) for part in (q, k, v))
        scores = q @ k.transpose(-2, -1) / math.sqrt(d // self.heads)
        future = torch.triu(torch.ones(t, t, dtype=torch.bool, device=x.device), diagonal=1)
        weights = self.dropout(scores.masked_fill(future, float("-inf")).softmax(dim=-1))
        return self.out((weights @ v).transpose(1, 2).reshape(b, t, d))


class Block(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.norm_a, self.norm_b = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = x + self.dropout(self.attention(self.norm_a(x)))
        return x + self.dropout(self.down(F.gelu(self.up(self.norm_b(x)))))


class Decoder(nn.Module):
    def __init__(self, vocabulary=40, context=24, width=32, heads=4, layers=2, dropout=0.1):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList([Block(width, heads, dropout) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        self.head.weight = self.tokens.weight

    def forward(self, ids):
        x = self.dropout(self.tokens(ids) + self.positions(torch.arange(ids.shape[1], device=ids.device)))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def build():
    return Decoder()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    start, stride = torch.randint(0, 40, (n, 1), generator=g), torch.randint(1, 5, (n, 1), generator=g)
    return {"tokens": (start + stride * torch.arange(20)) % 40}


def forward(model, batch):
    return model(batch["tokens"])


def loss(model, batch):
    logits = forward(model, batch)
    return F.cross_entropy(logits[:, :-1].reshape(-1, 40), batch["tokens"][:, 1:].reshape(-1))


def optimizer(model):
    decay = [p for p in model.parameters() if p.ndim >= 2]
    rest = [p for p in model.parameters() if p.ndim < 2]
    return torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}], lr=3e-3, betas=(0.9, 0.95))


def rate(step, warmup=20, total=200):
    if step < warmup:
        return step / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


def scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, rate)


def step(model, optimizer, batch, scheduler):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad()
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    return value.detach()
