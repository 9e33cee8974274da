"""Residual network with batch normalisation, whose last gain of every branch starts at zero; loaders over a fixed data set."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "classification",
    "classes": 3,
    "output": "logits",
    "blocks": 2,
    "normalisation": "batch",
    "activation": "relu",
    "parameters": 1_431,
    "loss": "mean cross-entropy",
    "init": {"*second_norm.weight": "zeros", "*.first.weight": "kaiming normal, fan out"},
    "dropout": 0.2,
    "optimizer": {"name": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4},
    "data": {"train": 96, "test": 32, "standardised": True, "shuffled": True},
}


class Branch(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first, self.first_norm = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        self.second, self.second_norm = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        nn.init.kaiming_normal_(self.first.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.second_norm.weight)

    def forward(self, x):
        y = F.relu(self.first_norm(self.first(x)))
        return F.relu(x + self.second_norm(self.second(y)))


class Residual(nn.Module):
    def __init__(self, channels=6, classes=3):
        super().__init__()
        self.stem, self.stem_norm = nn.Conv2d(1, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        self.body = nn.Sequential(Branch(channels), Branch(channels))
        self.drop, self.head = nn.Dropout(0.2), nn.Linear(channels, classes)

    def forward(self, x):
        x = self.body(F.relu(self.stem_norm(self.stem(x))))
        return self.head(self.drop(x.mean(dim=(2, 3))))


def build():
    return Residual()


def samples(n, seed):
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 3, (n,), generator=g)
    image = torch.randn(n, 1, 6, 6, generator=g)
    image += 2.0 * torch.stack([torch.eye(6), torch.eye(6).flip(0), torch.ones(6, 6) / 6])[label][:, None]
    return image, label


def batch(n, seed=0):
    image, label = samples(n, seed)
    return {"x": (image - 0.33) / 1.2, "label": label}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["label"])


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)


def split():
    image, label = samples(128, 77)
    train = image[:96]
    image = (image - train.mean(dim=0)) / train.std(dim=0)
    return (image[:96], label[:96]), (image[96:], label[96:])


def train_loader():
    (image, label), _ = split()
    order = torch.randperm(96)
    return ({"x": image[part], "label": label[part]} for part in order.split(32))


def test_loader():
    _, (image, label) = split()
    return [{"x": image, "label": label}]
