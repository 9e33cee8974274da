"""Sentences of a document, and their text flattened for patterns: same length as the original, so that every match has its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ..core import Place
from ..reading import Document, Passage, place_of

_SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "eta": "η", "theta": "θ", "lambda": "λ",
    "mu": "μ", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "omega": "ω", "times": "×", "cdot": "·", "pm": "±", "sim": "~",
    "approx": "~", "simeq": "~", "rightarrow": "→", "to": "→", "infty": "∞", "in": "∈", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥",
    "uparrow": "↑", "downarrow": "↓", "ell": "ℓ", "sqrt": "√", "dots": "…", "ldots": "…", "cdots": "…",
}  # fmt: skip
_CHARACTERS = str.maketrans(
    {
        "$": " ",
        "{": " ",
        "}": " ",
        "−": "-",
        "–": "-",
        "—": "-",
        "‐": "-",
        "‑": "-",
        "ϵ": "ε",
        "ǫ": "ε",
        "∼": "~",
        "≈": "~",
        "\n": " ",
        "\xa0": " ",
        "’": "'",
    }
)
LONGEST = 2000  # characters of a sentence
LISTED = "\u201a"  # stands for a comma inside a set that no blank follows: "{8,16,32}" are three numbers
THIN = "\u2009"  # stands where LaTeX writes {,} in a number, so that "100{,}000" and the list "100, 200" stay apart
_NOISE = re.compile(r"\w{80,}")  # no word and no number is as long
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{((?:[^{}]|\{[^{}]*\})*)\}")
# "\{16, 32\}": a set of values keeps its brackets, as round ones
_SET = re.compile(
    r"(?<![\^_\w}])(?:\\\{(?=(?:[^{}]|\{[^{}]*\})*\d\s*\}?\s*,)(?:[^{}\\]|\\[a-z]+|\{[^{}]*\}){3,80}\\\}|\{(?=[^{}]*\d\s*,\s*[\d.])[^{}\\]{3,80}\})"
)
_COMMAND = re.compile(r"\\([a-zA-Z]+)|\\(.)")
_CITATION = re.compile(
    r"\[\s*[a-z][a-z:+/_-]+[a-z](?:\s*[,;]\s*[a-z][a-z:+/_-]+[a-z])*\s*\]|\[\s*(?:[\w:+./-]*[a-zA-Z][\w:+./-]*\d{2,4}[\w:+./-]*|\d{1,3})(?:\s*[,;–-]\s*(?:[\w:+./-]*\d[\w:+./-]*))*\s*\]"
)


@lru_cache(maxsize=4096)
def flatten(text: str) -> str:
    """Return plain characters for LaTeX ones, padded with blanks to the same length: "$\\beta_1{=}0.9$" becomes " β    _1 = 0.9 "."""

    def command(found: re.Match[str]) -> str:
        name, sign = found[1], found[2]
        if name is not None:
            return _SYMBOLS.get(name, " ").ljust(len(found[0]))
        return {"_": " _", "%": " %", "&": " &", "#": " #", "$": "  "}.get(sign, "  ")

    text = _NOISE.sub(lambda found: " " * len(found[0]), text.replace("{,}", f"{THIN},{THIN}"))
    text = _SET.sub(_opened, text)
    text = _FRACTION.sub(lambda found: f"     {found[1]}/ {found[2]} ".rjust(len(found[0])), text)
    flat = _COMMAND.sub(command, text).translate(_CHARACTERS)
    return _CITATION.sub(lambda found: found[0] if _is_list(found[0]) else " " * len(found[0]), flat)


def _opened(found: re.Match[str]) -> str:
    """Return a set of values in round brackets, its commas told from those of thousands: "{1,000, 2,000}" are two numbers, "{1,2,4}" are three."""
    inside = found[0][1:-1] if found[0][0] == "{" else found[0][2:-2]
    if not re.search(r",\s", inside) or not re.search(r",\d{3}(?!\d)", inside):
        inside = re.sub(r",(?=[\d.])", LISTED, inside)
    return f"({inside})" if found[0][0] == "{" else f" ({inside} )"


def _is_list(bracket: str) -> bool:
    """Say whether "[1, 2, 5, 10]" is rather a list of values than a citation: it grows and is no run of reference numbers."""
    return bracket.count(",") >= 2 and not re.search(r"[a-zA-Z]", bracket)


@lru_cache(maxsize=8192)
def squeeze(text: str) -> str:
    """Return a flattened text as a person would write it: "10^ -9 " becomes "10^-9", "d_   model " becomes "d_model"."""
    text = re.sub(r"\s+", " ", text.replace(THIN, "").replace(LISTED, ", ")).strip()
    text = re.sub(r"\s*([_^=·×/±])\s*", r"\1", text)
    return re.sub(r"(?<=[(\[])\s+|\s+(?=[)\],])|(?<=\d)\s+(?=%)", "", text)


@dataclass(frozen=True)
class Sentence:
    """One sentence of a passage, with the way back to its bytes."""

    passage: Passage
    start: int  # characters of the passage
    end: int
    section: str  # title of its section, "" outside
    number: str  # the section's number, "" where there is none
    role: str  # the section's role
    level: int  # the section's level, 0 outside
    label: str  # "Section 3.1", the nearest numbered section around it; else the section's title
    index: int  # of the passage in the document

    @cached_property
    def text(self) -> str:
        """The plain text, mathematics as LaTeX."""
        return self.passage.text[self.start : self.end]

    @cached_property
    def flat(self) -> str:
        """The flattened text, of the same length as `text`."""
        return flatten(self.passage.text)[self.start : self.end]

    def place(self, start: int = 0, end: int | None = None, files: Mapping[str, bytes] | None = None) -> Place:
        """Return the place of the characters `start`..`end` of the sentence."""
        last = self.start + len(self.text.rstrip()) if end is None else self.start + end
        first, last = self.start + start, max(last, self.start + start + 1)
        while self.passage.text[last : last + 1] == "}" and self.passage.text.count("{", first, last) > self.passage.text.count(
            "}", first, last
        ):
            last += 1  # a quote ends with the brace it opened
        place = _narrowed(place_of(self.passage, first, last, files), self.passage.text[first:last])
        return place.model_copy(update={"label": self.label}) if place.label is None and self.label else place


def _narrowed(place: Place, words: str) -> Place:
    """Cut a place that is wider than its words down to them, where they stand in it once; white space may differ."""
    if place.quote == words:
        return place
    found = list(re.finditer(r"\s+".join(re.escape(word) for word in words.split()), place.quote))
    if len(found) != 1:
        return place
    quote = found[0][0]
    before = place.quote[: found[0].start()]
    start = place.start + len(before.encode("utf-8", "surrogateescape"))
    end = start + len(quote.encode("utf-8", "surrogateescape"))
    return place.model_copy(update={"start": start, "end": end, "line": place.line + before.count("\n"), "quote": quote})


# a full stop ends a sentence where white space and a capital, a digit, a formula or a quotation mark follow
_END = re.compile(r"(?<=[.!?])[)\"'”’]*\s+(?=[\"'“(\[$]?[A-Z$\\“\"(])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|et al|Fig|Figs|Eq|Eqs|Sec|Tab|Ref|resp|approx|Dr|Mr|St|No|w\.r\.t|a\.k\.a)\.|\b[A-Z]\.)\s*$"
)


def sentences(document: Document, *, roles: tuple[str, ...] = ()) -> list[Sentence]:
    """Return the sentences of all passages in reading order, bibliography and headings left out; only sections of `roles` where they are given."""
    return [sentence for index, passage in enumerate(document.passages) for sentence in _of(document, index, passage, roles)]


def _of(document: Document, index: int, passage: Passage, roles: tuple[str, ...]) -> Iterator[Sentence]:
    if passage.kind in ("title", "heading") or not passage.text.strip():
        return
    section = document.sections[passage.section] if passage.section is not None and passage.section < len(document.sections) else None
    role = section.role if section else "other"
    if role == "references" or (roles and role not in roles):
        return
    if section and re.match(r"\W*acknowledge?ment", section.title, re.IGNORECASE):  # thanks for help with a data set are no use of it
        return
    title, number, level = (section.title, section.number or "", section.level) if section else ("", "", 0)
    if role == "conclusion" and not re.match(r"conclu|summary|future|limitation|outlook|acknowledg", title, re.IGNORECASE):
        role = "experiments"
    label = _label(document, passage.section) if section else ""
    start = 0
    for end in [*_ends(passage.text), len(passage.text)]:
        while end - start > LONGEST:  # noise, or a list without full stops: what lies further apart has nothing to do with each other
            cut = passage.text.rfind(" ", start + 1, start + LONGEST)
            cut = cut if cut > start else start + LONGEST
            yield Sentence(passage, start, cut, title, number, role, level, label, index)
            start = cut
        if passage.text[start:end].strip():
            yield Sentence(passage, start, end, title, number, role, level, label, index)
        start = end


def _label(document: Document, index: int | None) -> str:
    """Name the nearest numbered section that a section is or lies in, else the section's title."""
    assert index is not None
    level = document.sections[index].level + 1
    for section in reversed(document.sections[: index + 1]):
        if section.level < level:
            level = section.level
            if section.number:
                return f"Section {section.number}"
    return document.sections[index].title


def _ends(text: str) -> Iterator[int]:
    for found in _END.finditer(text):
        if _ABBREVIATION.search(text[: found.start() + 1]) or text.count("$", 0, found.start()) % 2:
            continue
        yield found.end()
