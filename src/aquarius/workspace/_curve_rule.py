"""A curve that was read of a plot, as the part of a rule that a trajectory is held against."""

from __future__ import annotations

from ..core import BadInput
from ._digitise import Reading

POINTS = 20  # that a verdict tests


def rule_lines(found: Reading, *, log_y: bool = False) -> str:
    """Return `curve:` and `reading_error:` for the rule of conf/NAME.yaml: points of the one curve, evenly chosen among those that were seen.

    The reading error is what half a pixel is worth at the largest value: more would widen the band that a run must lie in.

    Raises:
        BadInput: several curves, of which a rule can hold one; or a single point.
    """
    if len(found.curves) != 1:
        names = ", ".join(curve.colour for curve in found.curves)
        raise BadInput(f"{found.file} holds {len(found.curves)} curves ({names}), and a rule holds one: name it with --colour.")
    (curve,) = found.curves
    count = min(POINTS, len(curve.points))
    if count < 2:
        raise BadInput(f"the curve {curve.colour} of {found.file} has a single point, and a rule needs two.")
    points = [curve.points[round(index * (len(curve.points) - 1) / (count - 1))] for index in range(count)]
    error = found.y_error * (max(abs(y) for _, y in points) if log_y else 1.0)
    unfilled = [stretch for stretch in curve.hidden if not stretch.filled]
    told = [f"# not seen from {stretch.start:.6g} to {stretch.end:.6g}" for stretch in unfilled]
    lines = [f"# {curve.colour} of {found.file}; put this under rule: in conf/NAME.yaml, before the first run", *told]
    rows = [f"  - [{x:.6g}, {y:.6g}]" for x, y in points]
    return "\n".join([*lines, "curve:", *rows, f"reading_error: {error:.3g}"]) + "\n"
