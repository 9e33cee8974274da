"""A small student learns from a frozen teacher's softened outputs (Hinton et al. 2015)."""

import itertools

import torch
import torch.nn as nn
import torch.nn.functional as F

facts = {
    "task": "classification",
    "classes": 6,
    "output": "logits",
    "temperature": 4.0,
    "alpha": 0.7,
    "frozen": ["teacher.*"],
    "stop_gradient": "teacher",
    "parameters": 5920,
    "trainable_parameters": 538,
    "loss": "alpha times T^2 times the divergence from teacher to student, plus (1 - alpha) times cross-entropy",
    "optimizer": {"name": "SGD", "lr": 0.1, "momentum": 0.9},
    "schedule": {"kind": "cosine", "total": 200, "per": "step"},
    "equations": {
        "soft_loss": r"T^2\,\frac1N\sum_n\sum_c p_{nc}\log\frac{p_{nc}}{q_{nc}},\;p=\mathrm{softmax}(v/T),\;q=\mathrm{softmax}(z/T)",
        "loss": r"\alpha\,\mathcal L_{soft}+(1-\alpha)\,\mathcal L_{CE},\;\alpha=0.7",
    },
}
T = 4.0


class Net(nn.Module):
    def __init__(self, inputs, hidden, classes, depth):
        super().__init__()
        sizes = [inputs] + [hidden] * depth
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))
        self.last = nn.Linear(hidden, classes)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.last(x)


class Distiller(nn.Module):
    def __init__(self):
        super().__init__()
        self.teacher = Net(12, 64, 6, 2)
        self.student = Net(12, 28, 6, 1)
        self.teacher.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self, x):
        return self.student(x)


def build():
    return Distiller()


def batch(n, seed=0):
    w = torch.randn(12, 6, generator=torch.Generator().manual_seed(2))
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 12, generator=g)
    return {"x": x, "target": (x @ w).argmax(1)}


def forward(model, batch):
    return model(batch["x"])


def soft_loss(z, v):
    log_q = F.log_softmax(z / T, dim=1)
    p = F.softmax(v / T, dim=1)
    return F.kl_div(log_q, p, reduction="batchmean") * T**2


def loss(model, batch):
    z = model(batch["x"])
    with torch.no_grad():
        v = model.teacher(batch["x"])
    return 0.7 * soft_loss(z, v) + 0.3 * F.cross_entropy(z, batch["target"])


def optimizer(model):
    return torch.optim.SGD(model.student.parameters(), lr=0.1, momentum=0.9)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=200)


def step(model, optimizer, batch, scheduler=None):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    optimizer.step()
    if scheduler is not None:
        scheduler.step()
    return value.detach()
