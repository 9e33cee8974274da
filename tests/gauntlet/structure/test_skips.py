"""Skip connections are demanded where they are stated; a causal model is not to be asked for what it has read."""

from __future__ import annotations

from pathlib import Path

import pytest

from bugs.corpus import BASES, findings, load

UNET, SERIES = (BASES / "segment.py").read_text(), (BASES / "forecast.py").read_text()


def status(text: str, check: str, folder: Path) -> str:
    (found,) = findings(load(text, folder), [check])
    return found.status


def test_a_decoder_without_its_skip_fails_and_nothing_stated_is_skipped(tmp_path: Path) -> None:
    broken = UNET.replace("[fine, self.up(coarse)]", "[self.up(coarse), self.up(coarse)]")
    assert status(UNET, "skip connections", tmp_path) == "pass"
    assert status(broken, "skip connections", tmp_path) == "fail"
    assert status(broken + "\nfacts.pop('skip_connections')\n", "skip connections", tmp_path) == "skipped"


def test_an_added_skip_passes(tmp_path: Path) -> None:
    added = UNET.replace("torch.cat([fine, self.up(coarse)], dim=1)", "fine + self.up(coarse)").replace(
        "Double(2 * width, width)", "Double(width, width)"
    )
    assert status(added, "skip connections", tmp_path) == "pass"


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("series[:, 1:]}", "series[:, :-1]}", "fail"),
        ("series[:, 1:]}", "series[:, 1:]}", "skipped"),  # the answer is no entry that is read
        ('"task": "forecasting', '"task": "reconstruction, forecasting', "skipped"),
    ],
)
def test_targets_that_are_not_shifted_fail(old: str, new: str, wanted: str, tmp_path: Path) -> None:
    assert old in SERIES
    assert status(SERIES.replace(old, new), "shown answer", tmp_path) == wanted


def test_targets_that_the_loss_shifts_itself_pass(tmp_path: Path) -> None:
    text = SERIES.replace("series[:, 1:]}", "series[:, :-1]}").replace(
        '(batch["target"] - out[..., k]).flatten()', '(batch["target"][:, 1:] - out[:, :-1, k]).flatten()'
    )
    assert status(text, "shown answer", tmp_path) == "pass"
    copied = SERIES.replace("series[:, 1:]}", "series[:, :-1]}").replace('"task": "forecasting', '"task": "reconstruction')
    assert status(copied, "shown answer", tmp_path) == "skipped"
