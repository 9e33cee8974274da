"""Age groups as ranks: shared weight and ordered thresholds (CORAL, Cao et al. 2020), lookahead optimiser."""

import torch
import torch.nn.functional as F
from torch import nn

RANKS = 6
facts = {
    "task": "ordinal regression",
    "output": "logits of rank > k for k = 0..4",
    "normalisation": "instance",
    "parameters": 4061,
    "loss": "binary cross-entropy of the 5 extended labels, summed over ranks and averaged over the batch",
    "equations": {
        "loss": r"-\frac1N\sum_n\sum_{k=0}^{4}\left[\log\sigma(z_{nk})\,1[y_n>k]+\log(1-\sigma(z_{nk}))\,1[y_n\le k]\right]",
        "lookahead": r"\phi\leftarrow\phi+0.5(\theta-\phi),\ \theta\leftarrow\phi\ \text{every 5 updates}",
    },
    "optimizer": {"name": "Adam", "lr": 5e-3},
}


class InstanceNorm(nn.Module):
    def __init__(self, width, eps=1e-5):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width, 1, 1))
        self.bias = nn.Parameter(torch.zeros(width, 1, 1))
        self.eps = eps

    def forward(self, x):
        mean = x.mean(dim=(2, 3), keepdim=True)
        var = x.var(dim=(2, 3), keepdim=True, unbiased=False)
        return (x - mean) * (var + self.eps).rsqrt() * self.gain + self.bias


class RankNet(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1)
        self.norm1 = InstanceNorm(width)
        self.conv2 = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        self.norm2 = InstanceNorm(2 * width)
        self.hidden = nn.Linear(2 * width, 48)
        self.score = nn.Linear(48, 1, bias=False)
        self.thresholds = nn.Parameter(torch.linspace(2, -2, RANKS - 1))

    def forward(self, image):
        x = F.leaky_relu(self.norm1(self.conv1(image)), 0.1)
        x = F.leaky_relu(self.norm2(self.conv2(x)), 0.1)
        h = F.leaky_relu(self.hidden(x.mean(dim=(2, 3))), 0.1)
        return self.score(h) + self.thresholds


class Lookahead:
    def __init__(self, inner, every=5, alpha=0.5):
        self.inner, self.every, self.alpha, self.count = inner, every, alpha, 0
        self.param_groups = inner.param_groups
        self.slow = [[p.detach().clone() for p in group["params"]] for group in inner.param_groups]

    def zero_grad(self, set_to_none=True):
        self.inner.zero_grad(set_to_none)

    @property
    def state(self):
        return self.inner.state

    @torch.no_grad()
    def step(self):
        self.inner.step()
        self.count += 1
        if self.count % self.every == 0:
            for group, slow in zip(self.inner.param_groups, self.slow, strict=False):
                for p, s in zip(group["params"], slow, strict=False):
                    s.add_(p - s, alpha=self.alpha)
                    p.copy_(s)


def build():
    return RankNet()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    rank = torch.randint(0, RANKS, (n,), generator=g)
    y, x = torch.meshgrid(torch.arange(14.0), torch.arange(14.0), indexing="ij")
    phase = 6.28 * torch.rand(n, 1, 1, generator=g)
    frequency = 0.3 + 0.25 * rank[:, None, None] + 0.05 * torch.randn(n, 1, 1, generator=g)
    return {"image": (torch.sin(frequency * (x + y) + phase) + 0.3 * torch.randn(n, 14, 14, generator=g))[:, None], "rank": rank}


def forward(model, batch):
    return model(batch["image"])


def extend(rank):
    return (rank[:, None] > torch.arange(RANKS - 1)).float()


def loss(model, batch):
    return F.binary_cross_entropy_with_logits(forward(model, batch), extend(batch["rank"]), reduction="none").sum(dim=1).mean()


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=5e-3)


def step(model, optimizer, batch):
    model.train()
    if not hasattr(model, "lookahead"):
        model.lookahead = Lookahead(optimizer)
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    model.lookahead.step()
    return value.detach()
