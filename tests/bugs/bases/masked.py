"""Masked language model: a post-norm encoder with learned positions over padded sequences."""

import math

import torch
import torch.nn.functional as F
from torch import nn

PAD, MASK = 0, 1
facts = {
    "task": "masked-language-model",
    "vocabulary": 30,
    "causal": False,
    "output": "logits",
    "padding_index": 0,
    "ignore_index": -100,
    "mask_index": 1,
    "mask_rate": 0.2,
    "positional": "learned",
    "heads": 2,
    "norm": "post",
    "normalisation": "layer",
    "norm_eps": 1e-12,
    "dropout": 0.1,
    "activation": "gelu",
    "parameters": 7_422,
    "init": {"*embedding.weight": "normal(0, 0.02)", "blocks.*weight_": "ones"},
    "context": 16,
    "schedule": {"warmup": 10, "kind": "linear", "total": 60, "per": "step"},
    "optimizer": {"name": "AdamW", "lr": 5e-3, "weight_decay": 0.01},
}


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.inner, self.outer = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.one, self.two = nn.LayerNorm(width, eps=1e-12), nn.LayerNorm(width, eps=1e-12)
        self.drop = nn.Dropout(0.1)

    def attend(self, x, absent):
        b, t, d = x.shape
        q, k, v = (z.view(b, t, self.heads, d // self.heads).transpose(1, 2) for z in self.qkv(x).chunk(3, dim=-1))
        scores = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(d // self.heads)
        scores = scores.masked_fill(absent[:, None, None, :], -1e9)
        return self.out(torch.matmul(self.drop(scores.softmax(-1)), v).transpose(1, 2).reshape(b, t, d))

    def forward(self, x, absent):
        x = self.one(x + self.drop(self.attend(x, absent)))
        return self.two(x + self.drop(self.outer(F.gelu(self.inner(x)))))


class Encoder(nn.Module):
    def __init__(self, vocabulary=30, width=24, heads=2, layers=1):
        super().__init__()
        self.word_embedding, self.place_embedding = nn.Embedding(vocabulary, width), nn.Embedding(16, width)
        nn.init.normal_(self.word_embedding.weight, std=0.02)
        nn.init.normal_(self.place_embedding.weight, std=0.02)
        self.start = nn.LayerNorm(width, eps=1e-12)
        self.drop = nn.Dropout(0.1)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.change, self.again = nn.Linear(width, width), nn.LayerNorm(width, eps=1e-12)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, tokens):
        absent = tokens == PAD
        x = self.drop(self.start(self.word_embedding(tokens) + self.place_embedding(torch.arange(tokens.shape[1]))))
        for block in self.blocks:
            x = block(x, absent)
        return self.head(self.again(F.gelu(self.change(x))))


def build():
    return Encoder()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    length = torch.randint(6, 15, (n, 1), generator=g)
    start = torch.randint(0, 28, (n, 1), generator=g)
    words = 2 + (start + 3 * torch.arange(14)) % 28
    words = words.masked_fill(torch.arange(14) >= length, PAD)
    chosen = (torch.rand(n, 14, generator=g) < 0.2) & (words != PAD)
    chosen[:, 0] = True
    tokens = words.masked_fill(chosen, MASK)
    return {"tokens": tokens, "labels": words.masked_fill(~chosen, -100)}


def forward(model, batch):
    return model(batch["tokens"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch).flatten(0, 1), batch["labels"].flatten(), ignore_index=-100)


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: min((t + 1) / 10, max(0.0, (60 - t) / 50)))


def step(model, optimizer, batch, scheduler):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    optimizer.step()
    scheduler.step()
    return value.detach()
