"""Swapped assignments between views with Sinkhorn codes (Caron et al. 2020)."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "self-supervised",
    "temperature": 0.1,
    "views": "two jittered copies",
    "embedding": 16,
    "samples_coupled": True,
    "stop_gradient": "the codes",
    "output": "unit-norm embeddings",
    "parameters": 2416,
    "loss": "cross-entropy between codes of one view and prototype scores of the other",
    "optimizer": {"name": "SGD", "lr": 0.05, "momentum": 0.9},
    "init": {"prototypes.weight": "rows of unit norm"},
    "equations": {
        "swapped_loss": r"-\frac12\,\mathbb E_i\left[\sum_k q^{(2)}_{ik}\ln p^{(1)}_{ik}+\sum_k q^{(1)}_{ik}\ln p^{(2)}_{ik}\right],\;p=\mathrm{softmax}(s/\tau),\;q=\mathrm{sg}(\mathrm{sinkhorn}(s))",
        "SwAV.forward": r"z=\frac{f(x)}{\|f(x)\|_2}",
    },
}


class SwAV(nn.Module):
    def __init__(self, inputs=16, hidden=64, dim=16, count=10):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, dim))
        self.prototypes = nn.Linear(dim, count, bias=False)
        self.normalise_prototypes()

    @torch.no_grad()
    def normalise_prototypes(self):
        self.prototypes.weight.copy_(F.normalize(self.prototypes.weight, dim=1))

    def forward(self, x):
        return F.normalize(self.backbone(x), dim=1)


@torch.no_grad()
def sinkhorn(scores, epsilon=0.05, iterations=3):
    q = torch.exp(scores / epsilon).t()
    q /= q.sum()
    k, b = q.shape
    for _ in range(iterations):
        q /= q.sum(dim=1, keepdim=True)
        q /= k
        q /= q.sum(dim=0, keepdim=True)
        q /= b
    return (q * b).t()


def swapped_loss(s1, s2, temperature=0.1):
    q1, q2 = sinkhorn(s1), sinkhorn(s2)
    first = -(q2 * F.log_softmax(s1 / temperature, dim=1)).sum(1).mean()
    second = -(q1 * F.log_softmax(s2 / temperature, dim=1)).sum(1).mean()
    return (first + second) / 2


def build():
    return SwAV()


def batch(n, seed=0):
    centres = torch.randn(7, 16, generator=torch.Generator().manual_seed(12))
    g = torch.Generator().manual_seed(seed)
    x = centres[torch.randint(0, 7, (n,), generator=g)]
    return {"a": x + 0.4 * torch.randn(n, 16, generator=g), "b": x + 0.4 * torch.randn(n, 16, generator=g)}


def forward(model, batch):
    return model(batch["a"])


def loss(model, batch):
    return swapped_loss(model.prototypes(model(batch["a"])), model.prototypes(model(batch["b"])))


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)


def step(model, optimizer, batch):
    model.train()
    model.normalise_prototypes()
    value = loss(model, batch)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    model.normalise_prototypes()
    return value.detach()
