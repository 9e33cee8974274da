"""Pre-activation residual network (He et al. 2016) with a bottleneck of two convolutions."""

import torch
import torch.nn as nn
import torch.nn.functional as F

MILESTONES = (60, 120)
facts = {
    "task": "classification",
    "classes": 5,
    "output": "logits",
    "normalisation": "batch",
    "activation": "relu",
    "blocks": 4,
    "parameters": 11005,
    "label_smoothing": 0.1,
    "loss": "mean cross-entropy with label smoothing",
    "norm": "pre",
    "pooling": "mean over all positions",
    "init": {"*.conv?.weight": "normal(0, sqrt(2 / fan_out))", "fc.weight": "uniform(-1/sqrt(fan_in), 1/sqrt(fan_in))", "fc.bias": "zeros"},
    "optimizer": {"name": "SGD", "lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4},
    "schedule": {"kind": "divided by 10 at steps 60 and 120", "total": 180, "per": "step"},
    "equations": {"Unit.forward": r"x_{l+1}=s(x_l)+W_2\,\mathrm{ReLU}(\mathrm{BN}(W_1\,\mathrm{ReLU}(\mathrm{BN}(x_l))))"},
}


class Unit(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(a), nn.Conv2d(a, b, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(b), nn.Conv2d(b, b, 3, 1, 1, bias=False)
        self.project = nn.Conv2d(a, b, 1, stride, bias=False) if (a, stride) != (b, 1) else None

    def forward(self, x):
        y = F.relu(self.bn1(x))
        s = x if self.project is None else self.project(y)
        y = self.conv1(y)
        y = self.conv2(F.relu(self.bn2(y)))
        return s + y


class PreActNet(nn.Module):
    def __init__(self, widths=(8, 16), per_stage=2, classes=5):
        super().__init__()
        self.stem = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        units, last = [], widths[0]
        for stage, w in enumerate(widths):
            for i in range(per_stage):
                units.append(Unit(last, w, 2 if stage > 0 and i == 0 else 1))
                last = w
        self.units = nn.Sequential(*units)
        self.bn, self.fc = nn.BatchNorm2d(last), nn.Linear(last, classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                fan_out = m.out_channels * m.kernel_size[0] * m.kernel_size[1]
                m.weight.data.normal_(0, (2 / fan_out) ** 0.5)
        bound = self.fc.in_features**-0.5
        nn.init.uniform_(self.fc.weight, -bound, bound)
        nn.init.zeros_(self.fc.bias)

    def forward(self, images):
        h = self.units(self.stem(images))
        return self.fc(F.relu(self.bn(h)).mean((-1, -2)))


def build():
    return PreActNet()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 5, (n,), generator=g)
    base = torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(77))
    return {"images": base[label] + torch.randn(n, 3, 8, 8, generator=g), "label": label}


def forward(model, batch):
    return model(batch["images"])


def loss(model, batch):
    log_p = F.log_softmax(forward(model, batch), dim=1)
    right = -log_p.gather(1, batch["label"][:, None]).squeeze(1)
    return (0.9 * right - 0.1 * log_p.mean(dim=1)).mean()


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=list(MILESTONES), gamma=0.1)


def step(model, optimizer, batch, scheduler):
    model.train()
    optimizer.zero_grad(set_to_none=True)
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    scheduler.step()
    return float(value)
