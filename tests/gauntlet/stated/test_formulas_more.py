"""Formulas by name, penalties that leave blocks out, attention that loses its order, masks that nothing reads, rules of initialisation in words."""

# tests _formulas_more.py _mixing.py
from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aquarius.gauntlet.structure._initialisation import read_rule
from bugs.corpus import findings, load

SUBJECT = """
import torch
from torch import nn
import torch.nn.functional as F

facts = {"regularisation": 0.1}


class Attention(nn.Module):
    def __init__(self, width=8, heads=2):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        y = ((q @ k.transpose(-2, -1)) / (d // self.heads) ** 0.5).softmax(dim=-1) @ v
        return self.out(y.transpose(1, 2).reshape(n, t, d))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(Attention() for _ in range(2))
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        for block in self.blocks:
            x = x + block(x)
        return self.head(x).squeeze(-1)


def build():
    return Net()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    return {"x": torch.randn(n, 5, 8, generator=g), "y": 3 * torch.randn(n, 5, generator=g), "seen": torch.rand(n, 5, generator=g) > 0.3}


def forward(model, batch):
    return model(batch["x"])


def huber(error):
    size = error.abs()
    return torch.where(size <= 0.7, 0.5 * error**2, 0.7 * (size - 0.35))


def pairs(v):
    return 0.5 * (v.sum(dim=1) ** 2 - (v**2).sum(dim=1)).sum(dim=-1)


def snr(estimate, source):
    target = (estimate * source).sum(-1, keepdim=True) * source / source.pow(2).sum(-1, keepdim=True)
    return 10 * torch.log10(target.pow(2).sum(-1) / (estimate - target).pow(2).sum(-1))


def iou(a, b):
    inner = torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])
    overlap = inner.clamp(min=0).prod(-1)
    return overlap / ((a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - overlap)


def penalty(model):
    return sum(block.out.weight.pow(2).sum() for block in model.blocks)


def loss(model, batch):
    out, seen = forward(model, batch), batch["seen"]
    box = torch.cat([out[:, :2], out[:, :2] + 1 + out[:, 2:4] ** 2], dim=1)
    other = batch["y"][:, [0, 1, 0, 1]] + torch.tensor([0.0, 0.0, 2.0, 2.0])
    rest = snr(out, batch["y"]).mean() + pairs(batch["x"] * out[..., None]).mean() + iou(box, other).mean()
    return (huber(out - batch["y"]) * seen).sum() / seen.sum() + 0.1 * penalty(model) + 0 * rest
"""
PLANTED = [
    ("known formulas", "0.7 * (size - 0.35)", "0.7 * (size - 0.7)", "huber"),
    ("known formulas", "v.sum(dim=1) ** 2 - (v**2).sum(dim=1)", "v.sum(dim=1) ** 2", "pairs"),
    ("known formulas", "10 * torch.log10", "20 * torch.log10", "snr"),
    ("known formulas", "(b[..., 2:] - b[..., :2]).prod(-1) - overlap", "(b[..., 2:] - b[..., :2]).prod(-1)", "iou"),
    ("partial penalty", "for block in model.blocks)", "for block in model.blocks[:1])", "penalty"),
    ("attention order", "y.transpose(1, 2).reshape(n, t, d)", "y.reshape(n, t, d)", "Attention.forward"),
    ("entries", '(huber(out - batch["y"]) * seen).sum() / seen.sum()', 'huber(out - batch["y"]).mean()', "loss"),
]


@pytest.mark.parametrize(("check", "old", "new", "where"), PLANTED)
def test_a_planted_bug_fails_and_its_repaired_twin_passes(check: str, old: str, new: str, where: str, tmp_path: Path) -> None:
    assert SUBJECT.count(old) == 1
    assert {finding.status for finding in findings(load(SUBJECT, tmp_path), [check])} == {"pass"}
    wrong = [finding for finding in findings(load(SUBJECT.replace(old, new), tmp_path), [check]) if finding.status == "fail"]
    assert [finding.where for finding in wrong] == [where]


def test_attention_that_speaks_of_positions_is_left_alone(tmp_path: Path) -> None:
    text = SUBJECT.replace(
        "return self.out(y.transpose(1, 2).reshape(n, t, d))", "relative = y.reshape(n, t, d)\n        return self.out(relative)"
    )
    assert findings(load(text, tmp_path), ["attention order"])[0].status == "skipped"


@pytest.mark.parametrize(
    ("words", "mean", "deviation"),
    [
        ("constant 1/4", 0.25, 0.0),
        ("constant -1", -1.0, 0.0),
        ("normal(0, 1/sqrt(fan in))", 0.0, 0.25),
        ("truncated normal, deviation 0.02", 0.0, 0.02),
        ("normal with standard deviation 0.1", 0.0, 0.1),
    ],
)
def test_rules_in_words(words: str, mean: float, deviation: float) -> None:
    rule = read_rule(words, torch.zeros(4, 16), {})
    assert rule is not None and (rule.mean, rule.deviation) == (mean, pytest.approx(deviation))


def test_rules_that_are_not_understood_say_nothing() -> None:
    assert read_rule("constant in each layer", torch.zeros(4, 16), {}) is None
    assert read_rule("normal, as in the paper", torch.zeros(4, 16), {}) is None
