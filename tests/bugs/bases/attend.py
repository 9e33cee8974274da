"""Graph attention over dense adjacency, heads averaged in the last layer, for node labels known on a part of the nodes."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "node-classification",
    "classes": 3,
    "output": "logits",
    "heads": 4,
    "self_loops": True,
    "heads_combined": "concatenated, averaged in the last layer",
    "graph": "undirected",
    "permutation_equivariant": "nodes",
    "samples_coupled": True,
    "ignore_index": -100,
    "dropout": 0.2,
    "loss": "mean cross-entropy over labelled nodes",
    "optimizer": {"name": "Adam", "lr": 5e-3, "weight_decay": 5e-4},
    "equations": {"Attend.scores": r"e_{ij}=\mathrm{LeakyReLU}(a_1^\top Wh_i+a_2^\top Wh_j)"},
}


class Attend(nn.Module):
    def __init__(self, inputs, outputs, heads, concatenate):
        super().__init__()
        self.heads, self.outputs, self.concatenate = heads, outputs, concatenate
        self.project = nn.Linear(inputs, heads * outputs, bias=False)
        self.source, self.target = nn.Parameter(torch.empty(heads, outputs)), nn.Parameter(torch.empty(heads, outputs))
        self.drop = nn.Dropout(0.2)
        for p in (self.project.weight, self.source, self.target):
            nn.init.xavier_uniform_(p)

    def scores(self, h):
        own, other = (h * self.target).sum(-1), (h * self.source).sum(-1)
        return F.leaky_relu(own[:, None] + other[None, :], 0.2)

    def forward(self, x, adjacency):
        h = self.project(x).view(len(x), self.heads, self.outputs)
        e = self.scores(h).masked_fill(adjacency[..., None] == 0, float("-inf"))
        weight = self.drop(e.softmax(dim=1))
        out = torch.einsum("ijh,jhd->ihd", weight, h)
        return out.flatten(1) if self.concatenate else out.mean(1)


class Network(nn.Module):
    def __init__(self, inputs=8, hidden=6, classes=3, heads=4):
        super().__init__()
        self.one, self.two = Attend(inputs, hidden, heads, True), Attend(heads * hidden, classes, heads, False)
        self.drop = nn.Dropout(0.2)

    def forward(self, x, adjacency):
        x = F.elu(self.one(self.drop(x), adjacency))
        return self.two(self.drop(x), adjacency)


def build():
    return Network()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 3, (n,), generator=g)
    chance = torch.where(y[:, None] == y[None], 0.35, 0.05)
    upper = (torch.rand(n, n, generator=g) < chance).float().triu(1)
    adjacency = upper + upper.t() + torch.eye(n)
    x = 0.7 * F.one_hot(y, 8).float() + torch.randn(n, 8, generator=g)
    labelled = torch.rand(n, generator=g) < 0.5
    labelled[:3] = True
    return {"x": x, "adjacency": adjacency, "y": y.masked_fill(~labelled, -100)}


def forward(model, batch):
    return model(batch["x"], batch["adjacency"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"], ignore_index=-100)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=5e-4)
