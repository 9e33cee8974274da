"""Tabular regression: numeric and categorical columns, residual network with pre-activation (Gorishniy et al. 2021)."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "regression",
    "output": "standardised price",
    "parameters": 9193,
    "normalisation": "batch",
    "dropout": 0.1,
    "blocks": 2,
    "loss": "mean squared error",
    "optimizer": {"name": "AdamW", "lr": 2e-3, "weight_decay": 1e-2},
    "no_decay": ["*.bias", "*norm*", "embeddings.*"],
    "data": {
        "train": 512,
        "test": 128,
        "standardised": "numeric columns and target with mean and deviation of the training part",
        "shuffled": "train",
    },
}


class Block(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        h = F.relu(self.up(self.norm(x)))
        return x + self.dropout(self.down(self.dropout(h)))


class TabularNet(nn.Module):
    def __init__(self, numeric=8, cardinalities=(6, 4), width=32, hidden=64, blocks=2):
        super().__init__()
        self.embeddings = nn.ModuleList([nn.Embedding(c, 4) for c in cardinalities])
        self.first = nn.Linear(numeric + 4 * len(cardinalities), width)
        self.blocks = nn.ModuleList([Block(width, hidden) for _ in range(blocks)])
        self.norm = nn.BatchNorm1d(width)
        self.head = nn.Linear(width, 1)

    def forward(self, numeric, categories):
        columns = [table(categories[:, i]) for i, table in enumerate(self.embeddings)]
        x = self.first(torch.cat([numeric, *columns], dim=1))
        for block in self.blocks:
            x = block(x)
        return self.head(F.relu(self.norm(x))).squeeze(-1)


def build():
    return TabularNet()


def raw(n, seed):
    g = torch.Generator().manual_seed(seed)
    numeric = torch.randn(n, 8, generator=g) * torch.tensor([1, 20, 5, 1, 100, 2, 1, 3.0]) + torch.tensor([0, 50, 5, 2, 1000, 0, 1, 3.0])
    categories = torch.stack([torch.randint(0, 6, (n,), generator=g), torch.randint(0, 4, (n,), generator=g)], dim=1)
    area, rooms = numeric[:, 1], numeric[:, 2]
    price = 2000 * area + 3000 * rooms * (categories[:, 0] > 2) + 5000 * categories[:, 1] + 8000 * torch.randn(n, generator=g)
    return numeric, categories, price


def split():
    numeric, categories, price = raw(640, 7)
    order = torch.randperm(640, generator=torch.Generator().manual_seed(1))
    train, test = order[:512], order[512:]
    mean, deviation = numeric[train].mean(0), numeric[train].std(0)
    numeric = (numeric - mean) / deviation
    price = (price - price[train].mean()) / price[train].std()
    return [{"numeric": numeric[part], "categories": categories[part], "price": price[part]} for part in (train, test)]


def batch(n, seed=0):
    rows = torch.randint(0, 512, (n,), generator=torch.Generator().manual_seed(seed))
    return {name: column[rows] for name, column in split()[0].items()}


def loader(part, shuffle):
    data = torch.utils.data.TensorDataset(part["numeric"], part["categories"], part["price"])
    for numeric, categories, price in torch.utils.data.DataLoader(data, batch_size=64, shuffle=shuffle):
        yield {"numeric": numeric, "categories": categories, "price": price}


def train_loader():
    return loader(split()[0], True)


def test_loader():
    return loader(split()[1], False)


def forward(model, batch):
    return model(batch["numeric"], batch["categories"])


def loss(model, batch):
    return F.mse_loss(forward(model, batch), batch["price"])


def optimizer(model):
    decay, plain = [], []
    for name, p in model.named_parameters():
        (plain if name.endswith("bias") or "norm" in name or name.startswith("embeddings") else decay).append(p)
    return torch.optim.AdamW([{"params": decay, "weight_decay": 1e-2}, {"params": plain, "weight_decay": 0.0}], lr=2e-3)
