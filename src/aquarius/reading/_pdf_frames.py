"""Where the tables of a PDF page are: captions with their lines, frames of rules or of aligned words, and which caption belongs to which frame."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from ._pdf_lines import Line
from ._pdf_pages import Box, Page, Word

CAPTION = re.compile(
    r"(?P<kind>Table|TABLE|Tab\.|Figure|FIGURE|Fig\.|FIG\.|Algorithm|ALGORITHM|Listing)\s*(?P<number>[A-Z]{0,2}\.?\d+(?:\.\d+)*(?:\([a-z]\)|[a-z](?=[:.]))?|[IVX]+)(?P<mark>\s*[:.|—–]|\s|$)"
)
_KINDS = {"tab": "table", "fig": "figure", "alg": "algorithm", "lis": "algorithm"}
_WIDE = 0.9  # em: a gap within a line that prose does not have


@dataclass
class CaptionLines:
    """A caption: what it numbers, and the words of each of its lines."""

    kind: str  # table, figure, algorithm
    number: str
    lines: list[list[Word]]
    page: int
    column: int

    @property
    def words(self) -> list[Word]:
        """Its words in order."""
        return [word for line in self.lines for word in line]

    @property
    def box(self) -> Box:
        """The rectangle of its words."""
        return box_of(self.words)


@dataclass
class Frame:
    """A part of a page that looks like a table: its rectangle, the words in it, the rules across it."""

    box: Box
    words: list[Word]
    rules: list[Box] = field(default_factory=list)
    ruled: bool = False


def box_of(words: list[Word]) -> Box:
    """Return the rectangle around words."""
    return Box(
        min(word.left for word in words),
        min(word.baseline - 0.25 * word.size for word in words),
        max(word.right for word in words),
        max(word.baseline + 0.75 * word.size for word in words),
    )


def captions_of(page: Page, lines: list[Line]) -> list[CaptionLines]:
    """Return the captions of a page's lines; two that stand side by side are two."""
    found: list[CaptionLines] = []
    for index, line in enumerate(lines):
        starts = [(at, match) for at in range(len(line.words)) if (match := _caption_at(line.words, at)) is not None]
        if starts and _within_text(lines, index, starts[0][1], line):
            continue
        for order, (at, match) in enumerate(starts):
            until = starts[order + 1][0] if order + 1 < len(starts) else len(line.words)
            left = line.words[at].left
            right = line.words[until].left if until < len(line.words) else 1e9
            if until == len(line.words) and (edge := _text_beside(lines, index, at)) is not None:
                until, right = edge, line.words[edge].left - 0.5
            first = line.words[at:until]
            beside = order > 0 or len(starts) > 1 or until < len(line.words)
            rest = _following(page, lines, index, first, left, right, beside=beside)
            kind = _KINDS[match["kind"][:3].lower()]
            found.append(CaptionLines(kind, match["number"].rstrip("."), [first, *rest], line.page, line.column))
    return found


def _caption_at(words: list[Word], at: int) -> re.Match[str] | None:
    """Return the start of a caption at a word: at the start of a line or behind a wide gap, with a colon or full stop, or in bold."""
    word = words[at]
    if word.text[:3].lower() not in _KINDS or (at and word.left - words[at - 1].right < _WIDE * word.size):
        return None
    text = "".join(("" if each.attached or not index else " ") + each.text for index, each in enumerate(words[at : at + 4]))
    match = CAPTION.match(text)
    if match is None:
        return None
    marked = match["mark"].strip() in {":", ".", "|", "—", "–"} and match["mark"].strip() != ""
    alone = match.end() >= len(text) and len(words) - at <= 3
    return match if marked or alone or word.bold else None


