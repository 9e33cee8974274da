"""Each pacing is its formula, starts at b, ends at 1 and never falls."""

from __future__ import annotations

import itertools
import math

import pytest

from aquarius.aql import Exponential, Linear, Logarithmic, Polynomial, Root, Step, WarmUp
from aquarius.core import BadInput

EVERY = [
    Linear(),
    Root(),
    Root(power=3.0),
    Polynomial(),
    Exponential(),
    Step(),
    Logarithmic(),
    WarmUp(Root()),
    WarmUp(Linear(0.3, 1.0), 0.1),
]


@pytest.mark.parametrize("pacing", EVERY, ids=repr)
def test_it_starts_low_ends_at_one_and_never_falls(pacing) -> None:
    curve = [pacing(n / 200) for n in range(201)]
    assert 0 < curve[0] <= 0.2 + 1e-9 and curve[-1] == pytest.approx(1.0, abs=1e-4)
    assert all(0 < low <= high <= 1 for low, high in itertools.pairwise(curve))
    assert pacing(-1) == curve[0] and pacing(5) == pytest.approx(1.0, abs=1e-4)


def test_the_formulas_at_a_quarter_of_the_run() -> None:
    x, b = 0.5, 0.2  # t = 0.25 of a run whose curriculum ends at 0.5
    assert Linear()(0.25) == pytest.approx(0.6)
    assert Root()(0.25) == pytest.approx(math.sqrt(b**2 + (1 - b**2) * x))
    assert Polynomial()(0.25) == pytest.approx(b + 0.8 * x**2)
    assert Exponential()(0.25) == pytest.approx(b + 0.8 * (math.exp(5) - 1) / (math.exp(10) - 1))
    assert Logarithmic()(0.25) == pytest.approx(b + 0.8 * (1 + 0.1 * math.log(x + math.exp(-10))))
    assert Step()(0.25) == pytest.approx(b * 1.9**2)


def test_root_of_one_is_linear() -> None:
    assert Root(power=1.0)(0.3) == pytest.approx(Linear()(0.3))


def test_a_warm_up_leads_to_where_the_pacing_starts() -> None:
    pacing = WarmUp(Linear(start=0.3, until=1.0), ratio=0.2, least=0.1)
    assert [pacing(t) for t in (0.0, 0.1, 0.2, 0.6, 1.0)] == pytest.approx([0.1, 0.2, 0.3, 0.65, 1.0])


@pytest.mark.parametrize(
    "make", [lambda: Linear(0.0), lambda: Root(0.2, 1.5), lambda: Root(power=0), lambda: Step(factor=1.0), lambda: WarmUp(Linear(), 1.0)]
)
def test_what_would_admit_nothing_or_never_all_is_refused(make) -> None:
    with pytest.raises(BadInput):
        make()
