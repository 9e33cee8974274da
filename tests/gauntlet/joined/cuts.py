"""Clipped policy optimisation for continuous actions; episodes may be cut off, and a cut is no end (axis 0: time)."""

import math

import torch
from torch import nn

facts = {
    "task": "reinforcement",
    "discount": 0.95,
    "gae_lambda": 0.9,
    "clip": 0.2,
    "value_coefficient": 0.5,
    "entropy_coefficient": 0.003,
    "advantage_normalised": True,
    "parameters": 2177,
    "output": "means of the actions",
    "activation": "tanh",
    "clip_norm": 0.5,
    "optimizer": {"name": "Adam", "lr": 3e-3},
    "init": {"log_std": "constant -0.5", "mean.weight": "orthogonal with gain 0.01"},
    "equations": {
        "advantages": r"\hat A_t=\delta_t+\gamma\lambda(1-b_t)\hat A_{t+1},\ \delta_t=r_t+\gamma(1-d_t)V(s'_t)-V(s_t)",
        "log_prob": r"-\sum_k\left[\frac{(a_k-\mu_k)^2}{2\sigma_k^2}+\ln\sigma_k+\frac12\ln2\pi\right]",
        "surrogate": r"-\frac1N\sum\min(\rho\hat A,\mathrm{clip}(\rho,0.8,1.2)\hat A)",
    },
}


class Policy(nn.Module):
    def __init__(self, d=6, actions=2, width=32):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(d, width), nn.Tanh(), nn.Linear(width, 24), nn.Tanh())
        self.mean = nn.Linear(24, actions)
        nn.init.orthogonal_(self.mean.weight, gain=0.01)
        self.log_std = nn.Parameter(torch.full((actions,), -0.5))
        self.critic = nn.Sequential(nn.Linear(d, width), nn.Tanh(), nn.Linear(width, 26), nn.Tanh(), nn.Linear(26, 1))

    def forward(self, s):
        return self.mean(self.actor(s)), self.critic(s).squeeze(-1)


def build():
    return Policy()


def log_prob(mean, log_std, action):
    z = (action - mean) / log_std.exp()
    return -(0.5 * z.pow(2) + log_std + 0.5 * math.log(2 * math.pi)).sum(dim=-1)


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    t = 10
    s = torch.randn(t, n, 6, generator=g)
    old_mean = 0.2 * torch.randn(t, n, 2, generator=g)
    action = old_mean + math.exp(-0.5) * torch.randn(t, n, 2, generator=g)
    reward = -(action - s[..., :2].tanh()).pow(2).sum(-1)
    done = torch.rand(t, n, generator=g) < 0.1
    cut = (torch.rand(t, n, generator=g) < 0.1) & ~done
    values = 0.3 * torch.randn(2, t, n, generator=g)
    return {
        "state": s,
        "action": action,
        "reward": reward,
        "done": done.float(),
        "truncated": cut.float(),
        "value": values[0],
        "next_value": values[1],
        "old_log_prob": log_prob(old_mean, torch.full((2,), -0.5), action),
    }


def advantages(reward, value, next_value, done, truncated, gamma=0.95, lam=0.9):
    delta = reward + gamma * (1 - done) * next_value - value
    keep = 1 - torch.maximum(done, truncated)
    out = [torch.zeros_like(reward[0])]
    for t in reversed(range(len(reward))):
        out.append(delta[t] + gamma * lam * keep[t] * out[-1])
    return torch.stack(out[:0:-1])


def surrogate(new, old, advantage):
    ratio = torch.exp(new - old)
    return -torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()


def forward(model, batch):
    return model(batch["state"])[0]


def loss(model, batch):
    mean, value = model(batch["state"])
    adv = advantages(batch["reward"], batch["value"], batch["next_value"], batch["done"], batch["truncated"])
    target = adv + batch["value"]
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    entropy = (model.log_std + 0.5 * math.log(2 * math.pi * math.e)).sum()
    return (
        surrogate(log_prob(mean, model.log_std, batch["action"]), batch["old_log_prob"], adv)
        + 0.5 * (value - target).pow(2).mean()
        - 0.003 * entropy
    )


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=3e-3)


def step(model, optimizer, batch):
    for _ in range(2):
        optimizer.zero_grad()
        total = loss(model, batch)
        total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    return float(total)
