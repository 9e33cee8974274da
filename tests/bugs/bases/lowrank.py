"""Low-rank adaptation of a frozen transformer classifier (Hu et al. 2022)."""

import math

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "classification",
    "classes": 4,
    "vocabulary": 50,
    "output": "logits",
    "positional": "learned",
    "heads": 4,
    "layers": 2,
    "width": 32,
    "rank": 4,
    "alpha": 8,
    "causal": False,
    "norm": "pre",
    "pooling": "mean over all tokens",
    "trainable_parameters": 1156,
    "frozen": ["encoder.*base*", "encoder.tokens*", "encoder.places", "encoder.blocks.*norm*", "encoder.blocks.*feed*", "encoder.norm*"],
    "init": {"*lora_a": "kaiming uniform", "*lora_b": "zeros"},
    "loss": "mean cross-entropy",
    "optimizer": {"name": "AdamW", "lr": 5e-3, "weight_decay": 0.0},
    "equations": {
        "LoRALinear.forward": r"h=W_0x+b+\frac{\alpha}{r}BAx",
        "Block.attend": r"\mathrm{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}\right)V",
    },
}


class LoRALinear(nn.Module):
    def __init__(self, inputs, outputs, rank=4, alpha=8):
        super().__init__()
        self.base = nn.Linear(inputs, outputs)
        self.lora_a = nn.Parameter(torch.empty(rank, inputs))
        self.lora_b = nn.Parameter(torch.zeros(outputs, rank))
        self.scale = alpha / rank
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))

    def forward(self, x):
        return self.base(x) + self.scale * F.linear(F.linear(x, self.lora_a), self.lora_b)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.value = LoRALinear(width, width), LoRALinear(width, width)
        self.key_base, self.out_base = nn.Linear(width, width), nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def attend(self, q, k, v):
        return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1) @ v

    def forward(self, x):
        b, t, d = x.shape
        y = self.norm1(x)
        q, k, v = (f(y).view(b, t, self.heads, -1).transpose(1, 2) for f in (self.query, self.key_base, self.value))
        x = x + self.out_base(self.attend(q, k, v).transpose(1, 2).reshape(b, t, d))
        return x + self.feed(self.norm2(x))


class Encoder(nn.Module):
    def __init__(self, vocabulary=50, context=16, width=32, heads=4, layers=2):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.places = nn.Parameter(0.1 * torch.randn(context, width))
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)

    def forward(self, ids):
        x = self.tokens(ids) + self.places[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class Adapted(nn.Module):
    def __init__(self, width=32, classes=4):
        super().__init__()
        self.encoder = Encoder(width=width)
        for name, p in self.encoder.named_parameters():
            p.requires_grad_("lora_" in name)
        self.head = nn.Linear(width, classes)

    def forward(self, ids):
        return self.head(self.encoder(ids).mean(dim=1))


def build():
    return Adapted()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 4
    ids = torch.randint(0, 50, (n, 12), generator=g)
    swap = torch.rand(n, 12, generator=g) < 0.4
    return {"ids": torch.where(swap, 10 * y[:, None] + ids % 10, ids), "label": y}


def forward(model, batch):
    return model(batch["ids"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["label"])


def optimizer(model):
    return torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-3, weight_decay=0.0)
