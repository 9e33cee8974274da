"""Curves: interpolation, thinning, the simultaneous band, and how far the runs reach."""

from __future__ import annotations

from typing import Any

import pytest

from aquarius.core import BadInput
from aquarius.dossier import Dossier
from aquarius.verdict import Registration, judge
from aquarius.verdict._curve import at, curve_tests, thinned

from .cases import CURVE, claim, rule, trained


def judged(evidence: Any, given: Any = CURVE) -> Any:
    dossier = Dossier(title="t", authors=(), document="d", claims=(claim("trend", measure=None),))
    return judge(dossier, evidence, Registration(rules=(given,), dossier=dossier.content_hash), registered="before").claims[0]


def test_a_value_between_two_steps_lies_on_their_line() -> None:
    curve = [(0.0, 1.0), (10.0, 3.0), (20.0, 3.0)]
    assert [at(curve, x) for x in (-5, 0, 5, 10, 12, 99)] == [1.0, 1.0, 2.0, 3.0, 3.0, 3.0]


def test_a_dense_curve_is_thinned_and_keeps_its_ends() -> None:
    curve = [(float(i), 0.0) for i in range(1000)]
    kept = thinned(curve)
    assert len(kept) == 20 and kept[0] == curve[0] and kept[-1] == curve[-1] and thinned(kept) == kept


def test_the_band_is_simultaneous() -> None:
    paper = [(float(i), 0.0) for i in range(10)]
    curves = [[(float(i), shift) for i in range(10)] for shift in (-0.2, 0.0, 0.1)]
    _, points, band = curve_tests(curves, paper, 1.0, 0.05, "higher")
    assert all(wide.high - wide.low > 2 * (one.high - one.low) for one, wide in zip(points, band, strict=True))


def test_one_point_outside_is_enough() -> None:
    curves = [[(0.0, noise), (1.0, noise), (2.0, 9.0 + noise)] for noise in (-0.01, 0.0, 0.01)]
    paper = [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)]
    assert curve_tests(curves, paper, 1.0, 0.05, "higher")[0] == "better"
    assert curve_tests(curves, paper, 1.0, 0.05, None)[0] == "refuted"


def test_the_share_of_the_range_is_told() -> None:
    found = judged(trained(0.1))
    assert "lies inside the margin at 11 of 11 points" in found.reasons[1]
    assert found.difference is not None and found.difference.margin == 1.1
    short = judged(trained(0.1, last=50))
    assert short.result == "not tested" and any("at 6 of 6 points" in reason for reason in short.reasons)
    assert judged(trained(0.9)).seeds_needed


def test_runs_without_the_curve_have_failed() -> None:
    bare = [run.model_copy(update={"curves": {"loss": [(0, 1.0)]}}) for run in trained(0.1)]
    assert "5 of 5 runs failed" in judged(bare).reasons[0]


@pytest.mark.parametrize(
    ("given", "message"),
    [(rule(curve=((0.0, 1.0),)), "at least 2 finite points"), (rule(curve=((0.0, 1.0), (1.0, float("nan")))), "at least 2 finite points"),
     (rule(curve=((0.0, 1.0), (1.0, 2.0)), along="layers"), "no `along` beside it"), (rule(reading_error=-1.0), "must be finite and not negative")],
)  # fmt: skip
def test_a_curve_that_cannot_be_is_refused(given: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        judged(trained(0.1), given)
