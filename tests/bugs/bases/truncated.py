"""Odd on purpose: a recurrent language model whose state is detached every four steps, without gradients through the cut."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "language-model",
    "vocabulary": 12,
    "causal": True,
    "output": "logits",
    "hidden": 20,
    "truncation": 4,
    "clip_norm": 0.5,
    "parameters": 3_484,
    "loss": "mean next-token cross-entropy",
    "init": {"cell.bias_*": "zeros"},
    "optimizer": {"name": "RMSprop", "lr": 2e-3},
}


class Truncated(nn.Module):
    def __init__(self, vocabulary=12, hidden=20):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 16)
        self.cell = nn.LSTMCell(16, hidden)
        self.head = nn.Linear(hidden, vocabulary)
        nn.init.zeros_(self.cell.bias_ih)
        nn.init.zeros_(self.cell.bias_hh)

    def forward(self, tokens):
        x = self.embedding(tokens)
        h = c = torch.zeros(len(x), self.cell.hidden_size, dtype=x.dtype)
        outputs = []
        for t in range(x.shape[1]):
            if t % 4 == 0:
                h, c = h.detach(), c.detach()
            h, c = self.cell(x[:, t], (h, c))
            outputs.append(h)
        return self.head(torch.stack(outputs, dim=1))


def build():
    return Truncated()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    return {"tokens": (torch.randint(0, 12, (n, 1), generator=g) + torch.randint(1, 4, (n, 1), generator=g) * torch.arange(10)) % 12}


def forward(model, batch):
    return model(batch["tokens"])


def loss(model, batch):
    logits = forward(model, batch)
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), batch["tokens"][:, 1:])


def optimizer(model):
    return torch.optim.RMSprop(model.parameters(), lr=2e-3)


def step(model, optimizer, batch):
    model.train()
    model.zero_grad()
    value = loss(model, batch)
    value.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    return value.detach()
