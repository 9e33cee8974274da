"""Facts that a person, an agent or a model adds to a dossier: each brings a quote, and one whose quote the paper does not hold is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..core import BadInput, Place, Record
from ..reading import Document, place_of
from ._dossier import Dossier, Fact
from ._numbers import NUMBER, number_of, print_number
from ._text import flatten
from ._yaml import load_plain

GROUPS = ("architecture", "recipe", "datasets", "metrics", "summary")
_FIELDS = {"group", "name", "value", "unit", "scope", "quote"}
MOST = 500  # facts of one proposal
LONGEST = {"name": 80, "value": 300, "unit": 40, "scope": 200, "quote": 2000}
_SHORTEST = 8  # signs of a quote without blanks: a shorter one would be found anywhere


class Proposed(Record):
    """A fact that was accepted, and the part of the dossier it belongs to."""

    group: str
    fact: Fact


class Refused(Record):
    """A proposed fact that was refused, by its name, and why."""

    name: str
    reason: str


class Proposal(Record):
    """What became of a file of proposed facts."""

    by: str
    accepted: tuple[Proposed, ...]
    refused: tuple[Refused, ...]


def propose(
    text: str,
    dossier: Dossier,
    document: Document,
    files: Mapping[str, bytes] | None = None,
    *,
    by: str | None = None,
    name: str = "the proposal",
) -> Proposal:
    """Hold a YAML or JSON text of proposed facts against a paper; one refused fact costs no other.

    The text holds `by` (who proposes) and `facts`: each with a group, a name, a value, a quote of the paper that holds the value, and, where
    they apply, a unit and a scope.

    Raises:
        BadInput: the text is no list of facts, nobody says who proposes, or the dossier is about another version of the paper.
    """
    if dossier.document and dossier.document != document.content_hash:
        raise BadInput(
            "the dossier is about another version of the paper than the one that the quotes are looked up in: distil it again, or name that one."
        )
    data = load_plain(text, name)
    if isinstance(data, list):
        data = {"facts": data}
    if not isinstance(data, dict) or not isinstance(data.get("facts"), list):
        raise BadInput(f"{name} holds no facts: it must be a mapping with 'by' and a list 'facts', each with group, name, value and quote.")
    said = by or data.get("by")
    if not isinstance(said, str) or not said.strip() or len(said) > 80 or _has_signs(said):
        raise BadInput(f"{name} does not say who proposes its facts: write 'by: NAME', at most 80 plain characters.")
    if len(data["facts"]) > MOST:
        raise BadInput(f"{name} proposes {len(data['facts'])} facts: at most {MOST} are read at a time.")
    spots = Spots(document, files)
    known = {(group, fact.name, fact.value, fact.scope) for group in GROUPS for fact in getattr(dossier, group)}
    accepted: list[Proposed] = []
    refused: list[Refused] = []
    for index, item in enumerate(data["facts"], start=1):
        label = f"fact {index}"
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            label = _clean(item["name"])[:80] or label
        found = _held(item, spots, said.strip())
        if isinstance(found, str):
            refused.append(Refused(name=label, reason=found))
        elif (key := (found.group, found.fact.name, found.fact.value, found.fact.scope)) in known:
            refused.append(Refused(name=label, reason="the dossier has it already"))
        else:
            known.add(key)
            accepted.append(found)
    return Proposal(by=said.strip(), accepted=tuple(accepted), refused=tuple(refused))


def _held(item: Any, spots: Spots, by: str) -> Proposed | str:
    """Return an accepted fact, or the reason of its refusal."""
    if not isinstance(item, dict):
        return "it is no mapping with group, name, value and quote"
    unknown = sorted(str(key) for key in item if key not in _FIELDS)
    if unknown:
        return f"it has a field {_clean(unknown[0])[:40]!r} that facts do not have"
    if item.get("group") not in GROUPS:
        return f"its group must be one of {', '.join(GROUPS)}"
    words: dict[str, str] = {}
    for field, most in LONGEST.items():
        value = item.get(field, "")
        value = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if not isinstance(value, str) or (not value.strip() and field in ("name", "value", "quote")):
            return f"its {field} is missing or no text"
        if len(value) > most:
            return f"its {field} is longer than {most} characters"
        if field != "quote" and _has_signs(value):
            return f"its {field} holds signs that cannot be printed"
        words[field] = value.strip()
    if len(re.sub(r"\W", "", words["quote"])) < _SHORTEST:
        return "its quote is too short to be found in one place only: quote the whole phrase"
    place = spots.find(words["quote"])
    if place is None:
        return "its quote is not in the paper"
    if not says(words["quote"], words["value"]):
        return "its quote does not hold its value"
    number = number_of(words["value"]) if re.fullmatch(NUMBER, words["value"]) else None
    fact = Fact(
        name=words["name"], value=words["value"], number=number, unit=words["unit"], scope=words["scope"], proposed_by=by, place=place
    )
    return Proposed(group=item["group"], fact=fact)


def says(quote: str, value: str) -> bool:
    """Say whether a quote holds a value: all its numbers, or one of its longer words where it has none."""
    flat = flatten(quote)
    wanted = [number_of(print_number(part)) for part in re.findall(NUMBER, flatten(value))]
    if wanted:
        told = [number_of(print_number(part)) for part in re.findall(NUMBER, flat)]
        told += [float(number) for word in re.findall(r"[a-z]+", flat.lower()) if (number := number_of(word)) is not None]
        return all(
            any(one is not None and other is not None and abs(one - other) <= 1e-9 * max(1.0, abs(one)) for other in told) for one in wanted
        )
    parts = re.findall(r"[^\W\d_]{3,}", value.lower()) or [value.lower()]
    return any(part in quote.lower() for part in parts)


def _clean(text: str) -> str:
    return re.sub(r"\s+", " ", "".join(letter if letter.isprintable() else " " for letter in text)).strip()


def _has_signs(text: str) -> bool:
    return any(not letter.isprintable() for letter in text)


def _packed(text: str) -> tuple[str, list[int]]:
    """Return a text's letters, digits and signs without white space and mathematics' marks, lower case, and where each comes from."""
    flat = flatten(text)
    kept = [
        (letter.lower(), index)
        for index, letter in enumerate(flat)
        if not letter.isspace() and letter not in "`'\"“”‘’\u2009~*_" and len(letter.lower()) == 1
    ]
    return "".join(letter for letter, _ in kept), [index for _, index in kept]


class Spots:
    """Where a paper's words stand: passages, captions and rows of tables."""

    def __init__(self, document: Document, files: Mapping[str, bytes] | None) -> None:
        self._document, self._files = document, files
        self._passages = [(passage, *_packed(passage.text)) for passage in document.passages if passage.text.strip()]

    def find(self, quote: str) -> Place | None:
        """Return the place of a quote; white space, quotation marks and marks of mathematics may differ, nothing else."""
        wanted = _packed(quote)[0]
        if not wanted:
            return None
        for passage, text, at in self._passages:
            spot = _whole(passage.text, text, at, wanted) if wanted in text else None
            if spot is not None:
                return place_of(passage, *spot, self._files)
        for table in self._document.tables:
            if _whole(table.caption, *_packed(table.caption), wanted):
                return table.caption_place or table.place
            for row in table.rows:
                cells = [cell for index, cell in enumerate(row) if not index or cell.place != row[index - 1].place]
                joined = " ".join(cell.text for cell in cells)
                spot = _whole(joined, *_packed(joined), wanted)
                if spot is not None:
                    ends = [sum(len(cell.text) + 1 for cell in cells[: index + 1]) for index in range(len(cells))]
                    place = next(cell.place for cell, end in zip(cells, ends, strict=True) if spot[1] <= end)  # where the quote ends
                    return place if place.label or not table.number else place.model_copy(update={"label": f"Table {table.number}"})
        return None


def _whole(plain: str, text: str, at: list[int], wanted: str) -> tuple[int, int] | None:
    """Return where a packed quote stands in a text, from the edge of a word or number to an edge: "0.1" is not in "0.15"."""
    flat = flatten(plain)
    spot = text.find(wanted)
    while spot >= 0:
        first, last = at[spot], at[spot + len(wanted) - 1]
        tail = flat[last + 1 : last + 3]
        cut = (flat[first - 1 : first].isalnum() and flat[first].isalnum()) or (tail[:1].isalnum() and flat[last].isalnum())
        inside = (flat[last].isdigit() and re.match(r"[.,]\d", tail)) or (
            flat[first].isdigit() and re.search(r"\d[.,]$|^[.]$", flat[max(0, first - 2) : first])
        )
        if not cut and not inside:
            return first, last + 1
        spot = text.find(wanted, spot + 1)
    return None
