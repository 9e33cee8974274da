"""The curves of findings as one picture: the sweep of the learning rate over a log scale, the rungs of the ladder over steps."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core import BadInput, Evidence, MissingExtra, write_bytes

FORMATS = (".svg", ".png", ".pdf")
SWEEP = "sweep"  # a curve whose steps are thousandths of the logarithm of the learning rate


def write_plot(evidence: Sequence[Evidence], to: Path) -> Path:
    """Draw one panel for each curve; the same curves give the same bytes.

    Raises:
        BadInput: a file that is no picture, or evidence without a curve.
        MissingExtra: matplotlib is not installed.
    """
    if to.suffix.lower() not in FORMATS:
        raise BadInput(f"{to} is no picture: name a file that ends in {', '.join(FORMATS)}.")
    curves = [(name, curve) for item in evidence for name, curve in item.curves.items() if curve]
    if not curves:
        raise BadInput("none of the checks that ran has a curve to draw: add --only ladder.")
    return write_bytes(to, _drawn(curves, to.suffix.lower().removeprefix(".")))


def _drawn(curves: Sequence[tuple[str, Sequence[tuple[int, float]]]], format: str) -> bytes:
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("matplotlib", "report", "Drawing curves") from None
    style: Any = {"svg.hashsalt": "aquarius", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6}
    with rc_context(style):
        figure = Figure(figsize=(4.6 * len(curves), 3.2), layout="constrained")
        FigureCanvasAgg(figure)
        for index, (name, curve) in enumerate(curves):
            axes = figure.add_subplot(1, len(curves), index + 1)
            swept = name.startswith(SWEEP)
            places = [10 ** (step / 1000) for step, _ in curve] if swept else [float(step) for step, _ in curve]
            axes.plot(places, [value for _, value in curve], marker="o" if swept else None, markersize=3, linewidth=1.2)
            axes.set_title("share of the loss left, by learning rate" if swept else name, fontsize=9, loc="left")
            axes.set_xlabel("learning rate (Adam)" if swept else "step")
            axes.set_ylabel("loss left" if swept else "loss")
            if swept:
                axes.set_xscale("log")
            axes.grid(True, linewidth=0.3, alpha=0.4)
        output = io.BytesIO()
        nameless = {"svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None, "Creator": None, "Producer": None}}
        figure.savefig(output, format=format, dpi=150, metadata=nameless.get(format, {"Software": None}))
    return output.getvalue()
