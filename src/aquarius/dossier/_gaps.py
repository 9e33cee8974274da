"""Gaps: what a re-implementer needs and the paper does not say, each with options, where they come from, and a suggestion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from ._dossier import Fact, Formula, Gap, Option
from ._names import dataset_spans
from ._needs import NEEDS, Need
from ._recipe import Stated
from ._text import Sentence


def gaps(text: list[Sentence], facts: list[Stated], equations: tuple[Formula, ...] = (), tables: str = "") -> tuple[Gap, ...]:
    """Return what is not said or said in part, the weightiest first; an answer may stand in `equations` and in `tables`, the words of the tables."""
    formulas = " ".join(formula.latex for formula in equations)
    body = [sentence for sentence in text if sentence.role not in ("abstract", "introduction", "related", "references")]
    everything = " ".join([*(sentence.flat for sentence in body), tables])
    found = [gap for need in NEEDS if (gap := _gap(need, facts, everything, body, formulas)) is not None]
    found += [_vague(item) for item in facts if item.vague and item.fact.name in ("vocabulary size", "learning rate")]
    found += _settings(text, facts, {gap.name for gap in found})
    found += _tried(facts, {gap.name for gap in found})
    found += _elsewhere(facts, {gap.name for gap in found})
    found += _coefficients(equations, facts, everything)
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
    used = {item.fact.value for item in facts if item.fact.name == "optimizer"}
    name = need.name.replace("Adam ", "AdamW ") if "AdamW" in used and "Adam" not in used else need.name
    said = next((sentence for sentence in body if re.search(need.partial, sentence.flat, re.IGNORECASE)), None) if need.partial else None
    status: Literal["partial", "unspecified"] = "partial" if said else "unspecified"
    return Gap(
        name=name,
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


def _tried(facts: list[Stated], unstated: set[str]) -> Iterator[Gap]:
    """Yield a value that was looked for in a grid and is never told: no number of the grid is stated alone for that name."""
    for name in ("learning rate", "batch size", "dropout", "weight decay"):
        here = [item.fact for item in facts if item.fact.name == name and "baseline" not in item.fact.scope]
        grids = [fact for fact in here if fact.value.count(", ") >= 1 and fact.number is None]
        if name in unstated or not grids or any(fact.number is not None for fact in here):
            continue
        grid = grids[0]
        yield Gap(
            name=name,
            question=f"Which {name} was chosen? The paper tries {grid.value} and does not say.",
            status="partial",
            options=tuple(Option(value=value, source="the paper's own grid") for value in grid.value.split(", ")),
            suggestion=grid.value.split(", ")[len(grid.value.split(", ")) // 2],
            weight=0.7,
            place=grid.place,
        )


_STAGES = ("pre-training", "fine-tuning", "linear evaluation", "distillation")


def _elsewhere(facts: list[Stated], unstated: set[str]) -> Iterator[Gap]:
    """Yield what is stated for one data set or stage of training alone, where another has three or more settings of its own and not this one."""
    named: dict[str, set[str]] = {}
    for item in facts:
        for part in item.fact.scope.split(", "):
            if part in _STAGES or (dataset_spans(part) and len(part) < 40):
                named.setdefault(part, set()).add(item.fact.name)
    for need in NEEDS:
        if need.name not in ("optimizer", "learning rate", "batch size", "training length", "learning rate schedule"):
            continue
        given = [item.fact for item in facts if item.fact.name in need.facts]
        if not given or need.name in unstated or any(not set(fact.scope.split(", ")) & set(named) for fact in given):
            continue
        silent = [part for part, names in named.items() if len(names) >= 3 and not names & set(need.facts)]
        if not silent:
            continue
        first = given[0]
        yield Gap(
            name=f"{need.name} ({', '.join(silent[:3])})",
            question=f"{need.question} It is stated for {first.scope}, and not for {', '.join(silent[:3])}.",
            status="partial",
            options=(
                Option(value=first.value, source=f"what the paper states for {first.scope}"),
                *(Option(value=value, source=source) for value, source in need.options),
            ),
            suggestion=first.value,
            weight=round(0.6 * need.weight, 2),
            place=first.place,
        )


_COEFFICIENT = re.compile(
    r"[+-]\s*\\(?P<name>lambda|gamma|alpha|beta|mu|eta|rho|kappa|xi)\s*(?:_\s*(?:\{[^{}]*(?:\{[^{}]*\})?\}|\w))?\s*(?:\\[,;:! ]|\\cdot)*\s*(?:\\mathcal\s*\{?[LRJH]|\\[lr]?Vert|\\\||\|\||\\ell|\\(?:Omega|operatorname|mathrm|text)|[LRJ]\s*_|D_)"
)
_LETTERS = {"lambda": "λ", "gamma": "γ", "alpha": "α", "beta": "β", "mu": "μ", "eta": "η", "rho": "ρ", "kappa": "κ", "xi": "ξ"}


def _coefficients(equations: tuple[Formula, ...], facts: list[Stated], everything: str) -> Iterator[Gap]:
    """Yield the weight of a term of an objective that no sentence and no table gives a number."""
    known = " ".join(item.fact.name for item in facts)
    for formula in equations:
        if not re.match(r"\s*(?:\\mathcal\s*\{?\s*[LJ]|\\ell|[LJ]\b|\\(?:min|arg))", formula.latex):
            continue
        for match in _COEFFICIENT.finditer(formula.latex):
            name, letter = match["name"], _LETTERS[match["name"]]
            if re.search(rf"\b{name}\b", known) or re.search(
                rf"{letter}\s*(?:_\s*\w+\s*)?(?:=|∈|:|\bis\b|\bto\b|\bof\b|\bfrom\b|\bin\b)[^.;]{{0,40}}?\d", everything
            ):
                continue
            yield Gap(
                name=f"{name} (weight in {formula.id})",
                question=f"Which weight {letter} does the objective of {formula.id} have? No number is stated.",
                status="unspecified",
                options=(
                    Option(value="1", source="the terms taken as they are"),
                    Option(value="search on the validation set", source="common practice"),
                ),
                suggestion="search on the validation set",
                weight=0.55,
                place=formula.place,
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
