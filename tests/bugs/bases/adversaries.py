"""Generative adversarial network on points in the plane, non-saturating loss."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "generation",
    "latent": 8,
    "players": ["generator", "discriminator"],
    "output": "logits",
    "parameters": 3043,
    "loss": "binary cross-entropy of the discriminator over real and generated samples",
    "activation": "leaky relu, slope 0.2",
    "optimizer": {"name": "Adam", "lr": 2e-4, "betas": (0.5, 0.999)},
    "init": {"*.weight": "normal(0, 0.02)", "*.bias": "zeros"},
    "stop_gradient": "generated samples are detached in the discriminator's loss",
    "equations": {
        "loss": r"-\mathbb E_x[\log D(x)]-\mathbb E_z[\log(1-D(G(z)))]",
        "generator_loss": r"-\mathbb E_z[\log D(G(z))]",
    },
}


class GAN(nn.Module):
    def __init__(self, latent=8, hidden=40, dim=2):
        super().__init__()
        self.generator = nn.Sequential(
            nn.Linear(latent, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, dim)
        )
        self.discriminator = nn.Sequential(
            nn.Linear(dim, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, hidden // 2), nn.LeakyReLU(0.2), nn.Linear(hidden // 2, 1)
        )
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, z):
        return self.generator(z)


def build():
    return GAN()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    centre = torch.randint(0, 4, (n,), generator=g).float() * (torch.pi / 2)
    x = 2 * torch.stack([centre.cos(), centre.sin()], dim=1) + 0.1 * torch.randn(n, 2, generator=g)
    return {"x": x, "z": torch.randn(n, 8, generator=g)}


def forward(model, batch):
    return model.discriminator(model.generator(batch["z"])).squeeze(-1)


def loss(model, batch):
    fake = model.generator(batch["z"]).detach()
    real = model.discriminator(batch["x"])
    made = model.discriminator(fake)
    return F.binary_cross_entropy_with_logits(real, torch.ones_like(real)) + F.binary_cross_entropy_with_logits(
        made, torch.zeros_like(made)
    )


def generator_loss(model, batch):
    made = model.discriminator(model.generator(batch["z"]))
    return F.binary_cross_entropy_with_logits(made, torch.ones_like(made))


def optimizer(model):
    return {
        "generator": torch.optim.Adam(model.generator.parameters(), lr=2e-4, betas=(0.5, 0.999)),
        "discriminator": torch.optim.Adam(model.discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999)),
    }


def step(model, optimizer, batch):
    model.train()
    optimizer["discriminator"].zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer["discriminator"].step()
    optimizer["generator"].zero_grad()
    generator_loss(model, batch).backward()
    optimizer["generator"].step()
    return value.detach()
