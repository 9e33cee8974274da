"""ConvNeXt stage on small images (Liu et al. 2022): large depthwise kernels, channel norm, small layer scale."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "classification",
    "classes": 5,
    "output": "logits",
    "normalisation": "layer",
    "norm_eps": 1e-6,
    "activation": "gelu",
    "parameters": 21957,
    "blocks": 2,
    "gates": "layer scale, starts at 1e-6",
    "label_smoothing": 0.1,
    "loss": "mean cross-entropy with label smoothing",
    "init": {"*gamma": "constant 1e-6", "*.bias": "zeros"},
    "optimizer": {"name": "AdamW", "lr": 4e-3, "weight_decay": 0.05, "betas": [0.9, 0.999]},
    "no_decay": ["*.bias", "*norm*", "*gamma"],
    "accumulation": 2,
}


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of an image, at each position alone."""

    def __init__(self, width, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.eps = eps

    def forward(self, x):
        mean = x.mean(dim=1, keepdim=True)
        var = (x - mean).pow(2).mean(dim=1, keepdim=True)
        x = (x - mean) / torch.sqrt(var + self.eps)
        return x * self.weight[:, None, None] + self.bias[:, None, None]


class Block(nn.Module):
    def __init__(self, width, scale=1e-6):
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = ChannelNorm(width)
        self.expand = nn.Conv2d(width, 4 * width, 1)
        self.project = nn.Conv2d(4 * width, width, 1)
        self.gamma = nn.Parameter(scale * torch.ones(width))

    def forward(self, x):
        h = self.project(F.gelu(self.expand(self.norm(self.depthwise(x)))))
        return x + self.gamma[:, None, None] * h


class ConvNeXt(nn.Module):
    def __init__(self, width=32, blocks=2, classes=5):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 4, stride=4)
        self.stem_norm = ChannelNorm(width)
        self.blocks = nn.Sequential(*[Block(width) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)
        self.apply(self.reset)

    @staticmethod
    def reset(module):
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)

    def forward(self, image):
        x = self.blocks(self.stem_norm(self.stem(image)))
        return self.head(self.norm(x.mean(dim=(-2, -1))))


def build():
    return ConvNeXt()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 5, (n,), generator=g)
    image = 0.5 * torch.randn(n, 3, 24, 24, generator=g)
    patterns = torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(3))
    for i in range(n):
        r, c = (4 * torch.randint(0, 5, (2,), generator=g)).tolist()
        image[i, :, r : r + 8, c : c + 8] += patterns[label[i]]
    return {"image": image, "label": label}


def forward(model, batch):
    return model(batch["image"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["label"], label_smoothing=0.1)


def optimizer(model):
    decay = [p for n, p in model.named_parameters() if p.ndim > 1]
    plain = [p for n, p in model.named_parameters() if p.ndim <= 1]
    return torch.optim.AdamW([{"params": decay}, {"params": plain, "weight_decay": 0.0}], lr=4e-3, weight_decay=0.05)


def step(model, optimizer, batch, parts=2):
    model.train()
    optimizer.zero_grad()
    total = 0.0
    chunks = [dict(zip(batch, values, strict=False)) for values in zip(*(v.chunk(parts) for v in batch.values()), strict=False)]
    for part in chunks:
        value = loss(model, part) / parts
        value.backward()
        total += value.detach()
    optimizer.step()
    return total
