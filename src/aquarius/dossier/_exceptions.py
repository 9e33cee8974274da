"""What a sentence takes out of its own rule: "dropout is 0.5, except on Texas (0.8)", "... except for the large model, where we use 0.1"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ._numbers import COUNT, number_of, print_number
from ._patterns import Hit
from ._term import Term, plausible
from ._text import squeeze

_WORDS = r"\b(?:except|apart|with the exception|excluding)\b"
_OPENS = re.compile(rf"\s*[,(]?\s*{_WORDS}", re.IGNORECASE)
_EXCEPTION = re.compile(
    rf"{_WORDS}(?:\s+(?:for|on|in|with|at|from|of|that))*\s+(?:the\s+)?(?P<what>[\w(][^.;()]{{0,60}}?)"
    rf"(?:\s*,?\s*\(\s*(?:[a-z]+\s+){{0,2}}|\s*,?\s*\b(?:where|which|whose|when|for which)\b[^.;()]{{0,70}}?\s)(?P<value>{COUNT})",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Excepted:
    """A value that holds for something else than its sentence says."""

    term: Term
    value: str
    number: float | None
    scope: str
    start: int  # of the words that name the exception
    end: int
    at: int  # of the value


def ruled(flat: str, at: int) -> str:
    """Return a sentence up to the exception that follows character `at`: what comes after it does not say what a value is for."""
    opens = _OPENS.search(flat, at)
    return flat[: opens.start()] if opens else flat


def exceptions(flat: str, found: Sequence[tuple[Term, Hit]]) -> Iterator[Excepted]:
    """Yield the exceptions of a sentence: the hyperparameter is that of the last value before, where the number can be one."""
    for match in _EXCEPTION.finditer(flat) if "xce" in flat or "part" in flat else ():
        printed = print_number(match["value"])
        number = number_of(printed)
        inside = [item for item in found if item[1].at == match.start("value")]
        before = [item for item in found if item[1].at < match.start()]
        for term, _ in (inside or sorted(before, key=lambda item: item[1].at)[-1:])[:1]:
            if number is not None and plausible(term.values, number):
                value = printed if number_of(match["value"]) is not None and not match["value"].isalpha() else f"{number:g}"
                yield Excepted(term, value, number, squeeze(match["what"]).rstrip(","), match.start(), match.end(), match.start("value"))
