"""Every error Aquarius raises on purpose, in one tree.

    AquariusError            exit code 2
    ├── BadInput             what was given cannot be used: missing, empty, truncated, hostile, out of its folder
    ├── MissingExtra         an optional library is not installed
    ├── StorageError         nothing more can be written: disk full, no permission
    └── Broken               a record on disk does not match its own hash

A *finding* is never an exception: it is `Evidence` with a status.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AquariusError(Exception):
    """Base of the tree. Its text is one sentence: what was wrong, where, what to do."""

    exit_code = 2


class BadInput(AquariusError):
    """What was given cannot be used."""


class MissingExtra(AquariusError):
    """An optional library is needed and not installed."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {library}, which is not installed: run pip install 'aquarius[{extra}]'.")


class StorageError(AquariusError):
    """Nothing more can be written; what was written before is intact."""


class Broken(AquariusError):
    """A record on disk does not match its own hash."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the nearest known name, or the list of known names when none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f" Did you mean {near[0]!r}?"
    return f" Known: {', '.join(names)}." if names else ""
