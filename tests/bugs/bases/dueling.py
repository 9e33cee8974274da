"""Double dueling Q-learning with prioritised weights; the old network is refreshed every ten updates."""

import torch
from torch import nn

facts = {
    "task": "reinforcement learning",
    "actions": 5,
    "output": "action values",
    "discount": 0.9,
    "target_update": 10,
    "parameters": 844,
    "trainable_parameters": 422,
    "frozen": ["old.*"],
    "activation": "relu",
    "loss": "weighted squared temporal-difference error, mean over the batch",
    "stop_gradient": "no gradient through the targets",
    "equations": {
        "bootstrap": r"y=r+\gamma(1-d)Q'(s',\arg\max_aQ(s',a))",
        "Dueling.forward": r"Q(s,a)=V(s)+A(s,a)-\frac{1}{|\mathcal A|}\sum_{a'}A(s,a')",
        "loss": r"\frac1N\sum_iw_i(y_i-Q(s_i,a_i))^2",
    },
    "optimizer": {"name": "RMSprop", "lr": 5e-4},
}


class Dueling(nn.Module):
    def __init__(self, states, actions, width=32):
        super().__init__()
        self.trunk = nn.Linear(states, width)
        self.value, self.advantage = nn.Linear(width, 1), nn.Linear(width, actions)

    def forward(self, s):
        h = torch.relu(self.trunk(s))
        a = self.advantage(h)
        return self.value(h) + a - a.mean(dim=-1, keepdim=True)


class Learner(nn.Module):
    def __init__(self, states=6, actions=5):
        super().__init__()
        self.new, self.old = Dueling(states, actions), Dueling(states, actions)
        self.old.load_state_dict(self.new.state_dict())
        for p in self.old.parameters():
            p.requires_grad = False
        self.count = 0

    def forward(self, s):
        return self.new(s)


def build():
    return Learner()


def bootstrap(reward, done, online, old, discount=0.9):
    best = online.argmax(dim=1, keepdim=True)
    return reward + discount * (1.0 - done) * old.gather(1, best).squeeze(1)


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    s, a = torch.rand(n, 6, generator=g), torch.randint(0, 5, (n,), generator=g)
    t = (s + 0.2 * torch.randn(n, 6, generator=g)).clamp(0, 1)
    r = s[torch.arange(n), a] - s[torch.arange(n), a + 1]
    return {"s": s, "a": a, "r": r, "t": t, "d": (torch.rand(n, generator=g) < 0.2).float(), "w": 0.5 + torch.rand(n, generator=g)}


def forward(model, batch):
    return model(batch["s"])


def loss(model, batch):
    q = forward(model, batch)[torch.arange(len(batch["a"])), batch["a"]]
    with torch.no_grad():
        y = bootstrap(batch["r"], batch["d"], model.new(batch["t"]), model.old(batch["t"]))
    return (batch["w"] * (y - q) ** 2).mean()


def optimizer(model):
    return torch.optim.RMSprop(model.new.parameters(), lr=5e-4)


def step(model, optimizer, batch):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    model.count += 1
    if model.count % 10 == 0:
        model.old.load_state_dict(model.new.state_dict())
    return value.detach()
