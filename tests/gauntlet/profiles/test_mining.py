"""Triplets mined in the batch: the stated set with the stated mean, known mistakes beside it, and what cannot be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bugs.corpus import BASES, findings, load

SEMIHARD = (BASES / "semihard.py").read_text()


@pytest.mark.parametrize(
    ("old", "new", "status", "words"),
    [
        ("", "", "pass", "semi-hard"),
        ("positive = same & ~torch.eye(len(y), dtype=torch.bool)", "positive = same", "fail", "as its own positive"),
        ("semihard.sum().clamp(min=1)", "semihard.numel()", "fail", "all triples"),
        ("F.relu(margin - gap)", "F.relu(margin + gap)", "fail", "near and far exchanged"),
        ("valid & (gap > 0) & (gap < margin)", "valid & (gap < margin)", "fail", "nearer than the positive"),
        ("F.relu(margin - gap)", "F.softplus(margin - gap)", "unsure", "none of the usual"),
    ],
)
def test_semihard_triplets(old: str, new: str, status: str, words: str, tmp_path: Path) -> None:
    assert old in SEMIHARD
    (found,) = findings(load(SEMIHARD.replace(old, new) if old else SEMIHARD, tmp_path), ["stated mining"])
    assert found.status == status and words in found.message


def test_all_triplets_of_the_batch(tmp_path: Path) -> None:
    every = SEMIHARD.replace("valid & (gap > 0) & (gap < margin)", "valid & (gap < margin)") + (
        "\nfacts['mining'] = 'all triplets of the batch that violate the margin'\n"
    )
    (found,) = findings(load(every, tmp_path), ["stated mining"])
    assert found.status == "pass"


def test_mined_triplets_leave_nothing_of_equal_samples(tmp_path: Path) -> None:
    found = {f.check: f.status for f in findings(load(SEMIHARD, tmp_path), ["stray sample", "margin of equal samples"])}
    assert found == {"stray sample": "unsure", "margin of equal samples": "skipped"}
    (turned,) = findings(load(SEMIHARD.replace("F.relu(margin - gap)", "F.relu(margin + gap)"), tmp_path), ["stray sample"], facts=False)
    assert turned.status == "fail" and "drawing each class together" in turned.message
