"""Regression with two heads for mean and log variance, dropout that stays on, and a penalty on the weights."""

import torch
import torch.nn as nn
import torch.nn.functional as F

PASSES = 8
facts = {
    "task": "regression",
    "output": "mean and log-variance",
    "activation": "relu",
    "dropout": 0.05,
    "stochastic_evaluation": True,
    "stochastic": "Monte-Carlo dropout in every pass",
    "parameters": 2962,
    "loss": "Gaussian negative log-likelihood plus weight penalty",
    "regularisation": 1e-3,
    "optimizer": {"name": "AdamW", "lr": 3e-3, "weight_decay": 0.0},
    "accumulation": 2,
    "init": {"*.weight": "kaiming normal, fan_in, relu", "*.bias": "zeros"},
    "equations": {
        "loss": r"\frac1{2N}\sum_i\left[e^{-s_i}(y_i-\mu_i)^2+s_i\right]+\frac{\lambda}{2}\sum_l\|W_l\|_2^2",
        "moments": r"\bar\mu=\frac1T\sum_t\mu_t,\;\bar v=\frac1T\sum_t(\mu_t^2+e^{s_t})-\bar\mu^2",
    },
}


class TwoHeads(nn.Module):
    def __init__(self, inputs=6, width=32, p=0.05):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(inputs, width), nn.Linear(width, width), nn.Linear(width, 48)])
        self.mean, self.log_variance = nn.Linear(48, 1), nn.Linear(48, 1)
        self.p = p
        for layer in [*self.layers, self.mean, self.log_variance]:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers:
            x = F.dropout(F.relu(layer(x)), p=self.p, training=True)
        return torch.stack([self.mean(x)[:, 0], self.log_variance(x)[:, 0]], dim=1)


def moments(mu, s):
    mean = mu.mean(0)
    return mean, (mu**2 + s.exp()).mean(0) - mean**2


def predict(model, x):
    with torch.no_grad():
        out = torch.stack([model(x) for _ in range(PASSES)])
    return moments(out[..., 0], out[..., 1])


def build():
    return TwoHeads()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 6, generator=g) * 2 - 1
    y = 2 * x[:, 0] * x[:, 1] + x[:, 2] + torch.exp(x[:, 3] - 1.5) * torch.randn(n, generator=g)
    return {"x": x, "y": y}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    out = forward(model, batch)
    mu, s = out[:, 0], out[:, 1]
    fit = (torch.exp(-s) * (batch["y"] - mu) ** 2 + s).mean() / 2
    weights = sum((p**2).sum() for name, p in model.named_parameters() if name.endswith("weight"))
    return fit + 0.5 * 1e-3 * weights


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)


def step(model, optimizer, batch):
    model.train()
    half = len(batch["y"]) // 2
    optimizer.zero_grad()
    for rows in (slice(None, half), slice(half, None)):
        part = loss(model, {k: v[rows] for k, v in batch.items()})
        (0.5 * part).backward()
    optimizer.step()
