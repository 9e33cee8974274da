"""Attention over the neighbours of a node, several heads side by side."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "node-classification",
    "classes": 3,
    "output": "logits",
    "graph": "undirected",
    "self_loops": True,
    "permutation_equivariant": "nodes",
    "samples_coupled": True,
    "heads_combined": "concatenation",
    "dropout": 0.3,
    "loss": "mean cross-entropy",
    "parameters": 425,
    "init": {"*weight": "xavier uniform"},
    "optimizer": {"name": "Adam", "lr": 5e-3},
}


class Layer(nn.Module):
    def __init__(self, inputs, outputs, heads):
        super().__init__()
        self.heads = heads
        self.weight = nn.Parameter(torch.empty(heads * outputs, inputs))
        nn.init.xavier_uniform_(self.weight)
        self.source = nn.Parameter(torch.randn(heads, outputs) * 0.3)
        self.sink = nn.Parameter(torch.randn(heads, outputs) * 0.3)
        self.drop = nn.Dropout(0.3)

    def forward(self, x, adjacency):
        h = F.linear(self.drop(x), self.weight).unflatten(-1, (self.heads, -1)).transpose(0, 1)
        scores = F.leaky_relu((h * self.sink[:, None]).sum(-1)[:, :, None] + (h * self.source[:, None]).sum(-1)[:, None, :], 0.2)
        scores = scores.masked_fill(adjacency == 0, float("-inf"))
        return (self.drop(scores.softmax(dim=-1)) @ h).transpose(0, 1)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Layer(8, 8, 4), Layer(32, 3, 1)
        self.shift = nn.Parameter(torch.zeros(3))

    def forward(self, x, adjacency):
        h = F.elu(self.first(x, adjacency).flatten(1))
        return self.second(h, adjacency).mean(dim=1) + self.shift


def build():
    return Network()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    label = torch.arange(n) % 3
    edges = (torch.rand(n, n, generator=g) < torch.where(label[:, None] == label, 0.4, 0.05)).triu(1).float()
    adjacency = edges + edges.T + torch.eye(n)
    return {"x": torch.randn(n, 8, generator=g) + F.one_hot(label, 8), "adjacency": adjacency, "label": label}


def forward(model, batch):
    return model(batch["x"], batch["adjacency"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["label"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=5e-3)
