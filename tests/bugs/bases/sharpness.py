"""Sharpness-aware minimisation (Foret et al. 2021) of a residual perceptron with RMS normalisation on tabular data."""

import torch
import torch.nn.functional as F
from torch import nn

RHO = 0.05
facts = {
    "task": "classification",
    "classes": 3,
    "output": "logits",
    "norm": "pre",
    "norm_eps": 1e-6,
    "parameters": 12555,
    "blocks": 3,
    "loss": "mean cross-entropy with class weights 1, 1 and 2, divided by the sum of the weights",
    "samples_coupled": True,
    "activation": "silu",
    "equations": {
        "RMSNorm.forward": r"\frac{x}{\sqrt{\tfrac1d\sum_i x_i^2+10^{-6}}}\odot g",
        "perturbation": r"\rho\,\nabla L/\lVert\nabla L\rVert_2,\ \rho=0.05",
    },
    "optimizer": {"name": "SGD", "lr": 0.05, "momentum": 0.9},
}


class RMSNorm(nn.Module):
    def __init__(self, width, eps=1e-6):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps) * self.gain


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = RMSNorm(width)
        self.gate = nn.Linear(width, 32)
        self.value = nn.Linear(width, 32)
        self.out = nn.Linear(32, width)

    def forward(self, x):
        h = self.norm(x)
        return x + self.out(F.silu(self.gate(h)) * self.value(h))


class ResidualPerceptron(nn.Module):
    def __init__(self, inputs=10, width=40, classes=3, blocks=3):
        super().__init__()
        self.first = nn.Linear(inputs, width)
        self.blocks = nn.ModuleList([Block(width) for _ in range(blocks)])
        self.norm = RMSNorm(width)
        self.head = nn.Linear(width, classes)
        self.register_buffer("weights", torch.tensor([1.0, 1.0, 2.0]))

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def build():
    return ResidualPerceptron()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 10, generator=g)
    score = x[:, 0] * x[:, 1] + x[:, 2]
    return {"x": x, "y": (score > 0.3).long() + (score > 1.3).long()}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"], weight=model.weights)


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)


def perturbation(gradients, rho=RHO):
    norm = torch.stack([g.norm() for g in gradients]).norm()
    return [rho * g / (norm + 1e-12) for g in gradients]


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    parameters = [p for p in model.parameters() if p.grad is not None]
    with torch.no_grad():
        shifts = perturbation([p.grad.clone() for p in parameters])
        for p, shift in zip(parameters, shifts, strict=False):
            p.add_(shift)
    optimizer.zero_grad()
    loss(model, batch).backward()
    with torch.no_grad():
        for p, shift in zip(parameters, shifts, strict=False):
            p.sub_(shift)
    optimizer.step()
    return value.detach()
