"""Losses by their closed forms, yes-or-no answers, normalisations, branches, updates and statistics: each bug with its repaired twin."""

# tests _loss_forms.py _loss_answers.py _norm_forms.py _branches.py _updates.py _statistics.py _unread.py (with tests/bugs/test_corpus.py)
from __future__ import annotations

from pathlib import Path

import pytest

from bugs.corpus import findings, load

PREFIX = """
import torch
from torch import nn
import torch.nn.functional as F

facts = {}

def build():
    return Net()

def forward(model, batch):
    return model(batch["x"])

"""
PLAIN = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(4, 12), nn.Linear(12, {size})

    def forward(self, x):
        return self.outer(F.relu(self.inner(x)))

def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=g)
    return {{"x": x, "y": {target}}}

"""


def plain(size: int, target: str) -> str:
    """Return a small model whose braces outlast one more formatting."""
    return PLAIN.format(size=size, target=target).replace("{", "{{").replace("}", "}}")


def status(folder: Path, check: str, body: str) -> list[tuple[str, str | None]]:
    return [(finding.status, finding.where) for finding in findings(load(PREFIX + body, folder), [check])]


LIKELIHOOD = plain(2, "x[:, 0] + 0.1 * torch.randn(n, generator=g)") + (
    "def cost(mean, {spread}, target):\n    return {cost}\n\n"
    'def loss(model, batch):\n    mean, spread = forward(model, batch).unbind(-1)\n    return cost(mean, {given}, batch["y"]).mean()\n'
)


@pytest.mark.parametrize(
    ("spread", "given", "cost", "wanted"),
    [
        ("log_variance", "spread", "0.5 * (log_variance + (target - mean) ** 2 * torch.exp(-log_variance))", ("pass", None)),
        ("log_variance", "spread", "0.5 * (log_variance + (target - mean) ** 2 * torch.exp(-log_variance / 2))", ("fail", "cost")),
        ("log_sigma", "spread", "log_sigma + 0.5 * (target - mean) ** 2 * torch.exp(-2 * log_sigma)", ("pass", None)),
        ("log_sigma", "spread", "log_sigma + 0.5 * (target - mean) ** 2 * torch.exp(-log_sigma)", ("fail", "cost")),
        ("std", "F.softplus(spread)", "std.log() + 0.5 * ((target - mean) / std) ** 2", ("pass", None)),
        ("variance", "F.softplus(spread)", "variance.log() + 0.5 * ((target - mean) / variance) ** 2", ("fail", "cost")),
        ("width", "spread", "width + (target - mean) ** 2", ("skipped", None)),
    ],
)
def test_a_likelihood_is_best_at_the_true_spread(spread: str, given: str, cost: str, wanted: tuple, tmp_path: Path) -> None:
    assert status(tmp_path, "likelihood spread", LIKELIHOOD.format(spread=spread, given=given, cost=cost)) == [wanted]


OVERLAP = plain(6, "(torch.rand(n, 6, generator=g) < 0.4).float()") + (
    'def dice(p, y):\n    return {dice}\n\ndef loss(model, batch):\n    return 1 - dice({given}, batch["y"]).mean()\n'
)
WHOLE = "(2 * (p * y).sum(1) + 1) / (p.sum(1) + y.sum(1) + 1)"


@pytest.mark.parametrize(
    ("dice", "given", "wanted"),
    [
        (WHOLE, "forward(model, batch).sigmoid()", ("pass", None)),
        (WHOLE, "forward(model, batch)", ("fail", "loss")),
        (WHOLE.replace("2 * ", ""), "forward(model, batch).sigmoid()", ("fail", "dice")),
        (WHOLE.replace("p.", "p.sigmoid().").replace("(p ", "(p.sigmoid() "), "forward(model, batch)", ("pass", None)),
    ],
)
def test_an_overlap_of_a_mask_with_itself_is_complete(dice: str, given: str, wanted: tuple, tmp_path: Path) -> None:
    assert status(tmp_path, "overlap", OVERLAP.format(dice=dice, given=given)) == [wanted]


ANSWERS = plain(6, "(torch.rand(n, 6, generator=g) < 0.4).float()") + (
    'def loss(model, batch):\n    p, y = forward(model, batch).sigmoid().clamp(1e-4, 1 - 1e-4), batch["y"]\n    return {loss}\n'
)


@pytest.mark.parametrize(
    ("loss", "wanted"),
    [
        ("-((1 - p) ** 2 * p.log() * y + p ** 2 * (1 - p).log() * (1 - y)).mean()", "pass"),
        ("((1 - p) ** 2 * p.log() * y + p ** 2 * (1 - p).log() * (1 - y)).mean()", "fail"),
        ("-((1 - p) ** 2 * p.log() * y).mean()", "fail"),
        ("(p ** 2).mean() + 0 * y.sum()", "skipped"),
    ],
)
def test_scores_are_pulled_towards_their_answers(loss: str, wanted: str, tmp_path: Path) -> None:
    assert [found for found, _ in status(tmp_path, "yes or no", ANSWERS.format(loss=loss))] == [wanted]


NORMS = """
class {name}(nn.Module):
    def __init__(self, width=6):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return {norm} * self.gain

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.norm, self.outer = nn.Linear(4, 6), {name}(), nn.Linear(6, 3)

    def forward(self, x):
        return self.outer(self.norm(self.inner(x)))

