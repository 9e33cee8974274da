"""A table of a PDF as a grid: columns from alignment across rows, cells that span from rules and centring, wrapped lines put together."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from ._pdf_frames import Frame
from ._pdf_pages import Box, Word

_NUMBER = re.compile(r"^[<>≤≥~≈∼+\-−–±]?[\d.,]*\d[\d.,]*(%|[kKMGBT]|×|x|s|ms|h)?$|^[-–—−]+$|^n/?a$", re.IGNORECASE)
_MARKS = {"*", "**", "∗", "†", "‡", "§", "¶", "⋆", "♢", "♣"}
_CHUNK = 0.42  # em: words nearer than this are one text, until alignment across rows says otherwise
_TIGHT = 0.1  # em: between two numbers


@dataclass
class Chunk:
    """Words of a row that are read as one text."""

    words: list[Word]

    @property
    def left(self) -> float:
        """Where it begins."""
        return min(word.left for word in self.words)

    @property
    def right(self) -> float:
        """Where it ends."""
        return max(word.right for word in self.words)

    @property
    def numeric(self) -> bool:
        """Whether it is a number, perhaps with its spread, unit or a remark: digits and signs make up most of it."""
        text = "".join(word.text for word in self.words)
        digits = sum(character.isdigit() for character in text)
        letters = sum(character.isalpha() for character in text)
        return bool(_NUMBER.match(text)) or (digits > 0 and letters <= 0.34 * len(text))


@dataclass
class Row:
    """Chunks on one baseline, and what they become: words by column, with how many columns they span."""

    baseline: float
    chunks: list[Chunk]
    cells: dict[int, list[Word]] = field(default_factory=dict)  # first column -> words
    spans: dict[int, int] = field(default_factory=dict)  # first column -> number of columns


def grid_of(frame: Frame) -> tuple[list[list[list[Word]]], int]:
    """Return the grid of a frame, and how many of its rows are the header.

    Rows have cells of equal number, each the words in it; a cell that spans several columns or rows stands in each.
    """
    rows = _rows(frame.words)
    if not rows:
        return [], 0
    rules = _clean_rules(frame)
    rows = _stacked(rows)
    head = _head(rows, rules, frame)
    rows, head = _wrapped_head(rows, head, rules)
    columns = _columns(rows, head)
    for index, row in enumerate(rows):
        _place(row, columns, rules, index < head)
    rows = _merge_wrapped(rows, head, columns, rules)
    _fill_labels(rows, head, len(columns), _full(rules, frame))
    return _without_marks([_filled(row, len(columns)) for row in rows]), head


def _rows(words: list[Word]) -> list[Row]:
    """Return the rows of a frame from above, cut into chunks."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (-word.line, word.left)):
        if rows and rows[-1][0].line - word.line < 0.3 * word.size:
            rows[-1].append(word)
        else:
            rows.append([word])
    result = []
    for row in rows:
        row.sort(key=lambda word: (word.left, word.script))
        chunks = [Chunk([row[0]])]
        for before, word in pairwise(row):
            if _parts(before, word):
                chunks.append(Chunk([word]))
            else:
                chunks[-1].words.append(word)
        result.append(Row(median(word.line for word in row), chunks))
    return result


def _parts(before: Word, word: Word) -> bool:
    gap = word.left - before.right
    size = max(before.size, word.size) if not (before.script or word.script) else min(before.size, word.size) / 0.7
    if word.attached or gap < _TIGHT * size or (word.text in _MARKS and gap < 1.3 * size):
        return False
    numbers = bool(_NUMBER.match(before.text)) and bool(_NUMBER.match(word.text)) and not before.text.endswith(",")
    return gap > (_TIGHT if numbers else _CHUNK) * size


def _clean_rules(frame: Frame) -> list[Box]:
    """Return a frame's horizontal rules from above, without those that underline a word."""
    kept = []
    for rule in sorted(frame.rules, key=lambda rule: -rule.bottom):
        under = any(
            0 <= word.baseline - rule.bottom < 0.32 * word.size and abs(word.left - rule.left) < 3 and rule.right - word.right < 40
            for word in frame.words
        )
        short = rule.right - rule.left < 0.5 * (frame.box.right - frame.box.left)
        if not (
            under
            and short
            and not any(abs(rule.bottom - other.bottom) < 1 and other is not rule for other in frame.rules if other.right - other.left > 40)
        ):
            kept.append(rule)
    return kept


