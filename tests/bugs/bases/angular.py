"""Additive angular margin classifier on unit embeddings."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "metric-learning",
    "classes": 8,
    "output": "unit-norm embeddings",
    "margin": 0.3,
    "embedding": 16,
    "loss": "cross-entropy of the scaled cosines with margin",
    "optimizer": {"name": "SGD", "lr": 0.02, "momentum": 0.9, "weight_decay": 5e-4},
    "schedule": {"kind": "step", "warmup": 0, "total": 60, "per": "step"},
    "equations": {"Margin.forward": r"s\cos(\theta_{y}+m)\text{ for the label and }s\cos\theta_j\text{ elsewhere}"},
}


class Margin(nn.Module):
    def __init__(self, width=16, classes=8, scale=16.0, margin=0.3):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes, width))
        nn.init.xavier_uniform_(self.weight)
        self.scale, self.margin = scale, margin

    def forward(self, embedding, label):
        cosine = F.linear(embedding, F.normalize(self.weight)).clamp(-1 + 1e-6, 1 - 1e-6)
        angle = torch.acos(cosine)
        shifted = torch.cos(angle + self.margin)
        one_hot = F.one_hot(label, cosine.shape[1]).bool()
        return self.scale * torch.where(one_hot, shifted, cosine)


class Face(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 12, 3, padding=1, bias=False),
            nn.BatchNorm2d(12),
            nn.PReLU(12),
            nn.Conv2d(12, 24, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(24),
            nn.PReLU(24),
        )
        self.embed = nn.Linear(24 * 25, 16)
        self.norm = nn.BatchNorm1d(16)
        self.margin = Margin()

    def forward(self, image):
        h = self.backbone(image).flatten(1)
        return F.normalize(self.norm(self.embed(h)), dim=1)


def build():
    return Face()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    faces = torch.randn(8, 3, 10, 10, generator=torch.Generator().manual_seed(17))
    label = torch.randint(0, 8, (n,), generator=g)
    image = faces[label] + 0.5 * torch.randn(n, 3, 10, 10, generator=g)
    return {"image": image, "label": label}


def forward(model, batch):
    return model(batch["image"])


def loss(model, batch):
    logits = model.margin(forward(model, batch), batch["label"])
    return F.cross_entropy(logits, batch["label"])


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[30, 50], gamma=0.1)


def step(model, optimizer, batch, scheduler):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    scheduler.step()
    return value.detach()
