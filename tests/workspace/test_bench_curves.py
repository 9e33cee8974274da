"""The digitiser's bench holds what is read against the truth, and sees a reading that is off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aquarius.core import BadInput
from aquarius.workspace import _bench_curves as bench


def test_three_plots_are_within_one_percent() -> None:
    figures = bench.curve_figures(3)
    assert (figures["within"], figures["of"]) == (3, 3), figures["plots"]
    with pytest.raises(BadInput, match="at least 1 plot"):
        bench.curve_figures(0)


def test_a_reading_that_is_off_is_seen(tmp_path: Path) -> None:
    plot = bench.draw_plot(tmp_path / "plot.png", 1)
    assert bench.score_plot(plot)["worst"] < bench.PROMISED
    moved = {colour: curve + np.array([0, 0.05 * (plot.limits[3] - plot.limits[2])]) for colour, curve in plot.curves.items()}
    off = bench.score_plot(bench.Plot(plot.path, plot.x, plot.y, plot.log_x, plot.log_y, plot.limits, moved))
    assert off["worst"] > 2 * bench.PROMISED


@pytest.mark.slow
def test_fifty_plots_are_within_one_percent() -> None:
    figures = bench.curve_figures(50)
    assert figures["within"] == 50, [row for row in figures["plots"] if row["refused"] or row["worst"] > bench.PROMISED]
