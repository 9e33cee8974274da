"""Advantage actor-critic on short rollouts with an entropy bonus (Mnih et al. 2016)."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "reinforcement",
    "actions": 3,
    "output": "logits",
    "discount": 0.9,
    "value_coefficient": 0.5,
    "entropy_coefficient": 0.02,
    "parameters": 701,
    "activation": "relu",
    "stop_gradient": "through the returns and, in the policy's term, through the advantage",
    "optimizer": {"name": "RMSprop", "lr": 2e-3},
    "equations": {
        "returns": r"R_t=r_t+\gamma(1-d_t)R_{t+1},\quad R_T=V(s_T)",
        "loss": r"\frac1N\sum_t\left[-\log\pi(a_t|s_t)\,\mathrm{sg}(R_t-V(s_t))+c_v(R_t-V(s_t))^2-c_e H(\pi(\cdot|s_t))\right]",
    },
}
GAMMA = 0.9


class Agent(nn.Module):
    def __init__(self, inputs=4, hidden=24, actions=3):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.second = nn.Linear(hidden, hidden - 4)
        self.actor = nn.Linear(hidden - 4, actions, bias=False)
        self.critic = nn.Linear(hidden - 4, 1)

    def forward(self, observation):
        h = F.relu(self.second(F.relu(self.first(observation))))
        return self.actor(h), self.critic(h)[..., 0]


def build():
    return Agent()


def returns(rewards, dones, last):
    total, out = last, []
    for t in range(rewards.shape[1] - 1, -1, -1):
        total = rewards[:, t] + GAMMA * (1 - dones[:, t]) * total
        out.insert(0, total)
    return torch.stack(out, dim=1)


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    observation = torch.randn(n, 6, 4, generator=g)
    action = torch.randint(0, 3, (n, 5), generator=g)
    reward = (observation[:, :5, :3].argmax(-1) == action).float()
    done = (torch.rand(n, 5, generator=g) < 0.1).float()
    return {"observation": observation, "action": action, "reward": reward, "done": done}


def forward(model, batch):
    return model(batch["observation"][:, :-1])[0]


def loss(model, batch):
    logits, value = model(batch["observation"][:, :-1])
    with torch.no_grad():
        last = model(batch["observation"][:, -1])[1]
    target = returns(batch["reward"], batch["done"], last)
    advantage = target - value
    logp = F.log_softmax(logits, dim=-1)
    chosen = logp.gather(-1, batch["action"].unsqueeze(-1)).squeeze(-1)
    entropy = -(logp.exp() * logp).sum(-1)
    return -(chosen * advantage.detach()).mean() + 0.5 * advantage.pow(2).mean() - 0.02 * entropy.mean()


def optimizer(model):
    return torch.optim.RMSprop(model.parameters(), lr=2e-3)
