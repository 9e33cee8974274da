"""Inverted residuals with squeeze and excitation (Tan and Le 2019), fine-tuned with a frozen stem and frozen statistics there."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "classification",
    "classes": 4,
    "output": "logits",
    "normalisation": "batch",
    "norm_eps": 1e-3,
    "activation": "silu",
    "dropout": 0.2,
    "frozen": ["stem.*"],
    "loss": "mean cross-entropy",
    "optimizer": {"name": "RMSprop", "lr": 2e-3, "momentum": 0.9},
    "equations": {"SqueezeExcite.forward": r"x\odot\sigma(W_2\,\mathrm{silu}(W_1\,\tfrac{1}{HW}\sum_{ij}x_{ij}))"},
}


class SqueezeExcite(nn.Module):
    def __init__(self, width, reduced):
        super().__init__()
        self.reduce = nn.Conv2d(width, reduced, 1)
        self.expand = nn.Conv2d(reduced, width, 1)

    def forward(self, x):
        s = x.mean(dim=(2, 3), keepdim=True)
        return x * torch.sigmoid(self.expand(F.silu(self.reduce(s))))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride=1, expansion=4):
        super().__init__()
        hidden = inputs * expansion
        self.expand = nn.Conv2d(inputs, hidden, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(hidden, eps=1e-3)
        self.depthwise = nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False)
        self.norm2 = nn.BatchNorm2d(hidden, eps=1e-3)
        self.excite = SqueezeExcite(hidden, max(1, inputs // 4))
        self.project = nn.Conv2d(hidden, outputs, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(outputs, eps=1e-3)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        h = F.silu(self.norm1(self.expand(x)))
        h = F.silu(self.norm2(self.depthwise(h)))
        h = self.norm3(self.project(self.excite(h)))
        return x + h if self.residual else h


class SmallEfficientNet(nn.Module):
    def __init__(self, classes=4):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 12, 3, 2, 1, bias=False), nn.BatchNorm2d(12, eps=1e-3), nn.SiLU())
        self.blocks = nn.Sequential(InvertedResidual(12, 12), InvertedResidual(12, 20, 2), InvertedResidual(20, 20))
        self.final = nn.Sequential(nn.Conv2d(20, 48, 1, bias=False), nn.BatchNorm2d(48, eps=1e-3), nn.SiLU())
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(48, classes)
        self.stem.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        self.stem.eval()
        return self

    def forward(self, image):
        x = self.final(self.blocks(self.stem(image)))
        return self.head(self.dropout(F.adaptive_avg_pool2d(x, 1).flatten(1)))


def build():
    return SmallEfficientNet()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 4, (n,), generator=g)
    y, x = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    angle = label[:, None, None] * 0.785 + 0.1 * torch.randn(n, 1, 1, generator=g)
    wave = torch.sin(1.3 * (x * angle.cos() + y * angle.sin()) + 6.28 * torch.rand(n, 1, 1, generator=g))
    return {"image": wave[:, None] + 0.5 * torch.randn(n, 3, 16, 16, generator=g), "label": label}


def forward(model, batch):
    return model(batch["image"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["label"])


def optimizer(model):
    return torch.optim.RMSprop([p for p in model.parameters() if p.requires_grad], lr=2e-3, momentum=0.9)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    return value.detach()
