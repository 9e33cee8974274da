"""The promises of the rules are kept in simulation, and a promise that is not kept is seen."""

from __future__ import annotations

import pytest

from aquarius.verdict import Calibration, calibrate
from aquarius.verdict._calibration import _powerful, _wrong


def test_every_promise_is_kept() -> None:
    broken = [f"{row.about}: {row.found} against {row.promised}" for row in calibrate(300, seed=5) if not row.kept]
    assert not broken, broken


@pytest.mark.slow
def test_every_promise_is_kept_at_length() -> None:
    rows = calibrate(10_000, seed=6)
    assert [row.about for row in rows if not row.kept] == []
    assert max(row.noise for row in rows) < 0.0125  # so the 3 points of power and the 1.5 of coverage mean what they say


def test_the_same_seed_gives_the_same_figures() -> None:
    assert calibrate(20, seed=1) == calibrate(20, seed=1) != calibrate(20, seed=2)


@pytest.mark.parametrize(
    ("promise", "found", "kept"),
    [("at most", 0.05, True), ("at most", 0.0, True), ("at most", 0.09, False), ("within", 0.79, True), ("within", 0.70, False), ("within", 0.90, False), ("at least", 0.99, True), ("at least", 0.70, False)],
)  # fmt: skip
def test_a_promise_that_is_not_kept_is_seen(promise: str, found: float, kept: bool) -> None:
    promised, slack = (0.05, 0.0) if promise == "at most" else (0.8, 0.03)
    assert Calibration("x", promise, promised, slack, found, 10_000).kept is kept  # type: ignore[arg-type]


def test_rows_say_what_they_are_about() -> None:
    abouts = [row[0] for row in (*_wrong(), *_powerful())]
    assert len(set(abouts)) == len(abouts) >= 20
