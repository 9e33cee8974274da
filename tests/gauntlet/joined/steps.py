"""Duelling double value learning with three-step returns and importance weights; a slow copy follows after every update."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "reinforcement",
    "actions": 5,
    "output": "action values",
    "discount": 0.9,
    "parameters": 3980,
    "trainable_parameters": 1990,
    "frozen": ["slow.*"],
    "loss": "weighted Huber loss of the temporal difference, mean over the batch",
    "stop_gradient": "the target",
    "activation": "relu",
    "equations": {
        "Duel.forward": r"V(s)+A(s,a)-\frac1{|A|}\sum_{a'}A(s,a')",
        "nstep": r"\sum_{k=0}^{2}\gamma^kr_{t+k}",
        "bellman": r"R^{(3)}+\gamma^3(1-d)Q_{\bar\theta}(s',\arg\max_{a}Q_\theta(s',a))",
        "follow": r"\bar\theta\leftarrow0.99\,\bar\theta+0.01\,\theta",
    },
}


class Duel(nn.Module):
    def __init__(self, d=8, actions=5, width=32):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.value = nn.Linear(width, 1)
        self.advantage = nn.Sequential(nn.Linear(width, 16), nn.ReLU(), nn.Linear(16, actions))

    def forward(self, s):
        h = self.body(s)
        a = self.advantage(h)
        return self.value(h) + a - a.mean(dim=1, keepdim=True)


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.fast, self.slow = Duel(), Duel()
        self.slow.load_state_dict(self.fast.state_dict())
        for p in self.slow.parameters():
            p.requires_grad_(False)

    def forward(self, s):
        return self.fast(s)


def build():
    return Agent()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    w = torch.Generator().manual_seed(4)
    effect = 0.5 * torch.randn(5, 8, generator=w)
    s = torch.randn(n, 8, generator=g)
    a = torch.randint(0, 5, (n,), generator=g)
    after = 0.8 * s + effect[a]
    rewards = torch.stack([after.mean(1) + 0.1 * torch.randn(n, generator=g) for _ in range(3)], dim=1)
    return {
        "state": s,
        "action": a,
        "rewards": rewards,
        "next_state": after,
        "terminal": torch.rand(n, generator=g) < 0.2,
        "weight": 0.2 + 0.8 * torch.rand(n, generator=g),
    }


def nstep(rewards, gamma=0.9):
    powers = gamma ** torch.arange(rewards.shape[1])
    return (rewards * powers).sum(dim=1)


@torch.no_grad()
def bellman(model, batch, gamma=0.9):
    best = model.fast(batch["next_state"]).argmax(dim=1)
    q = model.slow(batch["next_state"])[torch.arange(len(best)), best]
    return nstep(batch["rewards"]) + gamma**3 * torch.where(batch["terminal"], torch.zeros_like(q), q)


def forward(model, batch):
    return model(batch["state"])


def loss(model, batch):
    q = forward(model, batch)[torch.arange(len(batch["action"])), batch["action"]]
    error = F.huber_loss(q, bellman(model, batch), reduction="none")
    return (batch["weight"] * error).mean()


def optimizer(model):
    return torch.optim.Adam(model.fast.parameters(), lr=2e-3)


def follow(model, rate=0.01):
    with torch.no_grad():
        for slow, fast in zip(model.slow.parameters(), model.fast.parameters(), strict=False):
            slow.mul_(1 - rate).add_(fast, alpha=rate)


def step(model, optimizer, batch):
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    follow(model)
    return value.detach()
