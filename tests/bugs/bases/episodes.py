"""Monte-Carlo policy gradient with a learned state-value baseline on padded episodes."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "reinforcement-learning",
    "actions": 4,
    "output": "logits",
    "discount": 0.95,
    "entropy_coefficient": 0.02,
    "value_coefficient": 0.5,
    "parameters": 2933,
    "stop_gradient": "advantage",
    "clip_norm": 1.0,
    "optimizer": {"name": "Adam", "lr": 2e-3},
    "equations": {"to_go": r"G_t=\sum_{k\ge t}\gamma^{k-t}r_k"},
}
GAMMA = 0.95


class Policy(nn.Module):
    def __init__(self, observations=6, hidden=48, actions=4):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(observations, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.actor = nn.Linear(hidden, actions)
        self.critic = nn.Linear(hidden, 1)
        nn.init.orthogonal_(self.actor.weight, gain=0.01)
        nn.init.zeros_(self.actor.bias)

    def forward(self, observation):
        features = self.body(observation)
        return self.actor(features), self.critic(features).squeeze(-1)


def build():
    return Policy()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    observation = torch.randn(n, 12, 6, generator=g)
    action = torch.randint(0, 4, (n, 12), generator=g)
    wanted = observation[..., :4].argmax(-1)
    reward = (action == wanted).float() + 0.1 * torch.randn(n, 12, generator=g)
    length = torch.randint(6, 13, (n,), generator=g)
    alive = (torch.arange(12)[None] < length[:, None]).float()
    return {"observation": observation * alive[..., None], "action": action, "reward": reward * alive, "alive": alive}


def to_go(reward):
    """Discounted sum of the rewards from each step on."""
    total = torch.zeros(reward.shape[0])
    out = torch.zeros_like(reward)
    for t in reversed(range(reward.shape[1])):
        total = reward[:, t] + GAMMA * total
        out[:, t] = total
    return out


def forward(model, batch):
    return model(batch["observation"])[0]


def loss(model, batch):
    logits, value = model(batch["observation"])
    alive = batch["alive"]
    returns = to_go(batch["reward"])
    log_probability = F.log_softmax(logits, dim=-1)
    chosen = log_probability.gather(-1, batch["action"][..., None]).squeeze(-1)
    advantage = (returns - value).detach()
    policy = -(chosen * advantage * alive).sum() / alive.sum()
    critic = ((value - returns) ** 2 * alive).sum() / alive.sum()
    entropy = (-(log_probability.exp() * log_probability).sum(-1) * alive).sum() / alive.sum()
    return policy + 0.5 * critic - 0.02 * entropy


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad(set_to_none=True)
    value = loss(model, batch)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return value.detach()
