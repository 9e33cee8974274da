"""Segmentation into three classes: an encoder and a decoder that adds features of equal size, Dice over classes and cross-entropy."""

import torch
import torch.nn as nn
import torch.nn.functional as F

facts = {
    "task": "segmentation",
    "classes": 3,
    "output": "logits",
    "normalisation": "group",
    "skip_connections": "added to the decoder's features of the same size",
    "activation": "silu",
    "parameters": 8523,
    "loss": "mean cross-entropy over pixels plus the Dice loss of the classes",
    "accumulation": 4,
    "locality": "class scores for each pixel",
    "optimizer": {"name": "RMSprop", "lr": 1e-3, "momentum": 0.9},
    "init": {"*bias": "zeros", "out.weight": "xavier uniform"},
    "equations": {"soft_dice": r"1-\frac{1}{C}\sum_c\frac{2\sum_p p_{pc}g_{pc}+s}{\sum_p p_{pc}^2+\sum_p g_{pc}^2+s}"},
}


def conv(a, b):
    return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.GroupNorm(2, b), nn.SiLU())


class Net(nn.Module):
    def __init__(self, w=10, classes=3):
        super().__init__()
        self.enc1, self.enc2, self.enc3 = conv(2, w), conv(w, 2 * w), conv(2 * w, 2 * w)
        self.dec2, self.dec1 = conv(2 * w, w), conv(w, w)
        self.out = nn.Conv2d(w, classes, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.zeros_(module.bias)
        nn.init.xavier_uniform_(self.out.weight)

    def forward(self, x):
        e1 = self.enc1(x)
        e2 = self.enc2(F.avg_pool2d(e1, 2))
        e3 = self.enc3(F.avg_pool2d(e2, 2))
        d2 = self.dec2(F.interpolate(e3, scale_factor=2, mode="nearest") + e2)
        d1 = self.dec1(F.interpolate(d2, scale_factor=2, mode="nearest") + e1)
        return self.out(d1)


def soft_dice(p, g, s=1e-3):
    p, g = p.movedim(1, -1).flatten(0, -2), g.movedim(1, -1).flatten(0, -2)
    top = 2 * (p * g).sum(0) + s
    bottom = (p**2).sum(0) + (g**2).sum(0) + s
    return 1 - (top / bottom).mean()


def build():
    return Net()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    mask = torch.zeros(n, 12, 12, dtype=torch.long)
    for i in range(n):
        a, b = (int(v) for v in torch.randint(0, 6, (2,), generator=g))
        mask[i, a : a + 6, b : b + 3] = 1
        mask[i, a : a + 3, b + 3 : b + 6] = 2
    image = torch.stack([(mask == 1).float(), (mask == 2).float()], 1) + 0.6 * torch.randn(n, 2, 12, 12, generator=g)
    return {"image": image, "mask": mask}


def forward(model, batch):
    return model(batch["image"])


def loss(model, batch):
    z = forward(model, batch)
    onehot = F.one_hot(batch["mask"], 3).movedim(-1, 1).float()
    return F.cross_entropy(z, batch["mask"]) + soft_dice(z.softmax(1), onehot)


def optimizer(model):
    return torch.optim.RMSprop(model.parameters(), lr=1e-3, momentum=0.9)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    n = len(batch["mask"])
    parts = torch.arange(n).tensor_split(4)
    for part in parts:
        chosen = {key: value[part] for key, value in batch.items()}
        (loss(model, chosen) * len(part) / n).backward()
    optimizer.step()
