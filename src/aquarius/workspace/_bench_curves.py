"""The digitiser's figures: synthetic plots with known curves, and how far what is read lies from them."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core import BadInput, MissingExtra
from ._digitise import digitise

PROMISED = 0.01  # of the axis range


@dataclass(frozen=True)
class Plot:
    """A plot that was drawn: its calibration and the truth of each curve, in shares of the axis ranges."""

    path: Path
    x: str
    y: str
    log_x: bool
    log_y: bool
    limits: tuple[float, float, float, float]
    curves: dict[str, Any]  # colour -> array [points, 2], values


def curve_figures(plots: int, seed: int = 0) -> dict[str, Any]:
    """Draw plots of training curves (colours, grids, legends, dashes, markers, log axes, sizes), read them, and compare.

    Raises:
        BadInput: fewer than 1 plot.
        MissingExtra: matplotlib is not installed.
    """
    if plots < 1:
        raise BadInput(f"at least 1 plot is needed, got {plots}.")
    rows, seconds = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(plots):
            plot = draw_plot(Path(folder) / f"plot{number}.png", seed + number)
            begin = time.perf_counter()
            rows.append({"plot": number} | score_plot(plot))
            seconds.append(time.perf_counter() - begin)
        behind = []
        for number in range(plots):
            plot = draw_hidden(Path(folder) / f"hidden{number}.png", seed + number)
            behind.append({"plot": number} | score_plot(plot) | {"told": _told(plot)})
    errors = [row["worst"] for row in rows if row["worst"] is not None]
    within = sum(row["worst"] is not None and row["worst"] <= PROMISED and row["curves"] == row["found"] for row in rows)
    told = sum(row["told"] and row["worst"] is not None and row["worst"] <= PROMISED for row in behind)
    means = [row["mean"] for row in rows if row["mean"] is not None]
    table = [
        {"figure": f"plots with every curve found, 99 % of it within {PROMISED:.0%} of the axis range", "value": f"{within}/{plots}"},
        {"figure": "mean error, % of the range: median and worst plot", "value": _pair(means)},
        {"figure": "99th percentile of the error, %: median and worst plot", "value": _pair(errors)},
        {"figure": "refused", "value": str(sum(row["refused"] is not None for row in rows))},
        {
            "figure": f"curves behind others: within {PROMISED:.0%}, and every stretch of 4 % of the width that was not seen is told",
            "value": f"{told}/{plots}",
        },
        {"figure": "of these refused", "value": str(sum(row["refused"] is not None for row in behind))},
        {"figure": "seconds a plot, median", "value": f"{statistics.median(seconds):.2f}"},
    ]
    return {"plots": rows, "hidden": behind, "told": told, "within": within, "of": plots, "rows": table}


def draw_plot(path: Path, seed: int) -> Plot:
    """Draw one plot of its own kind for each seed."""
    try:
        import matplotlib

        matplotlib.use("agg")
        import numpy as np
        from matplotlib import pyplot
    except ImportError:
        raise MissingExtra("matplotlib", "report", "drawing plots") from None
    chance = random.Random(seed)
    noise = np.random.default_rng(seed)
    number, log_x, log_y = chance.randint(1, 4), chance.random() < 0.2, chance.random() < 0.3
    figure, axes = pyplot.subplots(figsize=(chance.uniform(4.5, 8), chance.uniform(3, 5)), dpi=chance.choice((80, 100, 120, 150, 200)))
    colours = chance.sample(["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#17becf"], number)
    end = chance.choice((50, 200, 1000, 20_000))
    x = np.geomspace(1, end, 120) if log_x else np.linspace(0, end, chance.choice((15, 60, 200)))
    drawn, scale = {}, chance.choice((1, 1, 30))
    for index, colour in enumerate(colours):
        share = np.linspace(0, 1, len(x))
        rate, floor, start = chance.uniform(2, 9), 0.1 + 0.15 * index, chance.uniform(1.5, 3.0)
        y = floor + start * np.exp(-rate * share) if chance.random() < 0.6 else floor + start * (1 - np.exp(-rate * share))
        y = np.maximum(y + noise.normal(0, chance.choice((0, 0, 0.01)) * start, len(x)), 0.02) * scale
        style = chance.choice(("-", "-", "-", "--"))
        marker = "o" if len(x) < 20 and chance.random() < 0.5 else None
        axes.plot(x, y, style, color=colour, linewidth=chance.uniform(1, 2.5), label=f"model {index}", marker=marker, markersize=4)
        drawn[colour] = np.stack([x, y], 1)
    if log_x:
        axes.set_xscale("log")
    if log_y:
        axes.set_yscale("log")
    if chance.random() < 0.5:
        axes.grid(True, alpha=chance.uniform(0.3, 1))
    if chance.random() < 0.6:
        axes.legend()
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    figure.canvas.draw()
    limits = (*axes.get_xlim(), *axes.get_ylim())
    texts = [",".join(repr(float(value)) for value in ticks if min(low, high) <= value <= max(low, high)) for ticks, low, high in ((axes.get_xticks(), *limits[:2]), (axes.get_yticks(), *limits[2:]))]  # fmt: skip
    for which, text in enumerate(texts):
        if text.count(",") == 0:  # one labelled tick calibrates nothing: take the ends of the axis, as a person would with a ruler
            box = axes.get_window_extent()
            height = figure.canvas.get_width_height()[1]
            ends = (box.x0 - 0.5, box.x1 - 0.5) if which == 0 else (height - box.y0 - 0.5, height - box.y1 - 0.5)
            texts[which] = ",".join(
                f"{pixel}={value!r}" for pixel, value in zip(ends, map(float, limits[2 * which : 2 * which + 2]), strict=True)
            )
    figure.savefig(path)
    pyplot.close(figure)
    return Plot(path, texts[0], texts[1], log_x, log_y, limits, drawn)


def draw_hidden(path: Path, seed: int) -> Plot:
    """Draw curves of which one runs behind another for a tenth to four tenths of the width, to its end in a third of the plots, with an opaque legend."""
    try:
        import matplotlib

        matplotlib.use("agg")
        import numpy as np
        from matplotlib import pyplot
    except ImportError:
        raise MissingExtra("matplotlib", "report", "drawing plots") from None
    chance = random.Random(10_000 + seed)
    figure, axes = pyplot.subplots(figsize=(chance.uniform(4.5, 8), chance.uniform(3, 5)), dpi=chance.choice((80, 100, 150, 200)))
    colours = chance.sample(["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b"], chance.choice((2, 3)))
    end = chance.choice((50, 200, 20_000))
    share = np.linspace(0, 1, 200)
    begin = chance.uniform(0.2, 0.5)
    stop = 1.1 if chance.random() < 0.33 else begin + chance.uniform(0.1, 0.4)
    front = 0.3 + 1.7 * np.exp(-chance.uniform(2, 5) * share)
    away = np.clip((begin - share) / begin, 0, None) + np.clip((share - stop) / 0.3, 0, None)
    behind = front + chance.choice((-0.25, 0.4)) * away
    curves = [behind, front] + ([front + 0.6 + 0.2 * share] if len(colours) == 3 else [])
    drawn = {}
    for colour, y in zip(colours, curves, strict=True):
        axes.plot(share * end, y, color=colour, linewidth=chance.uniform(1.2, 2.2), label=f"model {colour[1]}")
        drawn[colour] = np.stack([share * end, y], 1)
    if chance.random() < 0.6:
        axes.legend(loc=chance.choice(("upper right", "lower left", "center right", "best")), framealpha=1)
    figure.canvas.draw()
    limits = (*axes.get_xlim(), *axes.get_ylim())
    ends = ((axes.get_xticks(), *limits[:2]), (axes.get_yticks(), *limits[2:]))
    texts = [",".join(repr(float(value)) for value in ticks if low <= value <= high) for ticks, low, high in ends]
    figure.savefig(path)
    pyplot.close(figure)
    return Plot(path, texts[0], texts[1], False, False, limits, drawn)


def score_plot(plot: Plot) -> dict[str, Any]:
    """Return the distance of each read point to its true curve, in shares of the axis ranges: mean, and 99th percentile."""
    import numpy as np

    base = {"curves": len(plot.curves), "found": 0, "mean": None, "worst": None, "refused": None}
    try:
        read = digitise(plot.path, plot.x, plot.y, log_x=plot.log_x, log_y=plot.log_y)
    except BadInput as error:
        return base | {"refused": str(error)}
    distances = []
    found = 0
    for curve in read.curves:
        colour = min(plot.curves, key=lambda name: _apart(name, curve.colour))
        if _apart(colour, curve.colour) > 60:
            continue
        found += 1
        truth, points = (_shares(np.asarray(each), plot) for each in (plot.curves[colour], curve.points))
        distances += [_distance(point, truth) for point in points]
    share = {"mean": float(np.mean(distances)), "worst": float(np.quantile(distances, 0.99))} if distances else {}
    return base | {"found": found if len(read.curves) == found else -1} | share


def _told(plot: Plot) -> bool:
    """Say whether each part of each curve was read, or said to be hidden."""
    try:
        read = digitise(plot.path, plot.x, plot.y)
    except BadInput:
        return False
    found = {min(plot.curves, key=lambda name: _apart(name, curve.colour)): curve for curve in read.curves}
    for colour, truth in plot.curves.items():
        if colour not in found:
            return False
        first, last = float(truth[0, 0]), float(truth[-1, 0])
        step = (last - first) / 100
        seen = [x for x, _ in found[colour].points]
        for place in (first + step * number for number in range(101)):
            near = min(abs(x - place) for x in seen) <= 4 * step  # shorter stretches are bridged
            if not near and not any(one.start - 2 * step <= place <= one.end + 2 * step for one in found[colour].hidden):
                return False
    return True


def _shares(points: Any, plot: Plot) -> Any:
    import numpy as np

    found = []
    for column, log, (low, high) in ((0, plot.log_x, plot.limits[:2]), (1, plot.log_y, plot.limits[2:])):
        values, ends = (np.log10(each) if log else np.asarray(each) for each in (points[:, column], (low, high)))
        found.append((values - ends[0]) / (ends[1] - ends[0]))
    return np.stack(found, 1)


def _distance(point: Any, line: Any) -> float:
    """Return the distance of a point to a line of segments."""
    import numpy as np

    start, along = line[:-1], line[1:] - line[:-1]
    share = np.clip(((point - start) * along).sum(1) / np.maximum((along**2).sum(1), 1e-18), 0, 1)
    return float(np.linalg.norm(start + share[:, None] * along - point, axis=1).min())


def _apart(first: str, second: str) -> float:
    parts = [[int(text[place : place + 2], 16) for place in (1, 3, 5)] for text in (first, second)]
    return float(sum((a - b) ** 2 for a, b in zip(*parts, strict=True)) ** 0.5)


def _pair(shares: list[float]) -> str:
    return f"{100 * statistics.median(shares):.2f}, {100 * max(shares):.2f}" if shares else "none was read"
