"""What curves show: each rule with a planted curve that it must name, and the healthy twin on which it must be silent."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from aquarius.gauntlet.training._curves import curve_suspects, noise, smoothed, smoothing_floor, told

N = 40
FACTS = {"classes": 10, "label_smoothing": 0.1, "loss": "cross-entropy"}


def curve(function: Callable[[float], float], wobble: float = 0.0, seed: int = 0) -> list[tuple[int, float]]:
    """Return function(0..1) at N points with noise."""
    draw = random.Random(seed)
    return [(10 * i, function(i / (N - 1)) + wobble * draw.gauss(0, 1)) for i in range(N)]


def falls(to: float, speed: float = 12.0, start: float = 2.4) -> Callable[[float], float]:
    return lambda x: to + (start - to) * math.exp(-speed * x)


# a run as it should be: everything falls, bends and settles; the metric reaches the paper's number
HEALTHY = {
    "train_loss": curve(falls(0.55), 0.02),
    "val_loss": curve(falls(0.65), 0.01, seed=1),
    "train_acc": curve(lambda x: 95 - 85 * math.exp(-12 * x), 0.2, seed=2),
    "val_acc": curve(lambda x: 92 - 82 * math.exp(-12 * x), 0.2, seed=3),
    "lr": curve(lambda x: min(1, 20 * x) * (1 - x)),
}
LOW = {**HEALTHY, "val_acc": curve(lambda x: 85 - 75 * math.exp(-12 * x), 0.2, seed=3)}

PLANTED = {
    "training diverges": {"train_loss": curve(lambda x: 0.6 + 1.8 * math.exp(-12 * x) + 6 * max(0, x - 0.7))},
    "training diverges at the start": {"train_loss": [(i, 2.4 if i < 2 else math.nan) for i in range(N)]},
    "nothing is learnt": {"train_loss": curve(lambda x: math.log(10), 0.01)},
    "the evaluation is not of what was trained": {"val_loss": curve(lambda x: 2.4 + 0.2 * x, 0.01)},
    "over-fitting": {"val_loss": curve(lambda x: 0.65 + 1.75 * math.exp(-12 * x) + 0.6 * max(0, x - 0.4), 0.01)},
    "too few steps": {"val_loss": curve(falls(0.2, speed=1.5), 0.005)},
    "the learning rate is too low": {"train_loss": curve(lambda x: 2.4 - 1.2 * x, 0.01), "lr": curve(lambda x: 1e-3)},
    "the warm-up is too long": {"train_loss": curve(lambda x: 2.4 - 1.6 * x * x, 0.01), "lr": curve(lambda x: min(1, x / 0.9))},
    "the learning rate is too high": {"train_loss": curve(falls(1.6), 0.25)},
    "the loss is not the stated one": {"train_loss": curve(falls(0.05), 0.005)},
}
GAPS = {  # these compare with the claim
    "over-fitting": {"train_acc": curve(lambda x: 99.5 - 90 * math.exp(-12 * x), 0.1)},
    "the training data themselves are not fitted": {"train_acc": curve(lambda x: 86 - 76 * math.exp(-12 * x), 0.1)},
    "the metric swings from evaluation to evaluation": {"val_acc": curve(lambda x: 85 - 75 * math.exp(-12 * x), 4.0, seed=3)},
    "another checkpoint is reported": {"val_acc": curve(lambda x: 92 - 82 * math.exp(-12 * x) - 12 * max(0, x - 0.5), 0.2, seed=3)},
}


def names(curves: dict[str, list[tuple[int, float]]], measured: float | None = None, facts: dict[str, object] | None = None) -> set[str]:
    run = told(curves, facts=FACTS if facts is None else facts, claimed=92.0, measured=measured)
    return {suspect.name for suspect in curve_suspects(run)}


def test_a_healthy_run_has_no_suspect() -> None:
    assert names(HEALTHY, measured=92.0) == set()
    for seed in range(5):  # other noise
        assert names({name: [(s, v + 0.01 * random.Random(seed * s).gauss(0, 1)) for s, v in c] for name, c in HEALTHY.items()}) == set()


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_curve_is_named(name: str) -> None:
    assert name in names(HEALTHY | PLANTED[name])


def test_the_first_suspect_of_a_planted_curve_is_its_own() -> None:
    for name, change in PLANTED.items():
        run = told(HEALTHY | change, facts=FACTS, claimed=None, measured=None)
        found = sorted(curve_suspects(run), key=lambda suspect: -suspect.weight)
        assert name in [suspect.name for suspect in found[:2]], (name, [suspect.name for suspect in found])


@pytest.mark.parametrize("name", GAPS)
def test_a_planted_gap_is_named_and_its_twin_is_silent(name: str) -> None:
    curves = LOW | GAPS[name]
    measured = curves["val_acc"][-1][1]
    assert name in names(curves, measured)
    assert name not in names(HEALTHY, 92.0)
    assert "swings" in name or name not in names(curves, 9.0)  # the curve is of another metric than the claim


def test_a_flat_loss_far_from_guessing_was_learnt_before() -> None:
    assert names({"train_loss": curve(lambda x: 0.5, 0.005)}, facts={"classes": 10}) == set()
    assert "nothing is learnt" in names({"train_loss": curve(lambda x: 0.5, 0.005)}, facts={})  # nothing says where guessing lies


def test_a_game_and_a_short_log_say_nothing() -> None:
    assert names(PLANTED["training diverges"], facts={"players": ["a", "b"]}) == set()
    assert names({"train_loss": curve(lambda x: math.log(10))[:7]}) == set()


def test_columns_are_sorted_by_their_names() -> None:
    run = told(
        {"trainLoss": [(0, 1.0)], "val/accuracy": [(0, 0.5)], "learning_rate": [(0, 0.1)], "lossy": [(0, 9.0)]},
        facts={},
        claimed=50,
        measured=0.5,
    )
    assert (run.train_loss, run.held_metric, run.rate, run.held_loss) == ([1.0], [0.5], [0.1], [])


def test_the_numbers_behind_the_rules() -> None:
    assert noise([1.0, 2.0, 3.0, 4.0, 5.0]) == 0.0  # a straight line has none
    assert noise([random.Random(1).gauss(0, 1) for _ in range(3)]) == 0.0
    draw = random.Random(0)
    assert noise([draw.gauss(0, 0.5) for _ in range(2000)]) == pytest.approx(0.5, rel=0.1)
    assert smoothed([1.0] * 7) == [] and smoothed([math.nan] * 9) == []
    # cross-entropy of the smoothed label with itself, by hand for C = 2, e = 0.2: p = 0.9
    assert smoothing_floor(0.2, 2) == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1))
