"""The pages of a PDF: PDFium's glyphs from the child process, checked and put together to words."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from ..core import BadInput
from ._pdf_child import MADE_UP_BLANK, NUMBERS

SECONDS = 10
_BOLD = re.compile(r"bold|medi(?!um)|demi|black|heavy|cmbx|cmssbx|-b\b|\.b\b", re.IGNORECASE)
_ITALIC = re.compile(r"ital|obli|slant|cmti|cmsl|-it?\b", re.IGNORECASE)
_MATH = re.compile(
    r"^(symbol|cm(mi|sy|ex|bsy|mib)|msam|msbm|eu[fsr]|rsfs|stmary|.*math|mt(mi|sy|ex)|txsy|txmi|txex|pxsy|pxmi|lasy|bbm|dsrom)",
    re.IGNORECASE,
)
_FLAG_ITALIC, _FLAG_FORCE_BOLD = 1 << 6, 1 << 18  # PDF 32000-1, table 123
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_HYPHENS = {0x02: "-", 0xAD: "-", 0xFFFE: "-", 0x2010: "-", 0x2011: "-"}
_TEX_LETTERS = "ΓΔΘΛΞΠΣΥΦΨΩαβγδϵζηθικλμνξπρστυφχ"
_TEX_SIGNS = "−·×∗÷⋄±∓⊕⊖⊗⊘⊙○◦•≍≡⊆⊇≤≥⪯⪰∼≈⊂⊃≪≫≺≻"
# an accent that TeX sets as a glyph of its own, over the letter that follows or precedes it -> the combining form
_ACCENTS = {"´": "\u0301", "`": "\u0300", "¨": "\u0308", "ˆ": "\u0302", "˜": "\u0303", "ˇ": "\u030c", "˚": "\u030a", "˘": "\u0306", "¯": "\u0304", "˙": "\u0307", "˝": "\u030b", "¸": "\u0327"}  # fmt: skip
_SPACE = 0.16  # em: a wider gap parts two words; TeX's own space is 0.33 em and shrinks to 0.22, a thin space of mathematics is 0.167
_HINTED = 0.06  # em: a gap that parts two words where PDFium sees a blank too; the boxes of f and of italic letters reach into the gap


class Box(NamedTuple):
    """A rectangle in points, y upwards."""

    left: float
    bottom: float
    right: float
    top: float


@dataclass(slots=True)
class Word:
    """Glyphs without a gap between them, on one baseline, of one font but for small capitals."""

    text: str
    left: float
    right: float
    baseline: float
    size: float  # of the largest glyph, points
    font: str
    flags: int
    script: int = 0  # 1 raised, -1 lowered: set against the word before it
    line: float = 0.0  # the baseline of the line it belongs to: of a script, its base's
    spaced: bool = False  # a blank was seen before it
    attached: bool = False  # no blank before it: a script, or a change of font within a word
    start: int = -1  # characters of the text layer
    end: int = -1

    @property
    def bold(self) -> bool:
        """Whether its font is a bold one."""
        return bool(_BOLD.search(self.font)) or bool(self.flags & _FLAG_FORCE_BOLD)

    @property
    def italic(self) -> bool:
        """Whether its font is an italic one."""
        return bool(_ITALIC.search(self.font)) or bool(self.flags & _FLAG_ITALIC and not _MATH.match(self.font))

    @property
    def mathematical(self) -> bool:
        """Whether its font is one of mathematics."""
        return bool(_MATH.match(self.font))


@dataclass(slots=True)
class Page:
    """A page: its words in the order of its content, thin lines, and the boxes of pictures."""

    number: int  # 1-based
    width: float
    height: float
    words: list[Word] = field(default_factory=list)
    rules: list[Box] = field(default_factory=list)
    pictures: list[Box] = field(default_factory=list)
    stamp: str = ""  # what is printed in another direction than the text: "arXiv:1706.03762v5 [cs.CL]"


class _Glyph(NamedTuple):
    text: str
    font: int
    x: float
    y: float
    left: float
    right: float
    size: float


_HINT = _Glyph("", 0, 0.0, 0.0, 0.0, 0.0, 0.0)


def pages_of(name: str, data: bytes) -> tuple[list[Page], tuple[str, ...]]:
    """Return the pages of a PDF, and what could not be read.

    Raises:
        BadInput: no PDF, locked, without text, or over the limits (10 s, 1 GiB).
    """
    command = [sys.executable, "-m", "aquarius.reading._pdf_child", str(SECONDS)]
    try:
        ended = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise BadInput(f"{name} took longer than {SECONDS} s to open: give the paper's LaTeX source or another copy.") from None
    said = ended.stderr.decode("utf-8", "replace").strip()
    if ended.returncode == 3:
        raise BadInput(f"{name} {said}")
    if ended.returncode != 0:
        raise BadInput(f"{name} could not be opened within {SECONDS} s and 1 GiB: give the paper's LaTeX source or another copy.")
    pages = _parse(name, ended.stdout)
    if not any(page.words for page in pages):
        raise BadInput(f"{name} holds no text, only pictures of it: give the paper's LaTeX source, or a PDF with a text layer.")
    return pages, ((f"{name} {said}",) if said else ())


def _parse(name: str, out: bytes) -> list[Page]:
    """Return the pages that the child wrote, each length checked."""
    pages: list[Page] = []
    position = 0
    while position < len(out):
        end = out.find(b"\n", position)
        try:
            header = json.loads(out[position:end])
            count = int(header["glyphs"])
            codes, fonts, numbers = array("I"), array("H"), array("f")
            position = end + 1
            for values, each in ((codes, 1), (fonts, 1), (numbers, NUMBERS)):
                size = count * each * values.itemsize
                values.frombytes(out[position : position + size])
                position += size
            names = [(str(font), int(flags)) for font, flags in header["fonts"]]
            page = Page(int(header["number"]), float(header["width"]), float(header["height"]))
            page.rules = [Box(*rule) for rule in header["rules"]]
            page.pictures = [Box(*picture) for picture in header["pictures"]]
        except (ValueError, KeyError, TypeError, IndexError):
            raise BadInput(f"{name} is broken after page {len(pages)}: give another copy.") from None
        page.words = _without_line_numbers(page, _words(_upright(page, codes, fonts, numbers, names), names))
        pages.append(page)
    return pages


def _upright(page: Page, codes: array[int], fonts: array[int], numbers: array[float], names: list[tuple[str, int]]) -> list[_Glyph]:
    """Return the glyphs of the page's main direction; a page set sideways is turned, a stamp in the margin falls away."""
    angles = [
        None
        if codes[i // NUMBERS] == MADE_UP_BLANK
        else round(numbers[i] / 90) % 4
        if abs(numbers[i] - 90 * round(numbers[i] / 90)) < 2
        else None
        for i in range(5, len(numbers), NUMBERS)
    ]
    counts = Counter(angle for angle in angles if angle is not None)
    main = counts.most_common(1)[0][0] if counts else 0
    page.stamp = "".join(
        _text(codes[index], names[fonts[index]][0]) for index, angle in enumerate(angles) if angle is not None and angle != main
    )
    width, height = page.width, page.height
    turn = {
        0: lambda x, y, l, r: (x, y, l, r),
        1: lambda x, y, l, r: (y, width - x, y, y),
        2: lambda x, y, l, r: (width - x, height - y, width - r, width - l),
        3: lambda x, y, l, r: (height - y, x, height - y, height - y),
    }[main]
    if main:
        page.rules = [_turned(box, main, width, height) for box in page.rules]
        page.pictures = [_turned(box, main, width, height) for box in page.pictures]
    if main in (1, 3):
        page.width, page.height = height, width
    found = []
    for index, angle in enumerate(angles):
        x, y, left, right, size, _ = numbers[index * NUMBERS : (index + 1) * NUMBERS]
        if codes[index] == MADE_UP_BLANK:
            found.append(_HINT)
            continue
        text = _text(codes[index], names[fonts[index]][0]) if angle == main else ""
        if not text or not 0.5 <= size <= 200:
            continue
        x, y, left, right = turn(x, y, left, right)
        if main in (1, 3):  # the advance box was measured across: a glyph is half as wide as high
            left, right = x, x + 0.5 * size
        found.append(_Glyph(text, fonts[index], x, y, min(x, left), right, size))
    return found


def _turned(box: Box, main: int, width: float, height: float) -> Box:
    left, bottom, right, top = box
    if main == 1:
        return Box(bottom, width - right, top, width - left)
    if main == 2:
        return Box(width - right, height - top, width - left, height - bottom)
    return Box(height - top, left, height - bottom, right)


def _text(code: int, font: str) -> str:
    """Return what a code point prints: ligatures opened, hyphens made one, nothing for control and private codes; a blank stays.

    A font of TeX without a map to Unicode shows its own codes (Knuth, The TeXbook, appendix F): control codes are letters and signs there.
    """
    if code < 0x20 and _MATH.match(font):
        own = (
            _TEX_LETTERS if re.match(r"cmmi|cmmib", font, re.IGNORECASE) else _TEX_SIGNS if re.match(r"cmb?sy", font, re.IGNORECASE) else ""
        )
        if code < len(own):
            return own[code]
    if code in _LIGATURES:
        return _LIGATURES[code]
    if code in _HYPHENS:
        return _HYPHENS[code]
    if code in (0x20, 0xA0, 0x09, 0x2009, 0x200A, 0x2002, 0x2003):
        return " "
    if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or 0xE000 <= code < 0xF900 or code > 0x10FFFF:
        return ""
    return chr(code)


def _words(glyphs: list[_Glyph], names: list[tuple[str, int]]) -> list[Word]:
    """Put glyphs together to words, in the order of the content; then accents to their letters and scripts to their bases."""
    words: list[Word] = []
    open_word: Word | None = None
    box, hinted, spaced = (0.0, 0.0), False, False
    for glyph in glyphs:
        if glyph is _HINT:
            hinted = True
            continue
        if glyph.text == " ":
            open_word, spaced = None, True
            continue
        font, flags = names[glyph.font]
        text = "′" if glyph.text == "0" and font.upper().startswith(("CMSY", "TXSY")) else glyph.text
        same_box = open_word is not None and box == (glyph.left, glyph.y)  # the letters of a ligature
        hint, hinted, box = hinted, False, (glyph.left, glyph.y)
        if open_word is not None and (same_box or _continues(open_word, glyph, _HINTED if hint else _SPACE)):
            open_word.text = open_word.text + text if same_box else _with_accent(open_word, glyph, text)
            open_word.right = max(open_word.right, glyph.right)
            if glyph.size > open_word.size:
                open_word.size, open_word.font, open_word.flags = glyph.size, font, flags
            continue
        open_word = Word(text, glyph.left, glyph.right, glyph.y, glyph.size, font, flags, line=glyph.y, spaced=spaced or hint)
        spaced = False
        words.append(open_word)
    _set_scripts(words)
    return words


def _continues(word: Word, glyph: _Glyph, space: float) -> bool:
    """Say whether a glyph stands right behind a word, on its baseline, nearer than `space` em."""
    size = max(word.size, glyph.size)
    gap = glyph.left - word.right
    return abs(glyph.y - word.baseline) < 0.04 * size and -0.6 * size < gap < space * size and min(word.size, glyph.size) > 0.55 * size


def _with_accent(word: Word, glyph: _Glyph, text: str) -> str:
    """Return a word's text with a glyph added; an accent set over a letter becomes one with it."""
    over = glyph.left < word.right - 0.15 * glyph.size
    if over and word.text and word.text[-1] in _ACCENTS and text.isalpha():
        return word.text[:-1] + unicodedata.normalize("NFC", text.replace("ı", "i") + _ACCENTS[word.text[-1]])
    if over and text in _ACCENTS and word.text and word.text[-1].isalpha():
        return word.text[:-1] + unicodedata.normalize("NFC", word.text[-1].replace("ı", "i") + _ACCENTS[text])
    return word.text + text


def _without_line_numbers(page: Page, words: list[Word]) -> list[Word]:
    """Leave out the numbers that a review copy prints beside every line: 15 or more, rising downwards, in a margin that holds nothing else."""
    gone: set[int] = set()
    for on_left in (True, False):
        near = [word for word in words if (word.right < 0.14 * page.width if on_left else word.left > 0.86 * page.width)]
        edge = Counter(round(word.right) for word in near if word.text.isdecimal()).most_common(1)
        numbers = [word for word in near if word.text.isdecimal() and abs(word.right - edge[0][0]) < 1.6]
        numbers.sort(key=lambda word: -word.baseline)
        if len(numbers) < 15 or any(int(first.text) >= int(second.text) for first, second in pairwise(numbers)):
            continue
        inner = max(word.right for word in numbers) if on_left else min(word.left for word in numbers)
        beside = sum(1 for word in words if (word.left < inner if on_left else word.right > inner)) - len(numbers)
        if beside <= 0.02 * len(words):
            gone.update(map(id, numbers))
    return [word for word in words if id(word) not in gone]


def _set_scripts(words: list[Word]) -> None:
    """Mark the words that are raised or lowered against the word before them, and those that stand right behind it."""
    for before, word in pairwise(words):
        base_size = before.size if not before.script else before.size / 0.7
        gap = word.left - before.right
        if not -0.35 * base_size < gap < 0.3 * base_size:
            continue
        shift = word.baseline - before.line
        if word.size < 0.88 * base_size and 0.06 * base_size < abs(shift) < 0.75 * base_size:
            word.script = 1 if shift > 0 else -1
            word.line = before.line
            word.attached = True
        elif abs(shift) < 0.04 * base_size and not word.spaced and gap < _SPACE * base_size:
            word.attached = True
            word.line = before.line
    _set_late_scripts(words)


def _set_late_scripts(words: list[Word]) -> None:
    """Mark the scripts that the page's content sets later than their base: small words right behind a larger one."""
    ending: defaultdict[int, list[Word]] = defaultdict(list)  # by where they end, in steps of 8 points
    for word in words:
        ending[int(word.right // 8)].append(word)
    for word in words:
        if word.script or word.attached or len(word.text) > 6:
            continue
        at = int(word.left // 8)
        for base in (*ending[at - 1], *ending[at], *ending[at + 1]):
            gap, shift = word.left - base.right, word.baseline - base.line
            near = -0.1 * base.size < gap < 0.2 * base.size and 0.06 * base.size < abs(shift) < 0.6 * base.size
            if near and word.size < 0.8 * base.size and not base.script:
                word.script, word.line, word.attached = (1 if shift > 0 else -1), base.line, True
                break
