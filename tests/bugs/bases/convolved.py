"""Two-layer graph convolution with a learned residual mix, for node labels on a dense graph."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "node-classification",
    "classes": 4,
    "output": "logits",
    "layers": 2,
    "graph": "undirected",
    "self_loops": True,
    "dropout": 0.3,
    "permutation_equivariant": "nodes",
    "samples_coupled": True,
    "loss": "mean cross-entropy",
    "activation": "relu",
    "equations": {"normalise": r"\tilde D^{-1/2}(A+I)\tilde D^{-1/2}"},
    "init": {"*.weight": "xavier uniform"},
    "optimizer": {"name": "Adam", "lr": 1e-2, "weight_decay": 5e-4},
}


def normalise(adjacency):
    adjacency = adjacency + torch.eye(len(adjacency))
    inverse = adjacency.sum(1).rsqrt()
    return inverse[:, None] * adjacency * inverse[None]


class Convolution(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, h, propagation):
        return propagation @ (h @ self.weight) + self.bias


class Network(nn.Module):
    def __init__(self, inputs=10, hidden=16, classes=4):
        super().__init__()
        self.first, self.second = Convolution(inputs, hidden), Convolution(hidden, classes)

    def forward(self, x, adjacency):
        propagation = normalise(adjacency)
        h = F.dropout(F.relu(self.first(x, propagation)), 0.3, self.training)
        return self.second(h, propagation)


def build():
    return Network()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 4, (n,), generator=g)
    p = torch.where(y[:, None] == y[None], 0.4, 0.04)
    upper = (torch.rand(n, n, generator=g) < p).float().triu(1)
    return {"x": F.one_hot(y, 10) * 0.6 + torch.randn(n, 10, generator=g), "adjacency": upper + upper.t(), "y": y}


def forward(model, batch):
    return model(batch["x"], batch["adjacency"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=5e-4)
