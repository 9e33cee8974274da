"""Siamese network: contrastive loss of Hadsell, Chopra and LeCun (2006) on pairs."""

import torch
import torch.nn as nn
import torch.nn.functional as F

MARGIN = 1.0
facts = {
    "task": "verification",
    "output": "distance",
    "distance": "euclidean",
    "margin": 1.0,
    "label": "1: same class, 0: different",
    "shared_weights": True,
    "symmetric": ["left", "right"],
    "parameters": 4328,
    "loss": "contrastive with margin, mean over pairs",
    "embedding": 16,
    "activation": "relu",
    "optimizer": {"name": "RMSprop", "lr": 5e-4},
    "equations": {
        "contrastive": r"\frac1N\sum_{n=1}^N\frac12\left[y_nd_n^2+(1-y_n)\max(0,m-d_n)^2\right]",
        "Siamese.forward": r"d=\|f(a)-f(b)\|_2",
    },
}


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv1d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16 * 5, 40)
        self.out = nn.Linear(40, 16)

    def embed(self, x):
        x = F.max_pool1d(F.relu(self.conv1(x[:, None])), 2)
        x = F.max_pool1d(F.relu(self.conv2(x)), 2)
        return self.out(F.relu(self.fc(x.flatten(1))))

    def forward(self, left, right):
        difference = self.embed(left) - self.embed(right)
        return torch.sqrt((difference**2).sum(1) + 1e-8)


def build():
    return Siamese()


def contrastive(d, y):
    near = y * d**2
    far = (1 - y) * torch.clamp(MARGIN - d, min=0) ** 2
    return 0.5 * (near + far).mean()


def batch(n, seed=0):
    kinds = torch.randn(5, 20, generator=torch.Generator().manual_seed(21))
    g = torch.Generator().manual_seed(seed)
    a = torch.randint(0, 5, (n,), generator=g)
    y = (torch.rand(n, generator=g) < 0.5).float()
    other = (a + torch.randint(1, 5, (n,), generator=g)) % 5
    b = torch.where(y.bool(), a, other)
    return {"left": kinds[a] + 0.4 * torch.randn(n, 20, generator=g), "right": kinds[b] + 0.4 * torch.randn(n, 20, generator=g), "y": y}


def forward(model, batch):
    return model(batch["left"], batch["right"])


def loss(model, batch):
    return contrastive(forward(model, batch), batch["y"])


def optimizer(model):
    return torch.optim.RMSprop(model.parameters(), lr=5e-4)
