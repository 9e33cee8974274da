# tests _both_directions.py _turned_labels.py _mining.py _unheard.py _draws.py _text_feature.py _perfect.py _dropping.py
"""Checks that hold what is drawn, mined, mirrored and read against what is stated: each with a bug, its twin, and the case it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bugs.corpus import findings, load

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
METRIC = """
facts = {facts}
def build():
    return nn.Linear(6, 4)
def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 3
    return {{"x": torch.randn(n, 6, generator=g), "y": y}}
def forward(model, batch):
    return F.normalize(model(batch["x"]), dim=1)
def loss(model, batch):
    z = forward(model, batch)
    d = ((z[:, None] - z[None]).pow(2).sum(-1) + 1e-12).sqrt()
    same = batch["y"][:, None] == batch["y"][None]
    {mined}
    return F.relu(positive - negative + {margin}).mean()
"""
HARDEST = "positive, negative = d.masked_fill(~same, 0.0).amax(1), d.masked_fill(same, 9.0).amin(1)"
EASIEST = "positive, negative = d.masked_fill(~same, 0.0).amax(1), d.masked_fill(same, 0.0).amax(1)"
MINED = '{"margin": 0.5, "mining": "hardest positive and hardest negative in the batch", "distance": "euclidean"}'
VIEWS = """
facts = {facts}
def build():
    return nn.Linear(5, 4)
def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 5, generator=g)
    return {{"a": x + 0.1 * torch.randn(n, 5, generator=g), "b": x + 0.1 * torch.randn(n, 5, generator=g)}}
def forward(model, batch):
    return model(batch["a"])
def one_way(p, z):
    return F.cross_entropy(p @ z.t(), torch.arange(len(p)))
def loss(model, batch):
    a, b = model(batch["a"]), model(batch["b"])
    return {loss}
"""
SYMMETRIC = '{"views": "two noisy copies", "loss": "cross-entropy in both directions"}'
DIFFUSION = """
facts = {{"steps": 40, "prediction": "noise", "stochastic": "{stochastic}"}}
def build():
    return nn.Linear(3, 2)
def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 2, generator=g) * 0.1
    noise = torch.randn(n, 2, generator=g)
    t = {t}
    return {{"x": x + noise * t[:, None] / 40, "noise": {noise}, "t": t}}
def forward(model, batch):
    return model(torch.cat([batch["x"], batch["t"][:, None] / 40], 1))
def loss(model, batch):
    shaken = forward(model, batch) + {drawn}
    return F.mse_loss(shaken, batch["noise"])
"""
MAPS = """
facts = {{}}
def build():
    return nn.Conv2d(1, 2, 3, padding=1)
def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    place = torch.randint(1, 6, (n, 2), generator=g)
    grid = torch.arange(8)
    inside = ((grid[None, :, None] - place[:, :1, None]).abs() < 2) & ((grid[None, None] - place[:, 1:, None]).abs() < 2)
    return {{"image": inside[:, None].float() * {strength} + torch.randn(n, 1, 8, 8, generator=g), "mask": inside.long(){turned}}}
def forward(model, batch):
    return model(batch["image"])
def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["mask"])
"""
TEXT = """
facts = {{"padding_index": 0, "text_feature": "the last token that is not padding", "vocabulary": 9}}
class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.rnn, self.head = nn.Embedding(9, 8), nn.GRU(8, 8, batch_first=True), nn.Linear(8, 2)
    def forward(self, tokens):
        h, _ = self.rnn(self.embed(tokens))
        return self.head(h[torch.arange(len(h)), (tokens != 0).sum(1) - {back}])
def build():
    return Text()
def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    length = torch.randint(3, 6, (n,), generator=g)
    tokens = torch.randint(1, 9, (n, 6), generator=g).masked_fill(torch.arange(6)[None] >= length[:, None], 0)
    return {{"tokens": tokens, "y": tokens[:, 0] % 2}}
def forward(model, batch):
    return model(batch["tokens"])
def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"])
"""
LAYERS = """
facts = {{}}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.ModuleDict({{"main": nn.Linear(4, 4), "side": nn.Linear(4, 4)}}) for _ in range(2)])
        self.alone, self.head = nn.Linear(4, 4), nn.Linear(4, 3)
        self.down, self.up = nn.Parameter({down}), nn.Parameter(torch.zeros(4, 2))
    def forward(self, x):
        side = 0.0
        for block in self.blocks:
            x, side = torch.tanh(block["main"](x) + side), block["side"](x)
        return self.head(x + {alone} * self.alone(x) + x @ self.up @ self.down){last}
