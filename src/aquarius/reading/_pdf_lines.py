"""The lines of a PDF in reading order, and its text layer: what places of a PDF refer to.

A PDF's own bytes say nothing to a person. So the text layer stands for it as the file `NAME.txt`: every printed line is a line of it, in reading
order, and a form feed ends a page. It follows from the PDF alone, and a place is a byte range of it, with the page.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from ._pdf_pages import Box, Page, Word

_BAND = (0.4, 0.6)  # of the page's width: where a gutter between two columns can be


@dataclass
class Line:
    """Words on one baseline of one column, left to right."""

    words: list[Word]
    page: int
    column: int  # 0 across the page, 1 left, 2 right
    furniture: bool = False  # a running head, foot or page number

    @cached_property
    def left(self) -> float:
        """Where it begins, points from the left."""
        return min(word.left for word in self.words)

    @cached_property
    def right(self) -> float:
        """Where it ends."""
        return max(word.right for word in self.words)

    @cached_property
    def baseline(self) -> float:
        """Its baseline, points from the foot of the page."""
        return median(word.line for word in self.words)

    @cached_property
    def size(self) -> float:
        """The size of most of its characters, points."""
        sizes: Counter[float] = Counter()
        for word in self.words:
            sizes[round(word.size, 1)] += len(word.text) if not word.script else 0
        return max(sizes.items(), key=lambda item: (item[1], item[0]))[0]

    @cached_property
    def text(self) -> str:
        """Its text as it stands in the layer."""
        return "".join(("" if word.attached or not index else " ") + word.text for index, word in enumerate(self.words))

    @property
    def start(self) -> int:
        """Its first character in the text layer."""
        return self.words[0].start

    @property
    def end(self) -> int:
        """The end of its last character in the text layer."""
        return self.words[-1].end

    @cached_property
    def bold(self) -> bool:
        """Whether most of its letters are bold."""
        letters = sum(len(word.text) for word in self.words)
        return 2 * sum(len(word.text) for word in self.words if word.bold) > letters


def lines_of(pages: list[Page]) -> list[Line]:
    """Return the lines of all pages in reading order: across the page, then the left column, then the right."""
    gutter = _gutter(pages)
    edges = None if gutter is None else _edges(pages, gutter)
    lines: list[Line] = []
    for page in pages:
        parted = gutter is not None and edges is not None and _is_parted(page, gutter, edges)
        lines.extend(_page_lines(page, gutter * page.width if parted and gutter is not None else None))
    _mark_furniture(lines, {page.number: page for page in pages})
    return lines


def layer(lines: Iterable[Line]) -> str:
    """Return the text layer of lines in reading order, and tell each word its characters."""
    parts: list[str] = []
    length = 0
    page: int | None = None
    for line in lines:
        mark = "" if page is None or line.page == page else "\f"
        page = line.page
        parts.append(mark)
        length += len(mark)
        for index, word in enumerate(line.words):
            blank = "" if word.attached or not index else " "
            word.start = length + len(blank)
            word.end = word.start + len(word.text)
            length = word.end
            parts.append(blank + word.text)
        parts.append("\n")
        length += 1
    return "".join(parts)


def _crossings(page: Page, low: float, high: float) -> array[int]:
    """Count, for each point of the page's width, the words that lie over it; only text of ordinary size and what stands in the body."""
    counts = array("i", bytes(4 * (int(page.width) + 2)))
    for word in page.words:
        if low < word.line < high:
            for at in range(max(int(word.left), 0), min(int(word.right) + 1, len(counts))):
                counts[at] += 1
    return counts


