"""Two implementations of one model: those that agree, each kind of parting with its place, and the answers of 'cannot tell'."""

# tests _compare.py _parting.py _weights.py _layouts.py
from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.gauntlet import compare_models
from aquarius.gauntlet.comparison._parting import run_comparison
from bugs.corpus import load
from gauntlet.pairs import PAIRS, Two

PLAIN = """
import math, torch
from torch import nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(16, 16) for _ in range(4))

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = (layer(x).view(b, t, 2, 8).transpose(1, 2) for layer in (self.query, self.key, self.value))
        weights = (q @ k.transpose(-1, -2) / math.sqrt(8)).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).reshape(b, t, d))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(20, 16)
        self.norm, self.attention = nn.LayerNorm(16), Attention()
        self.up, self.down = nn.Linear(16, 40), nn.Linear(40, 16)

    def forward(self, x):
        x = self.tokens(x)
        x = x + self.attention(self.norm(x))
        return (x + self.down(F.gelu(self.up(x)))) @ self.tokens.weight.T


def build():
    return Net()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    return {"x": torch.randint(0, 20, (n, 7), generator=g), "label": torch.randint(0, 20, (n,), generator=g)}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch)[:, -1], batch["label"])
"""
# the same function with torch's own attention (three projections in one matrix) and matrices that are stored the other way round
OTHER = PLAIN.replace(
    "self.attention = nn.LayerNorm(16), Attention()", "self.attention = nn.LayerNorm(16), nn.MultiheadAttention(16, 2, batch_first=True)"
)
OTHER = OTHER.replace("x + self.attention(self.norm(x))", "x + self.attention(self.norm(x), self.norm(x), self.norm(x))[0]")
OTHER = OTHER.replace(
    "nn.Linear(16, 40), nn.Linear(40, 16)",
    "nn.Parameter(torch.zeros(16, 40)), nn.Linear(40, 16)\n        self.start = nn.Parameter(torch.ones(40))",
)
OTHER = OTHER.replace("self.up(x)", "x @ self.up + self.start")
SWAPPED = PLAIN.replace("q, k, v =", "k, v, q =").replace("(self.query, self.key, self.value)", "(self.key, self.value, self.query)")


def compared(folder: Path, one: str, two: str):  # type: ignore[no-untyped-def]
    (folder / "one.py").write_text(one)
    (folder / "two.py").write_text(two)
    return compare_models(folder / "one.py", folder / "two.py")


@pytest.mark.parametrize("other", [OTHER, SWAPPED], ids=["fused and transposed", "another order of use"])
def test_the_same_function_written_otherwise_agrees(tmp_path: Path, other: str) -> None:
    for one, two in ((PLAIN, other), (other, PLAIN)):
        found = compared(tmp_path, one, two)
        assert (found.status, found.where) == ("pass", None), found.message
        assert found.values["difference"] < 1e-9 and "agree" in found.message


def test_the_map_names_what_was_transposed_and_stacked(tmp_path: Path) -> None:
    lines = compared(tmp_path, PLAIN, OTHER).details["map"]
    assert "up.weight -> up (transposed)" in lines
    assert "attention.query.weight + attention.key.weight + attention.value.weight -> attention.in_proj_weight" in lines
    assert sum("tokens.weight" in line for line in lines) == 1  # tied: once


@pytest.mark.parametrize(
    ("old", "new", "path", "where"),
    [
        ("math.sqrt(8)", "math.sqrt(16)", "attention", "Attention.forward"),
        ("F.gelu", "F.relu", "down", None),
        ("self.norm, self.attention = nn.LayerNorm(16)", "self.norm, self.attention = nn.LayerNorm(16, eps=0.01)", "norm", "Net.forward"),
    ],
)
def test_the_first_module_that_parts_is_named(tmp_path: Path, old: str, new: str, path: str, where: str | None) -> None:
    assert old in PLAIN
    found = compared(tmp_path, PLAIN, PLAIN.replace(old, new))
    assert found.status == "fail" and found.values["difference"] > 1e-3
    if where is None:  # a function between two modules: the module around it is named
        assert (found.path, found.where) == (None, "Net.forward") and "the last module with equal output is up" in found.message
    else:
        assert (found.path, found.where) == (path, where), found.message


