"""Deep Q-network: replayed transitions, a target copied every few updates (Mnih et al. 2015)."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

GAMMA, EVERY = 0.95, 5
facts = {
    "task": "reinforcement",
    "actions": 3,
    "output": "action values",
    "discount": 0.95,
    "target_update": 5,
    "parameters": 2630,
    "trainable_parameters": 1315,
    "frozen": ["target.*"],
    "loss": "mean Huber loss of the temporal-difference error",
    "stop_gradient": "through the target",
    "activation": "relu",
    "clip_norm": 10.0,
    "optimizer": {"name": "Adam", "lr": 1e-3, "eps": 1.5e-4},
    "equations": {"DQN.targets": r"y=r+\gamma(1-d)\max_{a'}Q(s',a';\theta^-)"},
}


class DQN(nn.Module):
    def __init__(self, inputs=4, hidden=32, actions=3):
        super().__init__()
        self.online = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, actions))
        self.target = copy.deepcopy(self.online)
        self.target.requires_grad_(False)
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def forward(self, state):
        return self.online(state)

    @torch.no_grad()
    def targets(self, reward, done, following):
        return reward + GAMMA * (1 - done) * self.target(following).max(dim=1).values

    def synchronise(self):
        self.updates += 1
        if self.updates % EVERY == 0:
            self.target.load_state_dict(self.online.state_dict())


def build():
    return DQN()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    state = torch.randn(n, 4, generator=g)
    action = torch.randint(0, 3, (n,), generator=g)
    following = state + 0.3 * F.one_hot(action, 4) - 0.1 + 0.05 * torch.randn(n, 4, generator=g)
    reward = (following[:, 0] > following[:, 1]).float() - 0.5 * (action == 2).float()
    done = (torch.rand(n, generator=g) < 0.15).float()
    return {"state": state, "action": action, "reward": reward, "next_state": following, "done": done}


def forward(model, batch):
    return model(batch["state"])


def loss(model, batch):
    chosen = forward(model, batch).gather(1, batch["action"][:, None]).squeeze(1)
    return F.smooth_l1_loss(chosen, model.targets(batch["reward"], batch["done"], batch["next_state"]))


def optimizer(model):
    return torch.optim.Adam(model.online.parameters(), lr=1e-3, eps=1.5e-4)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    nn.utils.clip_grad_norm_(model.online.parameters(), 10.0)
    optimizer.step()
    model.synchronise()
    return value.detach()
