"""What facts say in words, held against small subjects: each check fails on a planted bug, passes its repaired twin, and skips what is not stated."""

# tests _levels.py _shares.py _segments.py _idle.py _overlaps.py _stream.py _schedules.py
from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.gauntlet.training._schedules import unlike
from bugs.corpus import findings, load

HEAD = "import math\nimport torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
SERIES = (
    HEAD
    + """
facts = {"input": "each window is standardised by its own mean and deviation, undone at the output", "norm": "pre", "truncation": 4,
         "locality": "the forecast of a series depends on that series only"}


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.layer = nn.LayerNorm(width), nn.Linear(width, width)

    def forward(self, x):
        return x + self.layer(self.norm(x))


class Net(nn.Module):
    def __init__(self, length=8, horizon=6):
        super().__init__()
        self.register_buffer("shift", torch.zeros(1))
        self.blocks = nn.ModuleList(Block(length) for _ in range(2))
        self.head = nn.Linear(length, horizon)

    def train(self, mode=True):
        super().train(mode)
        self.head.eval()
        return self

    def forward(self, x):
        mean, scale = x.mean(dim=1, keepdim=True), x.std(dim=1, keepdim=True)
        h = ((x - mean) / scale).transpose(1, 2) + self.shift
        for block in self.blocks:
            h = block(h)
        return self.head(h).transpose(1, 2) * scale + mean


def build():
    return Net()


def batch(n, seed=0):
    x = torch.randn(n, 14, 3, generator=torch.Generator().manual_seed(seed))
    return {"past": x[:, :8], "future": x[:, 8:]}


def forward(model, batch):
    return model(batch["past"])


def loss(model, batch):
    return F.mse_loss(forward(model, batch), batch["future"])
"""
)
LABELS = (
    HEAD
    + """
facts = {"loss": "sum of the cross-entropies of valid steps divided by the number of sequences, weighted by class (1, 2, 3)",
         "ignore_index": -1, "truncation": 4}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.GRUCell(4, 8), nn.Linear(8, 3)

    def forward(self, x):
        h, out = x.new_zeros(len(x), 8), []
        for t in range(x.shape[1]):
            if t % 4 == 0:
                h = h.detach()
            h = self.cell(x[:, t], h)
            out.append(h)
        return self.head(torch.stack(out, dim=1))


def build():
    return Net()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    length = torch.randint(2, 13, (n,), generator=g)
    y = torch.randint(0, 3, (n, 12), generator=g).masked_fill(torch.arange(12)[None] >= length[:, None], -1)
    return {"x": torch.randn(n, 12, 4, generator=g), "y": y}


def forward(model, batch):
    return model(batch["x"])


def overlap(p, y):
    return 1 - (p * y).mean()


def loss(model, batch):
    logits = forward(model, batch)
    each = F.cross_entropy(logits.flatten(0, 1), batch["y"].flatten(), torch.tensor([1.0, 2.0, 3.0]), ignore_index=-1, reduction="sum")
    return each / len(logits) + 0 * overlap(logits.softmax(dim=2), F.one_hot(batch["y"].clamp(0), 3).float())
"""
)
IMAGES = (
    SERIES.replace("x = torch.randn(n, 14, 3", "x = torch.randn(n, 14, 3")
    + """

facts["data"] = {"standardised": "per channel"}


def train_loader():
    x = torch.randn(64, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 2.0, 3.0])[:, None, None]
    x = (x - x.mean(dim=(0, 2, 3), keepdim=True)) / x.std(dim=(0, 2, 3), keepdim=True)
    return torch.utils.data.DataLoader([{"image": image} for image in x], batch_size=16)
"""
)
PLANTED = [
    ("own level", SERIES, "* scale + mean", "* scale"),
    ("own level", SERIES, "x.mean(dim=1, keepdim=True), x.std(dim=1, keepdim=True)", "x.mean(dim=(0, 1), keepdim=True), x.std(dim=1, keepdim=True)"),
    ("own series", SERIES, "self.head(h).transpose(1, 2) *", "self.head(h).reshape(len(x), 6, 3) *"),
    ("norm stream", SERIES, "return x + self.layer(self.norm(x))", "x = self.norm(x)\n        return x + self.layer(x)"),
    ("overlapping target", SERIES, '"future": x[:, 8:]', '"future": x[:, 7:13]'),
    ("idle code", SERIES, "        self.head.eval()\n", ""),
    ("idle code", SERIES, " + self.shift", ""),
    ("counting", LABELS, "each / len(logits)", 'each / (batch["y"] >= 0).sum()'),
    ("class weights", LABELS, "torch.tensor([1.0, 2.0, 3.0])", "torch.tensor([3.0, 2.0, 1.0])"),
    ("class axis", LABELS, "softmax(dim=2)", "softmax(dim=1)"),
    ("segments", LABELS, "t % 4 == 0", "t % 2 == 0"),
    ("stated columns", IMAGES, "(x - x.mean(dim=(0, 2, 3), keepdim=True)) / x.std(dim=(0, 2, 3), keepdim=True)", "(x - x.mean()) / x.std()"),
]  # fmt: skip


