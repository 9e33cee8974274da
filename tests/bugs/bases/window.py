"""Byte-level language model with a sliding window and interleaved rotary embedding; queries and keys are normalised."""

import torch
import torch.nn.functional as F
from torch import nn

WINDOW = 4
facts = {
    "parameters": 22943,
    "task": "language-model",
    "vocabulary": 27,
    "causal": True,
    "output": "logits",
    "positional": "rotary",
    "rope_base": 500.0,
    "heads": 2,
    "width": 32,
    "locality": "each layer sees the last 4 positions, itself included",
    "layers": 2,
    "norm": "pre",
    "loss": "mean next-token cross-entropy",
    "equations": {
        "rope": r"(x_{2i}\cos t\theta_i-x_{2i+1}\sin t\theta_i,\;x_{2i}\sin t\theta_i+x_{2i+1}\cos t\theta_i),\;\theta_i=500^{-2i/d}"
    },
}


def rope(x):
    t, d = x.shape[-2:]
    theta = 500.0 ** (-torch.arange(0, d, 2, dtype=torch.float32) / d)
    phase = torch.arange(t, dtype=torch.float32)[:, None] * theta
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = torch.stack([even * phase.cos() - odd * phase.sin(), even * phase.sin() + odd * phase.cos()], dim=-1)
    return turned.flatten(-2)


def band(t):
    i, j = torch.arange(t)[:, None], torch.arange(t)[None, :]
    return (j <= i) & (i - j < WINDOW)


class LocalAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.log_scale = nn.Parameter(torch.full((heads, 1, 1), 2.3))

    def forward(self, x):
        b, t, w = x.shape
        q, k, v = (z.view(b, t, self.heads, -1).transpose(1, 2) for z in self.qkv(x).chunk(3, -1))
        q, k = F.normalize(rope(q), dim=-1), F.normalize(rope(k), dim=-1)
        att = (q @ k.transpose(-1, -2)) * self.log_scale.exp()
        att = att.masked_fill(~band(t), float("-inf")).softmax(-1)
        return self.out((att @ v).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.att = LocalAttention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))
        self.gain_a = nn.Parameter(torch.zeros(width))
        self.gain_m = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        x = x + self.gain_a * self.att(self.ln1(x))
        return x + self.gain_m * self.mlp(self.ln2(x))


class Bytes(nn.Module):
    def __init__(self, vocabulary=27, width=32, heads=2, layers=2):
        super().__init__()
        self.emb = nn.Embedding(vocabulary, width)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(layers)])
        self.ln = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, x):
        return self.head(self.ln(self.blocks(self.emb(x))))


def build():
    return Bytes()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    a = torch.randint(0, 27, (n, 20), generator=g)
    for t in range(2, 20):
        a[:, t] = torch.where(torch.rand(n, generator=g) < 0.9, (a[:, t - 1] + 2 * a[:, t - 2] + 1) % 27, a[:, t])
    return {"x": a[:, :-1], "y": a[:, 1:]}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch).transpose(1, 2), batch["y"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)
