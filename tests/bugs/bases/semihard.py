"""Metric learning: triplet loss with semi-hard negatives found inside the batch (Schroff et al. 2015)."""

import torch
import torch.nn.functional as F
from torch import nn

MARGIN = 0.2
facts = {
    "task": "metric learning",
    "margin": 0.2,
    "mining": "semi-hard negatives inside the batch: farther than the positive, within the margin",
    "distance": "squared Euclidean",
    "embedding": 12,
    "output": "unit-norm embeddings",
    "samples_coupled": True,
    "parameters": 4044,
    "normalisation": "batch",
    "activation": "relu",
    "loss": "mean over semi-hard triplets of max(0, margin + positive distance - negative distance)",
    "optimizer": {"name": "Adam", "lr": 1e-3, "weight_decay": 1e-5},
    "schedule": {"kind": "exponential 0.98", "per": "step"},
    "equations": {
        "pairwise_distances": r"d_{ij}=\|f_i-f_j\|_2^2",
        "EmbeddingNet.forward": r"f/\|f\|_2",
        "semihard_triplet_loss": r"\frac1{|S|}\sum_{(a,p,n)\in S}\max(0,\,m+d_{ap}-d_{an}),\;S=\{(a,p,n): y_a=y_p,\,a\ne p,\,y_a\ne y_n,\,d_{ap}<d_{an}<d_{ap}+m\}",
    },
}


class EmbeddingNet(nn.Module):
    def __init__(self, in_features=20, hidden=48, embedding=12):
        super().__init__()
        self.fc1 = nn.Linear(in_features, hidden, bias=False)
        self.bn1 = nn.BatchNorm1d(hidden)
        self.fc2 = nn.Linear(hidden, hidden, bias=False)
        self.bn2 = nn.BatchNorm1d(hidden)
        self.fc3 = nn.Linear(hidden, embedding)

    def forward(self, x):
        x = F.relu(self.bn1(self.fc1(x)))
        x = F.relu(self.bn2(self.fc2(x)))
        return F.normalize(self.fc3(x), p=2, dim=-1)


def pairwise_distances(f):
    square = f.pow(2).sum(1)
    return (square[:, None] - 2 * f @ f.t() + square[None, :]).clamp(min=0)


def semihard_triplet_loss(f, y, margin=MARGIN):
    d = pairwise_distances(f)
    same = y[:, None] == y[None, :]
    positive = same & ~torch.eye(len(y), dtype=torch.bool)
    valid = positive[:, :, None] & ~same[:, None, :]
    gap = d[:, None, :] - d[:, :, None]
    semihard = valid & (gap > 0) & (gap < margin)
    values = F.relu(margin - gap)
    return (values * semihard).sum() / semihard.sum().clamp(min=1)


def build():
    return EmbeddingNet()


def batch(n, seed=0):
    centres = torch.randn(6, 20, generator=torch.Generator().manual_seed(77))
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 6, (n,), generator=g)
    return {"x": centres[label] + torch.randn(n, 20, generator=g), "label": label}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return semihard_triplet_loss(forward(model, batch), batch["label"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-5)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.98)


def step(model, optimizer, batch, scheduler):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    scheduler.step()
    return value.detach()
