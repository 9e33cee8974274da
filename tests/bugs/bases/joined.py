"""Graph attention with concatenated pairs, a residual connection and one adjacency per batch."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "node classification",
    "classes": 3,
    "graph": "adjacency[i, j] = 1 when j sends to i; every node has a self loop already",
    "self_loops": True,
    "heads": 2,
    "heads_combined": "concatenated",
    "samples_coupled": True,
    "permutation_equivariant": "nodes",
    "output": "logits",
    "loss": "mean cross-entropy",
    "parameters": 771,
    "normalisation": "layer",
    "hidden": 16,
    "equations": {
        "attention": r"\alpha_{ij}=\frac{\exp e_{ij}}{\sum_{k\in\mathcal N(i)}\exp e_{ik}},\quad j\in\mathcal N(i)",
        "Layer.forward": r"h_i'=\big\Vert_{k=1}^K\sum_{j\in\mathcal N(i)}\alpha^k_{ij}W^kh_j",
        "Layer.scores": r"e_{ij}=\mathrm{LeakyReLU}_{0.2}(a^\top[Wh_i\,\|\,Wh_j])",
    },
}


def attention(scores, adjacency):
    weights = scores.exp() * (adjacency > 0)
    return weights / weights.sum(dim=-1, keepdim=True)


class Layer(nn.Module):
    def __init__(self, inputs, outputs, heads):
        super().__init__()
        self.heads, self.size = heads, outputs // heads
        self.project = nn.Linear(inputs, outputs, bias=False)
        self.pair = nn.Parameter(torch.randn(heads, 2 * self.size) * 0.3)

    def scores(self, h):
        n = h.shape[0]
        left = h[:, None].expand(n, n, self.heads, self.size)
        right = h[None, :].expand(n, n, self.heads, self.size)
        return F.leaky_relu((torch.cat([left, right], dim=-1) * self.pair).sum(-1), 0.2).permute(2, 0, 1)

    def forward(self, x, adjacency):
        h = self.project(x).view(len(x), self.heads, self.size)
        weights = attention(self.scores(h), adjacency)
        return torch.einsum("kij,jkd->ikd", weights, h).reshape(len(x), -1)


class Net(nn.Module):
    def __init__(self, inputs=6, hidden=16, classes=3):
        super().__init__()
        self.enter = nn.Linear(inputs, hidden)
        self.one, self.two = Layer(hidden, hidden, 2), Layer(hidden, hidden, 2)
        self.norm = nn.LayerNorm(hidden)
        self.leave = nn.Linear(hidden, classes)

    def forward(self, x, adjacency):
        h = self.enter(x)
        h = h + F.elu(self.one(h, adjacency))
        h = h + F.elu(self.two(self.norm(h), adjacency))
        return self.leave(h)


def build():
    return Net()


def batch(n, seed=0):
    n = max(n, 18)
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 3, (n,), generator=g)
    chance = torch.where(y[:, None] == y, 0.35, 0.06)
    edges = (torch.rand(n, n, generator=g) < chance).float()
    edges.fill_diagonal_(1.0)
    x = torch.randn(n, 6, generator=g) * 0.6
    x[:, :3] += F.one_hot(y, 3) * 0.7
    return {"x": x, "adjacency": edges, "y": y}


def forward(model, batch):
    return model(batch["x"], batch["adjacency"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=5e-3)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1.0, (s + 1) / 20))


facts["schedule"] = {"warmup": 20, "kind": "constant after linear warm-up", "per": "step"}


def step(model, optimizer, batch, scheduler):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    scheduler.step()
    return value.detach()
