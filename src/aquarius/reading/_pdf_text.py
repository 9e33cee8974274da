"""The text of a PDF: headings, paragraphs, footnotes, displayed equations and the bibliography, from lines in reading order."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ._pdf_lines import Line
from ._pdf_pages import Word
from ._places import Piece

BlockKind = Literal["heading", "paragraph", "footnote", "equation", "reference"]
_NUMBERED = re.compile(r"^(?P<number>(?:\d{1,2}|[A-Z])(?:\.\d{1,2}){0,3}|[IVX]{1,5})\.?\s+(?P<title>[A-Z0-9“\"(].*)$")
_APPENDIX = re.compile(r"^(?:Appendix|APPENDIX)\s+(?P<number>[A-Z])\b[.:]?\s*(?P<title>.*)$")
_NAMED = re.compile(
    r"^(abstract|introduction|related works?|background|conclusions?|discussion|references|bibliography|acknowledge?ments?|appendix|appendices|"
    r"supplementary materials?|limitations|broader impacts?|ethics statement|reproducibility statement|experiments|results|methods?)\.?$",
    re.IGNORECASE,
)
_EQUATION_NUMBER = re.compile(r"^\((?P<number>[A-Z]?\.?\d{1,3}(?:\.\d{1,3})?[a-z]?)\)$")
_ENTRY = re.compile(r"^\[(?P<key>[^\]]{1,12})\]\s|^(?P<count>\d{1,3})\.\s")
_SIGNS = re.compile(r"[-+=()\[\]{}|,.∈≤≥<>·×\d]+")
_DISPLAY = 0.45  # of a line's characters in mathematical fonts, from which on it is no running text


@dataclass
class Block:
    """Lines that belong together."""

    kind: BlockKind
    lines: list[Line]
    number: str | None = None  # of a heading or an equation
    title: str = ""  # of a heading
    level: int = 0
    key: str = ""  # of a reference

    @property
    def words(self) -> list[Word]:
        """Its words in order."""
        return [word for line in self.lines for word in line.words]


@dataclass(frozen=True)
class Layout:
    """What is usual in a paper: the size of running text, the distance of its lines, where each column begins and ends."""

    size: float
    leading: float
    edges: dict[int, tuple[float, float]]  # column -> (left, right)


def layout_of(lines: list[Line]) -> Layout:
    """Return what is usual in a paper's lines."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    size = max(sizes.items(), key=lambda item: (item[1], item[0]))[0] if sizes else 10.0
    drops: Counter[float] = Counter()
    for before, line in pairwise(lines):
        if before.page == line.page and before.column == line.column and before.size == line.size == size:
            drop = round(before.baseline - line.baseline, 1)
            if 0.8 * size < drop < 2.5 * size:
                drops[drop] += 1
    leading = max(drops.items(), key=lambda item: (item[1], -item[0]))[0] if drops else 1.2 * size
    edges: dict[int, tuple[float, float]] = {}
    for column in (0, 1, 2):
        body = [line for line in lines if line.column == column and abs(line.size - size) < 0.6 and len(line.words) >= 6]
        if body:
            lefts, rights = Counter(round(line.left) for line in body), Counter(round(line.right) for line in body)
            edges[column] = (float(lefts.most_common(1)[0][0]), float(rights.most_common(1)[0][0]))
    return Layout(size, leading, edges)


def blocks_of(lines: list[Line], layout: Layout) -> list[Block]:
    """Return the blocks of a paper's lines, front matter, captions, tables and figures left out."""
    blocks: list[Block] = []
    referring = False
    notes = _notes(lines, layout)
    for index, line in enumerate(lines):
        before = lines[index - 1] if index else None
        following = lines[index + 1] if index + 1 < len(lines) else None
        heading = None if id(line) in notes else _heading(line, before, following, layout)
        last = next((block for block in reversed(blocks) if block.kind != "footnote"), None)
        if _is_fragment(line, before, following, layout):
            if last is not None and last.kind == "equation":
                last.lines.append(line)
        elif id(line) in notes:
            _add_note(blocks, line)
        elif last is not None and last.kind == "heading" and last.lines[-1] is before and _continues_heading(last, line):
            last.lines.append(line)
            last.title = f"{last.title} {line.text}"
        elif heading is not None:
            blocks.append(heading)
            referring = bool(re.match(r"references|bibliography|literature cited", blocks[-1].title, re.IGNORECASE))
        elif _EQUATION_NUMBER.match(line.text) and _number_beside(blocks, line):
            pass
        elif referring:
            _add_entry(blocks, line, layout)
        elif _is_display(line, layout):
            _add_equation(blocks, line)
        elif last is not None and last.kind == "paragraph" and _goes_on(last.lines[-1], line, layout):
            last.lines.append(line)
        else:
            blocks.append(Block("paragraph", [line]))
    return _numbered_equations(blocks)


