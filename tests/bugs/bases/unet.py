"""Small U-Net for binary segmentation with group normalisation and a soft Dice loss (Ronneberger et al. 2015; Milletari et al. 2016)."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "segmentation",
    "output": "logits",
    "normalisation": "group",
    "skip_connections": "concatenated along channels",
    "activation": "relu",
    "parameters": 14425,
    "loss": "binary cross-entropy plus soft Dice loss, equal weights",
    "locality": "one logit per pixel",
    "optimizer": {"name": "Adam", "lr": 2e-3},
    "init": {"*conv.weight": "kaiming normal, relu", "head.bias": "zeros"},
    "equations": {
        "dice": r"1-\frac1N\sum_i\frac{2\sum_p p_{ip}y_{ip}+\epsilon}{\sum_p p_{ip}+\sum_p y_{ip}+\epsilon}",
        "loss": r"\mathrm{BCE}(z,y)+\mathrm{Dice}(\sigma(z),y)",
    },
}


def dice(probability, target, epsilon=1.0):
    p, y = probability.flatten(1), target.flatten(1)
    overlap = (p * y).sum(dim=1)
    return 1 - ((2 * overlap + epsilon) / (p.sum(dim=1) + y.sum(dim=1) + epsilon)).mean()


class Stage(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.GroupNorm(4, outputs)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class UNet(nn.Module):
    def __init__(self, channels=1, width=8):
        super().__init__()
        self.down1, self.down2 = Stage(channels, width), Stage(width, 2 * width)
        self.bottom = Stage(2 * width, 4 * width)
        self.up2 = nn.ConvTranspose2d(4 * width, 2 * width, 2, stride=2)
        self.merge2 = Stage(4 * width, 2 * width)
        self.up1 = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.merge1 = Stage(2 * width, width)
        self.head = nn.Conv2d(width, 1, 1)
        for module in self.modules():
            if isinstance(module, Stage):
                nn.init.kaiming_normal_(module.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        c = self.bottom(F.max_pool2d(b, 2))
        b = self.merge2(torch.cat([self.up2(c), b], dim=1))
        a = self.merge1(torch.cat([self.up1(b), a], dim=1))
        return self.head(a)


def build():
    return UNet()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    i = torch.arange(16).float()
    centre = torch.randint(4, 12, (n, 2), generator=g).float()
    radius = torch.randint(2, 5, (n,), generator=g).float()
    inside = (i[None, :, None] - centre[:, 0, None, None]) ** 2 + (i[None, None, :] - centre[:, 1, None, None]) ** 2 <= radius[
        :, None, None
    ] ** 2
    y = inside.float()[:, None]
    x = y + 0.5 * torch.randn(n, 1, 16, 16, generator=g)
    return {"x": x, "y": y}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    logits = forward(model, batch)
    return F.binary_cross_entropy_with_logits(logits, batch["y"]) + dice(torch.sigmoid(logits), batch["y"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)
