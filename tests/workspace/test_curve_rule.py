"""What is read of a plot becomes a rule that holds a run's trajectory against it, and says no to another trajectory."""

from __future__ import annotations

import pytest
import yaml

from aquarius.core import BadInput, Evidence, Receipt, place_at
from aquarius.dossier import Claim, Dossier
from aquarius.verdict import Rule, judge, register
from aquarius.workspace._curve_rule import rule_lines
from aquarius.workspace._digitise import Curve, Hidden, Reading

POINTS = tuple((float(step), 60.0 + step / 5) for step in range(0, 101))


def reading(*curves: Curve, error: float = 0.05) -> Reading:
    return Reading(file="figure3.png", width=500, height=400, frame=(0, 0, 9, 9), x_error=0.1, y_error=error, curves=curves)


def curve(colour: str = "#1f77b4", hidden: tuple[Hidden, ...] = ()) -> Curve:
    return Curve(colour=colour, points=POINTS, covered=1.0, bridged=0, hidden=hidden)


def run(seed: int, lift: float) -> Evidence:
    values = [(int(x), y + lift + 0.02 * seed) for x, y in POINTS[::10]]
    receipt = Receipt(command="aquarius train", inputs={"workspace:a.py": "a" * 64}, seed=seed)
    details = {"dataset": "Cora", "split": "test", "metric": "accuracy"}
    return Evidence(kind="run", check="e", claim="figure3/ours", status="pass", message="Ran.", values={"accuracy": values[-1][1]}, curves={"accuracy": values}, details=details, receipt=receipt)  # fmt: skip


@pytest.mark.parametrize(("lift", "result"), [(0.1, "reproduced"), (-3.0, "worse")])
def test_a_trajectory_is_held_against_the_curve_that_was_read(lift: float, result: str) -> None:
    place = place_at("p", b"q", 0, 1)
    claim = Claim(id="figure3/ours", kind="trend", statement="The accuracy rises as in Figure 3.", subject="ours", quantity="accuracy", direction="higher", dataset="Cora", split="test", place=place)  # fmt: skip
    dossier = Dossier(title="t", authors=(), document="d", claims=(claim,))
    given = yaml.safe_load(rule_lines(reading(curve())))
    rule = Rule(claim=claim.id, margin=1.0, seeds=5, metric="accuracy", dataset="Cora", split="test", **given)
    assert len(rule.curve) == 20 and rule.curve[0] == POINTS[0] and rule.curve[-1] == POINTS[-1] and rule.reading_error == 0.05
    (found,) = judge(dossier, [run(seed, lift) for seed in range(5)], register(dossier, [rule]), registered="before").claims
    assert found.result == result, found.reasons


def test_a_rule_holds_one_curve_and_says_what_of_it_was_not_seen() -> None:
    with pytest.raises(BadInput, match=r"figure3\.png holds 2 curves \(#1f77b4, #d62728\), and a rule holds one: name it with --colour"):
        rule_lines(reading(curve(), curve("#d62728")))
    text = rule_lines(reading(curve(hidden=(Hidden(start=20.0, end=40.0, behind=None, filled=False),))))
    assert "# not seen from 20 to 40" in text and yaml.safe_load(text)["curve"]
    assert yaml.safe_load(rule_lines(reading(curve(), error=0.01), log_y=True))["reading_error"] == 0.8  # a factor, at the largest value
