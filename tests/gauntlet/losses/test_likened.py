"""Checks of what a loss likens: planted bugs that they must find, their repaired twins, and where they must not say anything."""

# tests _likened.py _exchange.py _stated_distance.py _code_noise.py _noise_tables.py (with tests/bugs/test_corpus.py)
from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aquarius.gauntlet.profiles._noise_tables import _betas_of, _wanted
from aquarius.gauntlet.stated._stated_distance import MEASURES
from bugs.corpus import BASES, findings, load


def answers(folder: Path, base: str, check: str, *changes: tuple[str, str]) -> list[tuple[str, str]]:
    """Return (status, message) of a check on a base with some changes."""
    text = (BASES / f"{base}.py").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return [(finding.status, finding.message) for finding in findings(load(text, folder), [check])]


# base, check, what is planted, words of the finding; the base itself is the repaired twin
PLANTED = [
    ("captions", "same term twice", ("F.cross_entropy(scores.t(), target)", "F.cross_entropy(scores, target)"), "taken twice"),
    ("captions", "order of samples", ("torch.arange(len(scores))", "torch.arange(len(scores)).roll(1)"), "another order"),
    ("captions", "length of vectors", ("F.normalize(self.image(image), dim=-1)", "self.image(image)"), "longer"),
    ("predictors", "length of vectors", ("F.normalize(z, dim=-1)", "F.normalize(z, dim=0)"), "longer"),
    ("predictors", "views made alike", ('"second": views[1]', '"second": x'), "standard errors"),
    ("predictors", "views made alike", ('"second": views[1]', '"second": views[1].roll(1, 0)'), "moved back by one"),
    ("predictors", "both orders", (' + regression(model(batch["second"]), first)', ""), "both orders"),
    ("hardest", "stated distance", ("square.clamp(min=1e-12).sqrt()", "square.clamp(min=1e-12)"), "squared"),
    ("shots", "stated distance", (".pow(2).sum(dim=-1)", ".abs().sum(dim=-1)"), "absolute"),
    ("verify", "stated distance", (".sum(1) + 1e-8", ".mean(1) + 1e-8"), "mean"),
    ("bernoulli", "own noise", ("torch.randn_like(mean)", "torch.randn(mean.shape[1])"), "one and the same noise"),
    ("bernoulli", "own noise", ("torch.randn_like(mean)", "torch.rand_like(mean)"), "uniform"),
    ("bernoulli", "reconstruction", ('reduction="none").sum(dim=1)', 'reduction="none").mean(dim=1)'), "averaged over 36"),
    ("bernoulli", "reconstruction", ("divergence(mean, logvar)).mean()", "divergence(mean, logvar)).sum()"), "summed over samples"),
    ("plane", "noise schedule", ("1e-4, 0.02, STEPS", "1e-4, 0.03, STEPS"), "0.03"),
    ("plane", "noise schedule", ("1e-4, 0.02, STEPS)", "1e-4, 0.02, STEPS // 2)"), "50 values"),
    ("signals", "noise schedule", ("math.pi / 2) ** 2", "math.pi / 2) ** 4"), "cosine"),
    ("plane", "time embedding", ("-math.log(10000.0) * torch.arange(0, width, 2)", "-math.log(10000.0) * torch.arange(0, width, 2) * 0.5"), "base 100"),
    ("shots", "initial loss", ("return -distances(", "return distances("), "lowest score"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "check", "change", "words"), PLANTED, ids=lambda value: value if isinstance(value, str) else "")
def test_a_planted_bug_fails_and_its_repaired_twin_does_not(
    base: str, check: str, change: tuple[str, str], words: str, tmp_path: Path
) -> None:
    assert all(status in ("pass", "unsure") for status, _ in answers(tmp_path, base, check))
    assert any(status == "fail" and words in message for status, message in answers(tmp_path, base, check, change))


UNTOLD = [
    ("predictors", "views made alike", ('"views": "two independent augmentations"', '"views": "one weak and one strong augmentation"')),
    ("hardest", "length of vectors", ('"unit-norm embeddings"', '"embeddings"')),  # no cosine is stated
    ("shots", "stated distance", ('"squared euclidean"', '"squared euclidean, scaled by its width"')),
    ("bernoulli", "reconstruction", ("summed over pixels", "over pixels")),
    ("bernoulli", "own noise", ("torch.exp(0.5 * logvar) * torch.randn_like(mean)", "0.1 * torch.randn_like(mean)")),  # of one size on all
    ("plane", "noise schedule", ('"linear from 1e-4 to 0.02"', '"learned"')),
    ("captions", "order of samples", ('"samples_coupled": True', '"negatives": "the next sample of the batch"')),
    ("predictors", "both orders", ("both orders added", "one order")),
]  # fmt: skip


@pytest.mark.parametrize(("base", "check", "change"), UNTOLD, ids=lambda value: value if isinstance(value, str) else "")
def test_what_cannot_be_told_does_not_fail(base: str, check: str, change: tuple[str, str], tmp_path: Path) -> None:
    found = [status for status, _ in answers(tmp_path, base, check, change)]
    assert found and "fail" not in found
    assert check == "noise schedule" or "pass" not in found


def test_dropout_makes_two_passes_two_terms(tmp_path: Path) -> None:
    twice = "F.cross_entropy(forward(model, batch), target) + F.cross_entropy(forward(model, batch), target)"
    change = ("F.cross_entropy(scores, target) + F.cross_entropy(scores.t(), target)", twice)
    drop = ("nn.Linear(pixels, 32), nn.GELU()", "nn.Linear(pixels, 32), nn.Dropout(0.2), nn.GELU()")
    assert [status for status, _ in answers(tmp_path, "captions", "same term twice", change, drop)] == ["pass"]
    assert [status for status, _ in answers(tmp_path, "captions", "same term twice", change)] == ["fail"]


def test_the_betas_of_a_product_are_those_it_was_made_of() -> None:
    betas = torch.linspace(1e-3, 0.2, 20, dtype=torch.float64)
    assert torch.allclose(_betas_of((1 - betas).cumprod(0)), betas)


@pytest.mark.parametrize(
    ("stated", "first", "last"),
    [("linear from 1e-4 to 0.02", 1e-4, 0.02), ("linear, 0.0001 to 0.02", 1e-4, 0.02), ([0.1, 0.2], 0.1, 0.2)],
)
def test_a_stated_range_of_betas_is_read(stated: object, first: float, last: float) -> None:
    (table,) = _wanted(stated, str(stated), 10)
    assert (float(table[0]), float(table[-1])) == pytest.approx((first, last))


@pytest.mark.parametrize("stated", ["scaled linear from 1e-4 to 0.02", "linear", "learned", None])
def test_a_statement_of_betas_that_is_not_read_says_nothing(stated: object) -> None:
    assert _wanted(stated, str(stated).lower(), 10) == []


def test_the_measures_of_a_distance_differ() -> None:
    gap = torch.tensor([3.0, -4.0])
    assert {name: float(measure(gap)) for name, measure in MEASURES.items()} == pytest.approx(
        {
            "the Euclidean distance": 5.0,
            "the squared Euclidean distance": 25.0,
            "the sum of absolute differences": 7.0,
            "the mean of squared differences": 12.5,
            "the root of the mean of squared differences": 12.5**0.5,
            "the mean of absolute differences": 3.5,
            "the largest difference": 4.0,
        }
    )
