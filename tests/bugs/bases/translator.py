"""Recurrent encoder-decoder with additive attention over a padded source, both directions in the encoder."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

facts = {
    "task": "translation",
    "vocabulary": 16,
    "causal": "decoder",
    "padding_index": 0,
    "output": "logits",
    "hidden": 12,
    "loss": "mean cross-entropy over target tokens that are not padding",
    "clip_norm": 2.0,
    "dropout": 0.1,
    "schedule": {"warmup": 0, "kind": "exponential", "per": "step"},
    "optimizer": {"name": "Adam", "lr": 5e-3},
}


class Translator(nn.Module):
    def __init__(self, hidden=12):
        super().__init__()
        self.source, self.target = nn.Embedding(16, 10, padding_idx=0), nn.Embedding(16, 10, padding_idx=0)
        self.encoder = nn.GRU(10, hidden, batch_first=True, bidirectional=True)
        self.decoder = nn.GRU(10, hidden, batch_first=True)
        self.memory, self.query, self.score = nn.Linear(2 * hidden, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, 1, bias=False)
        self.head, self.drop = nn.Linear(3 * hidden, 16), nn.Dropout(0.1)

    def forward(self, source, target):
        length = (source != 0).sum(dim=1)
        packed = pack_padded_sequence(self.drop(self.source(source)), length, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.encoder(packed)[0], batch_first=True, total_length=source.shape[1])
        hidden, _ = self.decoder(self.drop(self.target(target)))
        scores = self.score(torch.tanh(self.memory(states)[:, None] + self.query(hidden)[:, :, None])).squeeze(-1)
        weights = scores.masked_fill((source == 0)[:, None], float("-inf")).softmax(dim=-1)
        return self.head(torch.cat([hidden, weights @ states], dim=-1))


def build():
    return Translator()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    length = torch.randint(3, 8, (n, 1), generator=g)
    source = torch.randint(2, 16, (n, 7), generator=g).masked_fill(torch.arange(7) >= length, 0)
    target = torch.cat([torch.ones(n, 1, dtype=torch.long), source], dim=1)
    return {"source": source, "target": target}


def forward(model, batch):
    return model(batch["source"], batch["target"][:, :-1])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch).transpose(1, 2), batch["target"][:, 1:], ignore_index=0)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=5e-3)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.999)


def step(model, optimizer, batch, scheduler):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 2.0)
    optimizer.step()
    scheduler.step()
    return value.detach()
