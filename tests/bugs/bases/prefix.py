"""Prefix language model: sees the whole prompt, generates the continuation left to right; only the continuation is scored."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 22784,
    "task": "language-model",
    "vocabulary": 30,
    "output": "logits",
    "heads": 4,
    "d_model": 32,
    "norm": "pre",
    "positional": "learned",
    "context": 16,
    "loss": "mean cross-entropy of the continuation's tokens",
    "ignore_index": -100,
    "tied": [["embed.weight", "unembed.weight"]],
    "label": "token after each position of the continuation",
}
PROMPT = 6


def visible(t, prompt=PROMPT):
    mask = torch.ones(t, t, dtype=torch.bool).tril()
    mask[:, :prompt] = True
    return mask


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.fc1, self.fc2 = nn.Linear(d, 3 * d), nn.Linear(3 * d, d)

    def forward(self, x, mask):
        b, t, d = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(b, t, self.heads, 3 * d // self.heads).transpose(1, 2).chunk(3, -1)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.proj(y.transpose(1, 2).contiguous().view(b, t, d))
        return x + self.fc2(F.gelu(self.fc1(self.ln2(x))))


class PrefixLM(nn.Module):
    def __init__(self, vocabulary=30, d=32, heads=4, layers=2, context=16):
        super().__init__()
        self.embed, self.where = nn.Embedding(vocabulary, d), nn.Embedding(context, d)
        self.blocks = nn.ModuleList([Block(d, heads) for _ in range(layers)])
        self.ln = nn.LayerNorm(d)
        self.unembed = nn.Linear(d, vocabulary, bias=False)
        for p in (self.embed.weight, self.where.weight):
            nn.init.normal_(p, std=0.02)
        self.unembed.weight = self.embed.weight

    def forward(self, ids):
        t = ids.shape[1]
        x = self.embed(ids) + self.where(torch.arange(t))
        mask = visible(t)
        for block in self.blocks:
            x = block(x, mask)
        return self.unembed(self.ln(x))


def build():
    return PrefixLM()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    prompt = torch.randint(0, 30, (n, PROMPT), generator=g)
    rest = prompt.sort(dim=1).values
    ids = torch.cat([prompt, rest], 1)
    labels = ids[:, 1:].clone()
    labels[:, : PROMPT - 1] = -100
    return {"ids": ids[:, :-1], "labels": labels}


def forward(model, batch):
    return model(batch["ids"])


def loss(model, batch):
    logits = forward(model, batch)
    return F.cross_entropy(logits.reshape(-1, 30), batch["labels"].reshape(-1), ignore_index=-100)


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
