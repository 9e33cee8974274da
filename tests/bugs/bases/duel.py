"""Duelling double Q-learning with n-step rewards folded in and prioritised samples."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "reinforcement-learning",
    "actions": 4,
    "output": "action values",
    "discount": 0.97,
    "ema": 0.95,
    "frozen": ["target.*"],
    "loss": "weighted Huber loss of the temporal difference",
    "stop_gradient": "double Q target",
    "equations": {"Duel.combine": r"Q(s,a)=V(s)+A(s,a)-\frac1{|\mathcal A|}\sum_{a'}A(s,a')"},
    "optimizer": {"name": "Adam", "lr": 5e-4},
}


class Duel(nn.Module):
    def __init__(self, pixels=8, actions=4):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten()
        )
        self.value = nn.Sequential(nn.Linear(128, 24), nn.ReLU(), nn.Linear(24, 1))
        self.advantage = nn.Sequential(nn.Linear(128, 24), nn.ReLU(), nn.Linear(24, actions))

    def combine(self, value, advantage):
        return value + advantage - advantage.mean(dim=1, keepdim=True)

    def forward(self, frame):
        h = self.trunk(frame)
        return self.combine(self.value(h), self.advantage(h))


class Learner(nn.Module):
    def __init__(self):
        super().__init__()
        self.online = Duel()
        self.target = copy.deepcopy(self.online).requires_grad_(False)

    def forward(self, frame):
        return self.online(frame)


def build():
    return Learner()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    frame, following = torch.rand(n, 1, 8, 8, generator=g), torch.rand(n, 1, 8, 8, generator=g)
    action = torch.randint(0, 4, (n,), generator=g)
    corner = torch.stack([frame[:, 0, :4, :4], frame[:, 0, :4, 4:], frame[:, 0, 4:, :4], frame[:, 0, 4:, 4:]], 1).mean((2, 3))
    weight = torch.rand(n, generator=g) + 0.5
    done = torch.rand(n, generator=g) < 0.2
    return {
        "obs": frame,
        "action": action,
        "reward": corner[torch.arange(n), action],
        "next_obs": following,
        "done": done,
        "weight": weight / weight.max(),
    }


def forward(model, batch):
    return model(batch["obs"])


def loss(model, batch):
    q = forward(model, batch).gather(1, batch["action"].unsqueeze(1)).squeeze(1)
    with torch.no_grad():
        best = model.online(batch["next_obs"]).argmax(dim=1, keepdim=True)
        following = model.target(batch["next_obs"]).gather(1, best).squeeze(1)
        target = batch["reward"] + 0.97 * following * (~batch["done"])
    return (batch["weight"] * F.smooth_l1_loss(q, target, reduction="none")).mean()


def optimizer(model):
    return torch.optim.Adam(model.online.parameters(), lr=5e-4)


def step(model, optimizer, batch):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    with torch.no_grad():
        for slow, fast in zip(model.target.parameters(), model.online.parameters(), strict=False):
            slow.mul_(0.95).add_(0.05 * fast)
    return value.detach()
