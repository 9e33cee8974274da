"""A decoder with one silent bug: it trains, its loss falls quickly, and it is wrong. `aquarius check examples/leaky_decoder.py` finds it."""

import torch
from torch import nn

facts = {"task": "language modelling", "vocabulary": 12, "causal": True, "output": "logits"}


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(12, 16)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.head = nn.Linear(16, 12)

    def forward(self, tokens):
        x = self.embedding(tokens)
        mask = torch.ones(tokens.shape[1], tokens.shape[1], dtype=torch.bool).triu(2)  # True means ignore
        return self.head(x + self.attention(x, x, x, attn_mask=mask)[0])


def build():
    return Decoder()


def batch(n, seed=0):
    tokens = torch.randint(0, 12, (n, 9), generator=torch.Generator().manual_seed(seed))
    return {"tokens": tokens[:, :-1], "labels": tokens[:, 1:]}


def forward(model, batch):
    return model(batch["tokens"])


def loss(model, batch):
    return nn.functional.cross_entropy(forward(model, batch).flatten(0, 1), batch["labels"].flatten())
