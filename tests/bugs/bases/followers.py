"""Two views, an online network with a predictor and a slowly moving target; no negatives."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "self-supervised",
    "output": "embeddings",
    "views": 2,
    "stop_gradient": "target branch",
    "ema": 0.97,
    "frozen": ["target.*"],
    "samples_coupled": True,
    "normalisation": "batch",
    "loss": "two minus twice the cosine, both ways, mean over samples",
    "optimizer": {"name": "SGD", "lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4},
    "equations": {"regression": r"\frac1N\sum_i\left(2-2\frac{\langle p_i,z_i\rangle}{\|p_i\|\|z_i\|}\right)"},
}


def head(inputs, outputs, hidden=48):
    return nn.Sequential(nn.Linear(inputs, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True), nn.Linear(hidden, outputs))


class Branch(nn.Module):
    def __init__(self, inputs=20, width=32, code=16):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(inputs, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width))
        self.projector = head(width, code)

    def forward(self, x):
        return self.projector(self.encoder(x))


class Learner(nn.Module):
    def __init__(self):
        super().__init__()
        self.online = Branch()
        self.predictor = head(16, 16)
        self.target = copy.deepcopy(self.online)
        for parameter in self.target.parameters():
            parameter.requires_grad = False

    def forward(self, first, second):
        p1, p2 = self.predictor(self.online(first)), self.predictor(self.online(second))
        with torch.no_grad():
            z1, z2 = self.target(first), self.target(second)
        return p1, p2, z1, z2

    @torch.no_grad()
    def follow(self, tau=0.97):
        for slow, fast in zip(self.target.parameters(), self.online.parameters(), strict=False):
            slow.data = tau * slow.data + (1 - tau) * fast.data


def build():
    return Learner()


def augment(x, g):
    return (x + 0.2 * torch.randn(x.shape, generator=g)) * (torch.rand(x.shape, generator=g) > 0.2)


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    basis = torch.randn(5, 20, generator=torch.Generator().manual_seed(2))
    x = torch.randn(n, 5, generator=g) @ basis
    return {"first": augment(x, g), "second": augment(x, g)}


def forward(model, batch):
    return model.online.encoder(batch["first"])


def regression(p, z):
    p, z = F.normalize(p, dim=-1), F.normalize(z, dim=-1)
    return (2 - 2 * (p * z).sum(-1)).mean()


def loss(model, batch):
    p1, p2, z1, z2 = model(batch["first"], batch["second"])
    return regression(p1, z2) + regression(p2, z1)


def optimizer(model):
    wanted = [*model.online.parameters(), *model.predictor.parameters()]
    return torch.optim.SGD(wanted, lr=0.05, momentum=0.9, weight_decay=1e-4)


def step(model, optimizer, batch):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    model.follow()
    return value.detach()
