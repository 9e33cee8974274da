"""A suspect: one cause that would explain why a number is not the paper's, and the cheap run that would tell."""

from __future__ import annotations

from typing import Any, Literal

from ..core import Record

Source = Literal["finding", "recipe", "curve", "seeds", "numbers", "gap"]


class Suspect(Record):
    """One possible cause. `weight` is how much speaks for it, from 0 to 1; the page of `diagnose` has the table."""

    name: str
    source: Source
    weight: float
    themes: tuple[str, ...] = ()  # what it is about: two suspects from different sources with one theme support each other
    reason: str  # one sentence: why this would lower the number
    evidence: tuple[str, ...]  # what was seen
    run: str  # the cheap run that would tell
    tells: str  # which outcome says what
    change: dict[str, Any] = {}  # settings to change for that run
