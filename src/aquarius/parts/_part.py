"""The card of a part: what it is called, where it comes from, what goes wrong with it, and how it is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Part:
    """One building block. `build` is the function or the module's class; its signature says what it takes."""

    name: str  # the field's standard term, as in the extension table
    paper: str  # arXiv id, or author and year
    section: str  # where the paper defines it
    equation: str  # LaTeX, in the paper's own symbols
    gotcha: str  # one sentence: what implementations get wrong
    build: Callable[..., Any]