def test_losses_that_differ_are_seen_though_the_outputs_agree(tmp_path: Path) -> None:
    found = compared(tmp_path, PLAIN, PLAIN.replace('batch["label"])', 'batch["label"], reduction="sum")'))
    assert (found.status, found.where) == ("fail", "loss")
    assert found.values["second loss"] > 2 * found.values["first loss"]


def test_a_weight_without_a_partner_is_named(tmp_path: Path) -> None:
    found = compared(tmp_path, PLAIN, PLAIN.replace("nn.Linear(40, 16)", "nn.Linear(40, 16, bias=False)"))
    assert (found.status, found.where) == ("fail", "Net.__init__") and found.path in ("down.bias", "norm.bias", "norm.weight")


def test_what_cannot_be_told_is_unsure(tmp_path: Path) -> None:
    found = compared(tmp_path, PLAIN.replace("x = self.tokens(x)", "x = self.tokens(x) + torch.rand(7, 16)"), PLAIN)
    assert found.status == "unsure" and "random in evaluation mode" in found.message
    found = compared(tmp_path, PLAIN.replace("math.sqrt(8)", "math.sqrt(16)"), OTHER)  # every layout of the stack was tried
    assert found.status == "fail" and found.where == "Net.forward", found.message
    found = compared(tmp_path, PLAIN, PLAIN.replace('"x"', '"tokens"').replace('"label"', '"answer"'))
    assert found.status == "pass"  # one entry of each shape: no doubt which is which
    both = PLAIN.replace('"label": torch.randint(0, 20, (n,)', '"label": torch.randint(0, 20, (n, 7)').replace(
        'batch["label"])', 'batch["label"][:, -1])'
    )
    found = compared(tmp_path, both, both.replace('"x"', '"tokens"').replace('"label"', '"answer"'))
    assert found.status == "unsure" and "which is which is not clear" in found.message


def in_this_process(folder: Path, one: str, two: str) -> dict[str, object]:
    (folder / "second.py").write_text(two)
    return run_comparison(load(one, folder), lambda _: None, {"second": str(folder / "second.py"), "names": ["one.py", "two.py"]})


@pytest.mark.parametrize("two", PAIRS, ids=lambda two: two.name)
def test_one_model_in_two_styles_agrees(two: Two, tmp_path: Path) -> None:
    found = in_this_process(tmp_path, two.first, two.second)
    assert found["status"] == "pass", found["message"]


@pytest.mark.slow
@pytest.mark.parametrize("two", PAIRS, ids=lambda two: two.name)
def test_the_broken_twin_of_another_style_never_agrees(two: Two, tmp_path: Path) -> None:
    assert two.old in two.second
    twin = two.second.replace(two.old, two.new)
    for one, other in ((two.first, twin), (twin, two.first)):
        found = in_this_process(tmp_path, one, other)
        assert (found["status"], found["where"]) == ("fail", two.where), found["message"]


@pytest.mark.slow
def test_a_bug_beside_another_layout_is_placed_and_the_layout_is_not_blamed(tmp_path: Path) -> None:
    two = next(two for two in PAIRS if two.name == "fused by head")
    found = in_this_process(tmp_path, two.first, two.second.replace("F.gelu(self.up(x))", "F.relu(self.up(x))"))
    assert (found["status"], found["where"]) == ("fail", "Feed.forward"), found["message"]


def test_files_of_one_name_in_two_folders_are_told_apart(tmp_path: Path) -> None:
    for folder, factor in (("a", "1"), ("b", "2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "model.py").write_text(
            PLAIN.replace("F.gelu", "helper.FACTOR * F.gelu").replace("import math", "import helper, math")
        )
        (tmp_path / folder / "helper.py").write_text(f"FACTOR = {factor}\n")
    found = compare_models(tmp_path / "a" / "model.py", tmp_path / "b" / "model.py")
    assert found.status == "fail" and "a/model.py" in found.message and "b/model.py" in found.message


def test_bad_input_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(PLAIN)
    (tmp_path / "bad.py").write_text(PLAIN + "\nraise ValueError('no')\n")
    (tmp_path / "none.py").write_text("def build():\n    pass\n")
    with pytest.raises(BadInput, match=r"bad\.py does not import: ValueError: no"):
        compare_models(tmp_path / "good.py", tmp_path / "bad.py")
    with pytest.raises(BadInput, match="defines no batch and no forward"):
        compare_models(tmp_path / "good.py", tmp_path / "none.py")
