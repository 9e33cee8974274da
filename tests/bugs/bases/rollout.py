"""Proximal policy optimisation: clipped surrogate, generalised advantage estimates (Schulman et al. 2017)."""

import torch
from torch import nn

GAMMA, LAMBDA, CLIP = 0.99, 0.95, 0.2
facts = {
    "task": "reinforcement",
    "actions": 4,
    "output": "logits",
    "discount": 0.99,
    "gae_lambda": 0.95,
    "clip": 0.2,
    "value_coefficient": 0.5,
    "entropy_coefficient": 0.01,
    "advantage_normalised": True,
    "parameters": 1413,
    "activation": "tanh",
    "clip_norm": 0.5,
    "samples_coupled": True,
    "stop_gradient": "through advantages and returns",
    "init": {
        "policy.weight": "orthogonal with gain 0.01",
        "value.weight": "orthogonal with gain 1",
        "body.*.bias": "zeros",
        "policy.bias": "zeros",
        "value.bias": "zeros",
    },
    "optimizer": {"name": "Adam", "lr": 3e-4, "eps": 1e-5},
    "equations": {
        "advantages": r"\hat A_t=\delta_t+\gamma\lambda(1-d_t)\hat A_{t+1},\quad \delta_t=r_t+\gamma(1-d_t)V_{t+1}-V_t",
        "surrogate": r"-\frac1N\sum_t\min\left(\rho_t A_t,\ \mathrm{clip}(\rho_t,1-\epsilon,1+\epsilon)A_t\right),\quad \rho_t=\exp(\ell_t-\ell_t^{old})",
    },
}


class ActorCritic(nn.Module):
    def __init__(self, inputs=5, hidden=32, actions=4):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
        self.policy, self.value = nn.Linear(hidden, actions), nn.Linear(hidden, 1)
        for layer, gain in ((self.body[0], 2**0.5), (self.body[2], 2**0.5), (self.policy, 0.01), (self.value, 1.0)):
            nn.init.orthogonal_(layer.weight, gain)
            nn.init.zeros_(layer.bias)

    def forward(self, state):
        h = self.body(state)
        return self.policy(h), self.value(h).squeeze(-1)


def build():
    return ActorCritic()


def advantages(reward, value, done):
    result, running = torch.zeros_like(reward), torch.zeros_like(reward[0])
    for t in reversed(range(len(reward))):
        delta = reward[t] + GAMMA * (1 - done[t]) * value[t + 1] - value[t]
        running = delta + GAMMA * LAMBDA * (1 - done[t]) * running
        result[t] = running
    return result


def surrogate(logp, old, advantage):
    ratio = (logp - old).exp()
    return -torch.min(ratio * advantage, ratio.clamp(1 - CLIP, 1 + CLIP) * advantage).mean()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    state = torch.randn(8, n, 5, generator=g)
    action = torch.randint(0, 4, (8, n), generator=g)
    reward = state.gather(2, action[..., None]).squeeze(2) + 0.1 * torch.randn(8, n, generator=g)
    done = (torch.rand(8, n, generator=g) < 0.15).float()
    old = torch.full((8, n), 0.25).log() + 0.1 * torch.randn(8, n, generator=g)
    return {
        "state": state,
        "action": action,
        "reward": reward,
        "done": done,
        "old_logp": old,
        "old_value": 0.3 * torch.randn(9, n, generator=g),
    }


def forward(model, batch):
    return model(batch["state"])[0]


def loss(model, batch):
    logits, value = model(batch["state"])
    advantage = advantages(batch["reward"], batch["old_value"], batch["done"])
    returns = advantage + batch["old_value"][:-1]
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    policy = torch.distributions.Categorical(logits=logits)
    clipped = surrogate(policy.log_prob(batch["action"]), batch["old_logp"], advantage)
    return clipped + 0.5 * (returns - value).pow(2).mean() - 0.01 * policy.entropy().mean()


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=3e-4, eps=1e-5)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    return value.detach()
