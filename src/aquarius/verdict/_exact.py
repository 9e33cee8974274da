"""Exact claims: a count, a shape, a closed form. Equality within the printed rounding, and the assumption under which it holds.

What is read of a piece of evidence: `values["counted"]` (or the claim's quantity) and its assumptions; or, where it was solved for a size that
the paper leaves open, `details["size"]` with `values` "offset" and "slope" (count = offset + slope × size), and "low" and "high", the sizes
under which the printed number comes out, absent where none does. Whether an assumption is the paper's own is looked up in the dossier.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..core import Evidence
from ..dossier import Claim, Dossier
from ._decide import Answer
from ._gather import measured_value, same_name
from ._numbers import many, number
from ._verdict import Estimate, Result

TEST = "equality within printed rounding"
HEDGED = re.compile(r"\b(about|approximately|approx|around|roughly|nearly|some)\b|[~≈∼]", re.IGNORECASE)


@dataclass(frozen=True)
class _Count:
    """One count, or the sizes that were solved for."""

    value: float | None
    agrees: bool
    stated: bool  # by the paper, all that was assumed
    size: str | None  # the open size that was solved for
    low: float | None
    high: float | None
    assumptions: tuple[str, ...]
    together: str = ""  # how the other rows of the table fare at one size for all


def decide_exact(dossier: Dossier, claim: Claim, evidence: Sequence[Evidence]) -> Answer:
    """Hold counted values against the printed one: reproduced only under what the paper states, refuted only where no open size helps."""
    paper = claim.measure
    if paper is None:
        return Answer("inconclusive", TEST, ("The claim states no number to be held against.",))
    counts = [count for item in evidence if (count := _read(dossier, claim, item)) is not None]
    if not counts:
        return Answer("inconclusive", TEST, (f"The evidence gives no finite {claim.quantity}.",))
    printed = paper.printed or number(paper.value)
    rounding = f"{printed} ± {number(paper.last_place / 2)}" if paper.last_place else printed
    counted = [count for count in counts if count.value is not None]
    stated = [count for count in counted if count.stated]
    agreeing = [count for count in stated if count.agrees]
    if agreeing and len(agreeing) < len(stated):
        return _answer(
            "inconclusive",
            agreeing[0],
            f"What the paper states gives different counts, of which {_value(agreeing[0])} agrees with {printed}.",
        )
    if agreeing:
        return _answer("reproduced", agreeing[0], f"{_value(agreeing[0])} is {rounding}{_under(agreeing[0])}.")
    loose = next((count for count in counted if count.agrees), None)
    solved = next((count for count in counts if count.low is not None), None)
    if loose is not None:
        sentence = f"{_value(loose)} is {rounding} only under what the paper does not state exactly{_under(loose)}."
        return _answer("inconclusive", loose, sentence, *(_interval(solved, printed) if solved else ()))
    beside = [f"{_value(count)} is not {rounding}{_under(count)}." for count in counted]
    if solved is not None:
        shown = counted[0] if counted else solved
        return _answer("inconclusive", shown, *_interval(solved, printed), *beside)
    if stated:
        return _answer("refuted", stated[0], *beside)
    never = next((count for count in counts if count.size is not None and count.stated), None)
    if never is not None:
        return _answer(
            "refuted", counted[0] if counted else never, f"The printed {printed} does not come out, whatever the {never.size} is.", *beside
        )
    sentence = f"The count is not {rounding}, under {many(len(counts[0].assumptions), 'assumption')} that the paper does not state exactly."
    return _answer("inconclusive", counts[0], sentence, *beside)


def is_stated(dossier: Dossier, assumption: str) -> bool:
    """Say whether every "name = value" of an assumption is a fact of the dossier, and none of them is hedged ("about 37000 tokens")."""
    facts = (*dossier.architecture, *dossier.recipe, *dossier.datasets)
    if HEDGED.search(assumption):
        return False
    for part in re.sub(r"\s*\([^()]*\)$", "", assumption).split(", "):
        name, equals, value = part.partition(" = ")
        matching = [fact for fact in facts if equals and same_name(fact.name, name) and _same_value(fact.number, fact.value, value)]
        if not any(not HEDGED.search(f"{fact.value} {fact.place.quote}") for fact in matching):
            return False
    return True


def _read(dossier: Dossier, claim: Claim, item: Evidence) -> _Count | None:
    if claim.measure is None or item.status == "skipped":
        return None
    stated = all(is_stated(dossier, assumption) for assumption in item.assumptions)
    value, slope = item.values.get("counted"), item.values.get("slope")
    if value is None and slope == 0:
        value = item.values.get("offset")  # the same whatever the size
    if value is None and slope is not None:
        low, high = (
            bound if bound is not None and math.isfinite(bound) else None for bound in (item.values.get("low"), item.values.get("high"))
        )
        size = str(item.details.get("size") or "open size")
        found = low is not None and high is not None
        together = _together(item, claim, size)
        return _Count(None, False, stated, size, low if found else None, high if found else None, item.assumptions, together)
    if value is None:
        value = measured_value(item, claim, None)
    if value is None or not math.isfinite(value):
        return None
    place = claim.measure.last_place
    slack = 1e-9 * max(1.0, abs(value)) if place else 0.0  # the binary rounding of a printed decimal
    agrees = abs(value - claim.measure.value) <= place / 2 + slack * (place < 1)
    return _Count(value, agrees, stated, None, None, None, item.assumptions)


def _same_value(given: float | None, text: str, value: str) -> bool:
    if given is None:
        return same_name(text, value)
    try:
        return float(value.replace(",", "")) == given
    except ValueError:
        return False


def _interval(count: _Count, printed: str) -> tuple[str, ...]:
    low, high = number(count.low or 0.0), number(count.high or 0.0)
    sentence = (
        f"The printed {printed} comes out for a {count.size} from {low} to {high}, which the paper does not state exactly{_under(count)}."
    )
    return (sentence, count.together) if count.together else (sentence,)


def _together(item: Evidence, claim: Claim, size: str) -> str:
    """Return whether the one size that serves most rows of the table serves this one; "" where the evidence does not say."""
    table, served, rows, spans = (item.details.get(name) for name in ("table", "served", "rows", "intervals"))
    row = table.get(claim.id) if isinstance(table, dict) else None
    if (
        not isinstance(row, dict)
        or not isinstance(spans, list)
        or len(spans) != 1
        or not isinstance(served, int)
        or not isinstance(rows, int)
    ):
        return ""
    low, high = spans[0]
    which = "this one among them" if row.get("served") else "but not this one"
    return f"One {size} for the whole table, from {number(low)} to {number(high)}, serves {served} of its {rows} rows, {which}."


def _value(count: _Count) -> str:
    return number(count.value) if count.value is not None else "no count"


def _under(count: _Count) -> str:
    return f", assuming {' and '.join(count.assumptions)}" if count.assumptions else ""


def _answer(result: Result, count: _Count, *sentences: str) -> Answer:
    measured = Estimate(mean=count.value, sd=None, n=1, low=None, high=None) if count.value is not None else None
    return Answer(result, TEST, sentences, measured, assumptions=count.assumptions)
