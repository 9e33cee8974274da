"""The front of a PDF: its title and its authors, from the size, order and columns of the first page's lines."""

from __future__ import annotations

import re
from itertools import pairwise

from ._pdf_lines import Line
from ._pdf_pages import Word

_ABSTRACT = re.compile(r"^\s*(abstract|summary)\b", re.IGNORECASE)
_INTRODUCTION = re.compile(r"^\s*(?:(?:1|I)[.\s]+)?introduction\b", re.IGNORECASE)
_PARTICLES = {
    "van",
    "von",
    "de",
    "der",
    "den",
    "del",
    "della",
    "di",
    "da",
    "dos",
    "du",
    "la",
    "le",
    "el",
    "al",
    "bin",
    "ben",
    "ter",
    "ten",
    "zu",
    "y",
    "af",
}
_SUFFIXES = {"jr.", "jr", "sr.", "ii", "iii", "iv"}
# words of affiliations: what kind of institution it is, where it is, and laboratories known by name
_INSTITUTION = re.compile(
    r"\b(universit\w*|univ\.?|institut\w*|inst\.?|department|dept\.?|school|college|laborator\w*|labs?|research|cent(?:er|re)s?|academy|faculty|faculté|"
    r"division|group|team|foundation|hospital|inc\.?|ltd\.?|llc|corp\w*|gmbh|company|technolog\w*|sciences?|computing|computer|engineering|mathematics|"
    r"statistics|physics|intelligence|learning|ai|google|brain|deepmind|openai|anthropic|microsoft|facebook|fair|meta|amazon|aws|apple|nvidia|ibm|baidu|tencent|"
    r"alibaba|huawei|samsung|intel|adobe|salesforce|uber|twitter|snap|bytedance|yandex|disney|bosch|siemens|qualcomm|naver|kakao|sony|mila|inria|cnrs|eth|epfl|mit|"
    r"cmu|ucl|ucla|uc|nyu|kaist|kaust|postech|csail|berkeley|stanford|princeton|harvard|oxford|cambridge|cornell|yale|caltech|tsinghua|peking|montr[eé]al|"
    r"toronto|max planck|allen|vector|element|work(?:shop)?|conference|preprint|review|submi\w+|under|anonymous|equal|contribut\w*|correspond\w*|"
    r"usa|u\.s\.a|uk|china|canada|germany|france|switzerland|israel|japan|korea|singapore|australia|india|italy|spain|netherlands|sweden|denmark|austria|"
    r"[nN]ew york|london|paris|beijing|shanghai|seattle|california|ca)\b",
    re.IGNORECASE,
)
_MARKS = re.compile(r"[\d∗*†‡§¶⋆♠♣♦♥◦⊙⋄♢♮#^♯\[\]{}]+")
_ADDRESS = re.compile(r"@|https?:|www\.|\.(?:edu|com|org|net|ac)\b")


def is_opening(line: Line) -> bool:
    """Say whether a line opens a paper's text: the abstract or the introduction."""
    return bool(_ABSTRACT.match(line.text) or _INTRODUCTION.match(line.text))


def title_of(lines: list[Line]) -> list[Line]:
    """Return the lines of the title: the largest of the upper half of the first page, in a row; those in bold where none is larger."""
    first = [line for line in lines if line.page == lines[0].page and not line.furniture]
    end = next((index for index, line in enumerate(first) if is_opening(line)), min(len(first), 12))
    front = [
        line for line in first[: max(end, 1)] if sum(character.isalpha() for character in line.text) > 3 and not _ADDRESS.search(line.text)
    ]
    if not front:
        return first[:1]
    largest = max(_largest(line) for line in front)
    start = next(index for index, line in enumerate(front) if _largest(line) >= 0.97 * largest)
    if all(_largest(line) >= 0.9 * largest for line in front):  # nothing stands out by size
        start = next((index for index, line in enumerate(front) if line.bold), 0)
    found = [front[start]]
    for line in front[start + 1 :]:
        drop = found[-1].baseline - line.baseline
        if _largest(line) < 0.97 * _largest(found[0]) or line.bold != found[0].bold or drop > 2.2 * _largest(line):
            break
        found.append(line)
    return found


