"""Anchor-free detector on a grid: focal classification and IoU-weighted box regression (FCOS-like), with an averaged copy for evaluation."""

import copy
import math

import torch
from torch import nn
from torch.nn import functional as F

PRIOR = 0.05
ALPHA, GAMMA = 0.25, 2.0
EMA_DECAY = 0.99

facts = {
    "task": "detection",
    "classes": 2,
    "output": "logits",
    "head_bias": "-ln((1-p)/p) with p = 0.05",
    "parameters": 6814,
    "activation": "relu",
    "normalisation": "batch",
    "loss": "focal loss summed over cells, divided by the number of cells with an object, plus smooth L1 of the boxes over those cells",
    "ema": 0.99,
    "optimizer": {"name": "AdamW", "lr": 2e-3, "weight_decay": 1e-4},
    "clip_norm": 10.0,
    "init": {"cls_head.weight": "normal(0, 0.01)", "box_head.weight": "normal(0, 0.01)", "box_head.bias": "zeros"},
    "equations": {
        "sigmoid_focal": r"-\alpha_t(1-p_t)^\gamma\ln p_t",
        "loss": r"\frac{1}{N_{pos}}\left(\sum_{i}L_{focal}(z_i,y_i)+\sum_{i\in pos}L_{smooth}(b_i,t_i)\right)",
        "EMA.update": r"\theta'\leftarrow\beta\theta'+(1-\beta)\theta",
    },
}


class ConvBNReLU(nn.Sequential):
    def __init__(self, cin, cout, stride=1):
        super().__init__(nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


class Detector(nn.Module):
    def __init__(self, width=16, classes=2):
        super().__init__()
        self.backbone = nn.Sequential(ConvBNReLU(1, width // 2, 2), ConvBNReLU(width // 2, width, 2), ConvBNReLU(width, width))
        self.tower = ConvBNReLU(width, width)
        self.cls_head = nn.Conv2d(width, classes, 3, padding=1)
        self.box_head = nn.Conv2d(width, 4, 3, padding=1)
        for head in (self.cls_head, self.box_head):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)
        nn.init.constant_(self.cls_head.bias, -math.log((1 - PRIOR) / PRIOR))

    def forward(self, x):
        feat = self.tower(self.backbone(x))
        return self.cls_head(feat), self.box_head(feat)


class EMA:
    def __init__(self, model, decay=EMA_DECAY):
        self.module = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model):
        for e, p in zip(self.module.parameters(), model.parameters()):
            e.mul_(self.decay).add_(p, alpha=1 - self.decay)
        for e, b in zip(self.module.buffers(), model.buffers()):
            e.copy_(b)


def build():
    return Detector()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    image = 0.3 * torch.randn(n, 1, 24, 24, generator=g)
    cls = torch.zeros(n, 2, 6, 6)
    box = torch.zeros(n, 4, 6, 6)
    for i in range(n):
        kind = int(torch.randint(0, 2, (1,), generator=g))
        cy, cx = torch.randint(4, 20, (2,), generator=g).tolist()
        r = int(torch.randint(2, 5, (1,), generator=g))
        image[i, 0, cy - r : cy + r, cx - r : cx + r] += 2.0 if kind else -2.0
        gy, gx = cy // 4, cx // 4
        cls[i, kind, gy, gx] = 1.0
        box[i, :, gy, gx] = torch.tensor([cy / 4 - gy - 0.5, cx / 4 - gx - 0.5, math.log(r / 3), math.log(r / 3)])
    return {"image": image, "cls": cls, "box": box}


def forward(model, batch):
    return model(batch["image"])[0]


def sigmoid_focal(z, y, alpha=ALPHA, gamma=GAMMA):
    ce = F.binary_cross_entropy_with_logits(z, y, reduction="none")
    p = torch.sigmoid(z)
    p_t = p * y + (1 - p) * (1 - y)
    alpha_t = alpha * y + (1 - alpha) * (1 - y)
    return alpha_t * (1 - p_t) ** gamma * ce


def loss(model, batch):
    logits, boxes = model(batch["image"])
    pos = batch["cls"].amax(dim=1, keepdim=True)
    num_pos = pos.sum().clamp(min=1.0)
    cls_loss = sigmoid_focal(logits, batch["cls"]).sum()
    box_loss = (F.smooth_l1_loss(boxes, batch["box"], reduction="none") * pos).sum()
    return (cls_loss + box_loss) / num_pos


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-4)


def step(model, optimizer, batch):
    model.train()
    if not hasattr(model, "_ema"):
        object.__setattr__(model, "_ema", EMA(model))
    objective = loss(model, batch)
    optimizer.zero_grad()
    objective.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 10.0)
    optimizer.step()
    model._ema.update(model)
    return objective.detach()
