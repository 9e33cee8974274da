"""Claims that a person states for a paper, in the paper's own words: each brings a quote, and one whose quote the paper does not hold is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from ..core import BadInput, Measure, Record, measure, validate
from ..reading import Document
from ._dossier import Claim, ClaimKind, Dossier
from ._propose import Spots, says
from ._yaml import load_plain


class Stated(Record):
    """One entry of claims.yaml: a claim as `Claim` has it, with the number as it is printed and a quote in place of a place."""

    id: str = Field(min_length=1)
    kind: ClaimKind
    statement: str = Field(min_length=1)
    subject: str
    quantity: str
    value: str | None = None  # as printed: "5", "1.56", "65×10^6"
    unit: str = ""
    spread: float | None = None
    spread_kind: Literal["sd", "se", "interval", "range", "unknown"] | None = None
    at_least: bool = False  # the number is a bound, not a rounded measurement: half a unit of its last place is not granted
    direction: Literal["higher", "lower"] | None = None
    dataset: str | None = None
    split: str | None = None
    settings: dict[str, str] = {}
    against: str | None = None
    own: bool = True
    needs: tuple[str, ...] = ()
    quote: str


def state_claims(
    text: str, dossier: Dossier, document: Document, files: Mapping[str, bytes] | None = None, *, name: str = "claims.yaml"
) -> Dossier:
    """Return the dossier with the claims of a YAML text in place of those that rules found.

    The text holds a list `claims`. Every quote stands in the paper (white space and quotation marks may differ, nothing else) and holds the number.

    Raises:
        BadInput: no such list, a claim with a wrong field, one id twice, a quote that is not in the paper, or one without the number.
    """
    data = load_plain(text, name)
    if not isinstance(data, dict) or not isinstance(data.get("claims"), list):
        raise BadInput(
            f"{name} holds no claims: it must be a mapping with a list 'claims', each with id, kind, statement, quantity and quote."
        )
    spots = Spots(document, files)
    claims: dict[str, Claim] = {}
    for number, item in enumerate(data["claims"], 1):
        claim = _claim(validate(Stated, _text(item), f"{name}, claim {number}"), spots, name)
        if claim.id in claims:
            raise BadInput(f"{name} states the claim {claim.id!r} twice: give one of them another id.")
        claims[claim.id] = claim
    return dossier.model_copy(update={"claims": tuple(claims.values())})


def _text(item: Any) -> Any:
    """A number that a person typed for a text is text."""
    value = item.get("value") if isinstance(item, dict) else None
    return item | {"value": str(value)} if isinstance(value, int | float) and not isinstance(value, bool) else item


def _claim(item: Stated, spots: Spots, name: str) -> Claim:
    place = spots.find(item.quote)
    if place is None:
        raise BadInput(f"{name}: the quote of {item.id!r} is not in the paper: {item.quote!r:.120}.")
    if item.value is not None and not any(says(item.quote, f"{item.value}{sign}") for sign in ("", " %")):
        raise BadInput(f"{name}: the quote of {item.id!r} does not hold its value {item.value!r}.")
    kept = {field: getattr(item, field) for field in Claim.model_fields if field in Stated.model_fields}
    return Claim(**kept, measure=_measure(item, name), place=place)


def _measure(item: Stated, name: str) -> Measure | None:
    if item.value is None:
        return None
    try:
        found = measure(item.value, unit=item.unit, spread=item.spread, spread_kind=item.spread_kind)
    except ValueError:
        raise BadInput(f"{name}: the value of {item.id!r} is not one printed number: {item.value!r:.60}.") from None
    return found.model_copy(update={"last_place": 0.0}) if item.at_least else found
