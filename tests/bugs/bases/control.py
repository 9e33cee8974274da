"""Continuous control by advantage actor-critic with a Gaussian policy and a state-independent deviation."""

import math

import torch
from torch import nn

facts = {
    "task": "reinforcement-learning",
    "output": "mean action",
    "discount": 0.96,
    "gae_lambda": 0.92,
    "entropy_coefficient": 0.005,
    "value_coefficient": 0.5,
    "stop_gradient": "advantages and returns",
    "optimizer": {"name": "Adam", "lr": 1e-3},
    "clip_norm": 1.0,
    "equations": {"log_density": r"-\sum_j\left[\frac{(a_j-\mu_j)^2}{2\sigma_j^2}+\log\sigma_j+\frac12\log 2\pi\right]"},
}


class Agent(nn.Module):
    def __init__(self, states=4, actions=2):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(states, 24), nn.Tanh())
        self.mean, self.value = nn.Linear(24, actions), nn.Linear(24, 1)
        self.log_std = nn.Parameter(torch.full((actions,), -0.5))

    def forward(self, state):
        h = self.body(state)
        return self.mean(h), self.value(h).squeeze(-1)


def build():
    return Agent()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    states = torch.randn(n, 11, 4, generator=g)
    actions = 0.5 * torch.randn(n, 10, 2, generator=g)
    rewards = -(actions - states[:, :10, :2]).pow(2).sum(-1)
    terminals = torch.rand(n, 10, generator=g) < 0.08
    return {"states": states, "actions": actions, "rewards": rewards, "terminals": terminals}


def forward(model, batch):
    return model(batch["states"])[0]


def log_density(a, mu, sigma):
    return -(((a - mu) / sigma).pow(2) / 2 + sigma.log() + 0.5 * math.log(2 * math.pi)).sum(-1)


def gae(rewards, values, next_values, terminals, discount=0.96, smoothing=0.92):
    keep = 1.0 - terminals.float()
    delta = rewards + discount * keep * next_values - values
    out, running = [], torch.zeros_like(delta[:, 0])
    for t in range(rewards.shape[1] - 1, -1, -1):
        running = delta[:, t] + discount * smoothing * keep[:, t] * running
        out.append(running)
    return torch.stack(out[::-1], dim=1)


def loss(model, batch):
    mean, value = model(batch["states"])
    with torch.no_grad():
        advantage = gae(batch["rewards"], value[:, :-1], value[:, 1:], batch["terminals"])
        returns = advantage + value[:, :-1]
    log_probability = log_density(batch["actions"], mean[:, :-1], model.log_std.exp())
    entropy = (model.log_std + 0.5 * math.log(2 * math.pi * math.e)).sum()
    return -(log_probability * advantage).mean() + 0.5 * (value[:, :-1] - returns).pow(2).mean() - 0.005 * entropy


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return value.detach()
