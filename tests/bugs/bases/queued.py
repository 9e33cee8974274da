"""Momentum contrast with a queue of keys."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "self-supervised",
    "output": "unit-norm embeddings",
    "views": 2,
    "temperature": 0.2,
    "ema": 0.9,
    "frozen": ["key_encoder.*"],
    "stop_gradient": "keys",
    "negatives": "a queue of earlier keys",
    "loss": "cross-entropy of the positive against the queue",
    "optimizer": {"name": "SGD", "lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4},
}


class Encoder(nn.Module):
    def __init__(self, inputs=16, code=12):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(inputs, 32), nn.LayerNorm(32), nn.GELU(), nn.Linear(32, code))

    def forward(self, x):
        return F.normalize(self.net(x), dim=1)


class Contrast(nn.Module):
    def __init__(self, size=64, code=12):
        super().__init__()
        self.query_encoder = Encoder()
        self.key_encoder = copy.deepcopy(self.query_encoder).requires_grad_(False)
        self.register_buffer("queue", F.normalize(torch.randn(size, code), dim=1))
        self.register_buffer("place", torch.zeros((), dtype=torch.long))

    def forward(self, x):
        return self.query_encoder(x)

    @torch.no_grad()
    def enqueue(self, keys):
        where = (self.place + torch.arange(len(keys))) % len(self.queue)
        self.queue[where] = keys
        self.place.copy_((self.place + len(keys)) % len(self.queue))


def build():
    return Contrast()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=g) @ torch.randn(4, 16, generator=torch.Generator().manual_seed(1))
    return {"view_a": x + 0.3 * torch.randn(n, 16, generator=g), "view_b": x + 0.3 * torch.randn(n, 16, generator=g)}


def forward(model, batch):
    return model(batch["view_a"])


def loss(model, batch):
    q = model(batch["view_a"])
    with torch.no_grad():
        k = model.key_encoder(batch["view_b"])
    positive = (q * k).sum(1, keepdim=True)
    negative = q @ model.queue.clone().t()
    logits = torch.cat([positive, negative], 1) / 0.2
    return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long))


def optimizer(model):
    return torch.optim.SGD(model.query_encoder.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)


def step(model, optimizer, batch):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    with torch.no_grad():
        for slow, fast in zip(model.key_encoder.parameters(), model.query_encoder.parameters(), strict=False):
            slow.mul_(0.9).add_(0.1 * fast)
        model.enqueue(model.key_encoder(batch["view_b"]))
    return value.detach()
