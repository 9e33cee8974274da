"""Causal language model with rotary positions, grouped key/value heads, root-mean-square norm and a gated feed-forward."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "language-model",
    "vocabulary": 36,
    "causal": True,
    "output": "logits",
    "positional": "rotary",
    "rope_base": 10000.0,
    "heads": 4,
    "kv_heads": 2,
    "layers": 2,
    "width": 32,
    "norm": "pre",
    "norm_eps": 1e-6,
    "activation": "silu",
    "parameters": 25504,
    "loss": "mean next-token cross-entropy",
    "init": {"*proj.weight": "normal(0, 0.02)", "embed.weight": "normal(0, 0.02)", "*norm*.gain": "ones"},
    "optimizer": {"name": "AdamW", "lr": 2e-3, "betas": [0.9, 0.95], "weight_decay": 0.1},
    "equations": {
        "angles": r"\theta_{m,i}=m\,\beta^{-2i/d},\quad i=0,\dots,d/2-1",
        "rotate": r"\begin{pmatrix}x_{2i}\\x_{2i+1}\end{pmatrix}\mapsto\begin{pmatrix}x_{2i}\cos\theta_{m,i}-x_{2i+1}\sin\theta_{m,i}\\x_{2i}\sin\theta_{m,i}+x_{2i+1}\cos\theta_{m,i}\end{pmatrix}",
        "RMSNorm.forward": r"\frac{x}{\sqrt{\frac1d\sum_j x_j^2+\epsilon}}\odot g",
        "FeedForward.forward": r"W_{down}\left(\mathrm{SiLU}(W_{gate}x)\odot W_{up}x\right)",
        "Attention.forward": r"\mathrm{softmax}\left(\frac{R_m q_m\cdot R_n k_n}{\sqrt{d_k}}\right)v_n,\quad n\le m",
    },
}


class RMSNorm(nn.Module):
    def __init__(self, width, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps) * self.gain


def angles(length, size, base=10000.0):
    inverse = base ** (-torch.arange(0, size, 2).float() / size)
    return torch.arange(length).float()[:, None] * inverse[None, :]


def rotate(x, theta):
    even, odd = x[..., 0::2], x[..., 1::2]
    cos, sin = theta.cos(), theta.sin()
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


class Attention(nn.Module):
    def __init__(self, width, heads, kv_heads):
        super().__init__()
        self.heads, self.kv_heads, self.size = heads, kv_heads, width // heads
        self.q_proj = nn.Linear(width, heads * self.size, bias=False)
        self.k_proj = nn.Linear(width, kv_heads * self.size, bias=False)
        self.v_proj = nn.Linear(width, kv_heads * self.size, bias=False)
        self.o_proj = nn.Linear(heads * self.size, width, bias=False)

    def forward(self, x):
        b, t, _ = x.shape
        q = self.q_proj(x).view(b, t, self.heads, self.size).transpose(1, 2)
        k = self.k_proj(x).view(b, t, self.kv_heads, self.size).transpose(1, 2)
        v = self.v_proj(x).view(b, t, self.kv_heads, self.size).transpose(1, 2)
        theta = angles(t, self.size)
        q, k = rotate(q, theta), rotate(k, theta)
        groups = self.heads // self.kv_heads
        k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
        scores = q @ k.transpose(-1, -2) * self.size**-0.5
        scores = scores.masked_fill(~torch.ones(t, t).tril().bool(), float("-inf"))
        return self.o_proj((scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(b, t, -1))


class FeedForward(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.gate_proj = nn.Linear(width, hidden, bias=False)
        self.up_proj = nn.Linear(width, hidden, bias=False)
        self.down_proj = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, width, heads, kv_heads, hidden):
        super().__init__()
        self.norm_attention, self.attention = RMSNorm(width), Attention(width, heads, kv_heads)
        self.norm_feed, self.feed = RMSNorm(width), FeedForward(width, hidden)

    def forward(self, x):
        x = x + self.attention(self.norm_attention(x))
        return x + self.feed(self.norm_feed(x))


class Llama(nn.Module):
    def __init__(self, vocabulary=36, width=32, heads=4, kv_heads=2, hidden=88, layers=2):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.layers = nn.ModuleList([Layer(width, heads, kv_heads, hidden) for _ in range(layers)])
        self.norm = RMSNorm(width)
        self.head_proj = nn.Linear(width, vocabulary, bias=False)
        for p in self.parameters():
            if p.ndim == 2:
                nn.init.normal_(p, std=0.02)

    def forward(self, tokens):
        x = self.embed(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.head_proj(self.norm(x))


def build():
    return Llama()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    motif = torch.randint(0, 36, (n, 5), generator=g)
    return {"tokens": motif.repeat(1, 4)[:, :18]}


def forward(model, batch):
    return model(batch["tokens"])


def loss(model, batch):
    logits = forward(model, batch)[:, :-1]
    return F.cross_entropy(logits.transpose(1, 2), batch["tokens"][:, 1:])


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.95), weight_decay=0.1)