def status(text: str, check: str, folder: Path) -> str:
    return findings(load(text, folder), [check])[0].status


@pytest.mark.parametrize(("check", "text", "old", "new"), PLANTED)
def test_a_planted_bug_fails_and_its_repaired_twin_passes(check: str, text: str, old: str, new: str, tmp_path: Path) -> None:
    assert text.count(old) == 1
    assert status(text, check, tmp_path) == "pass"
    assert status(text.replace(old, new), check, tmp_path) == "fail"


@pytest.mark.parametrize("check", ["own level", "own series", "norm stream", "counting", "class weights", "segments", "stated columns"])
def test_what_is_not_stated_is_skipped(check: str, tmp_path: Path) -> None:
    for text in (SERIES, LABELS):
        assert status(text + "\nfacts = {}\n", check, tmp_path) == "skipped"


def test_a_normalisation_that_closes_a_block_passes_and_one_inside_a_post_norm_branch_fails(tmp_path: Path) -> None:
    after = SERIES.replace('"norm": "pre"', '"norm": "post"')
    assert status(after.replace("x + self.layer(self.norm(x))", "self.norm(x + self.layer(x))"), "norm stream", tmp_path) == "pass"
    assert status(after, "norm stream", tmp_path) == "fail"
    two = SERIES.replace("self.norm, self.layer =", "self.last = nn.LayerNorm(width)\n        self.norm, self.layer =")
    closed = two.replace("return x + self.layer(self.norm(x))", "return self.last(x + self.layer(self.norm(x)))")
    assert status(closed, "norm stream", tmp_path) == "pass"


def test_a_loss_by_positions_passes_where_that_is_stated(tmp_path: Path) -> None:
    text = LABELS.replace(
        "sum of the cross-entropies of valid steps divided by the number of sequences", "cross-entropy averaged over valid steps"
    )
    assert status(text, "counting", tmp_path) == "fail"
    assert status(text.replace("each / len(logits)", 'each / (batch["y"] >= 0).sum()'), "counting", tmp_path) == "pass"


STEPPED = {"kind": "divided by 10 at 60 % and 80 %", "total": 100}


@pytest.mark.parametrize(
    ("stated", "rate", "agrees"),
    [
        (STEPPED, lambda t: 0.1 ** ((t >= 60) + (t >= 80)), True),
        (STEPPED, lambda t: 0.1 ** ((t >= 50) + (t >= 80)), False),
        (STEPPED, lambda t: 0.5 ** ((t >= 60) + (t >= 80)), False),
        ({"kind": "exponential, factor 0.98"}, lambda t: 0.98**t, True),
        ({"kind": "exponential, factor 0.98"}, lambda t: 0.9**t, False),
        ({"kind": "linear to a tenth", "total": 100}, lambda t: 1 - 0.9 * t / 100, True),
        ({"kind": "linear to a tenth", "total": 100}, lambda t: 1 - t / 100, False),
        ({"kind": "polynomial, power 0.9", "total": 100}, lambda t: (1 - t / 100) ** 0.9, True),
        ({"kind": "polynomial, power 0.9", "total": 100}, lambda t: (1 - t / 100) ** 2, False),
        ({"kind": "as in the paper before"}, lambda t: 1.0, True),
    ],
)
def test_points_of_a_schedule(stated: dict[str, object], rate: object, agrees: bool) -> None:
    assert (unlike(stated, [0.3 * rate(t) for t in range(101)]) == "") is agrees  # type: ignore[operator]
