"""Gaps: what a re-implementer needs and the paper does not say, each with options, where they come from, and a suggestion."""

from __future__ import annotations

import re
from typing import Literal

from ._dossier import Fact, Gap, Option
from ._needs import NEEDS, Need
from ._recipe import Stated
from ._text import Sentence


def gaps(text: list[Sentence], facts: list[Stated], formulas: str, tables: str = "") -> tuple[Gap, ...]:
    """Return what is not said or said in part, the weightiest first; `formulas` and `tables` are their words, where an answer may stand too."""
    body = [sentence for sentence in text if sentence.role not in ("abstract", "introduction", "related", "references")]
    everything = " ".join([*(sentence.flat for sentence in body), tables])
    found = [gap for need in NEEDS if (gap := _gap(need, facts, everything, body, formulas)) is not None]
    found += [_vague(item) for item in facts if item.vague and item.fact.name in ("vocabulary size", "learning rate")]
    found += _settings(text, facts, {gap.name for gap in found})
    unique = {gap.name: gap for gap in reversed(found)}
    return tuple(sorted(unique.values(), key=lambda gap: (-gap.weight, gap.name)))


def _gap(need: Need, facts: list[Stated], everything: str, body: list[Sentence], formulas: str) -> Gap | None:
    if need.when and len(re.findall(need.when, everything)) < (1 if "adam" in need.when else 3):
        return None
    if any(item.fact.name in need.facts and item.fact.scope != "baseline" for item in facts):
        return None
    if need.words and (re.search(need.words, everything, re.IGNORECASE) or re.search(need.words, formulas, re.IGNORECASE)):
        return None
    options = tuple(Option(value=value, source=source) for value, source in need.options)
    said = next((sentence for sentence in body if re.search(need.partial, sentence.flat, re.IGNORECASE)), None) if need.partial else None
    status: Literal["partial", "unspecified"] = "partial" if said else "unspecified"
    return Gap(
        name=need.name,
        question=need.question,
        status=status,
        options=options,
        suggestion=options[0].value,
        weight=need.weight,
        place=said.place() if said else None,
    )


def _vague(item: Stated) -> Gap:
    fact: Fact = item.fact
    scope = f" ({fact.scope})" if fact.scope else ""
    options = (
        Option(value=fact.value, source="the paper's round number, taken as exact"),
        Option(value="the authors' own files", source="the authors' code or data"),
    )
    return Gap(
        name=f"exact {fact.name}{scope}",
        question=f"What is the {fact.name} exactly? The paper says about {fact.value}.",
        status="partial",
        options=options,
        suggestion=fact.value,
        weight=0.45,
        place=fact.place,
    )


_CHOSEN = re.compile(r"\b(?:select|choose|chose|chosen|tuned?|search(?:ed)?|optimi[sz]ed|picked)\b(?P<what>[^.;]*)", re.IGNORECASE)
_TUNED = {
    "dropout": r"\bdropout\b",
    "learning rate": r"\blearning rates?\b",
    "weight decay": r"\bweight decay\b",
    "temperature": r"\btemperature\b",
    "steps": r"\b(?:training steps|number of steps)\b",
}


def _settings(text: list[Sentence], facts: list[Stated], unstated: set[str]) -> list[Gap]:
    """Return hyperparameters that a sentence says were tuned, in a part of the paper that gives no value for them.

    One that the paper states elsewhere is a gap of that part only.
    """
    found: list[Gap] = []
    for sentence in text:
        chosen = _CHOSEN.search(sentence.flat)
        if chosen is None or sentence.role in ("abstract", "introduction", "related", "references"):
            continue
        around = sentence.flat
        for name, pattern in _TUNED.items():
            if not re.search(pattern, around, re.IGNORECASE) or re.search(r"\d", "".join(re.findall(rf"{pattern}[^,.;]{{0,25}}", around))):
                continue
            here = [
                item
                for item in facts
                if item.fact.name == name and (item.fact.place.label == sentence.place().label or not item.fact.scope)
            ]
            if here:
                continue
            where = "" if name in unstated else f" ({sentence.section})" if sentence.section and sentence.level >= 2 else None
            if where is None:
                continue
            options = (Option(value="search on the validation set", source="the paper's own procedure"),)
            found.append(
                Gap(
                    name=f"{name}{where}",
                    question=f"Which {name} was chosen{where}? The paper says that it was tuned, and gives no value.",
                    status="partial",
                    options=options,
                    suggestion=options[0].value,
                    weight=0.6,
                    place=sentence.place(),
                )
            )
    return found
