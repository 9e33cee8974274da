"""Pairs of implementations of one model in two styles, each with a twin of the second that has one bug."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = """
import math, torch
from torch import nn
import torch.nn.functional as F

D, H, V, T = 16, 2, 20, 7


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    return {"x": torch.randint(0, V, (n, T), generator=g), "label": torch.randint(0, V, (n,), generator=g)}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch)[:, -1], batch["label"])


def mix(q, k, v):
    b, h, t, d = q.shape
    weights = (q @ k.transpose(-1, -2) / math.sqrt(d)).masked_fill(torch.ones(t, t).triu(1).bool(), -math.inf).softmax(-1)
    return (weights @ v).transpose(1, 2).reshape(b, t, -1)


class Conv1D(nn.Module):
    def __init__(self, outputs, inputs):
        super().__init__()
        self.weight, self.bias = nn.Parameter(0.02 * torch.randn(inputs, outputs)), nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return x @ self.weight + self.bias


def angles(t, d):
    return torch.outer(torch.arange(t).to(torch.get_default_dtype()), 10000.0 ** (-torch.arange(0, d, 2) / d))


def turn_halves(x):
    a = torch.cat([angles(x.shape[-2], x.shape[-1])] * 2, -1)
    half = x.shape[-1] // 2
    return x * a.cos() + torch.cat([-x[..., half:], x[..., :half]], -1) * a.sin()


def turn_pairs(x):
    a = angles(x.shape[-2], x.shape[-1])
    one, two = x[..., ::2], x[..., 1::2]
    return torch.stack([one * a.cos() - two * a.sin(), one * a.sin() + two * a.cos()], -1).flatten(-2)
