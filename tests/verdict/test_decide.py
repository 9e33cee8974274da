"""What the numbers alone say: tests, sentences, seeds."""

from __future__ import annotations

import pytest

from aquarius.core import measure
from aquarius.verdict._decide import decide_value, estimate
from aquarius.verdict._gather import Samples, samples

from .cases import claim, rule, runs, sd_of_paper, spread


def found(values: list[float]) -> Samples:
    return samples(runs(values), claim(), rule())


def test_estimate_has_the_interval_of_the_mean() -> None:
    stats = pytest.importorskip("scipy.stats")
    values = spread(81.4, 0.7)
    given = estimate(values, 0.05)
    assert given is not None and given.low is not None and given.high is not None
    low, high = stats.t.interval(0.9, 19, 81.4, stats.sem(values))
    assert (given.low, given.high) == pytest.approx((low, high), abs=0.006)
    assert estimate([], 0.05) is None
    alone = estimate([81.23456], 0.05)
    assert alone is not None and (alone.mean, alone.sd, alone.low, alone.n) == (81.23456, None, None, 1)
    equal = estimate([0.5, 0.5], 0.05)
    assert equal is not None and (equal.sd, equal.low, equal.high) == (0.0, 0.5, 0.5)


def test_the_sentence_has_interval_margin_and_where_the_margin_comes_from() -> None:
    reasons = decide_value(claim(), rule(), found(spread(81.4, 0.7))).reasons
    assert reasons == (
        "The 90 % interval of the difference, −0.38 to 0.18, lies inside the margin ±1.05 "
        "(measured − paper, 1 registered and half a unit in the last printed place).",
    )


def test_inconclusive_says_the_power_it_had() -> None:
    answer = decide_value(claim(), rule(seeds=5), found(spread(81.5, 1.5, 5)))
    assert answer.result == "inconclusive" and set(answer.seeds_needed) == {"0.8", "0.9"}
    assert answer.reasons[1].startswith("With 5 seeds the power was 0.")
    hopeless = decide_value(claim(measure=sd_of_paper(2.0, kind="se")), rule(), found(spread(81.4, 0.7)))
    assert hopeless.seeds_needed == {} and "No 10,000 seeds" in hopeless.reasons[1]


def test_the_correction_gets_the_larger_p_of_two_readings() -> None:
    one = decide_value(claim(measure=sd_of_paper(0.5)), rule(), found(spread(79.9, 0.7)))
    both = decide_value(claim(measure=sd_of_paper(0.5, kind="unknown")), rule(), found(spread(79.9, 0.7)))
    assert one.p is not None and both.p is not None and both.p > one.p


def test_without_a_rule_the_numbers_are_told_and_not_judged() -> None:
    answer = decide_value(claim(), None, found(spread(81.4, 0.7)))
    assert (answer.result, answer.p, answer.reasons) == (
        "inconclusive",
        None,
        ("81.40 was measured over 20 seeds, the paper prints 81.5.",),
    )


def test_a_claim_without_a_number_cannot_be_judged() -> None:
    assert decide_value(claim(measure=None), rule(), found(spread(81.4, 0.7))).reasons == (
        "The claim states no number to be held against.",
    )


def test_one_run_refutes_only_far_out() -> None:
    given = claim(measure=measure("81.5", spread=0.5, spread_kind="sd", n=10))
    assert decide_value(given, rule(), found([77.0])).result == "refuted"
    assert decide_value(given, rule(), found([79.0])).result == "inconclusive"
    few = claim(measure=measure("81.5", spread=0.5, spread_kind="sd", n=2))
    assert decide_value(few, rule(), found([77.0])).result == "inconclusive"  # two runs make nothing impossible