def _full(rules: list[Box], frame: Frame) -> list[float]:
    """Return the heights of the rules that cross the whole frame."""
    width = frame.box.right - frame.box.left
    return sorted({round(rule.bottom, 1) for rule in rules if rule.right - rule.left > 0.85 * width}, reverse=True)


def _head(rows: list[Row], rules: list[Box], frame: Frame) -> int:
    """Return how many rows are the header: down to the first rule across the frame below some row, else down to the first row of numbers."""
    numeric = [sum(chunk.numeric for chunk in row.chunks) for row in rows]
    first = next(
        (index for index, count in enumerate(numeric) if count >= max(1, 0.4 * len(rows[index].chunks)) and count >= 0.3 * max(numeric)), 1
    )
    for height in _full(rules, frame):
        above = sum(1 for row in rows if row.baseline > height)
        if 0 < above < len(rows):
            return above if above <= max(first, 4) + 1 else min(first, above)
    most = max(len(row.chunks) for row in rows)
    spanning = next((index for index, row in enumerate(rows) if len(row.chunks) >= 0.7 * most), 0)
    return min(max(first, 1), spanning + 1, len(rows) - 1)


def _columns(rows: list[Row], head: int) -> list[tuple[float, float]]:
    """Return the columns (left, right): what lies between the gaps that go through (nearly) all rows of the body."""
    body = [row for row in rows[head:] if len(row.chunks) > 1] or [row for row in rows if len(row.chunks) > 1] or rows
    if len(body) < 0.3 * len(rows[head:]) and not any(chunk.numeric for row in body for chunk in row.chunks[1:]):
        body = rows  # texts in one column, some with a wider blank
    most = max(len(row.chunks) for row in body)
    wide = [row for row in body if len(row.chunks) >= 0.5 * most] or body
    separators = _separators(wide)
    texts = [chunk for row in rows[head:] for chunk in row.chunks] or [chunk for row in rows for chunk in row.chunks]
    edges = [-1e9, *separators, 1e9]
    columns = []
    for low, high in pairwise(edges):
        inside = [word for row in wide for chunk in row.chunks for word in chunk.words if low < (word.left + word.right) / 2 < high]
        if not inside:
            inside = [word for chunk in texts for word in chunk.words if low < (word.left + word.right) / 2 < high]
        if inside:
            columns.append((min(word.left for word in inside), max(word.right for word in inside)))
    return _with_head_columns(rows, head, columns)


def _separators(rows: list[Row]) -> list[float]:
    """Return the places of the gaps, in points: no row has ink there, or only the few rows in which a text spans columns."""
    most = max(len(row.chunks) for row in rows)
    clear = _intervals(rows, 0)
    spanned = _intervals([row for row in rows if len(row.chunks) == most], 0) if len(rows) > 3 else []
    for low, high in spanned:
        crossing = sum(1 for row in rows if any(chunk.left < (low + high) / 2 < chunk.right for chunk in row.chunks))
        if crossing <= 0.34 * len(rows) and not any(low < right and left < high for left, right in clear):
            clear.append((low, high))
    return [(low + high) / 2 for low, high in sorted(clear)]


def _intervals(rows: list[Row], tolerated: int) -> list[tuple[float, float]]:
    """Return the gaps (left, right) in which at most `tolerated` rows have ink, with content on either side of each."""
    edges = sorted({edge for row in rows for chunk in row.chunks for edge in (chunk.left, chunk.right)})
    found: list[tuple[float, float]] = []
    for low, high in pairwise(edges):
        middle = (low + high) / 2
        if sum(1 for row in rows for chunk in row.chunks if chunk.left < middle < chunk.right) > tolerated:
            continue
        if found and abs(found[-1][1] - low) < 1e-6:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    kept: list[tuple[float, float]] = []
    left = -1e9
    for low, high in found:
        between = any(left <= (chunk.left + chunk.right) / 2 <= low + 0.01 for row in rows for chunk in row.chunks)
        if high - low > 0.4 and between:
            kept.append((low, high))
            left = high
    return kept


