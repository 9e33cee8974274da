"""Dense classifier for a rare class with the focal loss and a prior in the last bias (Lin et al. 2017)."""

import math

import torch
import torch.nn.functional as F
from torch import nn

PRIOR = 0.05
facts = {
    "task": "classification",
    "output": "logits",
    "activation": "relu",
    "parameters": 2729,
    "dropout": 0.1,
    "head_bias": -2.9444,
    "loss": "focal loss, gamma 2, alpha 0.25, mean over samples",
    "init": {"body.*.weight": "kaiming uniform, relu", "head.weight": "normal(0, 0.01)", "body.*.bias": "zeros"},
    "optimizer": {"name": "AdamW", "lr": 2e-3, "weight_decay": 1e-2},
    "clip_norm": 1.0,
    "loss_scaling": "gradient scaler, unscaled before clipping",
    "equations": {"focal": r"-\frac1N\sum_i\alpha_t(1-p_t)^\gamma\log p_t"},
}


def focal(logits, target, alpha=0.25, gamma=2.0):
    p = torch.sigmoid(logits)
    cross = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p_t = p * target + (1 - p) * (1 - target)
    alpha_t = alpha * target + (1 - alpha) * (1 - target)
    return (alpha_t * (1 - p_t) ** gamma * cross).mean()


class Classifier(nn.Module):
    def __init__(self, inputs=10, hidden=48):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(0.1), nn.Linear(hidden, 44), nn.ReLU())
        self.head = nn.Linear(44, 1)
        for module in self.body:
            if isinstance(module, nn.Linear):
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.constant_(self.head.bias, -math.log((1 - PRIOR) / PRIOR))

    def forward(self, x):
        return self.head(self.body(x)).squeeze(-1)


def build():
    return Classifier()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = (torch.rand(n, generator=g) < 0.15).float()
    x = torch.randn(n, 10, generator=g)
    x[:, 0] += 2.0 * y
    x[:, 1] *= 1 + y
    return {"x": x, "y": y}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return focal(forward(model, batch), batch["y"])


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)


scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    scaler.scale(value).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
    return value.detach()
