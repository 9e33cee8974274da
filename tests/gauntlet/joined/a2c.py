"""Advantage actor-critic, n-step returns bootstrapped at the end and at truncations; time first."""

import torch
from torch import nn
from torch.nn import functional as F

facts = {
    "task": "reinforcement",
    "actions": 5,
    "output": "logits",
    "discount": 0.9,
    "value_coefficient": 0.25,
    "entropy_coefficient": 0.02,
    "parameters": 1303,
    "clip_norm": 1.0,
    "activation": "elu",
    "loss": "policy gradient with advantages, plus value regression, minus entropy; means over all steps",
    "stop_gradient": "returns, and the value in the advantage",
    "optimizer": {"name": "RMSprop", "lr": 3e-3, "eps": 1e-5},
    "equations": {
        "n_step_returns": r"R_t=r_t+\gamma(1-d_t)R_{t+1},\quad R_T=V(s_T)",
        "loss": r"-\overline{\log\pi(a_t|s_t)(R_t-V_t)}+0.25\,\overline{(R_t-V_t)^2}-0.02\,\overline{H}",
    },
    "init": {"pi.weight": "orthogonal with gain 0.01", "v.weight": "orthogonal"},
}


class Net(nn.Module):
    def __init__(self, n_obs=6, n_act=5, width=32):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_obs, width), nn.ELU(), nn.LayerNorm(width))
        self.recur = nn.Linear(width, 26)
        self.pi, self.v = nn.Linear(26, n_act, bias=False), nn.Linear(26, 1)
        nn.init.orthogonal_(self.pi.weight, gain=0.01)
        nn.init.orthogonal_(self.v.weight)

    def forward(self, obs):
        z = F.elu(self.recur(self.trunk(obs)))
        return {"logits": self.pi(z), "value": self.v(z)[..., 0]}


def build():
    return Net()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    steps = 8
    obs = torch.randn(steps + 1, n, 6, generator=g)
    actions = torch.randint(5, (steps, n), generator=g)
    rewards = torch.where(actions == obs[:-1, :, :5].argmax(-1), 1.0, -0.1)
    terminated = torch.rand(steps, n, generator=g) < 0.12
    return {"obs": obs, "actions": actions, "rewards": rewards, "terminated": terminated.float()}


def n_step_returns(rewards, terminated, bootstrap, discount=0.9):
    returns = torch.empty_like(rewards)
    acc = bootstrap
    for i in range(len(rewards) - 1, -1, -1):
        acc = rewards[i] + discount * (1.0 - terminated[i]) * acc
        returns[i] = acc
    return returns


def forward(model, batch):
    return model(batch["obs"][:-1])["logits"]


def loss(model, batch):
    out = model(batch["obs"])
    logits, values = out["logits"][:-1], out["value"]
    returns = n_step_returns(batch["rewards"], batch["terminated"], values[-1].detach())
    advantage = returns - values[:-1]
    log_prob = F.log_softmax(logits, dim=-1)
    taken = log_prob.gather(2, batch["actions"].unsqueeze(2)).squeeze(2)
    policy = -(taken * advantage.detach()).mean()
    critic = advantage.pow(2).mean()
    entropy = -(log_prob.exp() * log_prob).sum(-1).mean()
    return policy + 0.25 * critic - 0.02 * entropy


def optimizer(model):
    return torch.optim.RMSprop(model.parameters(), lr=3e-3, eps=1e-5)


def step(model, optimizer, batch):
    optimizer.zero_grad()
    total = loss(model, batch)
    total.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return total.detach()
