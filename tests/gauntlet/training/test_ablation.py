"""Ablation: each kind of component planted broken must be named alone; repaired, there is nothing to take out."""

# tests _ablation.py _components.py
from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.gauntlet._examination import Examination
from aquarius.gauntlet.training._ablation import ablation
from bugs.corpus import load

NET = """
import torch
from torch import nn
import torch.nn.functional as F

facts = {{"classes": 3}}


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(16))

    def forward(self, x):
        return {norm}


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.inner, self.drop = Norm(), nn.Linear(16, 16), nn.Dropout({dropout})

    def forward(self, x):
        return x + {branch}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.blocks, self.last = nn.Linear(4, 16), nn.ModuleList([Block(), Block()]), nn.Linear(16, 3)
        {initialise}

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return self.last(x)


def build():
    return Net()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=g)
    return {{"x": x, "label": (x[:, 0] > 0).long() + (x[:, 1] > 0).long()}}


def augment(x):
    return {augment}


def penalty(model):
    return {penalty} * sum(p.square().sum() for p in model.parameters())


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    x = augment(batch["x"]) if model.training else batch["x"]
    return F.cross_entropy(model(x), batch["label"]) + penalty(model)


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr={rate}, weight_decay={decay})


def scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: {schedule})


def step(model, optimizer, batch, scheduler):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), {clip})
    {update}
    scheduler.step()
    return value.detach()
"""
RIGHT = {
    "norm": "F.layer_norm(x, (16,)) * self.weight",
    "dropout": "0.1",
    "branch": "self.drop(F.relu(self.inner(self.norm(x))))",
    "initialise": "nn.init.zeros_(self.last.bias)",
    "augment": "x + 0.01 * torch.randn_like(x)",
    "penalty": "1e-5",
    "rate": "1e-2",
    "decay": "0.01",
    "schedule": "min(1.0, (step + 1) / 10)",
    "clip": "1.0",
    "update": "optimizer.step()",
}
PLANTED = [
    ("norm", "1e4 * torch.randn_like(x) * self.weight", "normalisation blocks.*.norm", "Norm.forward"),
    ("branch", "self.drop(F.relu(self.inner(self.norm(x)))) - 1e3 * torch.randn_like(x)", "block blocks.*", "Block.forward"),
    ("initialise", "[nn.init.zeros_(p) for p in self.parameters()]", "its own initialisation", "Net.__init__"),
    ("augment", "torch.randn_like(x)", "function augment", "augment"),
    ("penalty", "1e4", "function penalty", "penalty"),
    ("rate", "1e-9", "its own optimiser", "optimizer"),
    ("decay", "90.0", "weight decay", "optimizer"),
    ("schedule", "0.0", "schedule", "scheduler"),
    ("update", "optimizer.zero_grad(); optimizer.step()", "its own step", "step"),
]


QUICK = ("norm", "augment", "schedule")


def found(folder: Path, **holes: str):  # type: ignore[no-untyped-def]
    return ablation(Examination(load(NET.format(**RIGHT | holes), folder)))


def test_a_model_that_learns_has_nothing_to_take_out(tmp_path: Path) -> None:
    finding = found(tmp_path)
    assert finding.status == "pass" and "nothing to take out" in finding.message, finding.message


CASES = [pytest.param(*item, id=item[0], marks=[] if item[0] in QUICK else [pytest.mark.slow]) for item in PLANTED]


@pytest.mark.parametrize(("hole", "broken", "name", "where"), CASES)
def test_the_planted_component_is_named_alone(hole: str, broken: str, name: str, where: str, tmp_path: Path) -> None:
    finding = found(tmp_path, **{hole: broken})
    assert finding.status == "fail" and f"without {name} it learns" in finding.message, finding.message
    assert finding.where == where


def test_what_is_in_no_component_is_not_named(tmp_path: Path) -> None:
    text = NET.format(**RIGHT).replace('F.cross_entropy(model(x), batch["label"])', '2 + 0 * F.cross_entropy(model(x), batch["label"])')
    finding = ablation(Examination(load(text, tmp_path)))
    assert finding.status == "unsure" and "none of them" in finding.message, finding.message


@pytest.mark.slow
def test_two_faults_at_once_are_told_as_two(tmp_path: Path) -> None:
    finding = found(tmp_path, schedule="0.0", augment="torch.randn_like(x)")
    assert finding.status == "unsure" and "more than one" in finding.message, finding.message
    assert "schedule" in finding.message and "function augment" in finding.message


def test_a_game_is_not_judged(tmp_path: Path) -> None:
    text = NET.format(**RIGHT).replace('"classes": 3', '"players": ["first", "last"]')
    assert ablation(Examination(load(text, tmp_path))).status == "unsure"
