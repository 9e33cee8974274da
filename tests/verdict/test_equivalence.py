"""The statistics: against statsmodels, against simulation, and at their edges."""

from __future__ import annotations

import math
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aquarius.core import BadInput, MissingExtra, measure
from aquarius.verdict import contrast, equivalence, holm
from aquarius.verdict._equivalence import moments, paper_readings

VALUES = [81.2, 80.9, 82.0, 81.7, 81.1, 80.4, 81.9]
OTHERS = [80.1, 80.5, 79.6, 81.0, 80.2, 79.9, 80.8]


def test_one_sample_agrees_with_statsmodels() -> None:
    weights = pytest.importorskip("statsmodels.stats.weightstats")
    found = equivalence(VALUES, 81.5, 1.05)
    described = weights.DescrStatsW(numpy.array(VALUES))
    p, lower, upper = described.ttost_mean(81.5 - 1.05, 81.5 + 1.05)
    low, high = described.tconfint_mean(alpha=0.1)
    assert found.p_equivalent == pytest.approx(p, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((low - 81.5, high - 81.5), abs=1e-12)
    assert found.degrees == lower[2] == upper[2] == 6
    assert found.equivalent == (p < 0.05)


def test_two_samples_agree_with_statsmodels() -> None:
    weights = pytest.importorskip("statsmodels.stats.weightstats")
    found = contrast(VALUES, OTHERS, 2.0)
    p, _, _ = weights.ttost_ind(numpy.array(VALUES), numpy.array(OTHERS), -2.0, 2.0, usevar="unequal")
    assert found.p_equivalent == pytest.approx(p, abs=1e-12) and found.test == "TOST, Welch t"
    order = contrast(VALUES, OTHERS)
    _, p, degrees = weights.ttest_ind(VALUES, OTHERS, alternative="larger", usevar="unequal")
    assert (order.p_above, order.degrees) == pytest.approx((p, degrees), abs=1e-12) and order.test == "one-sided, Welch t"


def test_pairs_agree_with_statsmodels() -> None:
    weights = pytest.importorskip("statsmodels.stats.weightstats")
    found = contrast(VALUES, OTHERS, 2.0, design="paired")
    p, _, _ = weights.ttost_paired(numpy.array(VALUES), numpy.array(OTHERS), -2.0, 2.0)
    assert found.p_equivalent == pytest.approx(p, abs=1e-12) and found.test == "TOST, paired t"


def test_papers_own_error_is_that_of_a_second_sample() -> None:
    mean, sd = moments(OTHERS)
    first = equivalence(VALUES, mean, 2.0, target_error=sd / math.sqrt(7), target_runs=7)
    second = contrast(VALUES, OTHERS, 2.0)
    assert (first.low, first.high, first.p_equivalent) == pytest.approx((second.low, second.high, second.p_equivalent), abs=1e-12)
    assert equivalence(VALUES, mean, 2.0, target_error=0.3).high > equivalence(VALUES, mean, 2.0).high


def test_no_spread_is_decided_by_the_difference_alone() -> None:
    assert equivalence([81.5, 81.5], 81.0, 0.6).equivalent and not equivalence([81.5, 81.5], 81.0, 0.5).equivalent
    assert equivalence([81.5, 81.5], 80.0, 1.0).above and equivalence([81.5, 81.5], 83.0, 1.0).below
    assert moments([0.1 + 0.2] * 10) == (0.1 + 0.2, 0.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12), st.floats(-1e6, 1e6), st.floats(0, 1e6), st.randoms(use_true_random=False))
def test_three_answers_exclude_each_other_and_order_is_nothing(values: list[float], target: float, margin: float, chance: Any) -> None:
    found = equivalence(values, target, margin)
    assert found.equivalent + found.above + found.below <= 1
    assert found.low <= found.difference <= found.high
    shuffled = list(values)
    chance.shuffle(shuffled)
    assert equivalence(shuffled, target, margin) == found


