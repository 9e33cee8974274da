"""Graph convolutional network for nodes, a few of them labelled (Kipf and Welling 2017)."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "node-classification",
    "classes": 3,
    "output": "logits",
    "graph": "undirected, one graph per batch",
    "self_loops": True,
    "samples_coupled": True,
    "permutation_equivariant": "nodes",
    "loss": "mean cross-entropy over labelled nodes",
    "parameters": 227,
    "activation": "relu",
    "dropout": 0.5,
    "hidden": 16,
    "layers": 2,
    "ignore_index": -100,
    "init": {"*.weight": "xavier uniform", "*.bias": "zeros"},
    "optimizer": {"name": "Adam", "lr": 0.01, "weight_decay": 5e-4},
    "equations": {
        "normalise": r"\hat A=\tilde D^{-1/2}(A+I)\tilde D^{-1/2},\quad \tilde D_{ii}=\sum_j(A+I)_{ij}",
        "Layer.forward": r"h_i=\sum_{j\in N(i)\cup\{i\}}\frac{1}{\sqrt{d_id_j}}Wx_j+b",
    },
}


def normalise(adjacency):
    adjacency = adjacency + torch.eye(len(adjacency))
    degree = adjacency.sum(dim=1).rsqrt()
    return degree[:, None] * adjacency * degree[None, :]


class Layer(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, adjacency):
        return normalise(adjacency) @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, inputs=10, hidden=16, classes=3):
        super().__init__()
        self.first, self.second = Layer(inputs, hidden), Layer(hidden, classes)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x, adjacency):
        h = F.relu(self.first(self.dropout(x), adjacency))
        return self.second(self.dropout(h), adjacency)


def build():
    return GCN()


def batch(n, seed=0):
    n = max(n, 24)
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 3, (n,), generator=g)
    close = torch.where(y[:, None] == y[None, :], 0.3, 0.05)
    upper = (torch.rand(n, n, generator=g) < close).float().triu(1)
    x = 0.6 * F.one_hot(y, 10).float() + 0.5 * torch.randn(n, 10, generator=g)
    labelled = torch.rand(n, generator=g) < 0.5
    return {"x": x, "adjacency": upper + upper.t(), "y": y.masked_fill(~labelled, -100)}


def forward(model, batch):
    return model(batch["x"], batch["adjacency"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"], ignore_index=-100)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