def _notes(lines: list[Line], layout: Layout) -> set[int]:
    """Return the lines of footnotes: smaller than running text, at the foot of a column, below its last line of running text."""
    groups: defaultdict[tuple[int, int], list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.page, line.column].append(line)
    found: set[int] = set()
    for group in groups.values():
        ordered = sorted(group, key=lambda line: line.baseline)
        if not any(abs(line.size - layout.size) < 0.6 for line in ordered):
            continue
        for line in ordered:
            marked = line.size < layout.size - 0.6 or (line.words[0].size < layout.size - 1.5 and line.words[0].text.isdigit())
            if not marked:
                break
            found.add(id(line))
    return found


def _heading(line: Line, before: Line | None, following: Line | None, layout: Layout) -> Block | None:
    """Return the heading that a line is: numbered or of a known name, and set apart by size, weight, capitals or space."""
    text = line.text.strip()
    if len(text) > 110 or text.endswith((",", ";")) or not any(character.isalpha() for character in text):
        return None
    larger = line.size > layout.size + 0.4
    capitals = text.upper() == text and sum(character.isalpha() for character in text) > 3
    first = [word for word in line.words if not word.script]
    small_capitals = len({round(word.size) for word in first if word.text.isupper()}) > 1 and all(
        word.text.isupper() or not word.text.isalpha() for word in first
    )
    apart = larger or line.bold or capitals or small_capitals
    found = _APPENDIX.match(text) or _NUMBERED.match(text)
    if found is not None and apart:
        number, title = found["number"], found["title"].strip()
        if re.search(r"[.!?]\s+[a-z]", title) or (title and title[-1] in "." and len(title) > 60):
            return None
        if re.fullmatch(r"[\d.,%\s–-]+", title) or not re.search(r"[A-Za-z]{2}", title or "Appendix"):
            return None
        return Block("heading", [line], number=number, title=title or f"Appendix {number}", level=number.count(".") + 1)
    if _NAMED.match(text) and (apart or (_space_above(before, line, layout) and len(text) < 30)):
        return Block("heading", [line], title=text.rstrip("."), level=1)
    if found is None and apart and (larger or line.bold) and len(line.words) <= 9 and text[0].isupper() and not text.endswith((".", ":")):
        lone = following is None or following.bold != line.bold or following.size != line.size
        if lone and _space_above(before, line, layout) and not re.search(r"\d{3,}|[=<>∈]", text):
            return Block("heading", [line], title=text, level=1 if larger else 2)
    return None


def _space_above(before: Line | None, line: Line, layout: Layout) -> bool:
    if before is None or before.page != line.page or before.column != line.column:
        return True
    return before.baseline - line.baseline > 1.25 * layout.leading


def _continues_heading(block: Block, line: Line) -> bool:
    """Say whether a line is the second of a heading too long for one."""
    last = block.lines[-1]
    same = last.page == line.page and last.column == line.column and last.bold == line.bold and abs(last.size - line.size) < 0.3
    return (
        same
        and 0 < last.baseline - line.baseline < 1.5 * last.size
        and not _NUMBERED.match(line.text)
        and not _NAMED.match(line.text.strip())
    )