def _text_beside(lines: list[Line], index: int, at: int) -> int | None:
    """Return the word at which running text begins beside a caption: behind a gap that the lines above or below have at the same place."""
    line = lines[index]
    for number in range(at + 2, len(line.words)):
        before, word = line.words[number - 1], line.words[number]
        if word.left - before.right < 1.1 * word.size:
            continue
        middle = (before.right + word.left) / 2
        near = [other for other in lines[max(index - 3, 0) : index + 4] if other is not line and other.page == line.page]
        open_there = [
            other
            for other in near
            if other.left < middle < other.right and all(not each.left < middle < each.right for each in other.words)
        ]
        same = [other for other in open_there if any(abs(each.left - word.left) < 2 for each in other.words)]
        if len(same) >= 2:
            return number
    return None


def _within_text(lines: list[Line], index: int, match: re.Match[str], line: Line) -> bool:
    """Say whether a line that begins with "Table 7." only goes on with a sentence of the paragraph above."""
    if match["mark"].strip() != "." or line.words[0].bold or not index:
        return False
    before = lines[index - 1]
    near = before.page == line.page and before.column == line.column and 0 < before.baseline - line.baseline < 1.4 * line.size
    return near and abs(before.size - line.size) < 0.3 and _is_prose(before.words) and not before.text.rstrip().endswith((".", "!", "?"))


def _following(
    page: Page, lines: list[Line], index: int, first: list[Word], left: float, right: float, *, beside: bool
) -> list[list[Word]]:
    """Return the further lines of a caption: at the usual distance, of the same size, no rule between, no row of a table."""
    line = lines[index]
    rest: list[list[Word]] = []
    last = line.baseline
    leading = 0.0
    size = median(word.size for word in first)
    for following in lines[index + 1 : index + 25]:
        if following.page != line.page or following.column != line.column:
            break
        words = [word for word in following.words if word.left >= left - 3 * size and word.right < right] if beside else following.words
        drop = last - following.baseline
        if not words:
            continue
        if drop <= 0 or drop > (1.18 * leading if leading else 1.6 * size) + 0.5:
            break
        if abs(following.size - line.size) > 0.6 or any(_caption_at(words, at) for at in range(len(words))):
            break
        if any(
            last > rule.bottom > following.baseline and rule.right - rule.left > 20 for rule in _near(page.rules, left, following.right)
        ):
            break
        if _gaps(words) >= 2 and not _is_prose(words):
            break
        leading = leading or drop
        rest.append(words)
        last = following.baseline
    return rest


def _near(rules: list[Box], left: float, right: float) -> list[Box]:
    return [rule for rule in rules if rule.top - rule.bottom <= 3 and rule.right > left and rule.left < right]


def _gaps(words: list[Word]) -> int:
    """Count the wide gaps of a row."""
    return sum(1 for before, word in pairwise(words) if word.left - before.right > _WIDE * word.size)


def _is_prose(words: list[Word]) -> bool:
    """Say whether a row reads like running text: several words, mostly letters, hardly a wide gap."""
    if any(word.left - before.right > 1.5 * word.size for before, word in pairwise(words)):
        return False
    letters = sum(1 for word in words if len(word.text) > 1 and word.text.strip(".,;:()").isalpha())
    return len(words) >= 6 and letters >= 0.6 * len(words) and _gaps(words) <= 1


def frames_of(page: Page, lines: list[Line], captions: list[CaptionLines]) -> list[Frame]:
    """Return the frames of a page: between rules of one width, and for captions that none of these can belong to, of aligned words."""
    taken = {id(word) for caption in captions for word in caption.words}
    frames = _ruled(page, lines, captions, taken)
    for caption in captions:
        if caption.kind == "table" and not any(_fits(caption, frame) for frame in frames):
            frame = _aligned(page, lines, caption, taken, frames)
            if frame is not None:
                frames.append(frame)
    return frames


