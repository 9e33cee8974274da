"""Small residual network for images (He et al. 2015), batch normalisation, zero-initialised last scale."""

import math

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "classification",
    "classes": 4,
    "output": "logits",
    "normalisation": "batch",
    "norm_eps": 1e-5,
    "blocks": 3,
    "activation": "relu",
    "parameters": 9692,
    "loss": "mean cross-entropy",
    "init": {"*conv*.weight": "kaiming normal, fan_out, relu", "head.bias": "zeros", "blocks.*.second_norm.weight": "zeros"},
    "optimizer": {"name": "SGD", "momentum": 0.9, "weight_decay": 1e-4},
    "no_decay": ["*norm*", "*bias", "*shortcut.1.*"],
    "schedule": {"warmup": 10, "kind": "cosine", "total": 200, "per": "step"},
    "equations": {
        "Block.forward": r"\mathrm{ReLU}(F(x)+s(x))",
        "rate": r"\min(t/w,1)\cdot\frac12\left(1+\cos\frac{\pi\max(t-w,0)}{T-w}\right),\;t\ge1",
    },
}
WARMUP, TOTAL = 10, 200


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.first_conv = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second_conv = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        h = F.relu(self.first_norm(self.first_conv(x)))
        h = self.second_norm(self.second_conv(h))
        return F.relu(h + self.shortcut(x))


class ResidualNet(nn.Module):
    def __init__(self, channels=1, width=8, classes=4):
        super().__init__()
        self.stem_conv = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(width)
        self.blocks = nn.ModuleList([Block(width, width), Block(width, 2 * width, 2), Block(2 * width, 2 * width)])
        self.head = nn.Linear(2 * width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for block in self.blocks:
            nn.init.zeros_(block.second_norm.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        x = F.relu(self.stem_norm(self.stem_conv(x)))
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean(dim=(2, 3)))


def build():
    return ResidualNet()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 4, (n,), generator=g)
    x = 0.5 * torch.randn(n, 1, 12, 12, generator=g)
    for i in range(n):
        r, c = divmod(int(y[i]), 2)
        x[i, 0, 6 * r : 6 * r + 6, 6 * c : 6 * c + 6] += 1.0
    return {"x": x, "y": y}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"])


def rate(t):
    if t <= WARMUP:
        return t / WARMUP
    return 0.5 * (1 + math.cos(math.pi * (t - WARMUP) / (TOTAL - WARMUP)))


def optimizer(model):
    decay = [p for name, p in model.named_parameters() if p.dim() > 1]
    rest = [p for name, p in model.named_parameters() if p.dim() <= 1]
    groups = [{"params": decay, "weight_decay": 1e-4}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step + 1))


def step(model, optimizer, batch, scheduler=None):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    if scheduler is not None:
        scheduler.step()
    return value.detach()