def build():
    return Net()
def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=g)
    return {{"x": x, "y": x[:, :3].argmax(1)}}
def forward(model, batch):
    return model(batch["x"])
def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"])
"""


def found(folder: Path, check: str, text: str) -> list[tuple[str, str]]:
    return [(finding.status, finding.message) for finding in findings(load(HEAD + text, folder), [check])]


def status(folder: Path, check: str, text: str) -> str:
    return found(folder, check, text)[0][0]


@pytest.mark.parametrize(
    ("mined", "margin", "facts", "check", "expected"),
    [
        (HARDEST, 0.5, MINED, "stated mining", "pass"),
        (EASIEST, 0.5, MINED, "stated mining", "fail"),
        (EASIEST, 0.5, '{"margin": 0.5, "mining": "semi-hard negatives"}', "stated mining", "unsure"),
        (HARDEST, 0.5, MINED, "margin of equal samples", "pass"),
        (HARDEST, 0.05, MINED, "margin of equal samples", "fail"),
        (HARDEST, 0.9, MINED, "margin of equal samples", "unsure"),
        (HARDEST, 0.05, "{}", "margin of equal samples", "skipped"),
    ],
)
def test_mining_and_margin(tmp_path: Path, mined: str, margin: float, facts: str, check: str, expected: str) -> None:
    assert status(tmp_path, check, METRIC.format(facts=facts, mined=mined, margin=margin)) == expected


@pytest.mark.parametrize(
    ("loss", "facts", "expected"),
    [
        ("one_way(a, b) + one_way(b, a)", SYMMETRIC, "pass"),
        ("one_way(a, b)", SYMMETRIC, "fail"),
        ("one_way(a, b) + one_way(a, b)", SYMMETRIC, "fail"),
        ("one_way(a, b.detach()) + one_way(b.detach(), a)", SYMMETRIC, "unsure"),
        ("one_way(a, b)", '{"views": "two noisy copies", "loss": "cross-entropy"}', "skipped"),
    ],
)
def test_both_directions(tmp_path: Path, loss: str, facts: str, expected: str) -> None:
    assert status(tmp_path, "both directions", VIEWS.format(loss=loss, facts=facts)) == expected


@pytest.mark.parametrize(
    ("t", "noise", "check", "expected"),
    [
        ("torch.randint(0, 40, (n,), generator=g)", "noise", "steps drawn", "pass"),
        ("torch.randint(0, 40, (1,), generator=g).expand(n)", "noise", "steps drawn", "fail"),
        ("torch.randint(0, 20, (n,), generator=g)", "noise", "steps drawn", "fail"),
        ("torch.randint(0, 40, (n,), generator=g)", "noise", "noise to predict", "pass"),
        ("torch.randint(0, 40, (n,), generator=g)", "x", "noise to predict", "fail"),
    ],
)
def test_what_a_diffusion_draws(tmp_path: Path, t: str, noise: str, check: str, expected: str) -> None:
    text = DIFFUSION.format(t=t, noise=noise, drawn="0", stochastic="batch draws steps and noise")
    assert status(tmp_path, check, text) == expected


def test_a_loss_that_is_stated_to_draw_noise_draws_it(tmp_path: Path) -> None:
    def text(drawn: str, stochastic: str) -> str:
        return DIFFUSION.format(t="torch.randint(0, 40, (n,), generator=g)", noise="noise", drawn=drawn, stochastic=stochastic)

    assert status(tmp_path, "stated noise", text("torch.randn(2)", "the loss draws noise")) == "pass"
    assert status(tmp_path, "stated noise", text("0", "the loss draws noise")) == "fail"
    assert status(tmp_path, "stated noise", text("0", "batch draws noise")) == "skipped"


def test_a_map_that_is_transposed_fails_and_one_that_has_nothing_to_do_with_its_image_is_left_alone(tmp_path: Path) -> None:
    assert status(tmp_path, "turned labels", MAPS.format(strength=3, turned="")) == "pass"
    assert found(tmp_path, "turned labels", MAPS.format(strength=3, turned=".transpose(1, 2)"))[0][0] == "fail"
    assert status(tmp_path, "turned labels", MAPS.format(strength=0, turned=".transpose(1, 2)")) == "pass"


def test_a_feature_read_before_the_last_token_fails(tmp_path: Path) -> None:
    assert status(tmp_path, "last token", TEXT.format(back=1)) == "pass"
    assert status(tmp_path, "last token", TEXT.format(back=2)) == "fail"
    assert (
        status(tmp_path, "last token", TEXT.format(back=2).replace('"text_feature": "the last token', '"text": "the last token'))
        == "skipped"
    )


def test_a_layer_that_nothing_hears_fails_and_the_last_of_its_kind_is_unsure(tmp_path: Path) -> None:
    plain = LAYERS.format(down="torch.randn(2, 4)", alone="1", last=" + 0.1 * side[:, :3]")
    assert status(tmp_path, "unheard layers", plain) == "pass"
    assert found(tmp_path, "unheard layers", LAYERS.format(down="torch.randn(2, 4)", alone="0", last=" + 0.1 * side[:, :3]")) == [
        ("fail", "alone is called, and whatever it gives changes neither output nor loss")
    ]
    assert status(tmp_path, "unheard layers", LAYERS.format(down="torch.randn(2, 4)", alone="1", last="")) == "unsure"


def test_two_factors_that_start_at_zero_fail_and_one_passes(tmp_path: Path) -> None:
    assert status(tmp_path, "dead start", LAYERS.format(down="torch.zeros(2, 4)", alone="1", last="")) == "fail"
    assert status(tmp_path, "dead start", LAYERS.format(down="torch.randn(2, 4)", alone="1", last="")) == "skipped"


OVERLAP = """
facts = {{}}
def build():
    return nn.Conv2d(1, 2, 3, padding=1)
