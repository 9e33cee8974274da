"""Graph classification: isomorphism layers with edge features, sum readout over a packed batch of graphs."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "graph-classification",
    "classes": 2,
    "output": "logits",
    "layers": 3,
    "hidden": 16,
    "parameters": 2053,
    "activation": "relu",
    "dropout": 0.1,
    "graph": "edges in both directions, source to target; graph_index tells the graph of each node",
    "permutation_invariant": "nodes",
    "normalisation": "batch",
    "loss": "mean cross-entropy over graphs",
    "pooling": "sum over the nodes of a graph",
    "equations": {
        "GINEConv.forward": r"\mathrm{MLP}\left((1+\epsilon)x_i+\sum_{j\in N(i)}\mathrm{ReLU}(x_j+e_{ji})\right)",
        "readout": r"\sum_{i:\,g_i=k}h_i",
    },
}


class GINEConv(nn.Module):
    def __init__(self, dim, edge_dim):
        super().__init__()
        self.eps = nn.Parameter(torch.zeros(()))
        self.edge_lin = nn.Linear(edge_dim, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, dim), nn.BatchNorm1d(dim), nn.ReLU(), nn.Linear(dim, dim))

    def forward(self, x, edge_index, edge_attr):
        source, target = edge_index
        message = F.relu(x[source] + self.edge_lin(edge_attr))
        total = torch.zeros_like(x).index_add_(0, target, message)
        return self.mlp((1 + self.eps) * x + total)


def readout(h, graph_index, graphs):
    return h.new_zeros(graphs, h.shape[1]).index_add_(0, graph_index, h)


class Net(nn.Module):
    def __init__(self, features=5, edge_dim=3, dim=16, classes=2, layers=3):
        super().__init__()
        self.inp = nn.Linear(features, dim)
        self.convs = nn.ModuleList([GINEConv(dim, edge_dim) for _ in range(layers)])
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(dim, classes)

    def forward(self, x, edge_index, edge_attr, graph_index, graphs):
        h = self.inp(x)
        for conv in self.convs:
            h = h + F.relu(conv(h, edge_index, edge_attr))
        return self.out(self.drop(readout(h, graph_index, graphs)))


def build():
    return Net()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    xs, edges, attrs, index, y, start = [], [], [], [], [], 0
    for k in range(n):
        size = int(torch.randint(5, 9, (1,), generator=g))
        label = int(torch.randint(0, 2, (1,), generator=g))
        upper = torch.triu(torch.rand(size, size, generator=g) < (0.35 if label == 0 else 0.7), diagonal=1).nonzero()
        kind = F.one_hot(torch.randint(0, 3, (len(upper),), generator=g), 3).float()
        edges.append(torch.cat([upper, upper.flip(1)]).t() + start)
        attrs.append(torch.cat([kind, kind]))
        xs.append(torch.randn(size, 5, generator=g))
        index.append(torch.full((size,), k))
        y.append(label)
        start += size
    return {
        "x": torch.cat(xs),
        "edge_index": torch.cat(edges, 1),
        "edge_attr": torch.cat(attrs),
        "graph_index": torch.cat(index),
        "y": torch.tensor(y),
    }


def forward(model, batch):
    return model(batch["x"], batch["edge_index"], batch["edge_attr"], batch["graph_index"], len(batch["y"]))


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=4e-3)
