"""The numbers of a report that somebody wrote: each is sought among what was measured, claimed, counted or set."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core import read_text
from ._facts import Facts

KINDS = frozenset((".md", ".markdown", ".txt", ".tex", ".html", ".htm"))
# a result: with a decimal point, or in percent; not part of a name, a version, a date, an address or a section's number
_NUMBER = re.compile(
    r"(?<![\w./:#-])[-+−]?(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d+(?=\s?%))(?:[eE](?P<power>[-+]?\d+))?(?![\w/]|\.\d)"
)
_IN_WORDS = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?(?!\w)")  # not a part of a hash or a name
_CODE = re.compile(r"(?s)<(script|style|svg)\b.*?</\1>|<[^>]*>")


def untraced(facts: Facts, path: Path) -> tuple[list[tuple[int, str]], int]:
    """Return the numbers of a text without a source, each with its line, and how many numbers were looked at.

    A number has a source when one of the known values, as it is, in percent or as a fraction, rounds to it in the places that are printed.
    """
    known = sorted(_known(facts))
    text = read_text(path)
    if path.suffix.casefold() in (".html", ".htm"):
        text = _CODE.sub(lambda match: "\n" * match[0].count("\n") + " ", text)
    missing, looked = [], 0
    for line, words in enumerate(text.splitlines(), 1):
        for match in _NUMBER.finditer(re.sub(r"^\s*#+\s*[\d.]+\s", "", words)):
            looked += 1
            if not _has_source(match, known):
                missing.append((line, match[0].strip()))
    return missing, looked


def _has_source(match: re.Match[str], known: list[float]) -> bool:
    text = match["number"].replace(",", "")
    scale = 10.0 ** int(match["power"] or 0)
    value, half = float(text) * scale, 0.5 * scale * 10.0 ** -len(text.partition(".")[2])
    for factor in (1.0, 100.0, 0.01):
        wanted, slack = value / factor, half / factor * (1 + 1e-9)
        at = bisect_left(known, wanted - slack)
        if at < len(known) and known[at] <= wanted + slack:
            return True
    return False


def _known(facts: Facts) -> set[float]:
    sources: list[Any] = [facts.judged.to_data(), facts.dossier.to_data(), [item.to_data() for item in facts.experiments.values()]]
    sources += [{"values": one.values, "details": one.details, "seconds": one.seconds, "message": one.message} for one in facts.standing]
    return {abs(number) for source in sources for number in _numbers(source)}


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, str):
        yield from (float(match[0].replace(",", "")) for match in _IN_WORDS.finditer(value))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _numbers(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _numbers(item)