def _largest(line: Line) -> float:
    return max(word.size for word in line.words if not word.script)


def authors_of(lines: list[Line], title: list[Line]) -> tuple[str, ...]:
    """Return the authors: the names between the title and the abstract, those of the first row of each block and not its institutions."""
    if not title:
        return ()
    page = [line for line in lines if line.page == title[0].page and not line.furniture]
    start = page.index(title[-1]) + 1
    area: list[Line] = []
    for line in page[start:]:
        if is_opening(line) or len(area) > 60:
            break
        area.append(line)
    rows = [line for line in area if line.baseline < title[-1].baseline]
    if rows and rows[0].bold and not all(line.bold for line in rows):
        bold = [name for line in rows for name in _names([word for word in line.words if word.bold or word.script])]
        if bold:
            return tuple(dict.fromkeys(bold))
    found: list[str] = []
    for line in rows:
        small = [
            word.text
            for word in line.words
            if word.text[:1].islower() and not word.script and word.text.lower() not in {*_PARTICLES, "and"}
        ]
        if len(small) > 3:
            break  # running text
        found.extend(_names(line.words))
    return tuple(dict.fromkeys(found))


def _names(words: list[Word]) -> list[str]:
    """Return the names of a row: its parts between wide gaps, commas, "and" and raised marks, that read like a name and not like an institution."""
    parts: list[list[str]] = [[]]
    for before, word in zip([None, *words], words):  # noqa: B905
        text = _MARKS.sub(" ", word.text) if not word.script else ""
        wide = before is not None and word.left - before.right > 0.9 * word.size
        if word.script and (before is None or not before.script):
            parts.append([])
            continue
        if wide or text.strip().lower() in {"and", "&", "·", "•", "|"}:
            parts.append([])
        if text.strip().lower() in {"and", "&", "·", "•", "|"}:
            continue
        pieces = re.split(r"[,;]", text)
        for index, piece in enumerate(pieces):
            if index:
                parts.append([])
            if piece.strip():
                if word.attached and parts[-1] and index == 0 and text == word.text:
                    parts[-1][-1] += piece.strip()
                else:
                    parts[-1].append(piece.strip())
        if _MARKS.search(word.text) and not word.script and parts[-1]:
            parts.append([])
    return [name for part in parts if (name := _name(" ".join(part)))]


def _name(text: str) -> str | None:
    """Return a text that reads like a person's name, tidied; None for anything else."""
    text = re.sub(r"\s+", " ", text).strip(" .,;:()")
    if _ADDRESS.search(text) or _INSTITUTION.search(text) or len(text) > 50 or re.search(r"[:;/\\<>=]", text):
        return None
    tokens = text.split()
    if not 2 <= len(tokens) <= 6:
        return None
    for index, token in enumerate(tokens):
        bare = token.strip(".'’-")
        if index and (token.lower() in _PARTICLES or token.lower() in _SUFFIXES):
            continue
        if not bare or not bare[0].isalpha() or not (bare[0].isupper() or (index == 0 and token.lower() in _PARTICLES)):
            return None
        if not all(character.isalpha() or character in ".'’-" for character in token):
            return None
    if all(len(token.strip(".")) <= 1 for token in tokens):
        return None
    return _cased(tokens)


def _cased(tokens: list[str]) -> str:
    """Return a name in ordinary case where it is set in capitals."""
    if all(token.isupper() for token in tokens if len(token.strip(".")) > 1) and any(len(token) > 3 for token in tokens):
        return " ".join("-".join(part.capitalize() for part in token.split("-")) for token in tokens)
    return " ".join(tokens)


def text_of_title(lines: list[Line]) -> str:
    """Return a title's text: its lines joined, a hyphen at a line's end taken out."""
    text = lines[0].text if lines else ""
    for before, line in pairwise(lines):
        text = text[:-1] + line.text if before.text.endswith("-") and line.text[:1].islower() else f"{text} {line.text}"
    return re.sub(r"\s+", " ", re.sub(r"[∗*†‡]+$", "", text)).strip()
