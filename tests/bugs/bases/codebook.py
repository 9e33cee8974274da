"""Autoencoder with a learned discrete code book and a straight-through estimator."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "autoencoder",
    "output": "reconstruction",
    "latent": 8,
    "beta": 0.25,
    "stop_gradient": "straight-through quantisation",
    "loss": "mean squared error plus code-book and commitment terms",
    "init": {"quantiser.codes.weight": "uniform(-1/16, 1/16)"},
    "optimizer": {"name": "Adam", "lr": 2e-3},
    "equations": {"Quantiser.forward": r"\|\mathrm{sg}[z_e]-e\|^2+\beta\|z_e-\mathrm{sg}[e]\|^2"},
}


class Quantiser(nn.Module):
    def __init__(self, size=16, width=8):
        super().__init__()
        self.codes = nn.Embedding(size, width)
        nn.init.uniform_(self.codes.weight, -1 / size, 1 / size)

    def forward(self, z):
        flat = z.permute(0, 2, 3, 1).reshape(-1, z.shape[1])
        distance = flat.pow(2).sum(1, keepdim=True) - 2 * flat @ self.codes.weight.t() + self.codes.weight.pow(2).sum(1)
        index = distance.argmin(1)
        chosen = self.codes(index).view(z.shape[0], z.shape[2], z.shape[3], z.shape[1]).permute(0, 3, 1, 2)
        penalty = F.mse_loss(chosen, z.detach()) + 0.25 * F.mse_loss(z, chosen.detach())
        return z + (chosen - z).detach(), penalty


class Model(nn.Module):
    def __init__(self, channels=16, width=8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, channels, 4, 2, 1), nn.ReLU(), nn.Conv2d(channels, channels, 3, 1, 1), nn.ReLU(), nn.Conv2d(channels, width, 1)
        )
        self.quantiser = Quantiser(width=width)
        self.decoder = nn.Sequential(nn.Conv2d(width, channels, 3, 1, 1), nn.ReLU(), nn.ConvTranspose2d(channels, 1, 4, 2, 1))

    def forward(self, x):
        code, penalty = self.quantiser(self.encoder(x))
        return self.decoder(code), penalty


def build():
    return Model()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    image = torch.zeros(n, 1, 12, 12)
    for i in range(n):
        a, b = torch.randint(0, 8, (2,), generator=g).tolist()
        image[i, 0, a : a + 4, b : b + 4] = 1.0
    return {"image": image + 0.05 * torch.randn(n, 1, 12, 12, generator=g)}


def forward(model, batch):
    return model(batch["image"])[0]


def loss(model, batch):
    rebuilt, penalty = model(batch["image"])
    return F.mse_loss(rebuilt, batch["image"]) + penalty


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)
