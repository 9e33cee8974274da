"""Curves: thinned, averaged, drawn the same every time."""

from __future__ import annotations

import math
import sys

import pytest

from aquarius.core import MissingExtra
from aquarius.report._figures import curves_svg, mean_curve, thinned


def test_the_mean_is_at_shared_steps() -> None:
    assert mean_curve([[(0, 1.0), (1, 2.0), (2, 5.0)], [(0, 3.0), (2, 7.0)]]) == [(0, 2.0), (2, 6.0)]
    assert mean_curve([]) == [] and mean_curve([[(0, 1.0)], [(1, 1.0)]]) == []
    assert math.isnan(mean_curve([[(0, math.nan)], [(0, 1.0)]])[0][1])


def test_thinning_keeps_the_ends_and_breaks_at_what_is_not_finite() -> None:
    curve = [(step, float(step)) for step in range(1_000)]
    assert len(thinned(curve, 50)) == 50 and thinned(curve, 50)[0] == (0, 0.0) and thinned(curve, 50)[-1] == (999, 999.0)
    assert thinned(curve[:10], 50) == curve[:10]
    assert math.isnan(thinned([(0, math.inf)], 5)[0][1])


def test_a_drawing_is_the_same_every_time_and_takes_the_colours_of_the_page() -> None:
    pytest.importorskip("matplotlib")
    panels = {
        "loss": {f"seed {seed}": [(step, 1 / (step + seed + 1)) for step in range(20)] for seed in range(3)},
        "<b>$x_{</b>": {"seed 0": [(0, 1.0)]},
    }
    first, second, other = curves_svg(panels, salt="1"), curves_svg(panels, salt="1"), curves_svg(panels, salt="2")
    assert first == second != other
    assert "currentColor" in first and "#010203" not in first and "<style" not in first and "<b>" not in first
    assert first.startswith('<svg class="curves"') and first.endswith("</svg>") and "<metadata" not in first
    assert first.count("#8aa4d6") == 4 and first.count("#c2410c") == 1  # a line per run; a mean where there are several


@pytest.mark.parametrize("name", ["a\udcff", "a\x00b", "日本語 $x_{", "x" * 3_000, "", "\n"])
def test_names_and_values_of_any_kind_are_drawn(name: str) -> None:
    pytest.importorskip("matplotlib")
    drawn = curves_svg(
        {name: {"seed 0": [(0, math.nan), (1, math.inf), (2, 1e308), (3, -1e308), (4, 1.0)], "seed 1": [(0, 1.0)]}}, salt="1"
    )
    assert drawn.encode("utf-8").startswith(b"<svg") and "\x00" not in drawn and len(drawn) < 60_000


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"needs matplotlib.*pip install 'aquarius\[report\]'"):
        curves_svg({"loss": {"seed 0": [(0, 1.0)]}}, salt="1")