def _gutter(pages: list[Page]) -> float | None:
    """Return where the gutter of a paper in two columns is, as a share of the width; None for one column.

    Over running text every point of the width is covered about as often; over a gutter only titles, wide tables and figures lie.
    """
    total = [0.0] * 200  # bins of half a percent of the width
    for page in pages:
        counts = _crossings(page, 0.07 * page.height, 0.93 * page.height)
        for bin_ in range(200):
            total[bin_] += counts[min(int((bin_ + 0.5) / 200 * page.width), len(counts) - 1)]
    usual = min(median(total[30:80]), median(total[120:170]))  # text on either side
    low, high = int(_BAND[0] * 200), int(_BAND[1] * 200)
    least = min(total[low:high])
    if usual < 5 or least > 0.4 * usual:  # a few words say nothing
        return None
    narrow = [bin_ for bin_ in range(low, high) if total[bin_] <= least + 0.03 * usual]
    runs: list[list[int]] = []
    for bin_ in narrow:
        if runs and runs[-1][-1] == bin_ - 1:
            runs[-1].append(bin_)
        else:
            runs.append([bin_])
    widest = max(runs, key=lambda run: (len(run), -abs(run[len(run) // 2] - 100)))
    return (widest[0] + widest[-1] + 1) / 400


def _sides(page: Page, at: float) -> tuple[dict[int, tuple[float, float]], dict[int, tuple[float, float]]]:
    """Return, for the body left of the gutter and right of it, the extent (left, right) of the words of each height."""
    sides: tuple[dict[int, tuple[float, float]], dict[int, tuple[float, float]]] = ({}, {})
    for word in page.words:
        if 0.07 * page.height < word.line < 0.93 * page.height and not word.left < at - 1 < at + 1 < word.right:
            side = sides[word.left > at - 1]
            low, high = side.get(round(word.line), (word.left, word.right))
            side[round(word.line)] = min(low, word.left), max(high, word.right)
    return sides


def _edges(pages: list[Page], gutter: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where the lines of each column begin and end, as shares of the width: the commonest extents."""
    found = []
    for which in (0, 1):
        extents: Counter[tuple[int, int]] = Counter()
        for page in pages:
            for low, high in _sides(page, gutter * page.width)[which].values():
                extents[round(low / page.width * 250), round(high / page.width * 250)] += 1
        (low, high), _ = max(extents.items(), key=lambda item: (item[1], item[0][1] - item[0][0]), default=((0, 0), 0))
        found.append((low / 250, high / 250))
    return found[0], found[1]


def _is_parted(page: Page, gutter: float, edges: tuple[tuple[float, float], tuple[float, float]]) -> bool:
    """Say whether a page of a paper in two columns has two columns itself: an appendix may have one, and a wide table may fill a page.

    It has them where on either side a fifth of the heights holds a full line of the column.
    """
    sides = _sides(page, gutter * page.width)
    if not sides[0] and not sides[1]:
        return False
    near = 0.007 * page.width
    for side, (low, high) in zip(sides, edges, strict=True):
        low, high = low * page.width, high * page.width
        full = sum(1 for left, right in side.values() if abs(left - low) < near and abs(right - high) < near)
        if side and full >= 0.2 * len(side):
            return True
    return False


def _page_lines(page: Page, gutter: float | None) -> list[Line]:
    """Return a page's lines in reading order."""
    if gutter is None:
        return [Line(words, page.number, 0) for words in _rows(page.words)]
    spans = _across(page, gutter)
    full = [word for word in page.words if _inside(word.line, spans)]
    rest = [word for word in page.words if not _inside(word.line, spans)]
    sides = [word for word in rest if word.left < gutter], [word for word in rest if word.left >= gutter]
    lines = [Line(words, page.number, 0) for words in _rows(full)]
    for column, side in enumerate(sides, 1):
        lines.extend(Line(words, page.number, column) for words in _rows(side))
    edges = sorted((span[1] for span in spans), reverse=True)  # tops of the bands across the page, from above

    def band(line: Line) -> int:
        above = sum(1 for edge in edges if edge > line.baseline)
        return 2 * above - (1 if line.column == 0 else 0)

    return sorted(lines, key=lambda line: (band(line), line.column, -line.baseline, line.left))


def _inside(y: float, spans: list[tuple[float, float]]) -> bool:
    return any(low <= y <= high for low, high in spans)


def _across(page: Page, gutter: float) -> list[tuple[float, float]]:
    """Return the heights (low, high) between which a page is set across its gutter: by words and by rules that lie over it."""
    spans = [(word.line - 0.3 * word.size, word.line + 0.8 * word.size) for word in _over(page, gutter)]
    body = 0.05 * page.height, 0.94 * page.height  # rules beyond belong to running heads
    over = (rule for rule in page.rules if rule.left < gutter - 15 and rule.right > gutter + 15 and body[0] < rule.bottom < body[1])
    wide = sorted(over, key=lambda rule: rule.bottom)
    stacks: list[list[Box]] = []
    for rule in wide:
        stack = next((each for each in stacks if abs(each[0].left - rule.left) < 4 and abs(each[0].right - rule.right) < 4), None)
        if stack is None:
            stacks.append([rule])
        else:
            stack.append(rule)
    # the rules of one table: at least two of one width
    spans.extend((stack[0].bottom - 1, stack[-1].bottom + 1) for stack in stacks if len(stack) > 1)
    merged: list[tuple[float, float]] = []
    for low, high in sorted(spans):
        if merged and low < merged[-1][1] + 5:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return [_with_last_line(page, gutter, span) for span in merged]


def _over(page: Page, gutter: float) -> list[Word]:
    """Return the words that lie over a gutter, and those before a blank of ordinary width that does."""
    found = [word for word in page.words if word.left < gutter - 2 and word.right > gutter + 2]
    ends: dict[int, Word] = {}
    begins: dict[int, Word] = {}
    for word in page.words:
        row = round(word.line)
        if word.right <= gutter + 2 and (row not in ends or word.right > ends[row].right):
            ends[row] = word
        elif word.left >= gutter - 2 and (row not in begins or word.left < begins[row].left):
            begins[row] = word
    found.extend(word for row, word in ends.items() if row in begins and begins[row].left - word.right < 0.7 * word.size)
    return found


def _with_last_line(page: Page, gutter: float, span: tuple[float, float]) -> tuple[float, float]:
    """Extend a band by a short last line below it: it begins where the band does, and nothing stands beside it on the right."""
    low, high = span
    inside = [word for word in page.words if low <= word.line <= high]
    if not inside:
        return span
    left, size = min(word.left for word in inside), median(word.size for word in inside)
    below = [word for word in page.words if low - 1.1 * size < word.line < low]
    if below and abs(min(word.left for word in below) - left) < 2 and all(word.right < gutter for word in below) and len(below) < 12:
        return min(word.line for word in below) - 0.3 * size, high
    return span


def _rows(words: list[Word]) -> list[list[Word]]:
    """Group words by baseline, from above; each row left to right."""
    rows: list[list[Word]] = []
    heights: list[float] = []
    for word in sorted(words, key=lambda word: (-word.line, word.left)):
        if rows and heights[-1] - word.line < 0.28 * word.size:
            rows[-1].append(word)
        else:
            rows.append([word])
            heights.append(word.line)
    for row in rows:
        row.sort(key=lambda word: (word.left, word.script))
        for before, word in zip([None, *row], row):  # noqa: B905
            if word.attached and (before is None or word.left - before.right > 0.3 * word.size + 1):
                word.attached = False
    return rows


def _mark_furniture(lines: list[Line], pages: dict[int, Page]) -> None:
    """Mark running heads and feet: in the margin of several pages at the same height with the same words but for numbers."""
    edges: defaultdict[tuple[int, str], set[int]] = defaultdict(set)

    def key(line: Line) -> tuple[int, str]:
        return round(line.baseline / 3), re.sub(r"[\divxlc]+", "#", line.text.lower()) if len(line.text) < 12 else re.sub(
            r"\d+", "#", line.text
        )

    outer = [line for line in lines if not 0.085 * pages[line.page].height < line.baseline < 0.915 * pages[line.page].height]
    for line in outer:
        edges[key(line)].add(line.page)
    for line in outer:
        number = re.fullmatch(r"[–—-]?\s*(\d{1,4}|[ivxl]{1,6})\s*[–—-]?", line.text.strip().lower())
        line.furniture = len(edges[key(line)]) >= 3 or number is not None