def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 1, 8, 8, generator=g)
    return {{"x": x, "mask": (x[:, 0] > 0.5).long()}}
def forward(model, batch):
    return model(batch["x"])
def dice(p, g):
    return (2 * (p * g).sum() + 1) / (p.sum() + g.sum() + 1)
def loss(model, batch):
    logits = forward(model, batch)
    return F.cross_entropy(logits, batch["mask"]) + 1 - dice(logits.softmax({axis})[:, {shown}], batch["mask"].float())
"""


def test_the_overlap_of_another_class_fails(tmp_path: Path) -> None:
    assert status(tmp_path, "overlap of the right answer", OVERLAP.format(axis=1, shown=1)) == "pass"
    assert status(tmp_path, "overlap of the right answer", OVERLAP.format(axis=1, shown=0)) == "fail"
    assert status(tmp_path, "overlap of the right answer", OVERLAP.format(axis=2, shown=1)) == "fail"
    assert status(tmp_path, "overlap of the right answer", METRIC.format(facts="{}", mined=HARDEST, margin=0.5)) == "skipped"


BRANCHES = """
facts = {{"stochastic_depth": {rate}, "classes": 3}}
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)
    def forward(self, x):
        y = self.inner(x)
        if self.training:
            y = y * (torch.rand(len(x), 1) {kept} 0.2).float() / 0.8
        return x + y
def build():
    return nn.Sequential(Block(), Block(), nn.Linear(4, 3))
def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=g)
    return {{"x": x, "y": x[:, :3].argmax(1)}}
def forward(model, batch):
    return model(batch["x"]){last}
def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"])
"""


def test_a_branch_that_is_dropped_with_the_probability_to_keep_it_fails(tmp_path: Path) -> None:
    assert status(tmp_path, "dropped branches", BRANCHES.format(rate=0.2, kept=">=", last="")) == "pass"
    assert status(tmp_path, "dropped branches", BRANCHES.format(rate=0.2, kept="<", last="")) == "fail"
    assert status(tmp_path, "dropped branches", BRANCHES.format(rate=0.5, kept="<", last="")) == "skipped"


def test_scores_that_are_normalised_over_the_samples_fail(tmp_path: Path) -> None:
    def text(last: str) -> str:
        return BRANCHES.format(rate=0.2, kept=">=", last=last).replace('"classes": 3', '"classes": 3, "output": "logits"')

    assert status(tmp_path, "output", text("")) == "pass"
    assert status(tmp_path, "output", text(".log_softmax(0)")) == "fail"
    assert status(tmp_path, "output", text(".log_softmax(1)")) == "pass"  # scores are free up to a constant
