"""Is a verdict as rarely wrong as it says? Every promise of the rules, held against simulation with the functions that judge.

The truth is drawn, the measured values are drawn around it, and what the rules say is counted: wrong verdicts where the true difference lies at
the edge of the margin (the worst case), the power promised for a number of seeds, and how often an interval covers the truth.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..core import Measure, Place
from ..dossier import Claim
from ._bootstrap import FEWEST
from ._curve import curve_tests
from ._decide import decide_value, value_result
from ._equivalence import contrast, equivalence, holm
from ._gather import Sample, Samples
from ._power import order_power, order_seeds_needed, power, seeds_needed
from ._trend import correlation
from ._verdict import Rule

Draw = Callable[[random.Random], bool]
Promise = Literal["at most", "within", "at least"]
WRONG, POWER, COVERAGE = 0.05, 0.03, 0.015  # a wrong verdict at most; power and coverage within
_PLACE = Place(file="", start=0, end=0, line=0, quote="", label="")


@dataclass(frozen=True)
class Calibration:
    """One promise of the rules and what simulation found: `found` is a share of the draws, held against `promised` with the noise of so many draws."""

    about: str
    promise: Promise
    promised: float
    slack: float  # allowed beyond the promise, without the noise
    found: float
    draws: int

    @property
    def noise(self) -> float:
        """Three standard errors of a share of so many draws."""
        return 3 * math.sqrt(max(self.promised * (1 - self.promised), 0.01) / self.draws)

    @property
    def kept(self) -> bool:
        """Say whether the promise is kept, but for the noise of the simulation."""
        off = self.found - self.promised
        over = off if self.promise == "at most" else -off if self.promise == "at least" else abs(off)
        return over <= self.slack + self.noise

    def to_data(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self) | {"noise": round(self.noise, 4), "kept": self.kept}


def calibrate(draws: int = 2_000, seed: int = 0) -> list[Calibration]:
    """Simulate every promise; the same number of draws and the same seed give the same figures.

    Raises:
        MissingExtra: scipy is not installed.
    """
    found = []
    for number, (about, promise, promised, slack, draw) in enumerate((*_wrong(), *_covered(), *_powerful())):
        chance = random.Random(f"{seed} {number}")
        hits = sum(draw(chance) for _ in range(draws))
        found.append(Calibration(about, promise, round(promised, 6), slack, round(hits / draws, 6), draws))
    return found


_Row = tuple[str, Promise, float, float, Draw]


def _wrong() -> Iterator[_Row]:
    """Verdicts that would be wrong, where the truth makes them likeliest."""
    for n in (2, 3, 5, 10, 19):
        yield f"value, {n} seeds, truth at the margin: reproduced", "at most", WRONG, 0.0, _value(n, 1.0, "reproduced")
        yield f"value, {n} seeds, truth at the margin: better", "at most", WRONG, 0.0, _value(n, 1.0, "better")
    yield "value, 5 seeds, the paper's se known, truth at the margin: reproduced", "at most", WRONG, 0.0, _value(5, 1.0, "reproduced", 0.2)
    yield "value, 20 seeds and a bootstrap, truth at the margin: reproduced", "at most", WRONG, 0.0, _value(20, 1.0, "reproduced")
    yield (
        "not behind, 5 seeds, truth at the margin: reproduced",
        "at most",
        WRONG,
        0.0,
        _value(5, -1.0, "reproduced", test="non-inferiority"),
    )
    for n in (3, 5, 10):
        yield (
            f"order, {n} seeds of two equal systems: ahead",
            "at most",
            WRONG,
            0.0,
            _ahead(n, 0.0, 1.0, 2.0),
        )
    yield "order, 5 paired seeds of two equal systems: ahead", "at most", WRONG, 0.0, lambda c: equivalence(_normal(c, 5), 0.0, 0.0).above
    yield "correlation, 12 points of none: rises", "at most", WRONG, 0.0, lambda c: correlation(_normal(c, 12), _normal(c, 12)).above
    yield "curve, 5 seeds, one point at the margin: reproduced", "at most", WRONG, 0.0, _curve(5, 1.0, ("reproduced",))
    yield (
        "curve, 5 seeds, one point at the margin: better, worse or refuted",
        "at most",
        WRONG,
        0.0,
        _curve(5, 1.0, ("better", "worse", "refuted")),
    )
    yield "table of 10, 5 seeds, no true difference: any claimed (Holm)", "at most", WRONG, 0.0, _table(10, 5)


def _covered() -> Iterator[_Row]:
    """Intervals at 90 %: how often they hold the truth."""
    for n in (2, 5, 20):
        yield f"interval of a mean, {n} seeds", "within", 0.90, COVERAGE, _interval(n)
    yield "interval of a difference, 5 and 8 seeds of unequal spread", "within", 0.90, COVERAGE, _welch_interval
    yield "interval with the paper's se, 5 seeds against its 10", "within", 0.90, COVERAGE, _paper_interval
    for name, rho in (("none", 0.0), ("0.5", 0.5)):
        yield f"interval of Spearman's coefficient, 30 points, {name}", "at least", 0.90, COVERAGE, _spearman(30, rho)


def _powerful() -> Iterator[_Row]:
    """The power that is promised for the seeds that are named."""
    for wanted in (0.8, 0.9):
        for sd in (0.4, 0.8, 1.6):
            n = seeds_needed(1.0, sd, wanted) or 2
            about = f"value, {n} seeds named for power {wanted}, sd {sd} of the margin"
            yield about, "within", power(n, 1.0, sd), POWER, _agrees(n, sd)
        n = order_seeds_needed(1.0, 0.8, wanted) or 2
        about = f"order, {n} seeds a side named for power {wanted}, sd 0.8 of the effect"
        yield (
            about,
            "within",
            order_power(n, 1.0, 0.8),
            POWER,
            _ahead(n, 1.0, 0.8, 0.8),
        )
    yield "value, 8 seeds, the paper's se 0.2 of the margin", "within", power(8, 1.0, 0.7, target_error=0.2), POWER, _power_with_error


def _normal(chance: random.Random, n: int, mean: float = 0.0, sd: float = 1.0) -> list[float]:
    return [chance.gauss(mean, sd) for _ in range(n)]


def _samples(values: list[float]) -> Samples:
    return Samples(tuple(Sample(value, seed, None) for seed, value in enumerate(values)), (), ())  # type: ignore[arg-type]


def _claim(**fields: Any) -> Claim:
    given: dict[str, Any] = {
        "id": "c",
        "kind": "value",
        "statement": "",
        "subject": "",
        "quantity": "accuracy",
        "direction": "higher",
        "place": _PLACE,
    }
    return Claim(**(given | fields))


def _value(n: int, shift: float, result: str, error: float = 0.0, *, test: Any = "usual") -> Draw:
    rule = Rule(claim="c", margin=1.0, seeds=n, test=test)

    def draw(chance: random.Random) -> bool:
        paper, values = chance.gauss(0.0, error), _normal(chance, n, shift, 0.6)
        if n >= FEWEST:  # a bootstrap has a say: the whole decision
            return decide_value(_claim(measure=Measure(value=paper)), rule, _samples(values)).result == result
        test = equivalence(values, paper, 1.0, rule.alpha, target_error=error, target_runs=1_000 if error else None)
        return value_result(test, "higher", rule) == result

    return draw


def _curve(n: int, shift: float, results: tuple[str, ...], points: int = 8) -> Draw:
    paper = [(float(step), 0.0) for step in range(points)]

    def draw(chance: random.Random) -> bool:
        # the points of a run share half of its noise; only the last is off
        curves = []
        for _ in range(n):
            common = chance.gauss(0.0, 0.4)
            curves.append([(step, common + chance.gauss(shift if step == points - 1 else 0.0, 0.4)) for step, _ in paper])
        return curve_tests(curves, paper, 1.0, 0.05, "higher")[0] in results

    return draw


def _table(claims: int, n: int) -> Draw:
    def draw(chance: random.Random) -> bool:
        tests = [equivalence(_normal(chance, n), 0.0, 0.0) for _ in range(claims)]
        return min(holm([min(1.0, 2 * min(test.p_above, test.p_below)) for test in tests])) <= WRONG

    return draw


def _agrees(n: int, sd: float) -> Draw:
    return lambda chance: equivalence(_normal(chance, n, sd=sd), 0.0, 1.0).equivalent


def _ahead(n: int, effect: float, mine: float, theirs: float) -> Draw:
    return lambda chance: contrast(_normal(chance, n, effect, mine), _normal(chance, n, sd=theirs)).above


def _interval(n: int) -> Draw:
    def draw(chance: random.Random) -> bool:
        test = equivalence(_normal(chance, n), 0.0, 1.0)
        return test.low <= 0 <= test.high

    return draw


def _welch_interval(chance: random.Random) -> bool:
    test = contrast(_normal(chance, 5), _normal(chance, 8, sd=3.0))
    return test.low <= 0 <= test.high


def _paper_interval(chance: random.Random) -> bool:
    theirs = _normal(chance, 10)
    mean = math.fsum(theirs) / 10
    error = math.sqrt(math.fsum((x - mean) ** 2 for x in theirs) / 9 / 10)
    test = equivalence(_normal(chance, 5), mean, 1.0, target_error=error, target_runs=10)
    return test.low <= 0 <= test.high


def _power_with_error(chance: random.Random) -> bool:
    return equivalence(_normal(chance, 8, sd=0.7), chance.gauss(0.0, 0.2), 1.0, target_error=0.2).equivalent


def _spearman(n: int, rho: float) -> Draw:
    truth = 6 / math.pi * math.asin(rho / 2)

    def draw(chance: random.Random) -> bool:
        first = _normal(chance, n)
        second = [rho * x + math.sqrt(1 - rho**2) * chance.gauss(0.0, 1.0) for x in first]
        test = correlation(first, second)
        return test.low <= truth <= test.high

    return draw
