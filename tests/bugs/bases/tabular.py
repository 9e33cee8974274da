"""Residual perceptron for tabular regression on standardised columns; batches of a loader are dictionaries."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

facts = {
    "task": "regression",
    "activation": "gelu",
    "normalisation": "layer",
    "norm": "pre",
    "layers": 3,
    "hidden": 24,
    "parameters": 7537,
    "dropout": 0.1,
    "output": "one standardised value",
    "loss": "mean squared error",
    "init": {
        "blocks.*.up.weight": "normal(0, 0.02)",
        "blocks.*.down.weight": "normal(0, 0.02/sqrt(2*layers))",
        "last.weight": "zeros",
        "last.bias": "zeros",
    },
    "data": {"train": 240, "test": 80, "standardised": True, "shuffled": True},
    "clip_norm": 0.5,
    "loss_scaling": "gradient scaler",
    "optimizer": {"name": "AdamW", "lr": 2e-3, "weight_decay": 0.02},
    "no_decay": ["*bias", "*norm*"],
    "schedule": {"kind": "exponential, factor 0.98", "per": "step"},
    "equations": {"scale": r"\frac{x-\mu}{\sigma}", "Block.forward": r"x+W_2\,\mathrm{GELU}(W_1\,\mathrm{LN}(x))"},
}
COUNT = 320


def table():
    g = torch.Generator().manual_seed(21)
    x = torch.randn(COUNT, 7, generator=g) @ torch.randn(7, 7, generator=g) * torch.tensor([1, 10, 0.1, 3, 1, 100, 2.0]) + 5
    y = torch.tanh(x[:, 0]) * 2 + 0.05 * x[:, 1] + 10 * x[:, 2] + 0.3 * torch.randn(COUNT, generator=g)
    return x, y


def scale(x, mu, sigma):
    return (x - mu) / sigma


class Rows(Dataset):
    def __init__(self, train):
        x, y = table()
        fit = slice(0, 240)
        part = fit if train else slice(240, COUNT)
        self.x = scale(x[part], x[fit].mean(0), x[fit].std(0))
        self.y = scale(y[part], y[fit].mean(), y[fit].std())

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return {"x": self.x[i], "y": self.y[i]}


class Block(nn.Module):
    def __init__(self, d, p):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.up, self.down = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)
        self.act, self.drop = nn.GELU(), nn.Dropout(p)

    def forward(self, x):
        return x + self.drop(self.down(self.act(self.up(self.norm(x)))))


class Table(nn.Module):
    def __init__(self, inputs=7, d=24, depth=3, p=0.1):
        super().__init__()
        self.first = nn.Linear(inputs, d)
        self.blocks = nn.Sequential(*[Block(d, p) for _ in range(depth)])
        self.norm, self.last = nn.LayerNorm(d), nn.Linear(d, 1)
        for block in self.blocks:
            nn.init.normal_(block.up.weight, std=0.02)
            nn.init.normal_(block.down.weight, std=0.02 / (2 * depth) ** 0.5)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x):
        return self.last(self.norm(self.blocks(self.first(x)))).squeeze(1)


def build():
    return Table()


def train_loader():
    return DataLoader(Rows(True), batch_size=40, shuffle=True)


def test_loader():
    return DataLoader(Rows(False), batch_size=40)


def batch(n, seed=0):
    rows = Rows(True)
    pick = (
        torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))[:n]
        if n <= len(rows)
        else torch.randint(0, len(rows), (n,), generator=torch.Generator().manual_seed(seed))
    )
    return {"x": rows.x[pick], "y": rows.y[pick]}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return nn.functional.mse_loss(forward(model, batch), batch["y"])


def optimizer(model):
    named = dict(model.named_parameters())
    free = [name for name in named if name.endswith("bias") or "norm" in name]
    return torch.optim.AdamW(
        [
            {"params": [named[k] for k in named if k not in free], "weight_decay": 0.02},
            {"params": [named[k] for k in free], "weight_decay": 0.0},
        ],
        lr=2e-3,
    )


def scheduler(optimizer):
    return torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.98)


SCALER = torch.amp.GradScaler("cpu", init_scale=2.0**8)


def step(model, optimizer, batch, scheduler=None):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    SCALER.scale(value).backward()
    SCALER.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    SCALER.step(optimizer)
    SCALER.update()
    if scheduler is not None:
        scheduler.step()
    return value.detach()
