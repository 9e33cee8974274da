"""What of a curve is hidden behind another: where it goes under a curve and comes out of it again, it was behind it in between."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MOST_UNSEEN = 0.04  # of the width: a shorter stretch is a dash, a marker or a crossing, and is bridged
_COVERED = 0.95  # of a stretch over which a curve must be seen to be what hides another there


@dataclass(frozen=True)
class Stretch:
    """Columns of a curve that were not seen, and the curve that it goes under there; `filled` where it comes out of it again."""

    first: int
    last: int
    behind: str | None
    filled: bool


@dataclass
class Line:
    """A curve in pixels: its place in each column, how thick it is, and what of it was not seen."""

    colour: str
    places: list[tuple[float, float]]  # (column, row)
    thick: float
    stretches: list[Stretch] = field(default_factory=list)


def uncover(lines: Sequence[Line], width: int) -> list[Line]:
    """Return the lines with the stretches in which they were not seen; one that goes under one line and comes out of it takes that line's places.

    A line that begins later or ends earlier than others is told and not filled, be it in the open, behind a legend or under another line: which
    of them it is, a picture does not say.
    """
    rows = {line.colour: {round(column): row for column, row in line.places} for line in lines}
    ends = [column for line in lines for column in (line.places[0][0], line.places[-1][0])]
    least, most = round(min(ends)), round(max(ends))
    found = []
    for line in lines:
        own = rows[line.colour]
        columns = sorted(own)
        gaps = [(a + 1, b - 1) for a, b in itertools.pairwise(columns)]
        gaps += [(least, columns[0] - 1), (columns[-1] + 1, most)]
        stretches = []
        added: dict[int, float] = {}
        for first, last in sorted(gaps):
            if last - first + 1 <= MOST_UNSEEN * width:
                continue
            inner = first - 1 in own and last + 1 in own
            front = _front(line, lines, rows, first, last)
            filled = front is not None and inner
            stretches.append(Stretch(first, last, front.colour if front else None, filled))
            if front is not None and filled:
                added |= {column: rows[front.colour][column] for column in range(first, last + 1) if column in rows[front.colour]}
        places = sorted([*line.places, *((float(column), row) for column, row in added.items())])
        found.append(Line(line.colour, places, line.thick, stretches))
    return found


def _front(line: Line, lines: Sequence[Line], rows: Mapping[str, Mapping[int, float]], first: int, last: int) -> Line | None:
    """Return the one line that is where this one was last seen before a stretch and first seen after it, and all along it; None where none or several are."""
    own = rows[line.colour]
    found = []
    for other in lines:
        theirs = rows[other.colour]
        if other is line or sum(column in theirs for column in range(first, last + 1)) < _COVERED * (last - first + 1):
            continue
        near = (line.thick + other.thick) / 2 + 1.5
        ends = [(own[a], theirs[b]) for a, b in ((first - 1, first), (last + 1, last)) if a in own and b in theirs]
        if ends and all(abs(a - b) <= near for a, b in ends):
            found.append(other)
    return found[0] if len(found) == 1 else None
