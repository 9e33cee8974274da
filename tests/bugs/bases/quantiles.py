"""Quantile regression Q-learning with a target network copied at intervals."""

import copy

import torch
from torch import nn

facts = {
    "task": "reinforcement-learning",
    "actions": 3,
    "discount": 0.9,
    "output": "quantiles of action values",
    "target_update": 5,
    "frozen": ["target.*"],
    "stop_gradient": "target quantiles",
    "optimizer": {"name": "Adam", "lr": 1e-3},
    "equations": {"huber_quantile": r"\frac1{NK}\sum_i\sum_j|\tau_j-1_{u_{ij}<0}|\,L_\kappa(u_{ij})"},
}
K = 8


class Quantiles(nn.Module):
    def __init__(self, states=5, actions=3):
        super().__init__()
        self.actions = actions
        self.net = nn.Sequential(nn.Linear(states, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, actions * K))
        self.register_buffer("tau", (torch.arange(K) + 0.5) / K)

    def forward(self, state):
        return self.net(state).view(-1, self.actions, K)


class Learner(nn.Module):
    def __init__(self):
        super().__init__()
        self.online = Quantiles()
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))

    def forward(self, state):
        return self.online(state)


def build():
    return Learner()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    state, action = torch.randn(n, 5, generator=g), torch.randint(0, 3, (n,), generator=g)
    reward = state.gather(1, action[:, None]).squeeze(1) + 0.3 * torch.randn(n, generator=g)
    return {
        "state": state,
        "action": action,
        "reward": reward,
        "next_state": torch.randn(n, 5, generator=g),
        "done": (torch.rand(n, generator=g) < 0.25).float(),
    }


def forward(model, batch):
    return model(batch["state"])


def huber_quantile(predicted, target, tau):
    u = target[:, None, :] - predicted[:, :, None]
    huber = torch.where(u.abs() <= 1, 0.5 * u**2, u.abs() - 0.5)
    weight = (tau[None, :, None] - (u.detach() < 0).float()).abs()
    return (weight * huber).sum(1).mean()


def loss(model, batch):
    rows = torch.arange(len(batch["action"]))
    predicted = forward(model, batch)[rows, batch["action"]]
    with torch.no_grad():
        following = model.target(batch["next_state"])
        best = following.mean(-1).argmax(1)
        target = batch["reward"][:, None] + 0.9 * (1 - batch["done"][:, None]) * following[rows, best]
    return huber_quantile(predicted, target, model.online.tau)


def optimizer(model):
    return torch.optim.Adam(model.online.parameters(), lr=1e-3)


def step(model, optimizer, batch):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    model.seen += 1
    if int(model.seen) % 5 == 0:
        model.target.load_state_dict(model.online.state_dict())
    return value.detach()
