"""Twin delayed deterministic policy gradient for a point that is pushed about (Fujimoto et al. 2018)."""

from copy import deepcopy

import torch
import torch.nn as nn
import torch.nn.functional as F

GAMMA, TAU, NOISE, NOISE_CLIP, DELAY, LIMIT = 0.95, 0.02, 0.2, 0.5, 2, 1.5
facts = {
    "task": "reinforcement",
    "discount": 0.95,
    "parameters": 5848,
    "trainable_parameters": 2924,
    "frozen": ["actor_target.*", "critic_target.*"],
    "output": "actions in [-1.5, 1.5]",
    "stochastic": "the target policy's noise",
    "players": ["actor", "critic"],
    "stop_gradient": "the target",
    "loss": "sum of the mean squared errors of both critics; the actor climbs the first critic every second update",
    "equations": {
        "td_target": r"r+\gamma(1-d)\min_{i=1,2}Q_{\bar\theta_i}(s',\bar\pi(s')+\epsilon)",
        "polyak": r"\bar\theta\leftarrow(1-\tau)\bar\theta+\tau\theta",
        "actor_loss": r"-\frac1N\sum Q_1(s,\pi(s))",
        "Actor.forward": r"1.5\tanh(W_3\,\mathrm{ReLU}(W_2\,\mathrm{ReLU}(W_1s)))",
    },
}


class Actor(nn.Module):
    def __init__(self, state_dim=5, action_dim=2, hidden=24):
        super().__init__()
        self.l1 = nn.Linear(state_dim, hidden)
        self.l2 = nn.Linear(hidden, hidden)
        self.l3 = nn.Linear(hidden, action_dim)

    def forward(self, state):
        a = F.relu(self.l1(state))
        a = F.relu(self.l2(a))
        return LIMIT * torch.tanh(self.l3(a))


class Critic(nn.Module):
    def __init__(self, state_dim=5, action_dim=2, hidden=28):
        super().__init__()
        self.l1, self.l2, self.l3 = nn.Linear(state_dim + action_dim, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, 1)
        self.l4, self.l5, self.l6 = nn.Linear(state_dim + action_dim, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, 1)

    def forward(self, state, action):
        sa = torch.cat([state, action], 1)
        return self.l3(F.relu(self.l2(F.relu(self.l1(sa))))), self.l6(F.relu(self.l5(F.relu(self.l4(sa)))))

    def Q1(self, state, action):
        sa = torch.cat([state, action], 1)
        return self.l3(F.relu(self.l2(F.relu(self.l1(sa)))))


class TD3(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor, self.critic = Actor(), Critic()
        self.actor_target, self.critic_target = deepcopy(self.actor).requires_grad_(False), deepcopy(self.critic).requires_grad_(False)
        self.updates = 0

    def forward(self, state):
        return self.actor(state)


def build():
    return TD3()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    state = torch.randn(n, 5, generator=g)
    action = (torch.rand(n, 2, generator=g) * 2 - 1) * LIMIT
    next_state = state.clone()
    next_state[:, :2] += 0.3 * action
    next_state += 0.02 * torch.randn(n, 5, generator=g)
    reward = -next_state[:, :2].pow(2).sum(1, keepdim=True)
    not_done = (torch.rand(n, 1, generator=g) > 0.1).float()
    return {"state": state, "action": action, "next_state": next_state, "reward": reward, "not_done": not_done}


def td_target(model, batch):
    with torch.no_grad():
        noise = (torch.randn_like(batch["action"]) * NOISE).clamp(-NOISE_CLIP, NOISE_CLIP)
        next_action = (model.actor_target(batch["next_state"]) + noise).clamp(-LIMIT, LIMIT)
        q1, q2 = model.critic_target(batch["next_state"], next_action)
        return batch["reward"] + GAMMA * batch["not_done"] * torch.min(q1, q2)


def actor_loss(model, batch):
    return -model.critic.Q1(batch["state"], model.actor(batch["state"])).mean()


def polyak(net, target):
    with torch.no_grad():
        for p, p_targ in zip(net.parameters(), target.parameters()):
            p_targ.mul_(1 - TAU).add_(TAU * p)


def forward(model, batch):
    return model(batch["state"])


def loss(model, batch):
    y = td_target(model, batch)
    q1, q2 = model.critic(batch["state"], batch["action"])
    return F.mse_loss(q1, y) + F.mse_loss(q2, y)


def optimizer(model):
    return {"actor": torch.optim.Adam(model.actor.parameters(), lr=1e-3), "critic": torch.optim.Adam(model.critic.parameters(), lr=3e-3)}


def step(model, optimizer, batch):
    model.updates += 1
    critic_loss = loss(model, batch)
    optimizer["critic"].zero_grad()
    critic_loss.backward()
    optimizer["critic"].step()
    if model.updates % DELAY == 0:
        policy = actor_loss(model, batch)
        optimizer["actor"].zero_grad()
        policy.backward()
        optimizer["actor"].step()
        polyak(model.critic, model.critic_target)
        polyak(model.actor, model.actor_target)
    return critic_loss.item()