def test_holm_agrees_with_statsmodels() -> None:
    multiple = pytest.importorskip("statsmodels.stats.multitest")
    p_values = [0.01, 0.04, 0.03, 0.005, 0.5, 0.03]
    assert holm(p_values) == pytest.approx(list(multiple.multipletests(p_values, method="holm")[1]))
    assert holm([]) == [] and holm([0.2]) == [0.2]


@pytest.mark.parametrize(
    ("kind", "runs", "errors"),
    [(None, None, [0.0]), ("se", None, [0.5]), ("sd", 100, [0.05]), ("sd", None, [0.0, 0.5]), ("interval", 10, [0.5 / 1.959963984540054]),
     ("unknown", 100, [0.05, 0.5]), ("unknown", None, [0.0, 0.5]), ("range", 10, [0.0, 0.5])],
)  # fmt: skip
def test_readings_of_the_papers_spread(kind: Any, runs: int | None, errors: list[float]) -> None:
    printed = measure("81.5", spread=None if kind is None else 0.5, spread_kind=kind, n=runs)
    assert [reading.standard_error for reading in paper_readings(printed)] == pytest.approx(errors)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: equivalence([1.0], 1.0, 1.0), "at least 2 values, got 1"),
        (lambda: equivalence([1.0, math.nan], 1.0, 1.0), "not finite cannot enter a comparison"),
        (lambda: equivalence(VALUES, 1.0, -1.0), "margin must be finite and not negative, got -1.0"),
        (lambda: equivalence(VALUES, 1.0, 1.0, 0.5), "alpha must lie between 0 and 0.5"),
        (lambda: equivalence(VALUES, math.inf, 1.0), "target and its standard error must be finite"),
        (lambda: contrast(VALUES, OTHERS[:3], design="paired"), "as many values on both sides, got 7 and 3"),
        (lambda: holm([1.5]), "p values must lie between 0 and 1"),
        (lambda: paper_readings(measure("1.0", spread=-1.0, spread_kind="sd")), "spread must be finite and not negative"),
    ],
)
def test_what_cannot_be_compared_is_refused(call: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        call()


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "scipy.special", None)
    with pytest.raises(MissingExtra, match=r"needs scipy.*pip install 'aquarius\[stats\]'"):
        equivalence(VALUES, 81.5, 1.0)


def simulate(draws: int, n: int, sd: float, shift: float, margin: float, *, error: float = 0.0, seed: int = 0) -> dict[str, float]:
    """Return the shares of draws that are called equivalent, above, below, and whose interval covers the true difference."""
    chance = numpy.random.default_rng(seed)
    counts = dict.fromkeys(("equivalent", "above", "below", "covered"), 0)
    for _ in range(draws):
        target = chance.normal(0.0, error) if error else 0.0
        found = equivalence(chance.normal(shift, sd, n).tolist(), target, margin, target_error=error, target_runs=None)
        counts["equivalent"] += found.equivalent
        counts["above"] += found.above
        counts["below"] += found.below
        counts["covered"] += found.low <= shift <= found.high
    return {name: count / draws for name, count in counts.items()}


def check_calibration(draws: int, n: int, slack: float, seed: int) -> None:
    noise = 3 * math.sqrt(0.05 * 0.95 / draws)
    edge = simulate(draws, n, 0.7, 1.0, 1.0, seed=seed)
    assert edge["equivalent"] <= 0.05 + noise  # the true difference equals the margin: "reproduced" is wrong
    assert edge["above"] <= 0.05 + noise  # and so is "better"
    assert abs(edge["covered"] - 0.90) <= slack
    beyond = simulate(draws, n, 0.7, -1.3, 1.0, seed=seed + 1)
    assert beyond["equivalent"] <= 0.05 + noise and beyond["above"] == 0.0


def test_calibration() -> None:
    check_calibration(4_000, 5, 0.015, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3, 5, 10, 20, 50])
def test_calibration_at_length(n: int) -> None:
    check_calibration(40_000, n, 0.0075, seed=n)


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 20])
def test_calibration_with_the_papers_own_error(n: int) -> None:
    draws = 20_000
    edge = simulate(draws, n, 0.7, 1.0, 1.0, error=0.2, seed=n)
    assert edge["equivalent"] <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)
    assert abs(edge["covered"] - 0.90) <= 0.015
