"""A plot is read within one percent of its axes, and refused where it cannot be told."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from aquarius.core import BadInput
from aquarius.workspace._digitise import digitise
from aquarius.workspace._show_evidence import reading_view

X, Y = "0,2,4,6,8,10", "0,5,10,15,20"


def draw(path: Path, *curves: tuple[str, float, str], log: bool = False, legend: bool = False, **options: Any) -> Path:
    """Draw y = factor * x + 1 for each (colour, factor, style), axes from 0 to 10 and 0 to 20 (1 to 100 where logarithmic)."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5, 4), dpi=100)
    x = [index / 10 for index in range(101)]
    for colour, factor, style in curves:
        y = [10 ** (factor * value) for value in x] if log else [factor * value + 1 for value in x]
        axes.plot(x, y, style, color=colour, label=f"factor {factor}", **options)
    axes.set_xlim(0, 10)
    axes.set_ylim(*((1, 100) if log else (0, 20)))
    if log:
        axes.set_yscale("log")
    else:
        axes.set_yticks([0, 5, 10, 15, 20])
    if legend:
        axes.legend(loc="upper left")
    figure.savefig(path)
    pyplot.close(figure)
    return path


def worst(points: tuple[tuple[float, float], ...], factor: float) -> float:
    return max(abs(factor * x + 1 - y) for x, y in points)


def test_curves_are_read_by_colour_from_all_ticks_or_the_ends(tmp_path: Path) -> None:
    path = draw(tmp_path / "plot.png", ("#1f77b4", 1.5, "-"), ("#d62728", 0.3, "--"), legend=True)
    for x, y in ((X, Y), ("0,10", "0,20")):
        found = {curve.colour: curve for curve in digitise(path, x, y).curves}
        assert set(found) == {"#1f77b4", "#d62728"}
        assert worst(found["#1f77b4"].points, 1.5) < 0.2 and worst(found["#d62728"].points, 0.3) < 0.2  # 1 % of 20
        assert found["#1f77b4"].points[0][0] < 0.3 and found["#1f77b4"].points[-1][0] > 9.9
    reading = digitise(path, X, Y)
    assert digitise(path, X, Y) == reading
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(reading_view(reading))
    assert "#d62728" in console.export_text()


def test_pixels_with_values_calibrate_too(tmp_path: Path) -> None:
    path = draw(tmp_path / "plot.png", ("#2ca02c", 1.0, "-"))
    left, top, right, bottom = digitise(path, X, Y).frame
    found = digitise(path, f"{left}=0,{right}=10", f"{bottom}=0,{top}=20").curves[0]
    assert worst(found.points, 1.0) < 0.2


def test_a_logarithmic_axis(tmp_path: Path) -> None:
    path = draw(tmp_path / "plot.png", ("#9467bd", 0.18, "-"), log=True)
    (curve,) = digitise(path, X, "1,10,100", log_y=True).curves
    assert max(abs(y / 10 ** (0.18 * x) - 1) for x, y in curve.points) < 0.047  # 1 % of two decades
    with pytest.raises(BadInput, match=r"the values of --y miss their ticks by .* pixels: is the axis logarithmic"):
        digitise(path, X, "1,10,100")
    with pytest.raises(BadInput, match="a value that is not positive, and the axis is logarithmic"):
        digitise(path, X, "0,10,100", log_y=True)


def test_a_black_line_is_read_only_by_name(tmp_path: Path) -> None:
    path = draw(tmp_path / "plot.png", ("#000000", 1.0, "-"))
    with pytest.raises(BadInput, match=r"no coloured line inside its axes: name a grey or black one with --colour"):
        digitise(path, X, Y)
    (curve,) = digitise(path, X, Y, colours=("#000000",)).curves
    assert worst(curve.points, 1.0) < 0.2
    with pytest.raises(BadInput, match="no line of the colour #ff0000 is inside the axes"):
        digitise(path, X, Y, colours=("#ff0000",))


def test_two_curves_of_one_colour_are_refused(tmp_path: Path) -> None:
    path = draw(tmp_path / "plot.png", ("#1f77b4", 1.5, "-"), ("#1f77b4", 0.3, "-"))
    with pytest.raises(BadInput, match=r"the colour #1f77b4 is in two places of .* columns: two curves share it"):
        digitise(path, X, Y)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ("0", "fewer than two different values"),
        ("0,a", "is no calibration: write VALUE,VALUE"),
        ("0,1,2", "3 values are given for the x axis, and it has 6 ticks"),
        ("50=0,10", "mixes values with and without a pixel"),
        ("0,2,4,6,8,30", "miss their ticks by"),
    ],
)
def test_values_that_do_not_fit_are_refused(tmp_path: Path, x: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        digitise(draw(tmp_path / "plot.png", ("#1f77b4", 1.0, "-")), x, Y)


def test_what_is_no_plot_is_one_sentence(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(BadInput, match=r"text\.png is no picture that can be read"):
        digitise(tmp_path / "text.png", X, Y)
    with pytest.raises(BadInput, match="does not exist"):
        digitise(tmp_path / "nothing.png", X, Y)
    Image.new("RGB", (200, 200), "white").save(tmp_path / "white.png")
    with pytest.raises(BadInput, match="has no axes that could be found"):
        digitise(tmp_path / "white.png", X, Y)
    Image.new("RGB", (20, 20), "white").save(tmp_path / "small.png")
    with pytest.raises(BadInput, match="too small for a plot"):
        digitise(tmp_path / "small.png", X, Y)
