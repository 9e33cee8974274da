"""The card of a check of the audit, and how a check writes down what it found."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from ..core import Evidence
from ._code import Code, Place
from ._records import Records
from ._repository import Repository

Family = Literal["fabrication", "protocol", "circumvention"]


@dataclass(frozen=True)
class Material:
    """What a check reads: the files, the code's tables and the numbers of the records."""

    repository: Repository
    code: Code
    records: Records
    paper: tuple[float, ...] = field(default=())  # numbers with decimals that the paper's text states


@dataclass(frozen=True)
class Check:
    """One check: a card, and the function that looks; it gives findings alone, and nothing where all is well."""

    name: str
    family: Family
    finds: str  # one sentence
    misled_by: str  # one sentence: what looks like the flaw and is none
    function: Callable[[Material], Iterator[Evidence]]


def found(place: Place, message: str, hint: str, *, sure: bool = True) -> Evidence:
    """Return a finding at a place of the code; the runner puts the check's name in."""
    line = getattr(place.node, "lineno", 1)
    return Evidence(
        kind="finding",
        check="",
        status="fail" if sure else "unsure",
        where=place.where,
        path=place.line,
        message=f"line {line}: {message}",
        hint=hint,
    )


def noted(path: str, message: str, hint: str, *, sure: bool = True, **values: float) -> Evidence:
    """Return a finding in a record or a text."""
    return Evidence(
        kind="finding", check="", status="fail" if sure else "unsure", where=path, path=path, message=message, hint=hint, values=values
    )


def source(node: ast.AST, most: int = 70) -> str:
    """Return code as one short line, for a message."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= most else text[: most - 3] + "..."
