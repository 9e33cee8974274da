"""Point clouds: shared perceptron, learned alignment, max pooling, regulariser on the alignment (PointNet)."""

import torch
from torch import nn

facts = {
    "task": "classification",
    "classes": 3,
    "output": "logits",
    "permutation_invariant": "points",
    "parameters": 2572,
    "normalisation": "layer",
    "activation": "relu",
    "loss": "mean cross-entropy plus 0.01 times the alignment penalty",
    "regularisation": 0.01,
    "pooling": "max over the points",
    "label_smoothing": 0.1,
    "input": "coordinates centred on the mean of each cloud and scaled to the unit ball",
    "equations": {
        "unit_ball": r"\frac{x_i-\bar x}{\max_j\|x_j-\bar x\|}",
        "alignment_penalty": r"\frac1N\sum\|I-AA^\top\|_F^2",
        "Align.forward": r"I+\mathrm{reshape}(W\max_i\phi(x_i))",
    },
    "init": {"align.out.weight": "zeros", "align.out.bias": "zeros"},
    "optimizer": {"name": "AdamW", "lr": 3e-3, "weight_decay": 1e-2},
    "no_decay": ["*.bias", "*norm*"],
}


def unit_ball(points):
    points = points - points.mean(dim=1, keepdim=True)
    return points / points.norm(dim=-1).amax(dim=1)[:, None, None]


class Shared(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.linear = nn.Linear(d_in, d_out)
        self.norm = nn.LayerNorm(d_out)

    def forward(self, x):
        return torch.relu(self.norm(self.linear(x)))


class Align(nn.Module):
    def __init__(self, d=3):
        super().__init__()
        self.d = d
        self.phi = nn.Sequential(Shared(d, 16), Shared(16, 32))
        self.out = nn.Linear(32, d * d)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x):
        pooled = self.phi(x).amax(dim=1)
        return torch.eye(self.d) + self.out(pooled).view(-1, self.d, self.d)


class PointNet(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.align = Align()
        self.features = nn.Sequential(Shared(3, 16), Shared(16, 32))
        self.head = nn.Sequential(nn.Linear(32, 24), nn.ReLU(), nn.Linear(24, classes))

    def forward(self, points):
        x = unit_ball(points)
        a = self.align(x)
        return self.head(self.features(x @ a).amax(dim=1)), a


def build():
    return PointNet()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 3, (n,), generator=g)
    x = torch.randn(n, 20, 3, generator=g)
    ball = x / x.norm(dim=-1, keepdim=True)
    flat = x * torch.tensor([1.0, 1.0, 0.05])
    line = x * torch.tensor([1.5, 0.05, 0.05])
    cloud = torch.stack([ball, flat, line], dim=1)[torch.arange(n), y]
    return {"points": cloud * (0.5 + torch.rand(n, 1, 1, generator=g)) + torch.randn(n, 1, 3, generator=g), "label": y}


def alignment_penalty(a):
    eye = torch.eye(a.shape[-1])
    return (eye - a @ a.transpose(1, 2)).pow(2).sum(dim=(1, 2)).mean()


def forward(model, batch):
    return model(batch["points"])[0]


def loss(model, batch):
    logits, a = model(batch["points"])
    return nn.functional.cross_entropy(logits, batch["label"], label_smoothing=0.1) + 0.01 * alignment_penalty(a)


def optimizer(model):
    decay = [p for name, p in model.named_parameters() if p.ndim > 1]
    rest = [p for name, p in model.named_parameters() if p.ndim <= 1]
    return torch.optim.AdamW([{"params": decay, "weight_decay": 1e-2}, {"params": rest, "weight_decay": 0.0}], lr=3e-3)
