"""Graph isomorphism network: sum aggregation and one read-out per layer, graphs joined in one batch."""

import itertools

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "graph-classification",
    "classes": 2,
    "output": "logits",
    "layers": 3,
    "normalisation": "batch",
    "loss": "mean cross-entropy",
    "samples_coupled": True,
    "optimizer": {"name": "Adam", "lr": 5e-3},
    "equations": {"Layer.aggregate": r"(1+\epsilon)h_v+\sum_{u\in N(v)}h_u"},
}
NODES = 8


class Layer(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.eps = nn.Parameter(torch.zeros(()))
        self.mlp = nn.Sequential(
            nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU()
        )

    def aggregate(self, h, adjacency):
        return (1 + self.eps) * h + adjacency @ h

    def forward(self, h, adjacency):
        b, v, _ = h.shape
        return self.mlp(self.aggregate(h, adjacency).flatten(0, 1)).view(b, v, -1)


class Isomorphism(nn.Module):
    def __init__(self, inputs=4, width=16, layers=3, classes=2):
        super().__init__()
        sizes = [inputs] + [width] * layers
        self.layers = nn.ModuleList([Layer(a, b) for a, b in itertools.pairwise(sizes)])
        self.heads = nn.ModuleList([nn.Linear(size, classes) for size in sizes])

    def forward(self, x, adjacency):
        score = self.heads[0](x.sum(1))
        for layer, head in zip(self.layers, self.heads[1:], strict=False):
            x = layer(x, adjacency)
            score = score + head(x.sum(1))
        return score


def build():
    return Isomorphism()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    upper = (torch.rand(n, NODES, NODES, generator=g) < 0.3).float().triu(1)
    adjacency = upper + upper.transpose(1, 2)
    triangles = (adjacency @ adjacency @ adjacency).diagonal(dim1=1, dim2=2).sum(-1) / 6
    kind = torch.randint(0, 4, (n, NODES), generator=g)
    return {"x": F.one_hot(kind, 4).float(), "adjacency": adjacency, "y": (triangles > 1).long()}


def forward(model, batch):
    return model(batch["x"], batch["adjacency"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=5e-3)
