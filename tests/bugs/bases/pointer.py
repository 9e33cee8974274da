"""Pointer network: sorts a short list of numbers by pointing at them one after another."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 11041,
    "task": "sorting",
    "output": "logits",
    "hidden": 32,
    "loss": "mean cross-entropy over positions of the output sequence",
    "equations": {"Pointer.score": r"u_{j}=v^\top\tanh(W_1e_j+W_2d)"},
}


class Pointer(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.encoder = nn.LSTM(1, hidden, batch_first=True)
        self.decoder = nn.LSTMCell(1, hidden)
        self.start = nn.Parameter(torch.zeros(1))
        self.w1 = nn.Linear(hidden, hidden, bias=False)
        self.w2 = nn.Linear(hidden, hidden, bias=False)
        self.v = nn.Parameter(torch.randn(hidden) / hidden**0.5)

    def score(self, e, d):
        return torch.tanh(self.w1(e) + self.w2(d)[:, None, :]) @ self.v

    def forward(self, x, order):
        """x: (n, k) numbers; order: (n, k) indices fed back (teacher forcing); gives (n, k steps, k scores)."""
        n, k = x.shape
        e, (h, c) = self.encoder(x[..., None])
        h, c = h[0], c[0]
        last = self.start.expand(n, 1)
        chosen = torch.zeros(n, k, dtype=torch.bool)
        rows = []
        for step in range(k):
            h, c = self.decoder(last, (h, c))
            rows.append(self.score(e, h).masked_fill(chosen, -1e9))
            pick = order[:, step : step + 1]
            chosen = chosen.scatter(1, pick, True)
            last = x.gather(1, pick)
        return torch.stack(rows, dim=1)


def build():
    return Pointer()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 6, generator=g)
    return {"x": x, "order": x.argsort(dim=1)}


def forward(model, batch):
    return model(batch["x"], batch["order"])


def loss(model, batch):
    scores = forward(model, batch)
    return F.cross_entropy(scores.flatten(0, 1), batch["order"].flatten())


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=3e-3)
