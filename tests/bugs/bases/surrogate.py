"""Proximal policy optimisation in the style of vector environments: `done` marks that a state begins a new episode."""

import torch
from torch import nn
from torch.distributions import Categorical

facts = {
    "task": "reinforcement-learning",
    "actions": 4,
    "output": "logits",
    "discount": 0.99,
    "gae_lambda": 0.9,
    "clip": 0.1,
    "value_coefficient": 0.5,
    "entropy_coefficient": 0.02,
    "advantage_normalised": True,
    "samples_coupled": True,
    "stop_gradient": "advantages and returns",
    "init": {"actor.2.weight": "orthogonal with gain 0.01", "critic.2.weight": "orthogonal with gain 1"},
    "optimizer": {"name": "Adam", "lr": 2.5e-4, "eps": 1e-5},
    "clip_norm": 0.5,
    "equations": {"estimate": r"\hat A_t=\delta_t+\gamma\lambda(1-d_{t+1})\hat A_{t+1},\;\delta_t=r_t+\gamma(1-d_{t+1})V_{t+1}-V_t"},
}


def orthogonal(layer, gain):
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


class ActorCritic(nn.Module):
    def __init__(self, inputs=5, actions=4):
        super().__init__()
        self.actor = nn.Sequential(orthogonal(nn.Linear(inputs, 32), 2**0.5), nn.Tanh(), orthogonal(nn.Linear(32, actions), 0.01))
        self.critic = nn.Sequential(orthogonal(nn.Linear(inputs, 32), 2**0.5), nn.Tanh(), orthogonal(nn.Linear(32, 1), 1.0))

    def forward(self, x):
        return self.actor(x), self.critic(x).squeeze(-1)


def build():
    return ActorCritic()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    obs = torch.randn(9, n, 5, generator=g)
    logits = 0.3 * torch.randn(8, n, 4, generator=g)
    actions = torch.multinomial(logits.softmax(-1).flatten(0, 1), 1, generator=g).view(8, n)
    rewards = (obs[:8, :, :4].argmax(-1) == actions).float()
    dones = (torch.rand(9, n, generator=g) < 0.1).float()
    logprobs = logits.log_softmax(-1).gather(-1, actions[..., None]).squeeze(-1)
    return {
        "obs": obs,
        "actions": actions,
        "rewards": rewards,
        "dones": dones,
        "logprobs": logprobs,
        "values": 0.5 * torch.randn(9, n, generator=g),
    }


def forward(model, batch):
    return model(batch["obs"])[0]


def estimate(rewards, values, dones):
    advantages = torch.zeros_like(rewards)
    last = torch.zeros_like(rewards[0])
    for t in reversed(range(len(rewards))):
        alive = 1.0 - dones[t + 1]
        delta = rewards[t] + 0.99 * values[t + 1] * alive - values[t]
        last = delta + 0.99 * 0.9 * alive * last
        advantages[t] = last
    return advantages


def loss(model, batch):
    logits, newvalue = model(batch["obs"][:-1])
    policy = Categorical(logits=logits)
    advantages = estimate(batch["rewards"], batch["values"], batch["dones"])
    returns = advantages + batch["values"][:-1]
    logratio = policy.log_prob(batch["actions"]) - batch["logprobs"]
    ratio = logratio.exp()
    advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    pg1 = -advantages * ratio
    pg2 = -advantages * torch.clamp(ratio, 1 - 0.1, 1 + 0.1)
    v_clipped = batch["values"][:-1] + torch.clamp(newvalue - batch["values"][:-1], -0.1, 0.1)
    v_loss = 0.5 * torch.max((newvalue - returns) ** 2, (v_clipped - returns) ** 2).mean()
    return torch.max(pg1, pg2).mean() - 0.02 * policy.entropy().mean() + 0.5 * v_loss


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2.5e-4, eps=1e-5)


def step(model, optimizer, batch):
    for _ in range(3):
        value = loss(model, batch)
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    return value.detach()