def _add_note(blocks: list[Block], line: Line) -> None:
    last = blocks[-1] if blocks else None
    begins = line.words[0].script == 1 or line.words[0].size < line.size - 1 or bool(re.match(r"^[\d∗*†‡§]{1,3}\s?[A-Z“h]", line.text))
    if last is not None and last.kind == "footnote" and not begins and last.lines[-1].page == line.page:
        last.lines.append(line)
    else:
        blocks.append(Block("footnote", [line]))


def _add_entry(blocks: list[Block], line: Line, layout: Layout) -> None:
    """Add a line of the bibliography: a new entry at its mark, or at the column's edge where further lines hang."""
    found = _ENTRY.match(line.text)
    last = blocks[-1] if blocks and blocks[-1].kind == "reference" else None
    marked = any(block.kind == "reference" and block.key for block in blocks)
    left = layout.edges.get(line.column, (line.left, line.right))[0]
    if found is not None or last is None or (not marked and line.left < left + 3 and last.lines[-1].left >= left - 3):
        blocks.append(Block("reference", [line], key=(found["key"] or found["count"]) if found else ""))
    else:
        last.lines.append(line)


def _is_display(line: Line, layout: Layout) -> bool:
    """Say whether a line belongs to a displayed equation: away from the column's edge and mostly mathematics, or with a number at the right."""
    plain = [word for word in line.words if not word.mathematical and not word.script]
    prose = sum(1 for word in plain if len(word.text) > 2 and word.text.strip(".,;:()").isalpha())
    signs = len(plain) < len(line.words)
    left, right = layout.edges.get(line.column, (line.left, line.right))
    if len(line.words) > 1 and _EQUATION_NUMBER.match(line.words[-1].text):
        gap = line.words[-1].left - line.words[-2].right
        if gap > 1.2 * layout.size or (signs and gap > 0.3 * layout.size and abs(line.right - right) < 3):
            return prose < 0.5 * len(line.words)
    letters = sum(len(word.text) for word in line.words) or 1
    wordy = sum(len(word.text) for word in plain if not _SIGNS.fullmatch(word.text))
    return signs and line.left > left + 0.9 * layout.size and wordy < (1 - _DISPLAY) * letters and prose <= max(1, 0.2 * len(line.words))


def _is_fragment(line: Line, before: Line | None, following: Line | None, layout: Layout) -> bool:
    """Say whether a line is a piece of a formula that stands above or below its line: the limits of a sum, half of a fraction."""
    if sum(len(word.text) for word in line.words) > 8 or _EQUATION_NUMBER.match(line.text) or not any(word.text for word in line.words):
        return False
    small = line.size < 0.85 * layout.size or all(word.mathematical for word in line.words)
    for other in (before, following):
        if other is not None and other.page == line.page and other.column == line.column:
            overlap = min(other.right, line.right) - max(other.left, line.left)
            if abs(other.baseline - line.baseline) < 0.8 * layout.leading and overlap > 0:
                return small
    return False


def _add_equation(blocks: list[Block], line: Line) -> None:
    last = blocks[-1] if blocks else None
    near = last is not None and last.kind == "equation" and last.lines[-1].page == line.page and last.lines[-1].column == line.column
    if near and last is not None and abs(last.lines[-1].baseline - line.baseline) < 2.6 * line.size and last.number is None:
        last.lines.append(line)
    else:
        blocks.append(Block("equation", [line]))
    found = _EQUATION_NUMBER.match(line.words[-1].text)
    if found is not None and len(line.words) > 1:
        blocks[-1].number = found["number"]


def _number_beside(blocks: list[Block], line: Line) -> bool:
    """Give the number that stands alone on a line to the display right before it, and say whether there was one."""
    last = blocks[-1] if blocks else None
    found = _EQUATION_NUMBER.match(line.text)
    if last is None or found is None or last.kind != "equation" or last.number is not None or last.lines[-1].page != line.page:
        return False
    if abs(last.lines[-1].baseline - line.baseline) > 2.6 * line.size:
        return False
    last.number = found["number"]
    last.lines.append(line)
    return True


