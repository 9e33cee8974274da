"""Self-supervision without negatives: an online network predicts a slowly moving target (BYOL)."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "self-supervised",
    "views": "two independent augmentations",
    "negatives": "none",
    "ema": 0.98,
    "stop_gradient": "target branch",
    "frozen": ["target.*"],
    "similarity": "cosine",
    "normalisation": "batch",
    "samples_coupled": True,
    "loss": "two minus twice the cosine, both orders added, mean over samples",
    "embedding": 12,
    "parameters": 6716,
    "trainable_parameters": 3664,
    "optimizer": {"name": "SGD", "lr": 0.05, "momentum": 0.9},
    "equations": {
        "regression": r"2-2\,\frac{\langle p,z\rangle}{\|p\|\,\|z\|}",
        "loss": r"\mathcal L=\frac1N\sum_i\left[\ell(q(f_\theta(v)),\mathrm{sg}(f_\xi(v')))+\ell(q(f_\theta(v')),\mathrm{sg}(f_\xi(v)))\right]",
        "update_average": r"\xi\leftarrow m\xi+(1-m)\theta,\;m=0.98",
    },
}


class Encoder(nn.Module):
    def __init__(self, inputs=20, hidden=40, embedding=12):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, embedding)
        )

    def forward(self, x):
        return self.layers(x)


class BYOL(nn.Module):
    def __init__(self, embedding=12):
        super().__init__()
        self.online = Encoder(embedding=embedding)
        self.predictor = nn.Sequential(nn.Linear(embedding, 24), nn.ReLU(), nn.Linear(24, embedding))
        self.target = copy.deepcopy(self.online)
        for p in self.target.parameters():
            p.requires_grad = False

    def forward(self, x):
        return self.predictor(self.online(x))


def build():
    return BYOL()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 20, generator=g)
    views = [x + 0.3 * torch.randn(n, 20, generator=g) for _ in range(2)]
    return {"first": views[0], "second": views[1]}


def forward(model, batch):
    return model(batch["first"])


def regression(p, z):
    p, z = F.normalize(p, dim=-1), F.normalize(z, dim=-1)
    return 2 - 2 * (p * z).sum(dim=-1)


def loss(model, batch):
    with torch.no_grad():
        first, second = model.target(batch["first"]), model.target(batch["second"])
    return (regression(model(batch["first"]), second) + regression(model(batch["second"]), first)).mean()


def optimizer(model):
    return torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.05, momentum=0.9)


@torch.no_grad()
def update_average(model, momentum=0.98):
    for q, p in zip(model.target.parameters(), model.online.parameters()):
        q.copy_(momentum * q + (1 - momentum) * p)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    update_average(model)
    return value.detach()
