"""Deterministic policy gradient with two critics, smoothed targets and a delayed actor."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "reinforcement-learning",
    "discount": 0.95,
    "output": "action",
    "ema": 0.98,
    "frozen": ["actor_target.*", "critics_target.*"],
    "players": ["actor", "critics"],
    "stop_gradient": "targets",
    "stochastic": "target actions are smoothed by clipped noise",
}


class Actor(nn.Module):
    def __init__(self, states=4, actions=2):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(states, 24), nn.ReLU(), nn.Linear(24, actions))

    def forward(self, state):
        return torch.tanh(self.net(state))


class Critic(nn.Module):
    def __init__(self, states=4, actions=2):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(states + actions, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, state, action):
        return self.net(torch.cat([state, action], 1)).squeeze(1)


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor, self.critics = Actor(), nn.ModuleList([Critic(), Critic()])
        self.actor_target = copy.deepcopy(self.actor).requires_grad_(False)
        self.critics_target = copy.deepcopy(self.critics).requires_grad_(False)
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    def forward(self, state):
        return self.actor(state)


def build():
    return Agent()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    state = torch.randn(n, 4, generator=g)
    action = torch.rand(n, 2, generator=g) * 2 - 1
    following = torch.cat([0.8 * state[:, :2] + 0.5 * action, state[:, 2:]], 1)
    reward = -(following[:, :2] - following[:, 2:]).abs().sum(1)
    return {
        "state": state,
        "action": action,
        "reward": reward,
        "next_state": following,
        "terminal": (torch.rand(n, generator=g) < 0.15).float(),
    }


def forward(model, batch):
    return model(batch["state"])


def critic_loss(model, batch):
    with torch.no_grad():
        smoothing = (0.2 * torch.randn_like(batch["action"])).clamp(-0.5, 0.5)
        action = (model.actor_target(batch["next_state"]) + smoothing).clamp(-1, 1)
        both = [critic(batch["next_state"], action) for critic in model.critics_target]
        target = batch["reward"] + 0.95 * (1 - batch["terminal"]) * torch.min(both[0], both[1])
    return sum(F.mse_loss(critic(batch["state"], batch["action"]), target) for critic in model.critics)


def actor_loss(model, batch):
    return -model.critics[0](batch["state"], model.actor(batch["state"])).mean()


def loss(model, batch):
    return critic_loss(model, batch) + actor_loss(model, batch)


def optimizer(model):
    return {"actor": torch.optim.Adam(model.actor.parameters(), lr=1e-3), "critics": torch.optim.Adam(model.critics.parameters(), lr=2e-3)}


@torch.no_grad()
def polyak(target, source, rate=0.02):
    for a, b in zip(target.parameters(), source.parameters(), strict=False):
        a.add_(rate * (b - a))


def step(model, optimizer, batch):
    model.train()
    model.count += 1
    value = critic_loss(model, batch)
    optimizer["critics"].zero_grad()
    value.backward()
    optimizer["critics"].step()
    if model.count % 2 == 0:
        policy = actor_loss(model, batch)
        optimizer["actor"].zero_grad()
        policy.backward()
        optimizer["actor"].step()
        polyak(model.actor_target, model.actor)
        polyak(model.critics_target, model.critics)
    return value.detach()
