"""Graph attention network: masked softmax over neighbours, several heads (Velickovic et al. 2018)."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "node-classification",
    "classes": 4,
    "output": "logits",
    "graph": "adjacency matrix without self loops",
    "self_loops": True,
    "heads": 4,
    "heads_combined": "concatenated in the first layer, averaged in the last",
    "samples_coupled": True,
    "permutation_equivariant": "nodes",
    "loss": "mean cross-entropy",
    "parameters": 864,
    "activation": "elu",
    "dropout": 0.3,
    "init": {"*.weight": "xavier uniform", "*.source": "xavier uniform", "*.target": "xavier uniform"},
    "equations": {
        "Attention.coefficients": r"\alpha_{ij}=\frac{\exp(\mathrm{LeakyReLU}(a_s^\top h_i+a_t^\top h_j))}{\sum_{k\in N(i)}\exp(\mathrm{LeakyReLU}(a_s^\top h_i+a_t^\top h_k))}"
    },
}


class Attention(nn.Module):
    def __init__(self, inputs, outputs, heads, join):
        super().__init__()
        self.heads, self.join = heads, join
        self.weight = nn.Parameter(torch.empty(heads, inputs, outputs))
        self.source = nn.Parameter(torch.empty(heads, outputs, 1))
        self.target = nn.Parameter(torch.empty(heads, outputs, 1))
        for p in (self.weight, self.source, self.target):
            for head in p.data:
                nn.init.xavier_uniform_(head)
        self.dropout = nn.Dropout(0.3)

    def coefficients(self, h, adjacency):
        scores = F.leaky_relu(h @ self.source + (h @ self.target).transpose(1, 2), 0.2)
        allowed = adjacency.bool() | torch.eye(len(adjacency), dtype=torch.bool)
        return scores.masked_fill(~allowed, float("-inf")).softmax(dim=-1)

    def forward(self, x, adjacency):
        h = x @ self.weight
        out = self.dropout(self.coefficients(h, adjacency)) @ h
        return out.transpose(0, 1).flatten(1) if self.join else out.mean(dim=0)


class GAT(nn.Module):
    def __init__(self, inputs=8, hidden=8, classes=4, heads=4):
        super().__init__()
        self.first = Attention(inputs, hidden, heads, join=True)
        self.second = Attention(hidden * heads, classes, heads, join=False)
        self.dropout = nn.Dropout(0.3)

    def forward(self, x, adjacency):
        h = F.elu(self.first(self.dropout(x), adjacency))
        return self.second(self.dropout(h), adjacency)


def build():
    return GAT()


def batch(n, seed=0):
    n = max(n, 18)
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 4
    same = (y[:, None] == y[None, :]).float()
    upper = (torch.rand(n, n, generator=g) < 0.05 + 0.35 * same).float().triu(1)
    x = 0.5 * F.one_hot(y, 8).float() + 0.4 * torch.randn(n, 8, generator=g)
    return {"x": x, "adjacency": ((upper + upper.t()) > 0).float(), "label": y}


def forward(model, batch):
    return model(batch["x"], batch["adjacency"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["label"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=5e-4)
