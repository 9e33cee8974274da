"""Policy and value with clipped ratios and generalised advantages; axis 0 is time."""

import torch
from torch import nn

facts = {
    "task": "reinforcement-learning",
    "actions": 3,
    "output": "logits",
    "discount": 0.9,
    "gae_lambda": 0.8,
    "clip": 0.2,
    "value_coefficient": 0.5,
    "entropy_coefficient": 0.01,
    "advantage_normalised": True,
    "samples_coupled": True,
    "stop_gradient": "advantages and returns",
    "loss": "clipped surrogate plus value and entropy terms",
    "activation": "tanh",
    "clip_norm": 0.5,
    "optimizer": {"name": "Adam", "lr": 3e-3, "eps": 1e-5},
}


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(4, 24), nn.Tanh())
        self.policy, self.value = nn.Linear(24, 3), nn.Linear(24, 1)

    def forward(self, state):
        h = self.trunk(state)
        return self.policy(h), self.value(h).squeeze(-1)


def build():
    return Agent()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    return {
        "state": torch.randn(6, n, 4, generator=g),
        "action": torch.randint(0, 3, (6, n), generator=g),
        "old_log_probability": -1.1 + 0.1 * torch.randn(6, n, generator=g),
        "reward": torch.randn(6, n, generator=g),
        "terminal": (torch.rand(6, n, generator=g) < 0.1).float(),
        "last_value": torch.randn(n, generator=g),
    }


def forward(model, batch):
    return model(batch["state"])[0]


def advantages(reward, value, terminal, last):
    total, found = torch.zeros_like(last), []
    for t in range(len(reward) - 1, -1, -1):
        following = last if t == len(reward) - 1 else value[t + 1]
        error = reward[t] + 0.9 * (1 - terminal[t]) * following - value[t]
        total = error + 0.9 * 0.8 * (1 - terminal[t]) * total
        found.insert(0, total)
    return torch.stack(found)


def loss(model, batch):
    logits, value = model(batch["state"])
    advantage = advantages(batch["reward"], value.detach(), batch["terminal"], batch["last_value"])
    returns = advantage + value.detach()
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    policy = torch.distributions.Categorical(logits=logits)
    ratio = (policy.log_prob(batch["action"]) - batch["old_log_probability"]).exp()
    surrogate = torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
    return -surrogate + 0.5 * (value - returns).pow(2).mean() - 0.01 * policy.entropy().mean()


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=3e-3, eps=1e-5)


def step(model, optimizer, batch):
    for _ in range(2):
        optimizer.zero_grad()
        value = loss(model, batch)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    return value.detach()
