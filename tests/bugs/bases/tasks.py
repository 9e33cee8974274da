"""Depth-like regression and classification from one trunk, weighted by learned uncertainties (Kendall et al. 2018)."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "multi-task",
    "classes": 4,
    "output": "logits of the classifier",
    "parameters": 9471,
    "activation": "relu",
    "loss": "cross-entropy times exp(-s_1) plus s_1 over 2, plus half the mean squared error times exp(-s_2) plus s_2 over 2",
    "equations": {"combine": r"e^{-s_1}L_1+\tfrac12 s_1+\tfrac12e^{-s_2}L_2+\tfrac12 s_2"},
    "init": {"log_variance": "zeros", "trunk.*.bias": "zeros"},
    "optimizer": {"name": "Adam", "lr": 1e-3},
    "clip_norm": 5.0,
    "loss_scaling": True,
}


class MultiTask(nn.Module):
    def __init__(self, classes=4, width=16):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classify = nn.Sequential(nn.Linear(2 * width, 32), nn.ReLU(), nn.Linear(32, classes))
        self.regress = nn.Sequential(nn.Conv2d(2 * width, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 1, 1))
        self.log_variance = nn.Parameter(torch.zeros(2))
        for m in self.trunk:
            if isinstance(m, nn.Conv2d):
                nn.init.zeros_(m.bias)

    def forward(self, image):
        h = self.trunk(image)
        depth = F.interpolate(self.regress(h), scale_factor=4, mode="bilinear", align_corners=False)
        return self.classify(h.mean(dim=(2, 3))), depth


def build():
    return MultiTask()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 4, (n,), generator=g)
    y, x = torch.meshgrid(torch.linspace(-1, 1, 16), torch.linspace(-1, 1, 16), indexing="ij")
    slope = torch.randn(n, 2, 1, 1, generator=g)
    depth = (slope[:, :1] * x + slope[:, 1:] * y) + 0.5
    texture = torch.sin((2 + 3 * label[:, None, None, None]) * (x + y))
    return {"image": depth + 0.5 * texture + 0.1 * torch.randn(n, 1, 16, 16, generator=g), "label": label, "depth": depth}


def forward(model, batch):
    return model(batch["image"])[0]


def combine(cross_entropy, squared_error, log_variance):
    s1, s2 = log_variance
    return torch.exp(-s1) * cross_entropy + 0.5 * s1 + 0.5 * torch.exp(-s2) * squared_error + 0.5 * s2


def loss(model, batch):
    logits, depth = model(batch["image"])
    return combine(F.cross_entropy(logits, batch["label"]), F.mse_loss(depth, batch["depth"]), model.log_variance)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)


scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    scaler.scale(value).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    scaler.step(optimizer)
    scaler.update()
    return value.detach()
