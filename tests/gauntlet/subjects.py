"""Small subjects for the tests of the gauntlet: a template with holes, and a loader."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from bugs.corpus import findings, load

SUBJECT = """
import torch
from torch import nn
import torch.nn.functional as F

facts = {facts}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(4, 12), nn.Linear(12, 3)

    def forward(self, x):
        {forward}


def build():
    return Net()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=g)
    return {{"x": x, "label": (x[:, 0] > 0).long() + (x[:, 1] > 0).long()}}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    {loss}


def optimizer(model):
    return torch.optim.{optimizer}
"""


def text(
    *,
    facts: str = "{}",
    forward: str = "return self.outer(F.relu(self.inner(x)))",
    loss: str = 'return F.cross_entropy(forward(model, batch), batch["label"])',
    optimizer: str = "Adam(model.parameters(), lr=1e-2)",
) -> str:
    """Return a small classifier's source."""
    return SUBJECT.format(facts=facts, forward=forward, loss=loss, optimizer=optimizer)


def module(folder: Path, **holes: str) -> ModuleType:
    """Return a small classifier, imported."""
    return load(text(**holes), folder)


def statuses(folder: Path, check: str, **holes: str) -> list[tuple[str, str | None]]:
    """Return (status, where) of what one check finds in a small classifier."""
    return [(finding.status, finding.where) for finding in findings(module(folder, **holes), [check])]
