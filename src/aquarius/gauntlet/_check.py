"""The card of a check: what it finds, what it needs to know, what can mislead it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..core import Evidence, extension_names, load_extension

if TYPE_CHECKING:
    from ._examination import Examination

Cost = Literal["instant", "forward", "training"]


@dataclass(frozen=True)
class Check:
    """One check: a card, and the function that looks."""

    name: str
    family: str
    finds: str  # one sentence
    uses: tuple[str, ...]  # the facts it reads; () = it needs none
    misled_by: str  # one sentence: what looks like the bug and is none
    cost: Cost
    function: Callable[[Examination], Evidence | list[Evidence]]


def card(
    family: str, name: str, finds: str, uses: tuple[str, ...], misled_by: str, function: Callable[[Examination], Evidence | list[Evidence]]
) -> Check:
    """Return a check that costs a few forward passes."""
    return Check(name=name, family=family, finds=finds, uses=uses, misled_by=misled_by, cost="forward", function=function)


def checks() -> list[Check]:
    """Return every check, built-in and plugged in, in the order in which they run."""
    return [load_extension("aquarius.checks", name) for name in extension_names("aquarius.checks")]