"""
SPLIT = """
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(D, D) for _ in range(4))

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = (layer(x).view(b, t, H, D // H).transpose(1, 2) for layer in (self.q, self.k, self.v))
        return self.o(mix(q, k, v))
"""
FEED = """
class Feed(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(D, 3 * D), nn.Linear(3 * D, D)

    def forward(self, x):
        return self.down(F.gelu(self.up(x)))
"""
NET = """
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2, self.attention, self.feed = nn.LayerNorm(D), nn.LayerNorm(D), Attention(), Feed()

    def forward(self, x):
        x = x + self.attention(self.n1(x))
        return x + self.feed(self.n2(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(V, D), nn.Embedding(T, D)
        self.blocks = nn.ModuleList([Block() for _ in range(2)])
        self.norm, self.head = nn.LayerNorm(D), nn.Linear(D, V, bias=False)

    def forward(self, x):
        x = self.tokens(x) + self.positions(torch.arange(x.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def build():
    return Net()
"""
PLAIN = HEAD + SPLIT + FEED + NET
FUSED = """
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.o = nn.Linear(D, 3 * D), nn.Linear(D, D)

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = (part.view(b, t, H, D // H).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        return self.o(mix(q, k, v))
"""
BY_HEAD = FUSED.replace(
    "(part.view(b, t, H, D // H).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))",
    "self.qkv(x).view(b, t, H, 3, D // H).permute(3, 0, 2, 1, 4)",
)
GPT2 = FUSED.replace("nn.Linear(D, 3 * D), nn.Linear(D, D)", "Conv1D(3 * D, D), Conv1D(D, D)")
GPT2_FEED = FEED.replace("nn.Linear(D, 3 * D), nn.Linear(3 * D, D)", "Conv1D(3 * D, D), Conv1D(D, 3 * D)")
HALVES = (
    PLAIN.replace("mix(q, k, v))", "mix(turn_halves(q), turn_halves(k), v))")
    .replace(" + self.positions(torch.arange(x.shape[1]))", "")
    .replace("self.tokens, self.positions = nn.Embedding(V, D), nn.Embedding(T, D)", "self.tokens = nn.Embedding(V, D)")
)
RENAMED = PLAIN
for old, new in (
    ("tokens", "wte"),
    ("positions", "wpe"),
    ("blocks", "h"),
    ("attention", "attn"),
    ("feed", "mlp"),
    ("self.norm", "self.ln_f"),
    ("n1", "ln_1"),
    ("n2", "ln_2"),
    ("self.q", "self.query"),
    ("self.k", "self.key"),
    ("self.o", "self.c_proj"),
    ("self.up", "self.c_fc"),
    ("self.down", "self.fc_out"),
):
    RENAMED = RENAMED.replace(old, new)
ORDER = PLAIN.replace(
    "self.n1, self.n2, self.attention, self.feed = nn.LayerNorm(D), nn.LayerNorm(D), Attention(), Feed()",
    "self.feed, self.attention, self.n2, self.n1 = Feed(), Attention(), nn.LayerNorm(D), nn.LayerNorm(D)",
).replace(
    "q, k, v = (layer(x).view(b, t, H, D // H).transpose(1, 2) for layer in (self.q, self.k, self.v))",
    "v, k, q = (layer(x).view(b, t, H, D // H).transpose(1, 2) for layer in (self.v, self.k, self.q))",
)
TIED = PLAIN.replace(
    "nn.LayerNorm(D), nn.Linear(D, V, bias=False)\n",
    "nn.LayerNorm(D), nn.Linear(D, V, bias=False)\n        self.head.weight = self.tokens.weight\n",
)
TIED_OTHER = PLAIN.replace("self.norm, self.head = nn.LayerNorm(D), nn.Linear(D, V, bias=False)", "self.norm = nn.LayerNorm(D)").replace(
    "self.head(self.norm(x))", "self.norm(x) @ self.tokens.weight.T"
)
TORCH = PLAIN.replace("Attention(), Feed()", "nn.MultiheadAttention(D, H, batch_first=True), Feed()").replace(
    "x = x + self.attention(self.n1(x))",
    "y = self.n1(x)\n        x = x + self.attention(y, y, y, need_weights=False, attn_mask=torch.ones(T, T).triu(1).bool())[0]",
)
LISTED = PLAIN.replace(
    "self.q, self.k, self.v, self.o = (nn.Linear(D, D) for _ in range(4))",
    "self.heads = nn.ModuleList([nn.ModuleList([nn.Linear(D, D // H) for _ in range(3)]) for _ in range(H)])\n        self.o = nn.Linear(D, D)",
).replace(
    "q, k, v = (layer(x).view(b, t, H, D // H).transpose(1, 2) for layer in (self.q, self.k, self.v))",
    "q, k, v = (torch.stack([head[i](x) for head in self.heads], 1) for i in range(3))",
)
GATED = """
class Feed(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate, self.up, self.down = nn.Linear(D, 2 * D), nn.Linear(D, 2 * D), nn.Linear(2 * D, D)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))
"""
GATED_FUSED = GATED.replace(
    "self.gate, self.up, self.down = nn.Linear(D, 2 * D), nn.Linear(D, 2 * D), ", "self.both, self.down = nn.Linear(D, 4 * D), "
).replace("self.down(F.silu(self.gate(x)) * self.up(x))", "self.down(F.silu(self.both(x)[..., 2 * D :]) * self.both(x)[..., : 2 * D])")
MINOR = PLAIN.replace(".view(b, t, H, D // H).transpose(1, 2)", ".view(b, t, D // H, H).permute(0, 3, 1, 2)")


@dataclass(frozen=True)
class Two:
    """Two files that compute the same, and what turns the second into a wrong one."""

    name: str
    first: str
    second: str
    old: str
    new: str
    where: str = "Attention.forward"  # of the bug


SCALE = ("math.sqrt(d)", "math.sqrt(2 * d)")
PAIRS = (
    Two("fused", PLAIN, HEAD + FUSED + FEED + NET, *SCALE),
    Two("fused by head", PLAIN, HEAD + BY_HEAD + FEED + NET, "triu(1)", "triu(2)"),
    Two("fused two ways", HEAD + FUSED + FEED + NET, HEAD + BY_HEAD + FEED + NET, *SCALE),
    Two(
        "transposed",
        PLAIN,
        HEAD + GPT2 + GPT2_FEED + NET,
        "F.gelu(self.up(x))",
        'F.gelu(self.up(x), approximate="tanh")',
        where="Feed.forward",
    ),
    Two(
        "rotary",
        HALVES,
        HALVES.replace("turn_halves(q), turn_halves(k)", "turn_pairs(q), turn_pairs(k)"),
        "turn_pairs(k)",
        "turn_pairs(-k)",
    ),
    Two("renamed", PLAIN, RENAMED, "x + self.mlp(self.ln_2(x))", "x + self.mlp(x)", where="Net.forward"),
    Two("another order", PLAIN, ORDER, "self.head(self.norm(x))", "self.head(x)", where="Net.forward"),
    Two("tied", TIED, TIED_OTHER, "self.norm(x) @", "2 * self.norm(x) @", where="Net.forward"),
    Two("torch's own", PLAIN, TORCH, ".triu(1)", ".triu(2)", where="Block.forward"),
    Two("a list of heads", PLAIN, LISTED, *SCALE),
    Two("gates", HEAD + SPLIT + GATED + NET, HEAD + SPLIT + GATED_FUSED + NET, "F.silu", "F.gelu", where="Feed.forward"),
    Two("heads last", PLAIN, MINOR, *SCALE),
)
