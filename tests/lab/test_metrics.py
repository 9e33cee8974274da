from __future__ import annotations

import math
from pathlib import Path

from aquarius.lab import read_metrics
from aquarius.lab._metrics import line, thin


def test_lines_come_back_as_curves(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(line(0, {"loss": 0.1}) + line(1, {"loss": float("nan"), "rate": 1e-3}) + b'{"step": 2, "lo')
    curves = read_metrics(path)
    assert curves["rate"] == [(1, 1e-3)]
    assert curves["loss"][0] == (0, 0.1) and math.isnan(curves["loss"][1][1]) and len(curves["loss"]) == 2
    assert read_metrics(tmp_path / "none") == {}


def test_a_float_comes_back_bit_for_bit(tmp_path: Path) -> None:
    value = 0.1 + 0.2
    (tmp_path / "m").write_bytes(line(0, {"x": value}))
    assert read_metrics(tmp_path / "m")["x"] == [(0, value)]


def test_a_long_curve_is_thinned_with_both_ends() -> None:
    curve = [(step, float(step)) for step in range(12_345)]
    short = thin(curve)
    assert len(short) == 500 and short[0] == curve[0] and short[-1] == curve[-1]
    assert len(set(short)) == 500 and short == sorted(short)
    assert thin(curve[:500]) == curve[:500]
