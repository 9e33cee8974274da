"""Joint embedding regularised by variance, invariance and covariance."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "self-supervised",
    "output": "embeddings",
    "views": 2,
    "samples_coupled": True,
    "shared_weights": True,
    "loss": "invariance, variance and covariance terms with weights 25, 25 and 1",
    "optimizer": {"name": "Adam", "lr": 1e-3},
    "equations": {
        "variance": r"\frac1d\sum_j\max\left(0,1-\sqrt{\mathrm{Var}(z_{\cdot j})+10^{-4}}\right)",
        "covariance": r"\frac1d\sum_{i\ne j}C(Z)_{ij}^2",
    },
}


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(2, 12, 5, padding=2),
            nn.BatchNorm1d(12),
            nn.ReLU(),
            nn.Conv1d(12, 24, 3, stride=2, padding=1),
            nn.BatchNorm1d(24),
            nn.ReLU(),
        )
        self.expander = nn.Sequential(nn.Linear(24, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 32))

    def forward(self, x):
        return self.expander(self.features(x).mean(-1))


def build():
    return Encoder()


def view(signal, g):
    scale = 0.8 + 0.4 * torch.rand(len(signal), 1, 1, generator=g)
    return scale * signal + 0.1 * torch.randn(signal.shape, generator=g)


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    frequency = 0.2 + torch.rand(n, 2, 1, generator=g)
    signal = torch.sin(frequency * torch.arange(24.0))
    return {"a": view(signal, g), "b": view(signal, g)}


def forward(model, batch):
    return model(batch["a"])


def variance(z):
    deviation = torch.sqrt(z.var(dim=0) + 1e-4)
    return F.relu(1 - deviation).mean()


def covariance(z):
    n, d = z.shape
    z = z - z.mean(dim=0)
    matrix = z.t() @ z / (n - 1)
    off = matrix - torch.diag(matrix.diagonal())
    return off.pow(2).sum() / d


def loss(model, batch):
    a, b = model(batch["a"]), model(batch["b"])
    invariance = F.mse_loss(a, b)
    return 25 * invariance + 25 * (variance(a) + variance(b)) / 2 + (covariance(a) + covariance(b))


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)
