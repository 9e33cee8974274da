"""What facts of different places say of one another: numbers inside formulas, symbols that a table names, the size that a bare value is for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..reading import Document
from ._dossier import Fact
from ._numbers import number_of
from ._recipe import Stated
from ._tables import GREEK
from ._text import Sentence

_PART = r"\\(?:mathcal|mathscr|ell)\s*(?:\{\s*[LJ]\s*\}|[LJ])?\s*_\s*(?:\{\s*)?(?:\\(?:mathrm|text|textrm|textnormal|mathsf|operatorname|textsc)\s*\{)?\s*(?P<name>[A-Za-z][A-Za-z-]{1,15})"
_WEIGHT = re.compile(rf"(?P<head>^|[=+\-(&]|\s)\s*(?P<value>\d+\.\d+|\d+)\s*(?:\\[,;:! ]|\\cdot|\\times|~|\s)*{_PART}")
_NAMES = {f"\\{name}" for name in (*GREEK.values(), "kappa", "xi", "nu", "varepsilon")}
# "..., \qquad \kappa = 0.1": a value of its own beside the equation
_BESIDE = re.compile(
    r"(?:,|\\quad|\\qquad|;)\s*(?:\\text\{[^{}]*\}\s*)?(?P<symbol>\\[a-z]+|[A-Z])\s*=\s*(?P<value>\d+(?:\.\d+)?)\s*[.,;]?\s*$"
)
_SIZES = re.compile(
    r"\b(?P<size>small|base|tiny)\b[- ]+(?:and\s+(?:the\s+)?(?:large|big)\s+)?(?:models?|transformers?|networks?|variants?|versions?|one|conformers?)\b",
    re.IGNORECASE,
)
_LARGE = re.compile(r"\b(?:large|big|huge|xl)\b", re.IGNORECASE)
_SYMBOLS = {*GREEK.values(), *"bcdhkmnpr"}
_NEAR = 1500  # bytes between a value and that of the large model


def in_formulas(document: Document) -> Iterator[Stated]:
    """Yield the weight that a display gives a part of a loss ("0.3 L_CTC"), and a symbol's value printed beside a display ("κ = 0.1")."""
    for equation in document.equations:
        if equation.pictured:
            continue
        latex = equation.expanded or equation.latex
        label = f"equation ({equation.number})" if equation.number else None
        place = equation.place if equation.place.label else equation.place.model_copy(update={"label": label})
        for match in _WEIGHT.finditer(latex):
            name = f"{match['name'].lower()} weight"
            yield Stated("recipe", name, Fact(name=name, value=match["value"], number=float(match["value"]), place=place))
        beside = _BESIDE.search(latex)
        if beside and (beside["symbol"] in _NAMES or len(beside["symbol"]) == 1):
            name = beside["symbol"].lstrip("\\").replace("varepsilon", "epsilon")
            yield Stated("recipe", name, Fact(name=name, value=beside["value"], number=number_of(beside["value"]), place=place))


def across(facts: list[Stated], text: list[Sentence]) -> list[Stated]:
    """Return the facts, each symbol under the name that a table gives it, and a value beside that of the large model as the smaller one's."""
    named = {words[-1]: item for item in facts if _in_table(item) and len(words := item.fact.name.split()) > 1 and words[-1] in _SYMBOLS}
    sizes = {match["size"].lower() for sentence in text for match in _SIZES.finditer(sentence.flat)}
    size = "base" if "base" in sizes else next(iter(sorted(sizes)), "")
    found: list[Stated] = []
    for item in facts:
        known = named.get(item.fact.name.lower())
        if known is not None and known is not item:
            if known.fact.value == item.fact.value and not item.fact.scope:
                continue
            item = Stated(known.group, known.key, item.fact.model_copy(update={"name": known.fact.name}), item.vague)
        if size and not item.fact.scope and item.fact.number is not None and any(_larger(other.fact, item.fact) for other in facts):
            item = Stated(item.group, item.key, item.fact.model_copy(update={"scope": size}), item.vague)
        found.append(item)
    return found


def _in_table(item: Stated) -> bool:
    return (item.fact.place.label or "").startswith("Table")


def _larger(other: Fact, fact: Fact) -> bool:
    """Say whether one fact is the large model's value of the other, printed soon after it."""
    return (
        other.name == fact.name
        and other.number is not None
        and other.number > (fact.number or 0)
        and bool(_LARGE.search(other.scope))
        and other.place.file == fact.place.file
        and 0 < (other.place.start or 0) - (fact.place.start or 0) < _NEAR
    )
