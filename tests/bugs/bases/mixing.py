"""All-MLP image classifier (Tolstikhin et al. 2021) with stochastic depth and an averaged copy for evaluation."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "classification",
    "classes": 4,
    "output": "logits",
    "norm": "pre",
    "normalisation": "layer",
    "norm_eps": 1e-6,
    "layers": 3,
    "d_model": 32,
    "tokens": 16,
    "patch": 4,
    "stochastic_depth": 0.1,
    "pooling": "mean over all tokens",
    "loss": "mean cross-entropy",
    "activation": "gelu",
    "init": {"head.weight": "zeros", "head.bias": "zeros"},
    "ema": 0.99,
    "optimizer": {"name": "AdamW", "lr": 1e-3, "weight_decay": 0.05},
    "clip_norm": 1.0,
    "equations": {
        "MixerBlock.forward": r"U = X + (W_2\,\sigma(W_1\,\mathrm{LN}(X)^\top))^\top,\quad Y = U + W_4\,\sigma(W_3\,\mathrm{LN}(U))",
        "update_average": r"\bar\theta\leftarrow 0.99\,\bar\theta+0.01\,\theta",
    },
}


def mlp(width, hidden):
    return nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))


class DropPath(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        mask = torch.rand(x.shape[0], 1, 1, device=x.device) < keep
        return x * mask / keep


class MixerBlock(nn.Module):
    def __init__(self, tokens, width, rate):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.token_mixing = mlp(tokens, 2 * tokens)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.channel_mixing = mlp(width, 2 * width)
        self.drop = DropPath(rate)

    def forward(self, x):
        x = x + self.drop(self.token_mixing(self.norm1(x).transpose(1, 2)).transpose(1, 2))
        return x + self.drop(self.channel_mixing(self.norm2(x)))


class Mixer(nn.Module):
    def __init__(self, width=32, layers=3, classes=4, patch=4):
        super().__init__()
        self.embed = nn.Conv2d(3, width, patch, stride=patch)
        self.blocks = nn.ModuleList([MixerBlock(16, width, 0.1) for _ in range(layers)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, image):
        x = self.embed(image).flatten(2).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(dim=1))


class Averaged(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = Mixer()
        self.average = copy.deepcopy(self.model).requires_grad_(False)

    def forward(self, image):
        return self.model(image) if self.training else self.average(image)


def build():
    return Averaged()


@torch.no_grad()
def update_average(average, model, decay=0.99):
    for slow, fast in zip(average.parameters(), model.parameters(), strict=False):
        slow.mul_(decay).add_(fast, alpha=1 - decay)


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 4, (n,), generator=g)
    image = 0.4 * torch.randn(n, 3, 16, 16, generator=g)
    ramp = torch.linspace(-1, 1, 16)
    for i in range(n):
        k = int(label[i])
        image[i, int(torch.randint(0, 3, (1,), generator=g))] += (ramp[:, None] if k < 2 else ramp[None]) * (1 if k % 2 else -1)
    return {"image": image, "label": label}


def forward(model, batch):
    return model(batch["image"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["label"])


def optimizer(model):
    return torch.optim.AdamW(model.model.parameters(), lr=1e-3, weight_decay=0.05)


def step(model, optimizer, batch):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad()
    value.backward()
    nn.utils.clip_grad_norm_(model.model.parameters(), 1.0)
    optimizer.step()
    update_average(model.average, model.model)
    return value.detach()
