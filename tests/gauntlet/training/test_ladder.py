"""The ladder: climbed by a model that learns, broken off where labels are noise, and run only where it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.gauntlet._examination import Examination
from aquarius.gauntlet._examine import check_names
from aquarius.gauntlet.training._ladder import RATES, ladder
from gauntlet.subjects import module

FACTS = '{"classes": 3}'


def test_a_model_that_learns_climbs_every_rung(tmp_path: Path) -> None:
    found = ladder(Examination(module(tmp_path, facts=FACTS)))
    assert found.status == "pass" and "1, 10, 100 examples are memorised" in found.message, found.message
    assert found.values["100 examples: least loss"] < 0.1 * found.values["100 examples: first loss"]
    assert {"1 examples", "10 examples", "100 examples"} < set(found.curves)
    (sweep,) = [curve for name, curve in found.curves.items() if name.startswith("sweep")]
    assert [step for step, _ in sweep] == [-5000, -4500, -4000, -3500, -3000, -2500, -2000, -1500, -1000] and len(RATES) == len(sweep)


def test_it_says_on_which_rung_it_breaks(tmp_path: Path) -> None:
    small = "return self.outer(F.relu(self.inner(x)).mean(1, keepdim=True).expand(-1, 12)) + 0 * self.outer(self.inner(x))"
    blind = small.replace("self.inner(x))", "self.inner(x * 0))", 1)  # sees nothing of its input: one example can be learned, ten cannot
    found = ladder(Examination(module(tmp_path, facts=FACTS, forward=blind)))
    assert found.status == "unsure" and "it breaks at 10 examples" in found.message, found.message


def test_a_loss_that_falls_at_no_rate_fails_where_facts_are_stated(tmp_path: Path) -> None:
    still = 'out = forward(model, batch)\n    return F.cross_entropy(out - out.detach().clone(), batch["label"]) * 0 + 1.5 + 0 * out.sum()'
    assert ladder(Examination(module(tmp_path, facts=FACTS, loss=still))).status == "fail"
    found = ladder(Examination(module(tmp_path, facts='{"players": ["a", "b"]}', loss=still)))
    assert found.status == "unsure" and "falls at no learning rate" in found.message


def test_it_runs_only_where_it_is_named() -> None:
    assert "ladder" not in check_names() and "half precision" in check_names()
    assert check_names(["ladder"]) == ["interface", "ladder"]
    with pytest.raises(BadInput, match="no check or family 'laddar'"):
        check_names(["laddar"])
