"""One question for every symbol of a paper that stays open, with what it may be and where it is used: the fewest that a person has to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._printed import name_key
from ._settle import family
from ._typography import letter
from ._unknowns import DRAWN, RANGE


def questions(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Group what the open displays ask for by symbol, names of one letter together where they may be the same; most displays first."""
    single: dict[str, dict[str, Any]] = {}
    for row in rows:
        for asked in row.get("ask", ()):
            one = single.setdefault(
                family(asked["symbol"]), {"symbol": asked["symbol"], "why": asked["why"], "candidates": [], "displays": []}
            )
            one["candidates"] = _meet(one["candidates"], asked["candidates"])
            if row["id"] not in one["displays"]:
                one["displays"].append(row["id"])
                one.setdefault("place", row.get("place", ""))
    grouped: dict[Any, dict[str, Any]] = {}
    for name, one in single.items():
        place = (letter(one["symbol"]), tuple(one["candidates"]), one["why"]) if _groups(one) else name
        group = grouped.setdefault(
            place, {"symbols": [], "candidates": one["candidates"], "why": one["why"], "displays": [], "place": one["place"]}
        )
        group["symbols"].append(one["symbol"])
        group["displays"] += [item for item in one["displays"] if item not in group["displays"]]
    for group in grouped.values():
        several = len(group["symbols"]) > 1
        group["answer_as"] = f"{_letter_of(group['symbols'][0])}_*" if several else group["symbols"][0]
        group["question"], group["template"] = _asked(group)
    return sorted(grouped.values(), key=lambda group: -len(group["displays"]))


def _asked(group: Mapping[str, Any]) -> tuple[str, str]:
    """The question in words, and the line of the file that answers it."""
    if group["why"] == DRAWN:
        return "which names in it are drawn? Say [] for none", "samples:"
    if group["why"] == RANGE:
        return "from where to where does it run, or over which axis?", f"index: {{{_quoted(group['symbols'][0])}: }}"
    words = (
        f"{', '.join(group['candidates'][:-1])} or {group['candidates'][-1]}?"
        if len(group["candidates"]) > 1
        else f"{group['candidates'][0]}?"
    )
    return (f"{group['why']}: " if group["why"] else "") + words, f"{_quoted(group['answer_as'])}:"


def _quoted(name: str) -> str:
    return f"'{name}'"


def _groups(one: Mapping[str, Any]) -> bool:
    return letter(one["symbol"]) is not None and not one["why"] and name_key(one["symbol"]) is not None


def _letter_of(name: str) -> str:
    """\\mathbf{b} of \\mathbf{b}_{1}: the name without its scripts."""
    depth = 0
    for position, mark in enumerate(name):
        depth += (mark == "{") - (mark == "}")
        if depth == 0 and mark in "_^" and position:
            return name[:position]
    return name


def _meet(before: list[str], now: list[str]) -> list[str]:
    """What every display allows; where they share nothing, all that any allows."""
    if not before:
        return list(now)
    both = [item for item in before if item in now]
    return both or [*before, *(item for item in now if item not in before)]
