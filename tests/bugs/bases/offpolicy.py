"""Off-policy actor-critic with truncated importance weights; axis 0 is time."""

import torch
from torch import nn
from torch.distributions import Categorical

facts = {
    "task": "reinforcement-learning",
    "actions": 5,
    "output": "logits",
    "discount": 0.97,
    "value_coefficient": 0.5,
    "entropy_coefficient": 0.01,
    "stop_gradient": "targets and advantages",
    "loss": "summed policy, value and entropy terms",
    "optimizer": {"name": "RMSprop", "lr": 5e-4, "eps": 0.01},
    "equations": {
        "targets": r"v_s=V(x_s)+\sum_{t\ge s}\gamma^{t-s}\left(\prod_{i=s}^{t-1}c_i\right)\rho_t(r_t+\gamma V(x_{t+1})-V(x_t)),\;\rho_t=\min(1,w_t),\;c_t=\min(1,w_t)"
    },
}


class Recurrent(nn.Module):
    def __init__(self, inputs=5, hidden=32, actions=5):
        super().__init__()
        self.embed = nn.Linear(inputs, hidden)
        self.memory = nn.LSTM(hidden, hidden)
        self.policy, self.baseline = nn.Linear(hidden, actions), nn.Linear(hidden, 1)

    def forward(self, frames):
        hidden, _ = self.memory(torch.relu(self.embed(frames)))
        return self.policy(hidden), self.baseline(hidden).squeeze(-1)


def build():
    return Recurrent()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    frames = torch.randn(9, n, 5, generator=g)
    behaviour = torch.randn(8, n, 5, generator=g)
    action = torch.distributions.Categorical(logits=behaviour).probs.flatten(0, 1)
    action = torch.multinomial(action, 1, generator=g).view(8, n)
    reward = (frames[:8].argmax(-1) == action).float()
    ended = (torch.rand(8, n, generator=g) < 0.05).float()
    return {"frames": frames, "behaviour": behaviour, "action": action, "reward": reward, "discount": 0.97 * (1 - ended)}


def forward(model, batch):
    return model(batch["frames"])[0][:-1]


def targets(ratio, reward, discount, value, bootstrap):
    """Corrected value targets and the advantages of the policy gradient."""
    rho, c = ratio.clamp(max=1.0), ratio.clamp(max=1.0)
    following = torch.cat([value[1:], bootstrap[None]])
    delta = rho * (reward + discount * following - value)
    carry, corrections = torch.zeros_like(bootstrap), []
    for t in reversed(range(len(reward))):
        carry = delta[t] + discount[t] * c[t] * carry
        corrections.append(carry)
    corrected = value + torch.stack(corrections[::-1])
    ahead = torch.cat([corrected[1:], bootstrap[None]])
    return corrected, rho * (reward + discount * ahead - value)


def loss(model, batch):
    logits, value = model(batch["frames"])
    policy = Categorical(logits=logits[:-1])
    log_probability = policy.log_prob(batch["action"])
    with torch.no_grad():
        ratio = (log_probability - Categorical(logits=batch["behaviour"]).log_prob(batch["action"])).exp()
        wanted, advantage = targets(ratio, batch["reward"], batch["discount"], value[:-1], value[-1])
    gradient = -(log_probability * advantage).sum()
    baseline = 0.5 * (wanted - value[:-1]).pow(2).sum()
    return gradient + 0.5 * baseline - 0.01 * policy.entropy().sum()


def optimizer(model):
    return torch.optim.RMSprop(model.parameters(), lr=5e-4, eps=0.01)
