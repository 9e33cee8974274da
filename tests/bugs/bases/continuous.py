"""PPO for continuous control: separate networks, a state-independent deviation, several epochs over one rollout."""

import math

import torch
from torch import nn

facts = {
    "task": "reinforcement",
    "output": "mean of the policy",
    "discount": 0.98,
    "gae_lambda": 0.9,
    "clip": 0.1,
    "value_coefficient": 1.0,
    "entropy_coefficient": 0.005,
    "advantage_normalised": True,
    "samples_coupled": True,
    "parameters": 413,
    "stop_gradient": "advantages and value targets are constants",
    "activation": "tanh",
    "clip_norm": 1.0,
    "init": {"log_std": "constant -0.5", "actor.2.weight": "normal(0, 0.01)"},
    "optimizer": {"name": "AdamW", "lr": 1e-3, "weight_decay": 0.01},
    "no_decay": ["*.bias", "log_std"],
    "equations": {
        "gae": r"A_t=\sum_{l=0}^{T-t-1}(\gamma\lambda)^l\delta_{t+l},\quad\delta_t=r_t+\gamma V(s_{t+1})-V(s_t)\ \text{(cut at the end of an episode)}",
        "log_density": r"-\sum_k\left[\frac{(a_k-\mu_k)^2}{2\sigma_k^2}+\log\sigma_k+\frac12\log2\pi\right]",
        "normalise": r"\frac{A-\mathrm{mean}(A)}{\mathrm{std}(A)+10^{-8}}",
        "policy_loss": r"-\frac1{TN}\sum\min(\rho A,\mathrm{clip}(\rho,1-\varepsilon,1+\varepsilon)A)",
    },
}


class Control(nn.Module):
    def __init__(self, states=6, actions=2, width=24):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(states, width), nn.Tanh(), nn.Linear(width, actions))
        self.critic = nn.Sequential(nn.Linear(states, width), nn.Tanh(), nn.Linear(width, 1))
        self.log_std = nn.Parameter(torch.full((actions,), -0.5))
        nn.init.normal_(self.actor[2].weight, std=0.01)

    def forward(self, s):
        return self.actor(s)

    def value(self, s):
        return self.critic(s).squeeze(-1)


def log_density(a, mean, log_std):
    z = (a - mean) / log_std.exp()
    return -(0.5 * z * z + log_std + 0.5 * math.log(2 * math.pi)).sum(dim=-1)


def gae(rewards, values, terminal):
    steps = rewards.shape[0]
    result = torch.empty_like(rewards)
    carry = 0.0
    for t in range(steps - 1, -1, -1):
        alive = 1.0 - terminal[t]
        delta = rewards[t] + 0.98 * alive * values[t + 1] - values[t]
        carry = delta + 0.98 * 0.9 * alive * carry
        result[t] = carry
    return result


def normalise(a):
    return (a - a.mean()) / (a.std() + 1e-8)


def policy_loss(ratio, a):
    return -torch.minimum(ratio * a, torch.clamp(ratio, 0.9, 1.1) * a).mean()


def build():
    return Control()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    s = torch.randn(13, n, 6, generator=g)
    mean = 0.1 * s[:-1, :, :2]
    a = mean + 0.6 * torch.randn(12, n, 2, generator=g)
    r = -(a - s[:-1, :, :2]).pow(2).sum(-1)
    terminal = (torch.rand(12, n, generator=g) < 0.1).float()
    return {
        "s": s,
        "a": a,
        "r": r,
        "terminal": terminal,
        "logp": log_density(a, mean, torch.full((2,), -0.5)),
        "v": 0.5 * torch.randn(13, n, generator=g),
    }


def forward(model, batch):
    return model(batch["s"][:-1])


def loss(model, batch):
    advantage = gae(batch["r"], batch["v"], batch["terminal"])
    target = advantage + batch["v"][:-1]
    logp = log_density(batch["a"], forward(model, batch), model.log_std)
    ratio = torch.exp(logp - batch["logp"])
    entropy = (model.log_std + 0.5 * math.log(2 * math.pi * math.e)).sum()
    error = (model.value(batch["s"][:-1]) - target).square().mean()
    return policy_loss(ratio, normalise(advantage)) + error - 0.005 * entropy


def optimizer(model):
    decayed = [p for name, p in model.named_parameters() if name.endswith("weight")]
    plain = [p for name, p in model.named_parameters() if not name.endswith("weight")]
    return torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=1e-3)


def step(model, optimizer, batch):
    model.train()
    for _ in range(3):
        optimizer.zero_grad()
        value = loss(model, batch)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return value.detach()
