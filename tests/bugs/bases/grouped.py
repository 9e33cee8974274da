"""Decoder with grouped-query attention, rotary positions in halves, gated feed-forward and root-mean-square norms."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 23200,
    "task": "language-model",
    "vocabulary": 48,
    "causal": True,
    "output": "logits",
    "positional": "rotary",
    "rope_base": 10000.0,
    "heads": 4,
    "kv_heads": 2,
    "layers": 2,
    "d_model": 32,
    "norm": "pre",
    "norm_eps": 1e-5,
    "tied": [["tok.weight", "lm_head.weight"]],
    "loss": "mean next-token cross-entropy",
    "init": {"tok.weight": "normal(0, 0.02)", "*.w?.weight": "normal(0, 0.02)"},
    "equations": {
        "rotate": r"x\cos\theta+\mathrm{rot}(x)\sin\theta,\;\mathrm{rot}((x_1,x_2))=(-x_2,x_1)",
        "FeedForward.forward": r"W_2(\mathrm{SiLU}(W_1x)\odot W_3x)",
    },
}


def angles(length, size, base=10000.0):
    inverse = base ** (-torch.arange(0, size, 2).float() / size)
    a = torch.arange(length).float()[:, None] * inverse[None]
    return torch.cat([a, a], dim=-1)


def rotate(x, a):
    x1, x2 = x.chunk(2, dim=-1)
    return x * a.cos() + torch.cat([-x2, x1], dim=-1) * a.sin()


class Norm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


class Attention(nn.Module):
    def __init__(self, d, heads, kv_heads):
        super().__init__()
        self.heads, self.kv, self.size = heads, kv_heads, d // heads
        self.wq = nn.Linear(d, heads * self.size, bias=False)
        self.wk = nn.Linear(d, kv_heads * self.size, bias=False)
        self.wv = nn.Linear(d, kv_heads * self.size, bias=False)
        self.wo = nn.Linear(d, d, bias=False)

    def forward(self, x, a):
        b, t, d = x.shape
        q = self.wq(x).view(b, t, self.heads, self.size).transpose(1, 2)
        k = self.wk(x).view(b, t, self.kv, self.size).transpose(1, 2)
        v = self.wv(x).view(b, t, self.kv, self.size).transpose(1, 2)
        q, k = rotate(q, a), rotate(k, a)
        k = k.repeat_interleave(self.heads // self.kv, dim=1)
        v = v.repeat_interleave(self.heads // self.kv, dim=1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.wo(y.transpose(1, 2).reshape(b, t, d))


class FeedForward(nn.Module):
    def __init__(self, d, hidden):
        super().__init__()
        self.w1, self.w3 = nn.Linear(d, hidden, bias=False), nn.Linear(d, hidden, bias=False)
        self.w2 = nn.Linear(hidden, d, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Block(nn.Module):
    def __init__(self, d, heads, kv_heads):
        super().__init__()
        self.attention, self.feed = Attention(d, heads, kv_heads), FeedForward(d, 80)
        self.norm1, self.norm2 = Norm(d), Norm(d)

    def forward(self, x, a):
        x = x + self.attention(self.norm1(x), a)
        return x + self.feed(self.norm2(x))


class Decoder(nn.Module):
    def __init__(self, vocabulary=48, d=32, layers=2):
        super().__init__()
        self.tok = nn.Embedding(vocabulary, d)
        self.blocks = nn.ModuleList([Block(d, 4, 2) for _ in range(layers)])
        self.norm = Norm(d)
        self.lm_head = nn.Linear(d, vocabulary, bias=False)
        self.register_buffer("a", angles(64, d // 4), persistent=False)
        self.apply(self.start)
        self.lm_head.weight = self.tok.weight

    def start(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)

    def forward(self, ids):
        x = self.tok(ids)
        a = self.a[: ids.shape[1]]
        for block in self.blocks:
            x = block(x, a)
        return self.lm_head(self.norm(x))


def build():
    return Decoder()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    head = torch.randint(0, 48, (n, 6), generator=g)
    return {"ids": torch.cat([head, head, head], 1)}


def forward(model, batch):
    return model(batch["ids"])


def loss(model, batch):
    logits = forward(model, batch)
    return F.cross_entropy(logits[:, :-1].reshape(-1, 48), batch["ids"][:, 1:].reshape(-1))


def optimizer(model):
    decay = [p for p in model.parameters() if p.dim() > 1]
    rest = [p for p in model.parameters() if p.dim() < 2]
    return torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}], lr=3e-3, betas=(0.9, 0.95))
