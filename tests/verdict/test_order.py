"""Orders: ahead, on a par, not behind."""

from __future__ import annotations

from typing import Any

import pytest

from aquarius.core import measure
from aquarius.verdict._gather import Samples, samples
from aquarius.verdict._order import decide_order

from .cases import ORDER_RULE, claim, order, rule, runs, spread


def found(values: list[float]) -> Samples:
    return samples(runs(values), claim(), rule())


def test_order_names_effect_and_interval() -> None:
    answer = decide_order(order(), ORDER_RULE, found(spread(81.4, 0.7)), found(spread(76.0, 0.7)))
    assert answer.reasons[0] == "GCN is ahead by 5.40 (the paper: 5.8); the 90 % interval is 5.02 to 5.78."
    assert answer.difference is not None and answer.difference.margin == 0


def within(test: str, shift: float, margin: float | None = 1.0, **fields: Any) -> Any:
    given = rule(claim="text/gcn-beats-planetoid", margin=margin, test=test, **fields)
    return decide_order(order(measure=measure("0.1")), given, found(spread(81.4 + shift, 0.7)), found(spread(81.4, 0.8)))


@pytest.mark.parametrize(
    ("test", "shift", "result"),
    [("equivalence", 0.1, "reproduced"), ("equivalence", 2.0, "refuted"), ("equivalence", -2.0, "refuted"), ("equivalence", 0.9, "inconclusive"),
     ("non-inferiority", 0.1, "reproduced"), ("non-inferiority", 5.0, "reproduced"), ("non-inferiority", -2.0, "refuted"), ("non-inferiority", -0.9, "inconclusive")],
)  # fmt: skip
def test_on_a_par_and_not_behind(test: str, shift: float, result: str) -> None:
    assert within(test, shift).result == result


def test_on_a_par_needs_a_margin_and_says_how_many_seeds() -> None:
    assert within("equivalence", 0.0, None).reasons == ("The rule registers equivalence for an order, and no margin.",)
    assert "seeds (power 0.8)" in within("equivalence", 0.9).reasons[1]
    assert within("non-inferiority", 0.0).test == "non-inferiority, Welch t"


def test_a_tie_is_no_order() -> None:
    given = rule(claim="text/gcn-beats-planetoid", margin=None, design="paired")
    tie = decide_order(order(measure=None), given, found([1.0, 2.0, 3.0]), found([1.0, 2.0, 3.0]))
    assert tie.result == "inconclusive"


def test_where_a_bootstrap_disagrees_nothing_is_concluded() -> None:
    # 19 seeds where the first is a little ahead, one where it is far behind: t says nothing either, and 40 of them are confirmed
    ahead = decide_order(order(), ORDER_RULE, found(spread(81.4, 0.7)), found(spread(76.0, 0.7)))
    assert ahead.test == "one-sided, Welch t, confirmed by a bootstrap" and ahead.ahead
    few = decide_order(order(), ORDER_RULE, found(spread(81.4, 0.7, 10)), found(spread(76.0, 0.7, 10)))
    assert few.test == "one-sided, Welch t"