def _ruled(page: Page, lines: list[Line], captions: list[CaptionLines], taken: set[int]) -> list[Frame]:
    rules = _joined([rule for rule in page.rules if rule.top - rule.bottom <= 3 and rule.right - rule.left >= 15])
    used: set[Box] = set()
    frames = []
    for rule in sorted(rules, key=lambda rule: (rule.left - rule.right, -rule.top)):  # the widest first
        if rule in used:
            continue
        stack = sorted(
            (other for other in rules if other not in used and abs(other.left - rule.left) < 4 and abs(other.right - rule.right) < 4),
            key=lambda other: -other.top,
        )
        for group in _cut(page, lines, captions, stack, taken):
            if len(group) < 2:
                continue
            inner = [other for other in rules if other.left >= rule.left - 5 and other.right <= rule.right + 5]
            inner = [other for other in inner if group[-1].bottom - 1 <= other.bottom <= group[0].top + 1]
            used.update(inner)
            box = Box(rule.left, group[-1].bottom, rule.right, group[0].top)
            words = [word for word in page.words if id(word) not in taken and _holds(box, word)]
            words += _headless(lines, box, taken, words)
            if len(words) >= 4:
                frames.append(Frame(_around(box, words), words, inner, ruled=True))
    return frames


def _joined(rules: list[Box]) -> list[Box]:
    """Join pieces of a rule that touch: a line drawn cell by cell is one."""
    joined: list[Box] = []
    for rule in sorted(rules, key=lambda rule: (round(rule.bottom), rule.left)):
        last = joined[-1] if joined else None
        if last and abs(last.bottom - rule.bottom) < 1 and rule.left - last.right < 1.2:
            joined[-1] = Box(last.left, min(last.bottom, rule.bottom), max(last.right, rule.right), max(last.top, rule.top))
        else:
            joined.append(rule)
    return joined


def _cut(page: Page, lines: list[Line], captions: list[CaptionLines], stack: list[Box], taken: set[int]) -> list[list[Box]]:
    """Cut a stack of rules where no table goes on: at a caption, at running text, at emptiness."""
    groups: list[list[Box]] = [[]]
    for rule in stack:
        if groups[-1]:
            above = groups[-1][-1]
            between = Box(rule.left, rule.top, rule.right, above.bottom)
            words = [word for word in page.words if _holds(between, word)]
            inside = [
                line for line in lines if rule.top < line.baseline < above.bottom and line.left < rule.right and line.right > rule.left
            ]
            prose = sum(1 for line in inside if _is_prose(line.words) and line.right - line.left > 0.8 * (rule.right - rule.left))
            empty = not words and above.bottom - rule.top > 12
            if any(id(word) in taken for word in words) or empty or (prose >= 3 and prose > 0.6 * len(inside)):
                groups.append([])
        groups[-1].append(rule)
    return groups


def _holds(box: Box, word: Word) -> bool:
    middle = word.baseline + 0.25 * word.size
    return box.left - 4 <= (word.left + word.right) / 2 <= box.right + 4 and box.bottom - 1 < middle < box.top + 1


def _around(box: Box, words: list[Word]) -> Box:
    inner = box_of(words)
    return Box(min(box.left, inner.left), min(box.bottom, inner.bottom), max(box.right, inner.right), max(box.top, inner.top))


def _headless(lines: list[Line], box: Box, taken: set[int], inside: list[Word]) -> list[Word]:
    """Return the words of a header above the first rule: rows with wide gaps, right above it."""
    if not inside:
        return []
    found: list[Word] = []
    edge = box.top
    size = median(word.size for word in inside)
    for line in sorted(lines, key=lambda line: line.baseline):
        if not edge - 1 <= line.baseline <= edge + 1.1 * size:
            continue
        words = [word for word in line.words if box.left - 4 <= word.left and word.right <= box.right + 4 and id(word) not in taken]
        if not words or _gaps(words) == 0 or _is_prose(words):
            break
        found.extend(words)
        edge = line.baseline + 0.75 * size
    return found


def _fits(caption: CaptionLines, frame: Frame) -> bool:
    return _distance(caption, frame) < 60


def _distance(caption: CaptionLines, frame: Frame) -> float:
    """Return how far a frame is from a caption, in points of height, more where they do not stand over each other."""
    box = caption.box
    over = min(box.right, frame.box.right) - max(box.left, frame.box.left)
    if over <= 0:
        return 1e6
    narrow = min(box.right - box.left, frame.box.right - frame.box.left)
    apart = frame.box.bottom - box.top if frame.box.bottom >= box.top - 3 else box.bottom - frame.box.top
    return (abs(apart) if apart > -6 else 1e5) + (30 if over < 0.5 * narrow else 0)


