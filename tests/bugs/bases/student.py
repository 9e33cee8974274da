"""A small student that learns from labels and from a frozen teacher's softened scores."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "classification with distillation",
    "output": "logits",
    "classes": 5,
    "frozen": ["teacher.*"],
    "trainable_parameters": 1_321,
    "activation": "gelu",
    "temperature": 4.0,
    "init": {"student.*.bias": "zeros"},
    "optimizer": {"name": "SGD", "lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4},
    "no_decay": ["*bias"],
    "equations": {
        "soften": r"q_i = \frac{\exp(z_i/T)}{\sum_j \exp(z_j/T)}",
        "divergence": r"\frac{1}{N}\sum_{n=1}^{N}\sum_{c=1}^{C} p_{nc}(\log p_{nc}-\log q_{nc})",
    },
}


class Perceptron(nn.Module):
    def __init__(self, width, classes=5):
        super().__init__()
        self.first, self.second = nn.Linear(12, width), nn.Linear(width, width)
        self.head = nn.Linear(width, classes)
        for layer in (self.first, self.second, self.head):
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = F.gelu(self.first(x))
        return self.head(F.gelu(self.second(x)))


class Distiller(nn.Module):
    def __init__(self):
        super().__init__()
        self.student, self.teacher = Perceptron(28), Perceptron(48)
        for parameter in self.teacher.parameters():
            parameter.requires_grad_(False)

    def forward(self, x):
        return self.student(x)


def build():
    return Distiller()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 12, generator=g)
    return {"x": x, "label": x[:, :5].argmax(dim=-1)}


def forward(model, batch):
    return model(batch["x"])


def soften(z, T):
    return (z / T).softmax(dim=-1)


def divergence(p, q):
    return (p * (p.log() - q.log())).sum(dim=-1).mean()


def loss(model, batch):
    logits = forward(model, batch)
    with torch.no_grad():
        target = soften(model.teacher(batch["x"]), 4.0)
    hard = F.cross_entropy(logits, batch["label"])
    return 0.5 * hard + 0.5 * 16.0 * divergence(target, soften(logits, 4.0))


def optimizer(model):
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    groups = [
        {"params": [p for name, p in named if not name.endswith("bias")], "weight_decay": 1e-4},
        {"params": [p for name, p in named if name.endswith("bias")], "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, lr=0.05, momentum=0.9)
