"""Slow copies: one of which a part stands still fails, one that waits as a whole does not."""

from __future__ import annotations

from pathlib import Path

from bugs.corpus import BASES, findings, load

VIEWS = (BASES / "views.py").read_text()
UPDATED = "update_average(model.average, model.encoder, 0.9)"


def test_a_copy_that_is_updated_in_part_fails(tmp_path: Path) -> None:
    assert UPDATED in VIEWS
    (good,) = findings(load(VIEWS, tmp_path), ["followed copies"])
    part = VIEWS.replace(UPDATED, "update_average(model.average[0], model.encoder[0], 0.9)")
    (bad,) = findings(load(part, tmp_path), ["followed copies"], facts=False)
    assert (good.status, bad.status, bad.where, bad.path) == ("pass", "fail", "update_average", "average.3.weight")


def test_a_copy_that_never_moves_and_a_model_without_one_are_not_judged(tmp_path: Path) -> None:
    (whole,) = findings(load(VIEWS.replace("    " + UPDATED + "\n", ""), tmp_path), ["followed copies"])
    (none,) = findings(load((BASES / "residual.py").read_text(), tmp_path), ["followed copies"])
    assert (whole.status, none.status) == ("pass", "skipped")