def _aligned(page: Page, lines: list[Line], caption: CaptionLines, taken: set[int], frames: list[Frame]) -> Frame | None:
    """Return a table without rules beside its caption: rows with gaps, below it or above it."""
    box = caption.box
    columns = [line for line in lines if line.page == caption.page and line.column == caption.column and not line.furniture]
    best: list[Word] = []
    for below in (True, False):
        edge = box.bottom if below else box.top
        words: list[Word] = []
        ordered = sorted(columns, key=lambda line: -line.baseline if below else line.baseline)
        rows = until = 0
        for line in ordered:
            away = edge - line.baseline if below else line.baseline - edge
            if away < -2 or any(id(word) in taken for word in line.words) or any(_holds(frame.box, line.words[0]) for frame in frames):
                if words and away >= -2:
                    break
                continue
            if away > 2.6 * line.size + 6:
                break
            if _is_prose(line.words) or (not _gaps(line.words) and (len(line.words) > 8 or not words)):
                break
            rows += _gaps(line.words) > 0
            words.extend(line.words)
            edge = line.baseline
            if _gaps(line.words):
                until = len(words)
        words = words[:until]  # not the text behind the last row
        if rows >= 2 and len(words) > len(best):
            best = words
    return Frame(box_of(best), best) if best else None


def matched(captions: list[CaptionLines], frames: list[Frame]) -> list[tuple[CaptionLines | None, Frame]]:
    """Give each caption of a table at most one frame and each frame at most one caption: the nearest pairs first.

    A page has one habit, captions above or captions below: where pairs are equally near, the habit decides.
    """
    tables = [caption for caption in captions if caption.kind == "table"]
    frames = [frame for frame in frames if frame.words]
    pairs = sorted(
        ((_distance(caption, frame), index, order) for index, caption in enumerate(tables) for order, frame in enumerate(frames)),
    )
    pairs = [pair for pair in pairs if pair[0] < 150]
    best = _assignment(pairs, len(tables), [len(frame.words) for frame in frames])
    result: list[tuple[CaptionLines | None, Frame]] = []
    for order, frame in enumerate(frames):
        index = next((index for index, taken in best.items() if taken == order), None)
        if index is None:
            index = next((index for index, taken in best.items() if _shares(frame, frames[taken], tables[index])), None)
        result.append((tables[index] if index is not None else None, frame))
    return result


def _shares(frame: Frame, other: Frame, caption: CaptionLines) -> bool:
    """Say whether two frames stand side by side over (or under) one caption."""
    overlap = min(frame.box.top, other.box.top) - max(frame.box.bottom, other.box.bottom)
    level = overlap > 0.5 * min(frame.box.top - frame.box.bottom, other.box.top - other.box.bottom)
    apart = frame.box.left > other.box.right or frame.box.right < other.box.left
    return level and apart and _distance(caption, frame) < 60


def _assignment(pairs: list[tuple[float, int, int]], captions: int, sizes: list[int]) -> dict[int, int]:
    """Return caption -> frame: as many captions as can be served, then the smallest sum of distances."""
    options: dict[int, list[tuple[float, int]]] = {index: [] for index in range(captions)}
    for distance, index, order in pairs:
        if len(options[index]) < 4:
            options[index].append((distance, order))
    best: tuple[float, dict[int, int]] = (float("inf"), {})

    def place(index: int, cost: float, chosen: dict[int, int]) -> None:
        nonlocal best
        if cost >= best[0]:
            return
        if index == captions:
            best = (cost, dict(chosen))
            return
        for distance, order in options[index]:
            if order not in chosen.values():
                place(index + 1, cost + distance, {**chosen, index: order})
        place(index + 1, cost + 200, chosen)

    if captions <= 8:
        place(0, 0.0, {})
        return best[1]
    chosen: dict[int, int] = {}
    for _, index, order in pairs:
        if index not in chosen and order not in chosen.values():
            chosen[index] = order
    return chosen
