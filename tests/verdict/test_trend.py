"""Trends: coefficients against scipy's, slopes over seeds, and where they turn back."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from aquarius.core import BadInput, measure
from aquarius.dossier import Dossier
from aquarius.verdict import Registration, correlation, judge
from aquarius.verdict._trend import _coefficient

from .cases import GROWS, claim, grown, rule

X = [1.0, 2.0, 3.0, 3.0, 5.0, 6.0, 7.0, 8.0, 9.0, 9.0, 11.0, 12.0]
Y = [2.0, 1.0, 4.0, 3.0, 3.0, 7.0, 5.0, 9.0, 8.0, 8.0, 10.0, 12.0]


@pytest.mark.parametrize("kind", ["pearson", "spearman", "kendall"])
def test_coefficients_agree_with_scipys(kind: Any) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}[kind](X, Y)[0]
    assert _coefficient(X, Y, kind) == pytest.approx(expected, abs=1e-12)


def test_the_interval_of_pearsons_agrees_with_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.pearsonr(X, Y).confidence_interval(0.9)
    found = correlation(X, Y, kind="pearson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    against = correlation(X, Y, 0.9, 0.05, kind="pearson")
    assert against.low == pytest.approx(found.low - 0.9) and against.equivalent == (against.p_equivalent < 0.05)


@pytest.mark.parametrize(("rho", "result"), [(0.99, "above"), (-0.99, "below"), (0.0, "neither")])
def test_a_correlation_is_seen_in_its_direction(rho: float, result: str) -> None:
    chance = numpy.random.default_rng(3)
    first = chance.normal(size=40)
    second = rho * first + (1 - rho**2) ** 0.5 * chance.normal(size=40)
    test = correlation(first.tolist(), second.tolist())
    assert (test.above, test.below) == (result == "above", result == "below")
    assert test.above == (test.p_above < 0.05) and test.below == (test.p_below < 0.05)


def test_a_perfect_order_is_no_proof_of_a_perfect_correlation() -> None:
    test = correlation(list(range(10)), list(range(10)))
    assert test.low < 0.995 and test.high < 1


@pytest.mark.parametrize(
    ("first", "second", "kind", "message"),
    [([1.0] * 9, [1.0] * 9, "spearman", "at least 10 points, got 9"), (X, Y, "kendall", "at least 20 points, got 12"), (X, Y[:-1], "spearman", "as many values on both sides"),
     (X, [1.0] * 12, "spearman", "one side is constant"), (X, [float("nan"), *Y[1:]], "pearson", "not finite")],
)  # fmt: skip
def test_what_has_no_coefficient_is_refused(first: list[float], second: list[float], kind: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        correlation(first, second, kind=kind)


def judged(evidence: Any, given: Any = GROWS, **fields: Any) -> Any:
    dossier = Dossier(title="t", authors=(), document="d", claims=(claim("trend", **({"measure": None} | fields)),))
    return judge(dossier, evidence, Registration(rules=(given,), dossier=dossier.content_hash), registered="before").claims[0]


def test_a_slope_counts_levels_not_their_size() -> None:
    found = judged(grown([70, 72, 74, 76]))
    assert found.difference is not None and found.difference.value == pytest.approx(2.0, abs=0.1)
    assert found.test == "one-sided, t on the slope of each seed" and len(found.evidence) == 20


def test_fewer_seeds_at_one_level_are_fewer_than_registered() -> None:
    found = judged(grown([70, 72, 74, 76])[:-2])
    assert found.result == "inconclusive" and found.reasons[0].startswith("3 seeds of the 5 registered")


def test_a_seed_is_one_run_at_each_level_and_two_results_are_seen() -> None:
    again = grown([70, 72, 74, 76])[0]
    changed = again.model_copy(update={"values": {"accuracy": 71.0}})
    assert judged([*grown([70, 72, 74, 76]), changed]).reasons[0].startswith("Seed 0 gave two different values")


def test_kendalls_coefficient_is_taken_where_the_claim_names_it() -> None:
    sweep = grown([70 + i for i in range(18)], 1.0, n=1)
    coefficient = judged(sweep, rule(margin=0.1, along="layers", seeds=1), measure=measure("0.9"))
    assert coefficient.test == "TOST, Spearman, Fisher interval" and coefficient.measured.n == 18
    kendall = judged(sweep, rule(margin=0.1, along="layers", seeds=1, metric="accuracy, Kendall's tau"), measure=measure("0.9"))
    assert any("Kendall's coefficient needs at least 20 levels of layers, and 18 ran" in reason for reason in kendall.reasons)
