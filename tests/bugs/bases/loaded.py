"""Multilayer perceptron on standardised tabular data with train and test loaders."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

facts = {
    "task": "classification",
    "classes": 3,
    "output": "logits",
    "activation": "relu",
    "dropout": 0.2,
    "normalisation": "batch",
    "parameters": 3027,
    "loss": "mean cross-entropy",
    "init": {"hidden.*.weight": "kaiming normal, relu", "head.weight": "xavier uniform", "head.bias": "zeros"},
    "data": {"train": 192, "test": 64, "standardised": "with mean and deviation of the training set", "shuffled": "training set"},
    "optimizer": {"name": "SGD", "lr": 0.05, "momentum": 0.9, "weight_decay": 5e-4},
    "schedule": {"kind": "multiplied by 0.1 every 30 epochs", "per": "epoch"},
    "equations": {"standardise": r"(x-\mu)/\sigma"},
}


class Perceptron(nn.Module):
    def __init__(self, inputs=6, width=48, classes=3):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Linear(inputs, width), nn.Linear(width, width)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(width), nn.BatchNorm1d(width)])
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(width, classes)
        for layer in self.hidden:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        for layer, norm in zip(self.hidden, self.norms):
            x = self.dropout(F.relu(norm(layer(x))))
        return self.head(x)


def build():
    return Perceptron()


def raw():
    g = torch.Generator().manual_seed(11)
    y = torch.randint(0, 3, (256,), generator=g)
    x = torch.randn(256, 6, generator=g) * torch.tensor([1.0, 5.0, 0.1, 2.0, 10.0, 1.0]) + torch.tensor([0.0, 3.0, 1.0, -2.0, 20.0, 0.5])
    x[:, 0] += 1.5 * (y == 1)
    x[:, 1] += 8.0 * (y == 2)
    return x, y


def standardise(x, mean, deviation):
    return (x - mean) / deviation


def split():
    x, y = raw()
    order = torch.randperm(256, generator=torch.Generator().manual_seed(3))
    train, test = order[:192], order[192:]
    mean, deviation = x[train].mean(dim=0), x[train].std(dim=0)
    return (standardise(x[train], mean, deviation), y[train]), (standardise(x[test], mean, deviation), y[test])


def train_loader():
    return DataLoader(TensorDataset(*split()[0]), batch_size=32, shuffle=True)


def test_loader():
    return DataLoader(TensorDataset(*split()[1]), batch_size=64, shuffle=False)


def batch(n, seed=0):
    x, y = split()[0]
    chosen = torch.randint(0, len(x), (n,), generator=torch.Generator().manual_seed(seed))
    return {"x": x[chosen], "y": y[chosen]}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"])


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.1)
