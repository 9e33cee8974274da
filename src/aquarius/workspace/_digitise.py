"""Reading the curves of a published plot: pixels to values by calibrated axes, curves apart by colour; a refusal where it cannot be told."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import BadInput, MissingExtra, Record
from ._hidden import Line, uncover

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Image = NDArray[np.float64]  # [height, width, 3], 0 to 255

DARK = 120.0  # of 255: no channel of spines, ticks and text is lighter
ALONG = 0.985  # cosine between two colours as seen from the background: above it they are shades of one colour
COLOURED = 40.0  # of 255: the least difference between the channels of a colour
_MOST_DOUBLE = 0.03  # of a curve's columns in which it may be in two places
_JOINED = 0.04  # of the width: a gap that is bridged


class Hidden(Record):
    """A stretch of a curve that was not seen, from one value of x to another."""

    start: float
    end: float
    behind: str | None  # the colour of the curve that it goes under there; None: nothing says where it was
    filled: bool  # it comes out of that curve again, and takes its points in between: true to half of the thickness of a line


class Curve(Record):
    """One curve: its colour, its points in values of the axes, one for each column of pixels, and what of it was hidden."""

    colour: str  # "#1f77b4"
    points: tuple[tuple[float, float], ...]
    covered: float  # share of the columns between its ends in which it was seen
    bridged: int  # columns that were bridged where another curve hides it
    hidden: tuple[Hidden, ...] = ()  # longer stretches


class Reading(Record):
    """What was read of a plot; the errors are those of half a pixel, in values (on a logarithmic axis: as a factor less one)."""

    file: str
    width: int
    height: int
    frame: tuple[int, int, int, int]  # left, top, right, bottom, in pixels
    x_error: float
    y_error: float
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class Axis:
    """value = first + slope * pixel, of its logarithm to base 10 where the axis is logarithmic."""

    slope: float
    first: float
    log: bool

    def value(self, pixel: float) -> float:
        """Return the value at a pixel."""
        number = self.first + self.slope * pixel
        return float(10.0**number) if self.log else number

    @property
    def error(self) -> float:
        """Return what half a pixel is worth."""
        return float(10.0 ** (abs(self.slope) / 2) - 1) if self.log else abs(self.slope) / 2


@dataclass
class _Run:
    """Pixels of one colour above one another in a column."""

    column: int
    top: int
    bottom: int  # inclusive
    middle: float  # by coverage
    free: bool  # no other colour touches it
    group: int = -1


def digitise(image: Path, x: str, y: str, *, log_x: bool = False, log_y: bool = False, colours: tuple[str, ...] = ()) -> Reading:
    """Read the curves of a plot.

    `x` and `y` calibrate the axes: "80=0,560=10" (pixel=value, pixels from the left and from the top), or values of ticks alone, from left to
    right and from bottom to top: of the first and the last ("0,10") or of all ("0,2,4,6,8,10").

    Raises:
        BadInput: no picture, ticks or values that do not fit, no curve, or two curves of one colour.
    """
    picture = _load(image)
    frame = _frame(picture)
    explicit = "=" in x and "=" in y
    if frame is None and not explicit:
        raise BadInput(f"{image.name} has no axes that could be found: give the calibration as PIXEL=VALUE for x and y.")
    height, width = picture.shape[:2]
    left, top, right, bottom = frame or (0, 0, width - 1, height - 1)
    across = _axis("x", x, log_x, None if frame is None else _ticks(picture, frame, "x"))
    up = _axis("y", y, log_y, None if frame is None else _ticks(picture, frame, "y"))
    inset = 0 if frame is None else _spine(picture, frame)
    inside = picture[top + inset : bottom + 1 - inset, left + inset : right + 1 - inset]
    lines, seen = [], {}
    for colour, cover in _colours(inside, colours):
        middles, bridged, covered, thick = _trace(inside, cover, colour)
        lines.append(Line(colour, middles, thick))
        seen[colour] = (bridged, round(covered, 4))
    curves = []
    for line in uncover(lines, inside.shape[1]) if lines else ():
        points = tuple((across.value(left + inset + column), up.value(top + inset + row)) for column, row in line.places)
        hidden = tuple(
            Hidden(
                start=across.value(left + inset + one.first),
                end=across.value(left + inset + one.last),
                behind=one.behind,
                filled=one.filled,
            )
            for one in line.stretches
        )
        bridged, covered = seen[line.colour]
        curves.append(Curve(colour=line.colour, points=points, covered=covered, bridged=bridged, hidden=hidden))
    if not curves:
        raise BadInput(f"{image.name} has no coloured line inside its axes: name a grey or black one with --colour.")
    return Reading(file=image.name, width=width, height=height, frame=(left, top, right, bottom), x_error=across.error, y_error=up.error, curves=tuple(curves))  # fmt: skip


def _load(path: Path) -> Image:
    try:
        import numpy as np
        from PIL import Image as Pictures
        from PIL import UnidentifiedImageError
    except ImportError:
        raise MissingExtra("Pillow and numpy", "report", "reading a plot") from None
    try:
        with Pictures.open(path) as opened:
            picture = opened.convert("RGBA")
            white = Pictures.new("RGBA", picture.size, "white")
            found = np.asarray(Pictures.alpha_composite(white, picture).convert("RGB"), dtype=np.float64)
    except FileNotFoundError:
        raise BadInput(f"{path} does not exist.") from None
    except (OSError, UnidentifiedImageError, Pictures.DecompressionBombError):
        raise BadInput(f"{path} is no picture that can be read: give a PNG.") from None
    if min(found.shape[:2]) < 50:
        raise BadInput(f"{path.name} is {found.shape[1]} × {found.shape[0]} pixels, too small for a plot.")
    return found


def _frame(picture: Image) -> tuple[int, int, int, int] | None:
    """Find the spines: long dark straight lines, the lowest and the leftmost, and those opposite where there are any."""
    dark = picture.max(2) < DARK
    height, width = dark.shape
    rows = [row for row in range(height) if _longest(dark[row]) > 0.4 * width]
    columns = [column for column in range(width) if _longest(dark[:, column]) > 0.4 * height]
    if not rows or not columns:
        return None
    left, bottom = columns[0], rows[-1]
    right = columns[-1] if columns[-1] - left > 0.4 * width else _end(dark[bottom], left)
    top = rows[0] if bottom - rows[0] > 0.4 * height else bottom - _longest(dark[: bottom + 1, left]) + 1
    return left, top, right, bottom


def _spine(picture: Image, frame: tuple[int, int, int, int]) -> int:
    """Return how many pixels inside the frame belong to its spines: two, or more while a side of what is left is still mostly dark."""
    left, top, right, bottom = frame
    for inset in range(2, 8):
        inner = picture[top + inset : bottom + 1 - inset, left + inset : right + 1 - inset].max(2) < 255 - 25
        if all(side.mean() < 0.5 for side in (inner[0], inner[-1], inner[:, 0], inner[:, -1])):
            return inset
    return 2


def _longest(line: NDArray[np.bool_]) -> int:
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate(([0], line.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0


def _end(line: NDArray[np.bool_], start: int) -> int:
    while start + 1 < len(line) and line[start + 1]:
        start += 1
    return start


def _ticks(picture: Image, frame: tuple[int, int, int, int], which: str) -> list[float]:
    """Return the pixels of the long ticks that point outward, from left to right or from bottom to top."""
    left, top, right, bottom = frame
    grey = 255 - picture.mean(2)
    strip = grey[bottom + 1 : bottom + 26, left - 2 : right + 3] if which == "x" else grey[top - 2 : bottom + 3, max(left - 25, 0) : left][:, ::-1].T  # fmt: skip
    if not strip.size:
        return []
    dark = strip > 255 - 160
    lengths = [0 if not column.any() else int(column.argmin()) if not column.all() else 0 for column in dark.T]
    longest = max(lengths, default=0)
    if longest < 2:
        return []
    found: list[float] = []
    place = 0
    while place < len(lengths):
        if lengths[place] < 0.8 * longest:
            place += 1
            continue
        end = place
        while end + 1 < len(lengths) and lengths[end + 1] >= 0.8 * longest:
            end += 1
        weights = strip[: max(longest - 1, 1), max(place - 1, 0) : end + 2].sum(0)
        found.append(float((weights * range(max(place - 1, 0), max(place - 1, 0) + len(weights))).sum() / weights.sum()))
        place = end + 1
    return [left - 2 + at for at in found] if which == "x" else [top - 2 + at for at in reversed(found)]


def _axis(name: str, text: str, log: bool, ticks: list[float] | None) -> Axis:
    """Fit an axis through its calibration points; three or more must lie on it within a pixel and a half."""
    pairs = [item.partition("=") for item in text.split(",")]
    try:
        values = [float(value if equals else pixel) for pixel, equals, value in pairs]
        pixels = [float(pixel) for pixel, equals, _ in pairs if equals]
    except ValueError:
        raise BadInput(f"--{name} {text!r} is no calibration: write VALUE,VALUE or PIXEL=VALUE,PIXEL=VALUE.") from None
    if len(values) < 2 or len(set(values)) != len(values) or not all(math.isfinite(value) for value in values):
        raise BadInput(f"--{name} {text!r} gives fewer than two different values.")
    if pixels and len(pixels) != len(values):
        raise BadInput(f"--{name} {text!r} mixes values with and without a pixel.")
    if not pixels:
        pixels = _places(name, values, ticks or [])
    if log and min(values) <= 0:
        raise BadInput(f"--{name} {text!r} has a value that is not positive, and the axis is logarithmic.")
    numbers = [math.log10(value) for value in values] if log else values
    centre, level = sum(pixels) / len(pixels), sum(numbers) / len(numbers)
    square = sum((pixel - centre) ** 2 for pixel in pixels)
    slope = sum((pixel - centre) * (number - level) for pixel, number in zip(pixels, numbers, strict=True)) / square if square else 0.0
    if not slope:
        raise BadInput(f"--{name} {text!r} gives two values for one pixel.")
    worst = max(abs((number - level) / slope - (pixel - centre)) for pixel, number in zip(pixels, numbers, strict=True))
    if worst > 1.5:
        raise BadInput(
            f"the values of --{name} miss their ticks by {worst:.1f} pixels: is the axis {'not ' if log else ''}logarithmic, or a value wrong?"
        )
    return Axis(slope, level - slope * centre, log)


def _places(name: str, values: list[float], ticks: list[float]) -> list[float]:
    if len(ticks) < 2:
        raise BadInput(f"no ticks were found on the {name} axis: give --{name} as PIXEL=VALUE,PIXEL=VALUE.")
    if len(values) == len(ticks):
        return ticks
    if len(values) != 2:
        raise BadInput(
            f"{len(values)} values are given for the {name} axis, and it has {len(ticks)} ticks: give all, or the first and the last."
        )
    steps = [after - before for before, after in itertools.pairwise(ticks)]
    if max(steps) - min(steps) > 2.5:
        raise BadInput(
            f"the ticks of the {name} axis are not evenly spaced, so its ends do not settle it: give the values of all {len(ticks)}."
        )
    return [ticks[0], ticks[-1]]


def _colours(inside: Image, wanted: tuple[str, ...]) -> list[tuple[str, NDArray[np.float64]]]:
    """Return each colour that lines are drawn in, and how much of each pixel it covers (0 to 1), those with most columns first."""
    import numpy as np

    flat = inside.reshape(-1, 3).astype(np.int64)
    shades, counts = np.unique(flat[:, 0] << 16 | flat[:, 1] << 8 | flat[:, 2], return_counts=True)
    colours = np.stack([shades >> 16, shades >> 8 & 255, shades & 255], 1).astype(np.float64)
    ground = colours[counts.argmax()]
    away = ground - inside
    strength = np.linalg.norm(away, axis=2)
    directions: list[tuple[Any, Any]] = []
    if wanted:
        directions = [((ground - colour) / max(np.linalg.norm(ground - colour), 1e-9), colour) for colour in map(_parse, wanted)]
    else:
        far = np.linalg.norm(ground - colours, axis=1)
        for index in np.argsort(-counts, kind="stable"):
            if far[index] < 60 or np.ptp(ground - colours[index]) < COLOURED or counts[index] < 8:
                continue
            direction = (ground - colours[index]) / far[index]
            if all(direction @ known < ALONG for known, _ in directions):
                directions.append((direction, None))
    found = []
    unit = away / np.maximum(strength, 1e-9)[..., None]
    for direction, named in directions:
        mine = (unit @ direction > ALONG) & (strength > 25)
        columns = mine.any(0)
        if named is None and columns.mean() < 0.1:
            continue
        touched = np.zeros_like(mine)
        other = (strength > 60) & ~mine
        touched[1:] |= other[:-1]
        touched[:-1] |= other[1:]
        alone = mine.any(0) & ~(mine & touched).any(0)
        if named is None and alone.mean() < 0.05:
            continue  # nowhere by itself: the mixture of two others
        if not columns.any():
            raise BadInput(f"no line of the colour {_hex(named)} is inside the axes.")
        full = float(np.quantile(strength[mine], 0.9))
        cover = np.where(mine, np.minimum(strength / full, 1.0), 0.0)
        colour = np.median(inside[mine & (strength > 0.9 * full)], axis=0)
        found.append((int(columns.sum()), _hex(colour), cover))
    return [(colour, cover) for _, colour, cover in sorted(found, key=lambda item: (-item[0], item[1]))]


def _trace(inside: Image, cover: NDArray[np.float64], colour: str) -> tuple[list[tuple[float, float]], int, float, float]:
    """Follow one colour from left to right; return (column, row) for each column, how many were bridged, the share that was seen, and its thickness.

    Raises:
        BadInput: it is in two places of too many columns.
    """
    runs = _without_samples(inside, _joined(_runs(inside, cover)))
    columns: dict[int, list[_Run]] = {}
    for run in runs:
        columns.setdefault(run.column, []).append(run)
    thick = sorted(run.bottom - run.top + 1 for run in runs)[len(runs) // 2] if runs else 1
    for column, here in columns.items():
        columns[column] = [run for run in here if run.free] or here
    double = [
        column for column, here in columns.items() if max(run.top for run in here) - min(run.bottom for run in here) > max(4, 2 * thick)
    ]
    if len(double) > max(2, _MOST_DOUBLE * len(columns)):
        raise BadInput(f"the colour {colour} is in two places of {len(double)} of {len(columns)} columns: two curves share it, or it is no line; it cannot be told which is which.")  # fmt: skip
    places: list[tuple[float, float]] = []
    for column in sorted(columns):
        near = places[-1][1] if places else columns[column][0].middle
        best = min(columns[column], key=lambda run: abs(run.middle - near))
        if best.free or (places and abs(best.middle - near) <= max(6, 0.03 * len(inside))):
            places.append((float(column), best.middle))
    if len(places) < 2:
        raise BadInput(f"the colour {colour} is no line inside the axes.")
    return *_bridged(places, cover.shape[1]), float(thick)


def _runs(inside: Image, cover: NDArray[np.float64]) -> list[_Run]:
    """Return the runs of a colour; where another colour touches one, it may be a mixture of two others."""
    import numpy as np

    other = (inside.max(2) - inside.min(2) > COLOURED) & (cover == 0)
    found = []
    for column in np.flatnonzero((cover > 0.3).any(0)):
        line = cover[:, column]
        edges = np.flatnonzero(np.diff(np.concatenate(([0], (line > 0.3).astype(np.int8), [0]))))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            low, high = max(int(start) - 1, 0), min(int(stop) + 1, len(line))  # the faint rim belongs to it
            weights = line[low:high]
            found.append(
                _Run(
                    int(column),
                    int(start),
                    int(stop) - 1,
                    float((weights * np.arange(low, high)).sum() / weights.sum()),
                    not other[max(start - 2, 0) : stop + 2, column].any(),
                )
            )
    return found


def _joined(runs: list[_Run]) -> list[_Run]:
    """Give runs that touch from column to column one group."""
    before: list[_Run] = []
    here: list[_Run] = []
    groups: dict[int, int] = {}
    for number, run in enumerate(runs):
        if here and run.column != here[0].column:
            before, here = here, []
        groups[number] = number
        run.group = number
        for other in before:
            if other.column == run.column - 1 and other.top - 1 <= run.bottom and run.top <= other.bottom + 1:
                groups[_root(groups, other.group)] = _root(groups, number)
        here.append(run)
    for run in runs:
        run.group = _root(groups, run.group)
    return runs


def _root(groups: dict[int, int], number: int) -> int:
    while groups[number] != number:
        number = groups[number]
    return number


def _without_samples(inside: Image, runs: list[_Run]) -> list[_Run]:
    """Leave out the samples of a legend: short level pieces with text at their right, and level pieces of dashes above or below the curve."""
    grey = inside.max(2)
    width = inside.shape[1]
    members: dict[int, list[_Run]] = {}
    for run in runs:
        members.setdefault(run.group, []).append(run)
    samples = []
    for mine in members.values():
        top, bottom = min(run.top for run in mine), max(run.bottom for run in mine)
        first, last = mine[0].column, mine[-1].column
        level = max(run.middle for run in mine) - min(run.middle for run in mine) < 0.75
        if not level or last - first > 0.2 * width:
            continue
        text = grey[max(top - 4, 0) : bottom + 5, last + 3 : last + 3 + max(40, last - first)]
        if text.size and (text < DARK).sum() >= 6:
            samples.append((top, bottom, first, last))
    if not samples:
        return runs

    # the dashes of one sample lie in one row: what is level with a sample, short and near is part of it
    def sampled(mine: list[_Run]) -> bool:
        top, bottom, first, last = min(run.top for run in mine), max(run.bottom for run in mine), mine[0].column, mine[-1].column
        return any(abs(top - a) <= 1 and abs(bottom - b) <= 1 and last - first <= 0.2 * width and abs(first - c) < 0.12 * width for a, b, c, _ in samples)  # fmt: skip

    return [run for mine in members.values() if not sampled(mine) for run in mine]


def _bridged(places: list[tuple[float, float]], width: int) -> tuple[list[tuple[float, float]], int, float]:
    found = [places[0]]
    bridged = 0
    for place in places[1:]:
        last = found[-1]
        gap = int(place[0] - last[0])
        if 1 < gap <= _JOINED * width:
            found += [(last[0] + step, last[1] + (place[1] - last[1]) * step / gap) for step in range(1, gap)]
            bridged += gap - 1
        found.append(place)
    return found, bridged, len(places) / (places[-1][0] - places[0][0] + 1)


def _parse(text: str) -> Any:
    import numpy as np

    code = text.removeprefix("#")
    if len(code) != 6 or any(letter not in "0123456789abcdefABCDEF" for letter in code):
        raise BadInput(f"{text!r} is no colour: write #RRGGBB.")
    return np.array([int(code[place : place + 2], 16) for place in (0, 2, 4)], dtype=np.float64)


def _hex(colour: Any) -> str:
    return "#" + "".join(f"{round(float(channel)):02x}" for channel in colour)
