"""One-stage detection head on a grid of cells: class scores with a softmax focal loss, offsets with a smooth absolute loss."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

GAMMA, PI, WEIGHT = 2.0, 0.01, 0.5
facts = {
    "task": "detection",
    "classes": 3,
    "output": "logits",
    "activation": "relu",
    "parameters": 3415,
    "head_bias": -4.59512,
    "loss": "sigmoid focal loss summed over cells and classes divided by the number of positive cells, plus half the smooth absolute loss of the offsets of positive cells",
    "init": {"trunk.*.weight": "normal(0, 0.1)", "scores.weight": "normal(0, 0.01)", "offsets.bias": "zeros"},
    "optimizer": {"name": "Adam", "lr": 2e-3, "betas": [0.9, 0.999], "eps": 1e-8},
    "clip_norm": 10.0,
    "equations": {"sigmoid_focal": r"-\left[y(1-p)^{\gamma}\log p+(1-y)p^{\gamma}\log(1-p)\right],\;p=\sigma(z)"},
}


class Head(nn.Module):
    def __init__(self, channels=4, width=16, classes=3):
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU())
        self.offsets = nn.Conv2d(width, 4, 1)
        self.scores = nn.Conv2d(width, classes, 3, padding=1)
        for layer in self.trunk:
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.1)
        nn.init.normal_(self.scores.weight, std=0.01)
        nn.init.constant_(self.scores.bias, math.log(PI / (1 - PI)))
        nn.init.zeros_(self.offsets.bias)

    def forward(self, x):
        h = self.trunk(x)
        return self.scores(h), self.offsets(h)


def sigmoid_focal(z, y, gamma=GAMMA):
    p = z.sigmoid()
    return -(y * (1 - p) ** gamma * F.logsigmoid(z) + (1 - y) * p**gamma * F.logsigmoid(-z))


def build():
    return Head()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    kind = torch.randint(0, 3, (n, 6, 6), generator=g)
    present = torch.rand(n, 6, 6, generator=g) < 0.12
    present[:, 2, 3] = True
    label = F.one_hot(kind, 3).movedim(-1, 1).float() * present[:, None]
    box = torch.randn(n, 4, 6, 6, generator=g)
    feature = torch.randn(n, 4, 6, 6, generator=g) * 0.3
    feature[:, :3] += 2 * label
    feature[:, 3] += box[:, 0] * present
    return {"feature": feature, "label": label, "box": box, "present": present}


def forward(model, batch):
    return model(batch["feature"])[0]


def loss(model, batch):
    scores, offsets = model(batch["feature"])
    positive = batch["present"].sum().clamp(min=1)
    classification = sigmoid_focal(scores, batch["label"]).sum() / positive
    distance = F.smooth_l1_loss(offsets, batch["box"], reduction="none").sum(1)
    return classification + WEIGHT * (distance * batch["present"]).sum() / positive


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 10.0)
    optimizer.step()
    return value.detach()
