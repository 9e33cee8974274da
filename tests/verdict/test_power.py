"""Power: against integration by another way, against simulation, and solved for."""

from __future__ import annotations

import math
from typing import Any

import pytest

from aquarius.core import BadInput
from aquarius.verdict import order_power, power, seeds_needed
from aquarius.verdict._power import order_seeds_needed

from .test_equivalence import simulate


@pytest.mark.parametrize(
    ("n", "margin", "sd", "shift"),
    [(2, 1, 0.1, 0), (3, 1, 0.5, 0), (20, 0.5, 0.68, 0), (20, 0.5, 0.68, 0.3), (100, 0.3, 1, 0), (10, 1, 1, 0.9)],
)
def test_power_agrees_with_adaptive_integration(n: int, margin: float, sd: float, shift: float) -> None:
    from scipy import integrate, stats

    quantile = stats.t.ppf(0.95, n - 1)
    largest = margin * math.sqrt(n) / quantile  # standard deviation beyond which nothing is accepted

    def density(s: float) -> float:
        inside = margin - quantile * s / math.sqrt(n)
        accepted = stats.norm.cdf((inside - shift) / sd * math.sqrt(n)) - stats.norm.cdf((-inside - shift) / sd * math.sqrt(n))
        return float(accepted * stats.chi.pdf(s / sd * math.sqrt(n - 1), n - 1) * math.sqrt(n - 1) / sd)

    expected = integrate.quad(density, 0, min(largest, 8 * sd), limit=300, points=[min(sd, largest / 2)])[0]
    assert power(n, margin, sd, true_difference=shift) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize(("n", "shift", "error"), [(8, 0.0, 0.0), (8, 0.4, 0.0), (15, 0.0, 0.2)])
def test_power_is_what_simulation_finds(n: int, shift: float, error: float) -> None:
    found = simulate(3_000, n, 0.9, shift, 1.0, error=error, seed=n)["equivalent"]
    promised = power(n, 1.0, 0.9, true_difference=shift, target_error=error)
    assert abs(found - promised) <= 0.03


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [0.8, 0.9])
@pytest.mark.parametrize("sd", [0.3, 0.7, 1.5, 3.0])
def test_seeds_needed_deliver_the_power_they_promise(wanted: float, sd: float) -> None:
    seeds = seeds_needed(1.0, sd, wanted)
    assert seeds is not None
    found = simulate(20_000, seeds, sd, 0.0, 1.0, seed=seeds)["equivalent"]
    assert wanted - 0.03 <= found and abs(found - power(seeds, 1.0, sd)) <= 0.015


@pytest.mark.parametrize(
    ("margin", "sd", "wanted"), [(0.5, 0.68, 0.8), (0.5, 0.68, 0.9), (1.05, 0.68, 0.8), (0.05, 0.68, 0.9), (10.0, 0.01, 0.9)]
)
def test_seeds_needed_is_the_smallest_number(margin: float, sd: float, wanted: float) -> None:
    seeds = seeds_needed(margin, sd, wanted)
    assert seeds is not None and power(seeds, margin, sd) >= wanted
    assert seeds == 2 or power(seeds - 1, margin, sd) < wanted


def test_no_number_of_seeds_makes_up_for_the_papers_own_error() -> None:
    assert seeds_needed(0.5, 0.7, 0.9, target_error=0.5) is None
    assert seeds_needed(0.001, 10.0, 0.8) is None


def test_power_at_its_edges() -> None:
    assert power(5, 1.0, 0.0) == 1.0 and power(5, 1.0, 0.0, true_difference=1.0) == 0.0
    assert power(5, 0.0, 1.0) == 0.0
    assert power(50, 1.0, 0.7, true_difference=1.0) == pytest.approx(0.05, abs=1e-3)  # at the margin: the level of the test


def test_power_of_an_order_agrees_with_statsmodels() -> None:
    statistics = pytest.importorskip("statsmodels.stats.power")
    expected = statistics.TTestIndPower().power(0.8, 10, 0.05, alternative="larger")
    assert order_power(10, 0.8, 1.0) == pytest.approx(expected, abs=1e-8)
    expected = statistics.TTestPower().power(0.8, 10, 0.05, alternative="larger")
    assert order_power(10, 0.8, 1.0, design="paired") == pytest.approx(expected, abs=1e-8)
    seeds = order_seeds_needed(0.8, 1.0, 0.8)
    assert seeds is not None and order_power(seeds, 0.8, 1.0) >= 0.8 > order_power(seeds - 1, 0.8, 1.0)
    assert order_power(3, 1.0, 0.0) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: power(1, 1.0, 1.0), "at least 2 seeds, got 1"),
        (lambda: power(5, math.nan, 1.0), "must be finite and not negative"),
        (lambda: power(5, 1.0, -1.0), "must be finite and not negative"),
        (lambda: seeds_needed(1.0, 1.0, 1.0), "between 0 and 1, got 1.0"),
    ],
)
def test_what_has_no_power_is_refused(call: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        call()
