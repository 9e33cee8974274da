"""Objects as points: a heat map of centres, sizes and sub-pixel offsets (Zhou et al. 2019)."""

import torch
from torch import nn

STRIDE = 4
facts = {
    "task": "detection",
    "classes": 2,
    "parameters": 24294,
    "normalisation": "batch",
    "samples_coupled": True,
    "loss": "penalty-reduced focal loss over the heat map divided by the number of objects, plus 0.1 times the L1 loss of sizes and 1 times the L1 loss of offsets at the centres",
    "head_bias": -2.19,
    "init": {"heat.2.bias": "-2.19"},
    "output": "logits of the heat map",
    "equations": {"focal": r"-\frac1N\sum_{xyc}\begin{cases}(1-p)^2\log p & y=1\\ (1-y)^4p^2\log(1-p) & \text{otherwise}\end{cases}"},
    "optimizer": {"name": "Adam", "lr": 1e-3},
}


def block(inputs, outputs, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class CenterNet(nn.Module):
    def __init__(self, classes=2, width=16):
        super().__init__()
        self.backbone = nn.Sequential(block(3, width, 2), block(width, 2 * width, 2), block(2 * width, 2 * width))
        self.heat = nn.Sequential(nn.Conv2d(2 * width, width, 1), nn.ReLU(), nn.Conv2d(width, classes, 1))
        self.size = nn.Sequential(nn.Conv2d(2 * width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 2, 1))
        self.offset = nn.Sequential(nn.Conv2d(2 * width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 2, 1))
        nn.init.constant_(self.heat[2].bias, -2.19)

    def forward(self, image):
        h = self.backbone(image)
        return self.heat(h), self.size(h), self.offset(h)


def build():
    return CenterNet()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    image = 0.2 * torch.randn(n, 3, 32, 32, generator=g)
    heat = torch.zeros(n, 2, 8, 8)
    size, offset, centre = torch.zeros(n, 2, 8, 8), torch.zeros(n, 2, 8, 8), torch.zeros(n, 1, 8, 8)
    grid = torch.arange(8.0)
    for i in range(n):
        for _ in range(2):
            kind = int(torch.randint(0, 2, (1,), generator=g))
            w, h = torch.randint(4, 11, (2,), generator=g).tolist()
            x, y = torch.randint(0, 32 - max(w, h), (2,), generator=g).tolist()
            image[i, kind, y : y + h, x : x + w] += 1.0
            cx, cy = (x + w / 2) / STRIDE, (y + h / 2) / STRIDE
            ix, iy = int(cx), int(cy)
            bump = torch.exp(-((grid[None] - ix) ** 2 + (grid[:, None] - iy) ** 2) / (2 * (0.15 * (w + h) / STRIDE) ** 2 + 1e-6))
            heat[i, kind] = torch.maximum(heat[i, kind], bump)
            size[i, :, iy, ix] = torch.tensor([w / STRIDE, h / STRIDE])
            offset[i, :, iy, ix] = torch.tensor([cx - ix, cy - iy])
            centre[i, 0, iy, ix] = 1.0
    return {"image": image, "heat": heat, "size": size, "offset": offset, "centre": centre}


def focal(logits, heat):
    p = logits.sigmoid().clamp(1e-4, 1 - 1e-4)
    found = heat.eq(1).float()
    positive = (1 - p) ** 2 * p.log() * found
    negative = (1 - heat) ** 4 * p**2 * (1 - p).log() * (1 - found)
    return -(positive.sum() + negative.sum()) / found.sum().clamp(min=1)


def masked_l1(prediction, target, centre):
    return ((prediction - target).abs() * centre).sum() / centre.sum().clamp(min=1)


def forward(model, batch):
    return model(batch["image"])[0]


def loss(model, batch):
    heat, size, offset = model(batch["image"])
    return (
        focal(heat, batch["heat"])
        + 0.1 * masked_l1(size, batch["size"], batch["centre"])
        + masked_l1(offset, batch["offset"], batch["centre"])
    )


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)
