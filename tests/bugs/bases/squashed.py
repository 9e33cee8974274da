"""Soft actor-critic: squashed Gaussian actor, two critics, slowly moving copies, fixed temperature."""

import copy
import math

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "reinforcement-learning",
    "discount": 0.98,
    "output": "mean and log-deviation",
    "temperature": 0.1,
    "ema": 0.99,
    "frozen": ["targets.*"],
    "players": ["actor", "critics"],
    "stop_gradient": "targets",
    "stochastic": "actions are sampled in the loss",
    "optimizer": {"name": "Adam", "lr": 1e-3},
}


def mlp(inputs, outputs, hidden=32):
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


class Agent(nn.Module):
    def __init__(self, states=5, actions=2):
        super().__init__()
        self.actor = mlp(states, 2 * actions)
        self.critics = nn.ModuleList([mlp(states + actions, 1) for _ in range(2)])
        self.targets = copy.deepcopy(self.critics).requires_grad_(False)

    def forward(self, state):
        mean, log_deviation = self.actor(state).chunk(2, dim=-1)
        return mean, log_deviation.clamp(-5, 2)

    def sample(self, state):
        """Squashed action and its log density, by the change of variables of tanh."""
        mean, log_deviation = self(state)
        raw = mean + log_deviation.exp() * torch.randn_like(mean)
        action = raw.tanh()
        density = -0.5 * ((raw - mean) / log_deviation.exp()) ** 2 - log_deviation - 0.5 * math.log(2 * math.pi)
        density = density - torch.log(1 - action**2 + 1e-6)
        return action, density.sum(-1)

    def values(self, nets, state, action):
        both = torch.cat([state, action], dim=-1)
        return [net(both).squeeze(-1) for net in nets]


def build():
    return Agent()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    state = torch.randn(n, 5, generator=g)
    action = torch.rand(n, 2, generator=g) * 2 - 1
    after = 0.9 * state
    after[:, :2] += 0.3 * action
    return {
        "state": state,
        "action": action,
        "reward": -after.pow(2).sum(-1) / 5,
        "next_state": after,
        "done": (torch.rand(n, generator=g) < 0.1).float(),
    }


def forward(model, batch):
    return torch.cat(model(batch["state"]), dim=-1)


def critic_loss(model, batch):
    with torch.no_grad():
        action, density = model.sample(batch["next_state"])
        following = torch.min(*model.values(model.targets, batch["next_state"], action)) - 0.1 * density
        target = batch["reward"] + 0.98 * (1 - batch["done"]) * following
    return sum(F.mse_loss(q, target) for q in model.values(model.critics, batch["state"], batch["action"]))


def actor_loss(model, batch):
    action, density = model.sample(batch["state"])
    return (0.1 * density - torch.min(*model.values(model.critics, batch["state"], action))).mean()


def loss(model, batch):
    return critic_loss(model, batch) + actor_loss(model, batch)


def optimizer(model):
    return {"actor": torch.optim.Adam(model.actor.parameters(), lr=1e-3), "critics": torch.optim.Adam(model.critics.parameters(), lr=1e-3)}


@torch.no_grad()
def follow(model, decay=0.99):
    for slow, fast in zip(model.targets.parameters(), model.critics.parameters(), strict=False):
        slow.mul_(decay).add_(fast, alpha=1 - decay)


def step(model, optimizer, batch):
    model.train()
    optimizer["critics"].zero_grad()
    value = critic_loss(model, batch)
    value.backward()
    optimizer["critics"].step()
    optimizer["actor"].zero_grad()
    policy = actor_loss(model, batch)
    policy.backward()
    optimizer["actor"].step()
    follow(model)
    return (value + policy).detach()
