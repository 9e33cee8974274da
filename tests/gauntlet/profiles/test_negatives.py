"""Positives among their own negatives: a queue that is filled before the loss fails, and equal scores of other origin do not."""

from __future__ import annotations

from pathlib import Path

from bugs.corpus import BASES, findings, load

QUEUED = (BASES / "queued.py").read_text()
FILLED = '        model.enqueue(model.key_encoder(batch["view_b"]))\n'


def test_a_queue_that_is_filled_before_the_loss_fails(tmp_path: Path) -> None:
    early = "    model.train()\n    with torch.no_grad():\n" + FILLED
    assert FILLED in QUEUED
    text = QUEUED.replace(FILLED, "").replace("    model.train()\n", early)
    (good,) = findings(load(QUEUED, tmp_path), ["positive twice"])
    (bad,) = findings(load(text, tmp_path), ["positive twice"], facts=False)
    assert (good.status, bad.status, bad.where) == ("pass", "fail", "step")


def test_classes_with_equal_scores_are_left_out(tmp_path: Path) -> None:
    text = (BASES / "residual.py").read_text() + (
        "\nearlier = forward\ndef forward(model, batch):\n    return earlier(model, batch) * 0.0\n"
    )
    (found,) = findings(load(text, tmp_path), ["positive twice"])
    assert found.status == "skipped"
