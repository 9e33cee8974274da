"""The bootstrap: against scipy's, in any order, and where it may not be asked."""

from __future__ import annotations

import random

import numpy
import pytest

from aquarius.core import BadInput
from aquarius.verdict import bootstrap, equivalence
from aquarius.verdict._decide import decide_value
from aquarius.verdict._gather import samples

from .cases import SKEWED, claim, rule, runs, spread


def skewed(n: int, seed: int = 1) -> list[float]:
    chance = random.Random(seed)
    return [chance.lognormvariate(0.0, 1.0) for _ in range(n)]


def test_it_agrees_with_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    one, two = skewed(30), skewed(25, seed=2)
    expected = stats.bootstrap((one,), numpy.mean, confidence_level=0.9, n_resamples=40_000, random_state=3).confidence_interval
    assert bootstrap(one) == pytest.approx((expected.low, expected.high), abs=0.02)
    expected = stats.bootstrap(
        (one, two), lambda a, b, axis: numpy.mean(a, axis=axis) - numpy.mean(b, axis=axis), confidence_level=0.9, n_resamples=40_000, random_state=3
    ).confidence_interval  # fmt: skip
    assert bootstrap(one, two) == pytest.approx((expected.low, expected.high), abs=0.03)


def test_the_order_of_the_values_changes_nothing_and_a_shift_shifts() -> None:
    values = skewed(24)
    assert bootstrap(values) == bootstrap(values[::-1])
    low, high = bootstrap(values)
    assert bootstrap([value + 8 for value in values]) == pytest.approx((low + 8, high + 8))
    t = equivalence(values, 0.0, 1.0)
    assert low > t.low and high > t.high  # it follows the skew


def test_it_has_a_say_from_20_values_on_and_says_no_to_a_skewed_edge() -> None:
    given = rule(margin=0.8)
    refused = decide_value(claim(), given, samples(runs(SKEWED), claim(), given))
    assert equivalence(SKEWED, 81.5, 0.85).equivalent and refused.result == "inconclusive"
    assert "does not confirm it" in refused.reasons[0] and refused.seeds_needed == {}
    confirmed = decide_value(claim(), rule(), samples(runs(spread(81.4, 0.7)), claim(), rule()))
    assert confirmed.test == "TOST, one-sample t, confirmed by a bootstrap"
    assert decide_value(claim(), rule(), samples(runs(spread(81.4, 0.7, 19)), claim(), rule())).test == "TOST, one-sample t"


@pytest.mark.parametrize(
    ("values", "message"), [([1.0, 2.0] * 9, "at least 20 values on each side, got 18"), ([1.0] * 20, "all are equal")]
)
def test_what_it_cannot_do_is_refused(values: list[float], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        bootstrap(values)
