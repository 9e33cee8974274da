"""One-step actor-critic with separate networks and a temporal-difference error (Sutton and Barto, chapter 13)."""

import itertools

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "reinforcement",
    "actions": 3,
    "output": "logits",
    "discount": 0.9,
    "parameters": 485,
    "activation": "tanh",
    "entropy_coefficient": 0.01,
    "loss": "actor term plus half the mean squared temporal-difference error minus the entropy bonus",
    "stop_gradient": "the error in the actor's term, and the value of the next state",
    "equations": {
        "td_error": r"r+\gamma(1-d)V(s')-V(s)",
        "loss": r"-\frac1N\sum\delta\ln\pi(a|s)+\frac1{2N}\sum\delta^2-0.01\frac1N\sum H",
    },
    "init": {"*.bias": "zeros"},
    "optimizer": {"name": "SGD", "lr": 0.05, "momentum": 0.9},
    "schedule": {"kind": "cosine", "total": 200, "warmup": 0, "per": "step"},
}


def mlp(*sizes):
    layers = []
    for a, b in itertools.pairwise(sizes):
        layers += [nn.Linear(a, b), nn.Tanh()]
    net = nn.Sequential(*layers[:-1])
    for m in net:
        if isinstance(m, nn.Linear):
            nn.init.zeros_(m.bias)
    return net


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = mlp(5, 20, 3)
        self.critic = mlp(5, 43, 1)

    def forward(self, s):
        return self.actor(s)

    def value(self, s):
        return self.critic(s).squeeze(1)


def build():
    return ActorCritic()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    s = torch.randn(n, 5, generator=g)
    a = torch.randint(0, 3, (n,), generator=g)
    nxt = torch.roll(s, 1, dims=1) + 0.1 * torch.randn(n, 5, generator=g)
    r = (s[torch.arange(n), a] > 0.3).float()
    return {"s": s, "a": a, "r": r, "s_next": nxt, "done": (torch.rand(n, generator=g) < 0.15).float()}


def td_error(model, batch, gamma=0.9):
    with torch.no_grad():
        following = model.value(batch["s_next"])
    return batch["r"] + gamma * (1 - batch["done"]) * following - model.value(batch["s"])


def forward(model, batch):
    return model(batch["s"])


def loss(model, batch):
    delta = td_error(model, batch)
    logp = F.log_softmax(forward(model, batch), dim=1)
    actor = -(delta.detach() * logp[torch.arange(len(delta)), batch["a"]]).mean()
    entropy = -(logp * logp.exp()).sum(dim=1).mean()
    return actor + 0.5 * delta.square().mean() - 0.01 * entropy


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=200)


def step(model, optimizer, batch, scheduler):
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    scheduler.step()
    return value.detach()
