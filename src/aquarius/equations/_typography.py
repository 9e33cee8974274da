"""What a paper's own letters say: a rule is taken from it only where its statements show it and none speaks against it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ._settle import family
from ._statements import parse_name
from ._symbols import _words
from ._tokens import Refusal
from ._tree import Node

RANK = {"bold small": 1, "bold capital": 2}
LETTERS_NEEDED = {"bold small": 2, "bold capital": 2, "plain capital": 3}
_CLASS_WORDS = {
    "bold small": "bold small letters are vectors",
    "bold capital": "bold capitals are matrices",
    "plain capital": "capitals are matrices",
}


def letter(name: str) -> tuple[str, str] | None:
    """The letter a name begins with and its class: bold small, bold capital, plain capital, plain small; None for words and accents."""
    try:
        node = parse_name(name, frozenset(_words(name)))
    except (Refusal, RecursionError):
        return None
    base: Node = node
    while base.kind in {"script", "accent"}:
        base = base.items[0]
    if base.kind != "symbol":
        return None
    plain = base.text.lstrip("\\")
    if len(plain) > 1 and base.text[0] != "\\":
        return None
    font = base.tag[0] if base.tag else ""
    if font in {"cal", "bb", "frak", "rm"}:
        return None
    return plain, f"{'bold' if font == 'bf' else 'plain'} {'capital' if plain[:1].isupper() else 'small'}"


def by_letters(stated: Mapping[str, int], names: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Number of axes of names that nothing states, by the letters of those that are stated: name -> (axes, the rule in words).

    The same letter with other scripts counts where at least two of its names are stated and all alike; a class of letters counts where
    enough different letters of it are stated, all alike. Bold against italics counts where the paper uses bold small letters, bold capitals
    and plain letters side by side and no statement contradicts.
    """
    names = list(names)
    places = {name: place for name in (*stated, *names) if (place := letter(name)) is not None}
    letters: dict[tuple[str, str], dict[str, int]] = {}
    classes: dict[str, dict[str, set[int]]] = {}
    for name, rank in stated.items():
        if name in places:
            letters.setdefault(places[name], {})[family(name)] = rank
            classes.setdefault(places[name][1], {}).setdefault(places[name][0], set()).add(rank)
    used = {found[1] for found in places.values()}
    rules: dict[str, tuple[int, str]] = {}
    for kind, rank in (*RANK.items(), ("plain capital", 2)):
        seen = classes.get(kind, {})
        alike = all(ranks == {rank} for ranks in seen.values())
        shown = len(seen) >= LETTERS_NEEDED[kind]
        beside = kind in RANK and {"bold small", "bold capital", "plain small"} <= used
        if alike and (shown or beside):
            by = f", as {', '.join(sorted(seen))}" if seen else ""
            rules[kind] = (rank, f"the paper's typography: {_CLASS_WORDS[kind]}{by}")
    found: dict[str, tuple[int, str]] = {}
    for name in names:
        if name in stated or name not in places:
            continue
        same = letters.get(places[name], {})
        if len(same) >= 2 and len(set(same.values())) == 1:
            words = ", ".join(sorted(same)[:4])
            found[name] = (next(iter(same.values())), f"the paper's typography: {words} have as many axes")
        elif places[name][1] in rules and not (same and set(same.values()) != {rules[places[name][1]][0]}):
            found[name] = rules[places[name][1]]
    return found


def upper_scripts(names: Iterable[str]) -> tuple[str, ...]:
    """The names that a paper counts by numbers above, such as x^1 and x^2: a first power says nothing else."""
    counted = [re.sub(r"\^\{?1\}?", "", name) for name in names if re.search(r"\^(?:1(?!\d)|\{1\})", name)]
    return tuple(sorted(set(counted)))
