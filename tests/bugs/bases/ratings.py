"""Matrix factorisation of ratings with biases and a held-out split (Koren et al. 2009)."""

import torch
from torch import nn

facts = {
    "task": "rating prediction",
    "users": 24,
    "items": 36,
    "factors": 6,
    "parameters": 421,
    "regularisation": 0.02,
    "loss": "mean squared error plus penalty",
    "init": {"user.weight": "normal(0, 0.1)", "item.weight": "normal(0, 0.1)", "*_bias.weight": "zeros"},
    "data": {"train": 400, "test": 100, "shuffled": True},
    "optimizer": {"name": "SGD", "lr": 0.5, "momentum": 0.9},
    "equations": {
        "Ratings.forward": r"\hat r_{ui}=\mu+b_u+b_i+p_u^\top q_i",
        "loss": r"\frac1N\sum_{(u,i)}\left[(r_{ui}-\hat r_{ui})^2+\lambda(\|p_u\|^2+\|q_i\|^2+b_u^2+b_i^2)\right]",
    },
}
USERS, ITEMS, FACTORS = 24, 36, 6


class Ratings(nn.Module):
    def __init__(self):
        super().__init__()
        self.user, self.item = nn.Embedding(USERS, FACTORS), nn.Embedding(ITEMS, FACTORS)
        self.user_bias, self.item_bias = nn.Embedding(USERS, 1), nn.Embedding(ITEMS, 1)
        self.mean = nn.Parameter(torch.tensor(3.0))
        for table in (self.user, self.item):
            nn.init.normal_(table.weight, std=0.1)
        for table in (self.user_bias, self.item_bias):
            nn.init.zeros_(table.weight)

    def forward(self, user, item):
        return self.mean + self.user_bias(user)[:, 0] + self.item_bias(item)[:, 0] + (self.user(user) * self.item(item)).sum(dim=1)


def build():
    return Ratings()


def table():
    g = torch.Generator().manual_seed(3)
    p, q = torch.randn(USERS, 3, generator=g), torch.randn(ITEMS, 3, generator=g)
    return (3 + p @ q.t() / 3**0.5 + 0.3 * torch.randn(USERS, ITEMS, generator=g)).clamp(1, 5)


def pairs():
    order = torch.randperm(USERS * ITEMS, generator=torch.Generator().manual_seed(4))[:500]
    return torch.stack([order // ITEMS, order % ITEMS], dim=1)


def batch(n, seed=0):
    chosen = pairs()[:400][torch.randint(0, 400, (n,), generator=torch.Generator().manual_seed(seed))]
    return {"user": chosen[:, 0], "item": chosen[:, 1], "rating": table()[chosen[:, 0], chosen[:, 1]]}


def forward(model, batch):
    return model(batch["user"], batch["item"])


def loss(model, batch):
    u, i = batch["user"], batch["item"]
    penalty = model.user(u).square().sum(1) + model.item(i).square().sum(1) + model.user_bias(u)[:, 0] ** 2 + model.item_bias(i)[:, 0] ** 2
    return ((batch["rating"] - forward(model, batch)) ** 2 + 0.02 * penalty).mean()


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)


def collate(rows):
    chosen = torch.stack(rows)
    return {"user": chosen[:, 0], "item": chosen[:, 1], "rating": table()[chosen[:, 0], chosen[:, 1]]}


def train_loader():
    return torch.utils.data.DataLoader(list(pairs()[:400]), batch_size=50, shuffle=True, collate_fn=collate)


def test_loader():
    return torch.utils.data.DataLoader(list(pairs()[400:]), batch_size=50, collate_fn=collate)
