"""The picture of a ladder: written on request, the same bytes again, refused where there is nothing to draw."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput, Evidence
from aquarius.workspace._plots import write_plot

SWEPT = {"sweep: loss left (x: 1000 log10 rate)": [(-5000, 0.99), (-3000, 0.2), (-1000, 2.0)], "10 examples": [(0, 2.0), (300, 0.1)]}


def evidence(curves: dict[str, list[tuple[int, float]]]) -> Evidence:
    return Evidence(kind="finding", check="ladder", status="pass", message="climbed", curves=curves)


@pytest.mark.parametrize(("suffix", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_one_panel_a_curve_and_the_same_bytes_again(suffix: str, begins: bytes, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    first, second = (write_plot([evidence(SWEPT)], tmp_path / f"{n}.{suffix}").read_bytes() for n in (1, 2))
    assert first == second and first.startswith(begins)
    if suffix == "svg":
        assert b"learning rate" in first and b"10 examples" in first


def test_nothing_to_draw_and_no_picture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="add --only ladder"):
        write_plot([evidence({})], tmp_path / "a.svg")
    with pytest.raises(BadInput, match=r"is no picture: name a file that ends in \.svg"):
        write_plot([evidence(SWEPT)], tmp_path / "a.txt")
