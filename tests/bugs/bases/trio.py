"""Three tasks on one trunk: quantiles, ordered grades and a label, weighted by learned uncertainties (Kendall et al. 2018)."""

import torch
import torch.nn.functional as F
from torch import nn

QUANTILES = (0.1, 0.5, 0.9)
facts = {
    "task": "multi-task",
    "classes": 3,
    "output": "logits of the label",
    "parameters": 1045,
    "normalisation": "batch",
    "activation": "relu",
    "dropout": 0.2,
    "hidden": 24,
    "init": {"spread": "zeros", "*.bias": "zeros"},
    "optimizer": {"name": "AdamW", "lr": 3e-3, "weight_decay": 0.05},
    "accumulation": 2,
    "equations": {
        "pinball": r"\frac1{NQ}\sum_i\sum_q\max(\tau_q(y_i-\hat y_{iq}),(\tau_q-1)(y_i-\hat y_{iq}))",
        "ordinal": r"-\frac1N\sum_i\sum_k\left[\mathbb 1[g_i>k]\log\sigma(s_i-b_k)+\mathbb 1[g_i\le k]\log(1-\sigma(s_i-b_k))\right]",
        "combine": r"\sum_t\left(e^{-s_t}L_t+s_t\right)",
    },
}


class Trio(nn.Module):
    def __init__(self, inputs=8, hidden=24, classes=3, grades=4):
        super().__init__()
        self.first, self.norm, self.second = nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(0.2)
        self.label, self.quantiles, self.score = nn.Linear(hidden, classes), nn.Linear(hidden, len(QUANTILES)), nn.Linear(hidden, 1)
        self.cuts = nn.Parameter(torch.linspace(-1, 1, grades - 1))
        self.spread = nn.Parameter(torch.zeros(3))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def features(self, x):
        return F.relu(self.second(self.dropout(F.relu(self.norm(self.first(x))))))

    def forward(self, x):
        return self.label(self.features(x))


def pinball(predicted, y):
    error = y[:, None] - predicted
    level = torch.tensor(QUANTILES)
    return torch.maximum(level * error, (level - 1) * error).mean()


def ordinal(score, cuts, grade):
    above = (grade[:, None] > torch.arange(len(cuts))).float()
    return F.binary_cross_entropy_with_logits(score - cuts, above, reduction="none").sum(1).mean()


def combine(losses, spread):
    return (torch.exp(-spread) * losses + spread).sum()


def build():
    return Trio()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 8, generator=g)
    y = x[:, 0] + x[:, 1].abs() * torch.randn(n, generator=g)
    grade = torch.bucketize(x[:, 2] + 0.3 * torch.randn(n, generator=g), torch.tensor([-0.7, 0.0, 0.7]))
    return {"x": x, "y": y, "grade": grade, "label": (x[:, 3:6] + 0.3 * torch.randn(n, 3, generator=g)).argmax(1)}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    h = model.features(batch["x"])
    losses = torch.stack(
        [
            F.cross_entropy(model.label(h), batch["label"]),
            pinball(model.quantiles(h), batch["y"]),
            ordinal(model.score(h), model.cuts, batch["grade"]),
        ]
    )
    return combine(losses, model.spread)


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    half = len(batch["y"]) // 2
    for part in (slice(0, half), slice(half, None)):
        value = loss(model, {key: item[part] for key, item in batch.items()})
        (value / 2).backward()
    optimizer.step()
    return value.detach()
