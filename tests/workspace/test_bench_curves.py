"""The digitiser's bench holds what is read against the truth, and sees a reading that is off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aquarius.core import BadInput
from aquarius.workspace import _bench_curves as bench


def test_two_plots_of_each_kind_are_within_one_percent() -> None:
    figures = bench.curve_figures(2)
    assert (figures["within"], figures["told"], figures["of"]) == (2, 2, 2), figures
    with pytest.raises(BadInput, match="at least 1 plot"):
        bench.curve_figures(0)


def test_a_reading_that_is_off_is_seen(tmp_path: Path) -> None:
    plot = bench.draw_plot(tmp_path / "plot.png", 1)
    assert bench.score_plot(plot)["worst"] < bench.PROMISED
    moved = {colour: curve + np.array([0, 0.05 * (plot.limits[3] - plot.limits[2])]) for colour, curve in plot.curves.items()}
    off = bench.score_plot(bench.Plot(plot.path, plot.x, plot.y, plot.log_x, plot.log_y, plot.limits, moved))
    assert off["worst"] > 2 * bench.PROMISED


def test_a_stretch_that_is_neither_read_nor_told_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plot = bench.draw_hidden(tmp_path / "plot.png", 3)
    read = bench.digitise(plot.path, plot.x, plot.y)
    assert bench._told(plot) and any(curve.hidden for curve in read.curves)
    silent = read.model_copy(update={"curves": tuple(curve.model_copy(update={"hidden": ()}) for curve in read.curves)})
    monkeypatch.setattr(bench, "digitise", lambda *_: silent)
    assert not bench._told(plot)


@pytest.mark.slow
def test_fifty_plots_are_within_one_percent() -> None:
    figures = bench.curve_figures(50)
    assert figures["within"] == 50, [row for row in figures["plots"] if row["refused"] or row["worst"] > bench.PROMISED]
