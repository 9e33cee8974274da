"""Action values with a target network that is copied every four updates."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "reinforcement-learning",
    "actions": 3,
    "output": "action values",
    "discount": 0.9,
    "target_update": 4,
    "stop_gradient": "the bootstrapped target",
    "loss": "Huber loss of the temporal difference",
    "activation": "relu",
    "optimizer": {"name": "Adam", "lr": 1e-3},
    "parameters": 454,
}


class Values(nn.Module):
    def __init__(self):
        super().__init__()
        self.online = nn.Sequential(nn.Linear(4, 28), nn.ReLU(), nn.Linear(28, 3))
        self.target = copy.deepcopy(self.online)
        self.updates = 0

    def forward(self, state):
        return self.online(state)


def build():
    return Values()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    return {
        "state": torch.randn(n, 4, generator=g),
        "action": torch.randint(0, 3, (n,), generator=g),
        "reward": torch.randn(n, generator=g),
        "next_state": torch.randn(n, 4, generator=g),
        "terminal": (torch.rand(n, generator=g) < 0.2).float(),
    }


def forward(model, batch):
    return model(batch["state"])


def loss(model, batch):
    value = forward(model, batch).gather(1, batch["action"][:, None]).squeeze(1)
    with torch.no_grad():
        following = model.target(batch["next_state"]).max(dim=1).values
        target = batch["reward"] + 0.9 * (1 - batch["terminal"]) * following
    return F.smooth_l1_loss(value, target)


def optimizer(model):
    return torch.optim.Adam(model.online.parameters(), lr=1e-3)


def step(model, optimizer, batch):
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    model.updates += 1
    if model.updates % 4 == 0:
        model.target.load_state_dict(model.online.state_dict())
    return value.detach()
