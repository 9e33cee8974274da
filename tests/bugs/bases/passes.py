"""Regression with Monte-Carlo dropout: the mean over several random passes (Gal and Ghahramani 2016)."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "regression",
    "dropout": 0.1,
    "activation": "tanh",
    "parameters": 2641,
    "stochastic_evaluation": True,
    "stochastic": "dropout stays on in evaluation",
    "loss": "mean squared error plus weight penalty",
    "regularisation": 1e-4,
    "optimizer": {"name": "Adam", "lr": 3e-3},
    "init": {"*.weight": "xavier normal", "*.bias": "zeros"},
    "ema": 0.99,
    "equations": {
        "loss": r"\frac1N\sum_i(\hat y_i-y_i)^2+\lambda\sum_l\|W_l\|^2",
        "update_average": r"\bar\theta\leftarrow\mu\bar\theta+(1-\mu)\theta",
        "predict": r"\frac1T\sum_{t=1}^Tf(x;W_t)",
    },
}


class Network(nn.Module):
    def __init__(self, inputs=4, hidden=48, rate=0.1):
        super().__init__()
        self.rate = rate
        self.first, self.second, self.last = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, 1)
        nn.init.zeros_(self.first.bias), nn.init.zeros_(self.second.bias), nn.init.zeros_(self.last.bias)
        for layer in (self.first, self.second, self.last):
            nn.init.xavier_normal_(layer.weight)

    def forward(self, x):
        h = F.dropout(torch.tanh(self.first(x)), self.rate, training=True)
        h = F.dropout(torch.tanh(self.second(h)), self.rate, training=True)
        return self.last(h).squeeze(-1)


def predict(model, x, passes=20):
    with torch.no_grad():
        return torch.stack([model(x) for _ in range(passes)]).mean(dim=0)


def update_average(average, model, decay=0.99):
    with torch.no_grad():
        for slow, fast in zip(average.parameters(), model.parameters()):
            slow.mul_(decay).add_(fast, alpha=1 - decay)


def build():
    return Network()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=g)
    y = torch.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * torch.randn(n, generator=g)
    return {"x": x, "y": y}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    penalty = sum(layer.weight.pow(2).sum() for layer in (model.first, model.second, model.last))
    return (forward(model, batch) - batch["y"]).pow(2).mean() + 1e-4 * penalty


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=3e-3)
