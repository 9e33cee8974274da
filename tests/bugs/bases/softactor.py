"""Soft actor-critic with twin critics and slowly moving targets (Haarnoja et al. 2018)."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

GAMMA, ALPHA, TAU = 0.98, 0.1, 0.01
facts = {
    "task": "reinforcement",
    "output": "mean and log-deviation",
    "discount": 0.98,
    "entropy_coefficient": 0.1,
    "ema": 0.99,
    "frozen": ["targets.*"],
    "activation": "relu",
    "stochastic": "actions are drawn in the loss",
    "parameters": 3320,
    "trainable_parameters": 1734,
    "stop_gradient": "through the target and, for the policy's step, nothing of the critics is updated",
    "equations": {
        "target": r"y=r+\gamma(1-d)\left(\min(q_1,q_2)-\alpha\,\ell\right)",
        "squashed": r"\log\mathcal N(u;\mu,\sigma)-\sum_i\log(1-\tanh^2(u_i)+10^{-6})",
        "update_average": r"\bar\theta\leftarrow(1-\tau)\bar\theta+\tau\theta",
    },
}


class Critic(nn.Module):
    def __init__(self, inputs=4, actions=2, hidden=24):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(inputs + actions, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, state, action):
        return self.net(torch.cat([state, action], dim=-1)).squeeze(-1)


class Agent(nn.Module):
    def __init__(self, inputs=4, actions=2, hidden=16):
        super().__init__()
        self.policy = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 2 * actions))
        self.critics = nn.ModuleList([Critic(), Critic()])
        self.targets = copy.deepcopy(self.critics)
        self.targets.requires_grad_(False)

    def forward(self, state):
        mean, log_std = self.policy(state).chunk(2, dim=-1)
        return torch.cat([mean, log_std.clamp(-5, 2)], dim=-1)


def squashed(u, mean, log_std):
    normal = torch.distributions.Normal(mean, log_std.exp()).log_prob(u).sum(-1)
    return normal - (1 - u.tanh().pow(2) + 1e-6).log().sum(-1)


def sample(model, state):
    mean, log_std = model(state).chunk(2, dim=-1)
    u = mean + log_std.exp() * torch.randn_like(mean)
    return u.tanh(), squashed(u, mean, log_std)


def target(reward, done, first, second, logp):
    return reward + GAMMA * (1 - done) * (torch.min(first, second) - ALPHA * logp)


@torch.no_grad()
def update_average(model):
    for slow, fast in zip(model.targets.parameters(), model.critics.parameters()):
        slow.mul_(1 - TAU).add_(fast, alpha=TAU)


def build():
    return Agent()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    state, action = torch.randn(n, 4, generator=g), torch.rand(n, 2, generator=g) * 2 - 1
    following = 0.9 * state + 0.2 * torch.cat([action, -action], dim=1)
    reward = -(state[:, :2] + action).pow(2).sum(1)
    return {"state": state, "action": action, "reward": reward, "next_state": following, "done": (torch.rand(n, generator=g) < 0.1).float()}


def forward(model, batch):
    return model(batch["state"])


def critic_loss(model, batch):
    with torch.no_grad():
        action, logp = sample(model, batch["next_state"])
        first, second = (critic(batch["next_state"], action) for critic in model.targets)
        y = target(batch["reward"], batch["done"], first, second, logp)
    return sum(F.mse_loss(critic(batch["state"], batch["action"]), y) for critic in model.critics)


def policy_loss(model, batch):
    action, logp = sample(model, batch["state"])
    return (ALPHA * logp - torch.min(*(critic(batch["state"], action) for critic in model.critics))).mean()


def loss(model, batch):
    return critic_loss(model, batch) + policy_loss(model, batch)


def optimizer(model):
    return {
        "critics": torch.optim.Adam(model.critics.parameters(), lr=1e-3),
        "policy": torch.optim.Adam(model.policy.parameters(), lr=1e-3),
    }


def step(model, optimizer, batch):
    model.train()
    optimizer["critics"].zero_grad()
    value = critic_loss(model, batch)
    value.backward()
    optimizer["critics"].step()
    optimizer["policy"].zero_grad()
    policy_loss(model, batch).backward()
    optimizer["policy"].step()
    update_average(model)
    return value.detach()