def batch(n, seed=0):
    return {{"x": torch.randn(n, 5, 4, generator=torch.Generator().manual_seed(seed)), "y": torch.zeros(n, dtype=torch.long)}}

def loss(model, batch):
    return F.cross_entropy(forward(model, batch).mean(dim=1), batch["y"])
"""


@pytest.mark.parametrize(
    ("name", "norm", "wanted"),
    [
        ("RMSNorm", "x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)", "pass"),
        ("RMSNorm", "x * torch.rsqrt(x.pow(2).mean(1, keepdim=True) + 1e-6)", "pass"),  # over positions of one sample: cannot be told here
        ("RMSNorm", "x * torch.rsqrt(x.pow(2).mean(0, keepdim=True) + 1e-6)", "fail"),
        ("RMSNorm", "(x - x.mean(-1, keepdim=True)) * torch.rsqrt(x.var(-1, keepdim=True, unbiased=False) + 1e-6)", "fail"),
        ("LayerNorm", "(x - x.mean(-1, keepdim=True)) * torch.rsqrt(x.var(-1, keepdim=True, unbiased=False) + 1e-6)", "pass"),
        ("LayerNorm", "x * torch.rsqrt(x.var(-1, keepdim=True, unbiased=False) + 1e-6)", "pass"),  # no known form: not told
        ("LayerNorm", "x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)", "fail"),
        ("Scale", "x", "skipped"),
    ],
)
def test_a_normalisation_is_of_the_kind_it_is_called(name: str, norm: str, wanted: str, tmp_path: Path) -> None:
    assert [found for found, _ in status(tmp_path, "norm form", NORMS.format(name=name, norm=norm))] == [wanted]


LOADERS = plain(1, "x[:, :1]") + (
    'def loss(model, batch):\n    return F.mse_loss(forward(model, batch), batch["y"])\n\n'
    "def data():\n    x = 3 + 2 * torch.randn(160, 4, generator=torch.Generator().manual_seed(3))\n    train, test = x[:120], x[120:]\n"
    "    mean, deviation = {part}.mean(0), {part}.std(0)\n    return (train - mean) / deviation, (test - {mean}) / deviation\n\n"
    'def train_loader():\n    return [{{"x": data()[0][i : i + 40]}} for i in (0, 40, 80)]\n\ndef test_loader():\n    return [{{"x": data()[1]}}]\n'
)


def test_statistics_of_the_test_samples_are_seen(tmp_path: Path) -> None:
    assert status(tmp_path, "leaked statistics", LOADERS.format(part="train", mean="mean")) == [("pass", None)]
    assert status(tmp_path, "leaked statistics", LOADERS.format(part="x", mean="mean")) == [("fail", "data")]


def test_a_residual_block_without_its_way_is_seen_and_a_plain_block_is_not_judged(tmp_path: Path) -> None:
    block = (
        "class {name}(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.inner = nn.Linear(4, 4)\n\n"
        "    def forward(self, x):\n        return {out}\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.block, self.outer = {name}(), nn.Linear(4, 3)\n\n    def forward(self, x):\n        return self.outer(self.block(x))\n\n"
    )
    rest = PLAIN.format(size=3, target="(x[:, 0] > 0).long()").split("def batch")[1]
    rest = "def batch" + rest + 'def loss(model, batch):\n    return F.cross_entropy(forward(model, batch), batch["y"])\n'
    way = {"name": "ResidualBlock", "out": "x + F.relu(self.inner(x))"}
    assert status(tmp_path, "residual way", block.format(**way) + rest) == [("pass", None)]
    lost = way | {"out": "F.relu(self.inner(x))"}
    assert status(tmp_path, "residual way", block.format(**lost) + rest) == [("fail", "ResidualBlock.forward")]
    assert status(tmp_path, "residual way", block.format(**(lost | {"name": "Layer"})) + rest) == [("skipped", None)]


def test_a_dice_whose_sign_is_wrong_fails(tmp_path: Path) -> None:
    body = OVERLAP.format(dice=WHOLE, given="forward(model, batch).sigmoid()").replace("return 1 - dice", "return 1 + dice")
    assert ("fail", "loss") in status(tmp_path, "overlap", body)


def test_a_column_that_nothing_reads_fails_and_a_plain_table_passes(tmp_path: Path) -> None:
    body = (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a, self.b = nn.Embedding(9, 3), nn.Embedding(9, 3)\n\n"
        "    def forward(self, x):\n        return self.a(x[:, 0]) + self.b(x[:, {column}])\n\n"
        "def batch(n, seed=0):\n    g = torch.Generator().manual_seed(seed)\n    first, second = torch.randint(0, 9, (n,), generator=g), torch.randint(0, 4, (n,), generator=g)\n"
        '    return {{"x": torch.stack([first, second], 1), "y": second % 3}}\n\n'
        'def loss(model, batch):\n    return F.cross_entropy(forward(model, batch), batch["y"])\n'
    )
    assert status(tmp_path, "unread parts", body.format(column=1)) == [("pass", None)]
    assert status(tmp_path, "unread parts", body.format(column=0)) == [("fail", "Net.forward")]
