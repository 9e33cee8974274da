"""What a person reads about evidence on evidence: reruns, negative controls, two reproductions side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.text import Text

from ..core import Evidence
from ._diff import Comparison, Side
from ._digitise import Hidden, Reading
from ._show import STYLE, new_table

_FEW = 30


def rerun_view(one: Evidence) -> Group:
    """Show what came again and each number that did not."""
    table = new_table("", "evidence", "number", "was", "is", "difference", "relative")
    differences = one.details.get("differences", [])
    for drift in differences[:_FEW]:
        relative = "" if drift.get("relative") is None else f"{drift['relative']:+.3%}"
        size = "" if drift.get("difference") is None else f"{drift['difference']:+.6g}"
        table.add_row(drift["of"], drift["name"], str(drift.get("was")), str(drift.get("now")), size, relative)
    rest = [Text(f"... and {len(differences) - _FEW} more: --json lists all", "dim")] if len(differences) > _FEW else []
    head = Text.assemble((one.status, STYLE[one.status]), " ", one.message)
    return Group(head, *([table] if differences else []), *rest, Text(f"in {one.details['room']}", "dim"))


def controls_view(made: Sequence[Evidence]) -> Group:
    """Show what failed on which broken twin, the empty ones first."""
    table = new_table("", "status", "of", "finding")
    words = {"pass": "killed", "fail": "empty", "unsure": "not tried"}
    for one in sorted(made, key=lambda one: ("fail", "unsure", "pass").index(one.status)):
        table.add_row(Text(words[one.status], STYLE[one.status]), one.path or "", one.message.partition(": ")[2])
    killed = sum(one.status == "pass" for one in made)
    return Group(table, Text(f"{killed} of {len(made)} failed on a broken twin, as they must"))


def diff_view(found: Comparison) -> Group:
    """Show each claim of both sides, and under it what differs, what explains most first."""
    parts: list[Any] = [Text(f"A {found.first}\nB {found.second}\n{found.papers} paper", "dim")]
    for pair in found.pairs:
        sides = "   ".join(f"{name} {_side(side)}" for name, side in (("A", pair.first), ("B", pair.second)))
        interval = f", B less A {pair.difference:+.4g} ({pair.low:+.4g} to {pair.high:+.4g})" if pair.difference is not None and pair.low is not None else ""  # fmt: skip
        parts += [Text(pair.first.claim, "bold"), Text(f"{sides}   numbers: {pair.numbers}{interval}")]
        if not pair.causes:
            parts.append(Text("nothing that is recorded differs", "dim"))
            continue
        table = new_table("", "", "kind", "what", "A", "B", "why it could")
        for rank, cause in enumerate(pair.causes[:_FEW], 1):
            table.add_row(str(rank), cause.kind, cause.name, cause.first or "", cause.second or "", cause.why)
        parts.append(table)
    for name, claims in (("A", found.only_first), ("B", found.only_second)):
        if claims:
            parts.append(Text(f"tested in {name} alone: {', '.join(claims[:_FEW])}", "dim"))
    return Group(*parts, *([] if found.pairs else [Text("no claim is tested in both")]))


def _side(side: Side) -> str:
    mean = f"{side.mean:.6g}" if side.mean is not None else "nothing"
    spread = f" ± {side.sd:.3g}" if side.sd is not None else ""
    return f"{side.result}: {mean}{spread} (n = {side.n}, paper {side.paper or 'no number'})"


def _unseen(colour: str, stretch: Hidden) -> str:
    place = f"{colour} is not seen from x = {stretch.start:.6g} to {stretch.end:.6g}"
    if stretch.behind is None:
        return f"{place}, and nothing says where it was: behind a legend, or it begins or ends there"
    return (
        f"{place}: it is behind {stretch.behind} there, and takes its points"
        if stretch.filled
        else f"{place}: it runs into {stretch.behind} and is behind it, or ends"
    )


def reading_view(found: Reading) -> Group:
    """Show each curve with its ends, and what a pixel is worth."""
    table = new_table("", "colour", "points", "from", "to", "seen", "bridged")
    for curve in found.curves:
        ends = [f"({a:.6g}, {b:.6g})" for a, b in (curve.points[0], curve.points[-1])]
        table.add_row(curve.colour, str(len(curve.points)), *ends, f"{curve.covered:.0%}", str(curve.bridged))
    lost = [Text(_unseen(curve.colour, stretch), "yellow") for curve in found.curves for stretch in curve.hidden]
    return Group(table, *lost, Text(f"half a pixel: {found.x_error:.3g} in x, {found.y_error:.3g} in y", "dim"))
