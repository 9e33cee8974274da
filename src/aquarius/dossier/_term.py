"""What a hyperparameter with a number is: its standard name, the words around the number, and which numbers can be one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

Group = Literal["architecture", "recipe", "evaluation"]
Values = Literal["rate", "probability", "integer", "size", "large", "huge", "number"]


@dataclass(frozen=True)
class Term:
    """A hyperparameter that has a number: its standard name and the words around the number. Patterns run on flattened text."""

    name: str  # as facts carry it
    key: str  # as the summary prints it
    group: Group
    before: str = ""  # words that come before the value: "learning rate of 0.1"
    after: str = ""  # words that come after it: "16 hidden units"
    values: Values = "number"
    symbols: str = ""  # "β_1" in "β_1 = 0.9"
    cell: str = ""  # spellings that stand alone in a table's cell, besides `before`
    unit: str = ""
    needs: str = ""  # words that the sentence must hold
    then: str = ""  # what must follow a value after `before`
    unless: str = ""  # what must not follow it
    refuses: str = ""  # words right before the match, or in it, that make it something else


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern once, case ignored: there are more of them than the cache of the standard library holds."""
    return re.compile(pattern, re.IGNORECASE)


def plausible(values: Values, value: float) -> bool:
    """Say whether a number can be such a value: a probability lies between 0 and 1, a count is whole and positive."""
    if values == "probability":
        return 0.0 <= value <= 1.0
    if values == "rate":
        return 0.0 <= value <= 100.0
    if values == "integer":
        return value >= 1 and value == int(value)
    return value >= {"size": 10, "large": 1000, "huge": 1e6}.get(values, float("-inf"))
