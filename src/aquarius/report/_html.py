"""The HTML report: one file that loads nothing and runs nothing. Every text from a paper or from code under test is escaped."""

from __future__ import annotations

from typing import Any

from ..core import MissingExtra
from ..verdict import Difference, number
from ._bundle import Bundle
from ._figures import Curve, curves_svg, thinned
from ._mathml import mathml
from ._view import view

LARGEST = 2_000_000  # bytes
POINTS = (120, 30, 0)  # of each curve: fewer where the report would grow too large, none at last
WIDTH, HEIGHT = 168, 26  # of the drawing of an interval, in CSS pixels


def html(bundle: Bundle) -> bytes:
    """Return the report as one HTML file below 2 MB, without scripts, and without anything that is loaded from elsewhere."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("aquarius.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    template = environment.get_template("report.html.jinja")
    data = view(bundle)
    for equation in data["equations"]:
        drawn = mathml(equation["latex"])
        equation["mathml"] = Markup(drawn) if drawn else None
    for row in data["claims"]:
        row["drawing"] = Markup(interval_svg(row["difference"])) if row["difference"] else ""
    rendered = b""
    for points in POINTS:
        for index, experiment in enumerate(data["experiments"]):
            figure, experiment["curves"] = _figure(experiment["panels"], f"{index}", points)
            experiment["figure"] = Markup(figure)  # made of our own shapes; its texts are escaped by matplotlib
        rendered = template.render(**data).encode("utf-8", "replace")
        if len(rendered) < LARGEST:
            break
    return rendered


def interval_svg(difference: Difference) -> str:
    """Return a drawing of an interval of the difference over the margin, made of numbers alone."""
    reach = 1.15 * max(abs(difference.low), abs(difference.high), difference.margin, 1e-12)

    def x(value: float) -> float:
        return round(WIDTH / 2 * (1 + value / reach), 1)

    middle = HEIGHT / 2
    label = f"difference {number(difference.value)}, interval {number(difference.low)} to {number(difference.high)}, margin {number(difference.margin)}"
    zone = f'<rect class="zone" x="{x(-difference.margin)}" y="3" width="{round(x(difference.margin) - x(-difference.margin), 1)}" height="{HEIGHT - 6}"/>'
    return (
        f'<svg class="interval" role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f'{zone if difference.margin else ""}<line class="zero" x1="{WIDTH / 2}" x2="{WIDTH / 2}" y1="1" y2="{HEIGHT - 1}"/>'
        f'<line class="range" x1="{x(difference.low)}" x2="{x(difference.high)}" y1="{middle}" y2="{middle}"/>'
        f'<circle class="point" cx="{x(difference.value)}" cy="{middle}" r="3.5"/></svg>'
    )


def _figure(panels: dict[str, dict[str, Curve]], salt: str, points: int) -> tuple[str, list[dict[str, Any]]]:
    """Return a drawing of the curves, or a table of them where nothing can draw or there is no room."""
    if not panels:
        return "", []
    if points:
        try:
            return curves_svg(panels, salt=salt, points=points), []
        except MissingExtra:
            pass
    rows = []
    for name, lines in panels.items():
        for run, curve in list(lines.items())[:40]:
            ends = thinned(curve, 3)
            rows.append({"curve": name, "run": run, "points": [f"{number(value)} at step {step}" for step, value in ends]})
    return "", rows
