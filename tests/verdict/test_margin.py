"""Before the runs: the margin that is suggested, and what the registered seeds can show."""

from __future__ import annotations

from typing import Any

import pytest

from aquarius.core import measure
from aquarius.dossier import Dossier
from aquarius.verdict import judge, power_before, suggest_margin

from .cases import GOOD, baseline, claim, order, rule, sd_of_paper


@pytest.mark.parametrize(
    ("fields", "others", "expected"),
    [
        ({"measure": sd_of_paper(0.5)}, (), (0.5, "the paper's standard deviation")),
        ({"measure": sd_of_paper(0.05, kind="se")}, (), (0.5, "the paper's standard error over 100 runs, as a standard deviation")),
        ({"measure": sd_of_paper(0.5, kind="unknown")}, (), (1.0, "1 % of the metric's range")),
        ({}, (), (1.0, "1 % of the metric's range")),
        ({"measure": measure("0.815")}, (), (0.01, "1 % of the metric's range")),
        ({"measure": measure("3.2"), "quantity": "perplexity"}, (), None),
        ({"measure": None}, (), None),
        ({}, (baseline("80.9"),), (0.3, "half of the gap to Planetoid")),
        ({}, (baseline("75.7"),), (1.0, "1 % of the metric's range")),
    ],
)
def test_a_margin_is_suggested_and_named_as_what_it_is(fields: dict[str, Any], others: Any, expected: Any) -> None:
    dossier = Dossier(title="t", authors=(), document="d", claims=(claim(**fields), *others))
    assert suggest_margin(dossier, dossier.claims[0]) == expected


def test_an_order_has_no_margin_to_suggest() -> None:
    dossier = Dossier(title="t", authors=(), document="d", claims=(order(), baseline()))
    assert suggest_margin(dossier, dossier.claims[0]) is None


def test_the_verdict_suggests_one_where_none_was_registered() -> None:
    dossier = Dossier(title="t", authors=(), document="d", claims=(claim(),))
    found = judge(dossier, GOOD).claims[0]
    assert found.result == "inconclusive" and "A margin to register: 1 (1 % of the metric's range)." in found.reasons


@pytest.mark.parametrize(
    ("fields", "given", "words"),
    [({"measure": sd_of_paper(1.0)}, {"seeds": 3}, "3 seeds within ±1.05 have a power of 0.1"), ({"measure": sd_of_paper(1.0)}, {"seeds": 50}, None), ({}, {"seeds": 3}, None),
     ({}, {"seeds": 1}, "One seed never"), ({"measure": sd_of_paper(1.0)}, {"margin": None}, None), ({"measure": sd_of_paper(0.5, kind="se", n=4)}, {"margin": 0.3, "seeds": 9}, "no 10,000 seeds")],
)  # fmt: skip
def test_too_few_seeds_are_told_before_they_run(fields: dict[str, Any], given: dict[str, Any], words: str | None) -> None:
    said = power_before(claim(**fields), rule(**given))
    assert (said is None) == (words is None) and (words or "") in (said or "")


def test_without_scipy_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "scipy.special", None)
    assert power_before(claim(measure=sd_of_paper(1.0)), rule(seeds=3)) is None