def _numbered_equations(blocks: list[Block]) -> list[Block]:
    """Join a line that only holds an equation's number to the display beside or before it, and rows below a number to its display."""
    result: list[Block] = []
    for block in blocks:
        last = result[-1] if result else None
        if last is not None and block.kind == "equation" and last.kind == "equation" and block.number is None and last.number is not None:
            above, below = last.lines[-1], block.lines[0]
            if above.page == below.page and above.column == below.column and abs(above.baseline - below.baseline) < 0.9 * above.size:
                last.lines.extend(block.lines)
                continue
        result.append(block)
    return result


def _goes_on(last: Line, line: Line, layout: Layout) -> bool:
    """Say whether a line goes on with a paragraph: at the usual distance and not indented, or over to the next column or page."""
    left, _ = layout.edges.get(line.column, (line.left, line.right))
    indented = line.left > left + 0.7 * layout.size and last.left < left + 0.5 * layout.size
    if abs(last.size - line.size) > 0.8:
        return False
    if last.page == line.page and last.column == line.column:
        drop = last.baseline - line.baseline
        bulleted = line.text[:1] in "•–∗·◦▪" and not last.text.endswith("-")
        bold_start = line.words[0].bold and not last.words[-1].bold and last.text.rstrip().endswith((".", ":", "?", "!"))
        return 0 < drop < 1.45 * layout.leading and not indented and not bulleted and not bold_start
    full = last.right > layout.edges.get(last.column, (0, last.right))[1] - 2.5 * layout.size
    return full and not indented and not last.text.rstrip().endswith((".", ":", "?", "!")) and line.text[:1] != "•"


def pieces_of(lines: list[Line], *, source: int = 0) -> list[Piece]:
    """Return the text of lines as pieces: hyphens at line ends taken out, scripts as LaTeX between dollar signs, footnote marks left out."""
    pieces: list[Piece] = []
    for number, line in enumerate(lines):
        last = number + 1 == len(lines)
        words = line.words
        index = 0
        while index < len(words):
            word = words[index]
            scripts = []
            while index + 1 < len(words) and words[index + 1].script and words[index + 1].attached:
                index += 1
                scripts.append(words[index])
            index += 1
            blank = "" if word.attached or not pieces or (pieces and pieces[-1].text.endswith("\u00ad")) else " "
            if pieces and pieces[-1].text.endswith("\u00ad"):
                pieces[-1] = pieces[-1]._replace(text=pieces[-1].text[:-1])
            if blank:
                pieces.append(Piece(" ", source, word.start, word.start))
            text = word.text
            if not scripts and index == len(words) and not last and _breaks(text, lines[number + 1].words[0].text):
                text = text[:-1] + "\u00ad"
            pieces.extend(_with_scripts(word, text, scripts, source))
    return [piece._replace(text=piece.text.rstrip("\u00ad")) for piece in pieces if piece.text.rstrip("\u00ad")]


def _breaks(text: str, following: str) -> bool:
    """Say whether a hyphen at a line's end only breaks a word."""
    return len(text) > 2 and text.endswith("-") and text[-2].isalpha() and following[:1].islower()


def _with_scripts(word: Word, text: str, scripts: list[Word], source: int) -> list[Piece]:
    if not scripts:
        return [Piece(text, source, word.start, word.end)]
    note = all(script.script == 1 and re.fullmatch(r"[\d,∗*†‡§¶]+", script.text) for script in scripts)
    prose = len(text.strip('.,;:()”’"')) > 2 and not word.mathematical and not text.strip("().,").isdigit()
    if note and (prose or text[-1:] in ".,;:)”"):
        return [Piece(text, source, word.start, word.end)]
    head = re.match(r"^(.*?)([^\W_]+[′']*|[^\w\s])$", text)
    before, base = (head[1], head[2]) if head else ("", text)
    raised = "".join(script.text for script in scripts if script.script == 1).replace("−", "-")
    lowered = "".join(script.text for script in scripts if script.script == -1).replace("−", "-")
    formula = "$" + base + (f"_{{{lowered}}}" if lowered else "") + (f"^{{{raised}}}" if raised else "") + "$"
    pieces = [Piece(before, source, word.start, word.start + len(before))] if before else []
    return [*pieces, Piece(formula, source, word.start + len(before), scripts[-1].end)]