def _with_head_columns(rows: list[Row], head: int, columns: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Add the columns that only the header names: a header's chunk that lies in a gap between two columns."""
    for row in rows[:head]:
        for chunk in row.chunks:
            if all(chunk.right < left - 1 or chunk.left > right + 1 for left, right in columns):
                columns = sorted([*columns, (chunk.left, chunk.right)])
    return columns


def _place(row: Row, columns: list[tuple[float, float]], rules: list[Box], heading: bool) -> None:
    """Give each chunk of a row its column, or the columns it spans; a chunk in which a gap between columns lies is cut there."""
    lone = len(row.chunks) == 1 and not row.chunks[0].numeric
    chunks = row.chunks if lone else [part for chunk in row.chunks for part in _recut(chunk, columns, heading)]
    if lone and not heading:
        ranges = [_lone(chunks[0], columns)]
    elif heading and len(chunks) < len(columns):
        ranges = _shared(chunks, columns, rules, row)
    else:
        ranges = [_covered(chunk, columns) for chunk in chunks]
    for chunk, (first, count) in zip(chunks, ranges, strict=True):
        if first in row.cells:
            row.cells[first] += chunk.words
            row.spans[first] = max(row.spans[first], count)
        else:
            row.cells[first], row.spans[first] = list(chunk.words), count


def _recut(chunk: Chunk, columns: list[tuple[float, float]], heading: bool) -> list[Chunk]:
    """Cut a chunk where its words go over from one column to the next: between numbers, or at a gap wider than its others."""
    gaps = [word.left - before.right for before, word in pairwise(chunk.words) if not word.attached]
    usual = median(gaps) if gaps else 0.0
    result = [Chunk([chunk.words[0]])]
    for before, word in pairwise(chunk.words):
        gap, middle = word.left - before.right, (before.right + word.left) / 2
        between = any(first[1] - 1 < middle < second[0] + 1 for first, second in pairwise(columns))
        numbers = bool(_NUMBER.match(before.text) or before.script) and bool(_NUMBER.match(word.text))
        apart = gap > (0.3 if heading else 0.12) * word.size and (numbers or len(gaps) < 2 or gap > 1.25 * usual)
        if between and apart and not word.attached and _home(before, columns) != _home(word, columns):
            result.append(Chunk([word]))
        else:
            result[-1].words.append(word)
    return result


def _home(word: Word, columns: list[tuple[float, float]]) -> int:
    middle = (word.left + word.right) / 2
    return min(range(len(columns)), key=lambda index: max(columns[index][0] - middle, middle - columns[index][1], 0))


def _lone(chunk: Chunk, columns: list[tuple[float, float]]) -> tuple[int, int]:
    """Return the columns of a row's only text: all where it stands in the middle of the table, else the one it begins in."""
    middle = (chunk.left + chunk.right) / 2
    centred = abs((columns[0][0] + columns[-1][1]) / 2 - middle) < 6 and chunk.left > columns[0][0] + 6
    if centred and len(columns) > 2:
        return 0, len(columns)
    if abs(chunk.left - columns[0][0]) < 15:
        return 0, 1
    return min(range(len(columns)), key=lambda index: _off(chunk, columns, index, index)), 1


def _covered(chunk: Chunk, columns: list[tuple[float, float]]) -> tuple[int, int]:
    """Return the columns that a chunk of the body lies over."""
    covered = [
        index for index, (left, right) in enumerate(columns) if min(right, chunk.right) - max(left, chunk.left) > 0.5 * (right - left)
    ]
    if not covered:
        return min(range(len(columns)), key=lambda index: _off(chunk, columns, index, index)), 1
    return covered[0], covered[-1] - covered[0] + 1


def _off(chunk: Chunk, columns: list[tuple[float, float]], first: int, last: int) -> float:
    """Return how far a chunk is from standing right over columns: in the middle, or for one column at its left or right edge."""
    left, right = columns[first][0], columns[last][1]
    if first != last:
        over = max(0.0, chunk.left - right, left - chunk.right)
        centres = (sum(columns[first]) + sum(columns[last])) / 4
        middle = (chunk.left + chunk.right) / 2
        return min(abs((left + right) / 2 - middle), abs(centres - middle)) + over
    return min(abs((left + right) / 2 - (chunk.left + chunk.right) / 2), abs(left - chunk.left), abs(right - chunk.right))


def _shared(chunks: list[Chunk], columns: list[tuple[float, float]], rules: list[Box], row: Row) -> list[tuple[int, int]]:
    """Share the columns out among a header's chunks, each a run of columns in order, so that every chunk stands over its run.

    A rule below a chunk says its run; an empty column costs as much as standing two points off.
    """
    fixed = [_ruled_run(chunk, columns, rules, row) for chunk in chunks]
    fixed = [run if fixed.count(run) == 1 else None for run in fixed]  # a rule that goes on below the next text says nothing
    count = len(columns)
    infinite = (float("inf"), ())
    best: list[tuple[float, tuple[tuple[int, int], ...]]] = [(2.0 * until, ()) for until in range(count + 1)]  # no chunk placed yet
    for chunk, run in zip(chunks, fixed, strict=True):
        following: list[tuple[float, tuple[tuple[int, int], ...]]] = [infinite] * (count + 1)
        for until in range(1, count + 1):
            for first in range(until):
                cost, placed = best[first]
                if run is None:
                    here = _off(chunk, columns, first, until - 1) + (0.5 if until - first > 1 else 0.0)
                    if until - first > 1 and (columns[first][0] > chunk.left + 12 or columns[until - 1][1] < chunk.right - 12):
                        continue
                elif run == (first, until - first):
                    here = 0.0
                else:
                    continue
                following[until] = min(following[until], (cost + here, (*placed, (first, until - first))))
        for until in range(1, count + 1):  # a column left empty behind
            cost, placed = following[until - 1]
            following[until] = min(following[until], (cost + 2.0, placed))
        best = following
    cost, placed = best[count]
    return list(placed) if len(placed) == len(chunks) else [_covered(chunk, columns) for chunk in chunks]


def _ruled_run(chunk: Chunk, columns: list[tuple[float, float]], rules: list[Box], row: Row) -> tuple[int, int] | None:
    """Return the run of columns that a rule right below a chunk covers."""
    size = chunk.words[0].size
    under = [
        rule
        for rule in rules
        if 0 < row.baseline - rule.bottom < 1.1 * size and rule.left - 3 < chunk.left and chunk.right < rule.right + 3
    ]
    if not under:
        return None
    rule = min(under, key=lambda rule: rule.right - rule.left)
    inside = [index for index, (left, right) in enumerate(columns) if rule.left - 2 <= (left + right) / 2 <= rule.right + 2]
    return (inside[0], len(inside)) if inside and len(inside) < len(columns) else None


def _stacked(rows: list[Row]) -> list[Row]:
    """Put together rows nearer than three quarters of the usual distance: lines of one row that are centred against each other.

    Where a row of few texts lies half-way between two of many, it is a label of both: it belongs to the upper, and to the lower of a header.
    """
    pitches = [first.baseline - second.baseline for first, second in pairwise(rows)]
    if len(pitches) < 2:
        return rows
    size = median(chunk.words[0].size for row in rows for chunk in row.chunks)
    most = max(len(row.chunks) for row in rows)
    full = [row.baseline for row in rows if len(row.chunks) > 0.5 * most]
    usual = median(first - second for first, second in pairwise(full)) if len(full) > 2 else median(pitches)
    near = min(0.72 * usual, 0.95 * size)  # two lines of one text are further apart than their height
    groups: list[list[Row]] = [[rows[0]]]
    for pitch, row in zip(pitches, rows[1:], strict=True):
        if pitch < near:
            groups[-1].append(row)
        else:
            groups.append([row])
    result: list[Row] = []
    for group in groups:
        main = _main(group, near)
        for row in group:
            if all(row is not other for other in main):
                away = sorted(main, key=lambda other: (abs(other.baseline - row.baseline), -other.baseline))
                both = len(away) > 1 and abs(away[1].baseline - row.baseline) < near
                for other in away[: 2 if both else 1]:
                    _join(other, row)
        result.extend(main)
    return result


def _main(group: list[Row], near: float) -> list[Row]:
    """Return the rows of a group that the others belong to: the fullest, and those of several texts a whole row away from it."""
    main = [max(group, key=lambda row: len(row.chunks))]
    for row in group:
        if len(row.chunks) > 1 and all(abs(row.baseline - other.baseline) >= near for other in main):
            main.append(row)
    return sorted(main, key=lambda row: -row.baseline)


def _join(row: Row, other: Row) -> None:
    """Add another row's chunks: to the chunk they lie over or under, else beside."""
    for chunk in other.chunks:
        over = [
            mine
            for mine in row.chunks
            if min(mine.right, chunk.right) - max(mine.left, chunk.left) > 0.3 * min(mine.right - mine.left, chunk.right - chunk.left)
        ]
        if over:
            new = [word for word in chunk.words if all(word is not mine for mine in over[0].words)]
            over[0].words = sorted([*over[0].words, *new], key=lambda word: (-round(word.line), word.left, word.script))
        else:
            row.chunks.append(Chunk(list(chunk.words)))
    row.chunks.sort(key=lambda chunk: chunk.left)


def _wrapped_head(rows: list[Row], head: int, rules: list[Box]) -> tuple[list[Row], int]:
    """Put the lines of a header together where each text of the lower goes on with one text of the upper, and no rule lies between."""
    result: list[Row] = []
    for row in rows[:head]:
        before = result[-1] if result else None
        ruled = before is not None and any(row.baseline < rule.bottom < before.baseline for rule in rules)
        if before is not None and not ruled and _under(before, row):
            _join(before, row)
            before.baseline = row.baseline
        else:
            result.append(row)
    return [*result, *rows[head:]], len(result)


def _under(upper: Row, lower: Row) -> bool:
    """Say whether every text of the lower row stands under one of the upper row, no two under the same, and no more of them than above."""
    taken = set()
    for chunk in lower.chunks:
        over = [index for index, mine in enumerate(upper.chunks) if min(mine.right, chunk.right) - max(mine.left, chunk.left) > 0]
        if len(over) != 1 or over[0] in taken:
            return False
        taken.add(over[0])
    return len(upper.chunks) > 1


def _absorb(row: Row, other: Row) -> None:
    """Add the cells of another row below."""
    for first, words in other.cells.items():
        row.cells[first] = row.cells.get(first, []) + words
        row.spans[first] = max(row.spans.get(first, 1), other.spans[first])


def _merge_wrapped(rows: list[Row], head: int, columns: list[tuple[float, float]], rules: list[Box]) -> list[Row]:
    """Put a row that only goes on with the texts of the row above together with it."""
    if len(columns) < 2:
        return rows
    pitches = [first.baseline - second.baseline for first, second in pairwise(rows)]
    usual = median(pitches) if pitches else 0.0
    result: list[Row] = []
    for index, row in enumerate(rows):
        before = result[-1] if result and index > head else None
        ruled = before is not None and any(row.baseline < rule.bottom < before.baseline for rule in rules)
        if before is not None and not ruled and before.baseline - row.baseline < 1.3 * usual and _goes_on(before, row, columns):
            _absorb(before, row)
            before.baseline = row.baseline
        else:
            result.append(row)
    return result


def _goes_on(before: Row, row: Row, columns: list[tuple[float, float]]) -> bool:
    """Say whether every cell of a row goes on with the text above it: that text is broken by a hyphen, or its line had no room for the next word."""
    if not set(row.cells) <= set(before.cells):
        return False
    for first, words in row.cells.items():
        above = before.cells[first]
        last = above[-1]
        if Chunk(words).numeric or Chunk(above).numeric or row.spans[first] > 1 or before.spans[first] > 1:
            return False
        if last.text.endswith("-") and len(last.text) > 2 and words[0].text[:1].islower():
            continue
        line = [word for word in above if abs(word.line - last.line) < 1]
        room = columns[first][1] - max(word.right for word in line)
        if len(line) < 2 or room > words[0].right - words[0].left + 0.2 * last.size:
            return False
    return True


def _fill_labels(rows: list[Row], head: int, columns: int, rules: list[float]) -> None:
    """Repeat a label of several rows in each of them: in the first columns, where every label stands in the middle of the rows it can name.

    The rows between two rules across the table are shared out from above: each label takes the rows up to its mirror image.
    """
    blocks: list[list[Row]] = []
    for before, row in zip([None, *rows[head:]], rows[head:]):  # noqa: B905
        if before is None or any(row.baseline < height < before.baseline for height in rules):
            blocks.append([])
        blocks[-1].append(row)
    for block in blocks:
        for column in range(min(2, columns - 1)):
            runs = _runs(block, column)
            for words, start, end in runs or ():
                for row in block[start:end]:
                    if column not in row.cells:
                        row.cells[column], row.spans[column] = words, 1


def _runs(block: list[Row], column: int) -> list[tuple[list[Word], int, int]] | None:
    """Return the labels of a column with the rows (start, end) each stands in the middle of; None where they do not share the block out."""
    labelled = [index for index, row in enumerate(block) if column in row.cells]
    if (
        not labelled
        or len(labelled) == len(block)
        or any(Chunk(block[index].cells[column]).numeric or block[index].spans[column] > 1 for index in labelled)
    ):
        return None
    pitch = (block[0].baseline - block[-1].baseline) / max(len(block) - 1, 1)
    runs: list[tuple[list[Word], int, int]] = []
    start = 0
    for index in labelled:
        words = block[index].cells[column]
        height = (words[0].line + words[-1].line) / 2
        until = next(
            (
                end
                for end in range(len(block), index, -1)
                if abs((block[start].baseline + block[end - 1].baseline) / 2 - height) < 0.4 * pitch
            ),
            None,
        )
        if (
            until is None
            or start > index
            or any(start <= other < until for other in labelled if block[other].cells[column] is not words and other != index)
        ):
            return None
        runs.append((words, start, until))
        start = until
        if start == len(block):
            break
    return runs if start == len(block) else None


def _filled(row: Row, columns: int) -> list[list[Word]]:
    cells: list[list[Word]] = [[] for _ in range(columns)]
    for first, words in sorted(row.cells.items()):
        for index in range(first, min(first + row.spans[first], columns)):
            if not cells[index]:
                cells[index] = words
    return cells


def _without_marks(grid: list[list[list[Word]]]) -> list[list[list[Word]]]:
    """Give a column that holds nothing but footnote marks to the column before it."""
    width = len(grid[0]) if grid else 0
    for column in range(width - 1, 0, -1):
        body = [row[column] for row in grid if row[column] and row[column] is not row[column - 1]]
        if body and all(len(words) == 1 and words[0].text in _MARKS for words in body):
            for row in grid:
                mark = [] if row[column] is row[column - 1] else row[column]
                row[column - 1 : column + 1] = [[*row[column - 1], *mark]]
    return grid


def text_of(words: list[Word]) -> str:
    """Return the text of a cell: scripts marked by ^ and _, a hyphen at a line's end taken out."""
    counts = Counter(word.script for word in words)
    parts: list[str] = []
    for index, word in enumerate(words):
        before = words[index - 1] if index else None
        blank = "" if before is None or (word.attached and abs(before.line - word.line) < 1) else " "
        if (
            blank
            and before is not None
            and before.line - word.line > 1
            and parts[-1].endswith("-")
            and word.text[:1].islower()
            and len(parts[-1]) > 2
        ):
            parts[-1] = parts[-1][:-1]
            blank = ""
        script = word.script if counts[0] else 0
        mark = {1: "^", -1: "_", 0: ""}[script]
        if script and before is not None and before.script == script and not blank:
            mark = ""
        parts.append(blank + mark + word.text)
    return "".join(parts).strip()
