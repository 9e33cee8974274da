"""Few-shot classification by the distance to class prototypes."""

import torch
import torch.nn.functional as F
from torch import nn

WAYS, SHOTS = 5, 3
facts = {
    "task": "few-shot classification",
    "classes": 5,
    "output": "logits",
    "distance": "squared euclidean",
    "parameters": 3168,
    "activation": "relu",
    "loss": "mean cross-entropy over queries",
    "permutation_invariant": "support examples of a class",
    "embedding": 32,
    "equations": {
        "prototypes": r"c_k=\frac1{|S_k|}\sum_{x\in S_k}f(x)",
        "distances": r"d(q,c)=\|q-c\|^2",
        "ProtoNet.forward": r"-d(f(q),c_k)",
        "loss": r"-\frac1N\sum_i\log\frac{\exp(-d(f(q_i),c_{y_i}))}{\sum_k\exp(-d(f(q_i),c_k))}",
    },
}


def prototypes(z):
    return z.mean(dim=2)


def distances(q, c):
    return (q[:, None] - c).pow(2).sum(dim=-1)


class ProtoNet(nn.Module):
    def __init__(self, inputs=16, hidden=64, embedding=32):
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, embedding))

    def forward(self, support, query):
        c = prototypes(self.embed(support))
        return -distances(self.embed(query), c)


def build():
    return ProtoNet()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    centres = 1.5 * torch.randn(n, WAYS, 16, generator=g)
    support = centres[:, :, None] + torch.randn(n, WAYS, SHOTS, 16, generator=g)
    y = torch.randint(0, WAYS, (n,), generator=g)
    query = centres[torch.arange(n), y] + torch.randn(n, 16, generator=g)
    return {"support": support, "query": query, "label": y}


def forward(model, batch):
    return model(batch["support"], batch["query"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["label"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.StepLR(optimizer, step_size=50, gamma=0.5)
