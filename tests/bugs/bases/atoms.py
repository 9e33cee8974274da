"""Distributional Q-learning on fixed atoms."""

import copy

import torch
from torch import nn

facts = {
    "task": "reinforcement-learning",
    "actions": 3,
    "discount": 0.9,
    "output": "logits",
    "target_update": 4,
    "frozen": ["target.*"],
    "stop_gradient": "target distribution",
    "loss": "cross-entropy between the projected target and the predicted distribution",
    "optimizer": {"name": "Adam", "lr": 1e-3, "eps": 1e-3},
    "equations": {"loss": r"-\frac1N\sum_i\sum_j m_j\log p_j(x_i,a_i)"},
}
ATOMS, LOW, HIGH = 21, -5.0, 5.0


class Network(nn.Module):
    def __init__(self, inputs=4, hidden=32, actions=3):
        super().__init__()
        self.actions = actions
        self.layers = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, actions * ATOMS))
        self.register_buffer("support", torch.linspace(LOW, HIGH, ATOMS))

    def forward(self, state):
        return self.layers(state).view(-1, self.actions, ATOMS)

    def value(self, state):
        return (self(state).softmax(-1) * self.support).sum(-1)


class Learner(nn.Module):
    def __init__(self):
        super().__init__()
        self.online = Network()
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def forward(self, state):
        return self.online(state)


def build():
    return Learner()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    state = torch.randn(n, 4, generator=g)
    action = torch.randint(0, 3, (n,), generator=g)
    return {
        "state": state,
        "action": action,
        "reward": state[torch.arange(n), action] + 0.1 * torch.randn(n, generator=g),
        "next_state": torch.randn(n, 4, generator=g),
        "done": (torch.rand(n, generator=g) < 0.2).float(),
    }


def forward(model, batch):
    return model(batch["state"])


def project(probability, reward, done, support):
    """Spread the mass of the shifted and shrunk atoms over the two nearest fixed atoms."""
    width = (HIGH - LOW) / (ATOMS - 1)
    moved = (reward[:, None] + 0.9 * (1 - done[:, None]) * support).clamp(LOW, HIGH)
    where = (moved - LOW) / width
    lower, upper = where.floor().long(), where.ceil().long()
    out = torch.zeros_like(probability)
    exact = (lower == upper).float()
    out.scatter_add_(1, lower, probability * (upper - where + exact))
    out.scatter_add_(1, upper, probability * (where - lower))
    return out


def loss(model, batch):
    rows = torch.arange(len(batch["action"]))
    with torch.no_grad():
        best = model.target.value(batch["next_state"]).argmax(-1)
        following = model.target(batch["next_state"]).softmax(-1)[rows, best]
        wanted = project(following, batch["reward"], batch["done"], model.online.support)
    found = forward(model, batch).log_softmax(-1)[rows, batch["action"]]
    return -(wanted * found).sum(-1).mean()


def optimizer(model):
    return torch.optim.Adam(model.online.parameters(), lr=1e-3, eps=1e-3)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    model.updates += 1
    if model.updates % 4 == 0:
        model.target.load_state_dict(model.online.state_dict())
    return value.detach()
