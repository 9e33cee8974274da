"""Learning curves as SVG, drawn by matplotlib: one thin line per seed and their mean. The same curves give the same bytes."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from ..core import MissingExtra

Curve = Sequence[tuple[int, float]]
INK = "#010203"  # stands for the page's own text colour, and is replaced by it
LINE, MEAN = "#8aa4d6", "#c2410c"
MOST_LINES = 40
LARGEST = 1e150  # a larger value is drawn as a gap: the axis could not hold it


def curves_svg(panels: Mapping[str, Mapping[str, Curve]], *, salt: str, points: int = 120) -> str:
    """Draw one panel per curve name, each with a line per run (its label, "seed 3", is the key); return an SVG element.

    `salt` makes the ids inside the drawing, so that two drawings of one page do not share them.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("matplotlib", "report", "Drawing learning curves") from None
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    style: Any = {
        "svg.hashsalt": salt, "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9, "text.color": INK, "axes.edgecolor": INK,
        "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False,
        "axes.linewidth": 0.6, "path.simplify": False,
    }  # fmt: skip
    with rc_context(style), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the measuring font lacks: the reader's font draws it
        figure = Figure(figsize=(4.6 * columns, 2.7 * rows), layout="constrained")
        FigureCanvasSVG(figure)
        for index, (name, runs) in enumerate(panels.items()):
            axes = figure.add_subplot(rows, columns, index + 1)
            axes.set_title(_drawable(name), fontsize=9, loc="left", parse_math=False)
            axes.set_xlabel("step", fontsize=8)
            for curve in list(runs.values())[:MOST_LINES]:
                thin = thinned(curve, points)
                axes.plot([step for step, _ in thin], [value for _, value in thin], color=LINE, linewidth=0.8, alpha=0.7)
            mean = thinned(mean_curve(list(runs.values())), points)
            if len(runs) > 1 and mean:
                axes.plot([step for step, _ in mean], [value for _, value in mean], color=MEAN, linewidth=1.6)
            axes.grid(True, linewidth=0.3, alpha=0.4)
        output = io.StringIO()
        figure.savefig(output, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _inline(output.getvalue())


def mean_curve(curves: Sequence[Curve]) -> list[tuple[int, float]]:
    """Return the mean over the runs at the steps that all of them have; where one is not finite, neither is the mean."""
    if not curves:
        return []
    by_step = [dict(curve) for curve in curves]
    shared = sorted(set(by_step[0]).intersection(*by_step[1:]))
    return [(step, math.fsum(values[step] for values in by_step) / len(by_step)) for step in shared]


def thinned(curve: Curve, points: int) -> list[tuple[int, float]]:
    """Return at most `points` of a curve, evenly chosen, the first and last among them; values that are not finite break the line."""
    ordered = sorted(curve)
    if len(ordered) > points:
        chosen = sorted({round(i * (len(ordered) - 1) / (points - 1)) for i in range(points)})
        ordered = [ordered[i] for i in chosen]
    return [(step, value if abs(value) < LARGEST else math.nan) for step, value in ordered]


def _drawable(name: str) -> str:
    """Return a name that a font can measure: no halves of letters, no control characters, at most 60 characters."""
    text = name.encode("utf-8", "replace").decode("utf-8")
    return "".join(character if character.isprintable() else " " for character in text)[:60]


def _inline(svg: str) -> str:
    """Keep the svg element alone, let it scale, and let it take the page's colours."""
    start = svg.index("<svg")
    body = re.sub(r"<metadata>.*?</metadata>", "", svg[start:], flags=re.DOTALL)
    body = re.sub(
        r'<svg [^>]*?viewBox="([^"]+)"[^>]*>',
        r'<svg class="curves" role="img" xmlns="http://www.w3.org/2000/svg" viewBox="\1">',
        body,
        count=1,
    )
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, count=1, flags=re.DOTALL)  # it would style the whole page
    body = re.sub(r'<g id="[^"]*">', "<g>", body)  # the same names stand in every drawing
    body = re.sub(r"font-family: [^;\"]*", "font-family: inherit", body)
    body = body.replace('xlink:href="#', 'href="#').replace(INK, "currentColor")
    return re.sub(r"\n\s*", "\n", body).strip()
