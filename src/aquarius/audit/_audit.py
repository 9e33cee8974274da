"""`audit`: every check on one finished repository, by reading its code and its records."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..core import BadInput, Evidence
from . import (
    _answers,
    _borrowed,
    _budgets,
    _chosen,
    _evaluation,
    _features,
    _files,
    _history,
    _invented,
    _labels,
    _leakage,
    _logs,
    _metrics,
    _numbers,
    _overlap,
    _promised,
    _reference,
    _regular,
    _runs,
    _seeds,
    _selection,
    _sieve,
    _spine,
    _stated,
    _suite,
    _techniques,
    _training,
    _weakened,
)
from ._check import Check, Material
from ._code import Code, TimeUp
from ._records import NUMBER, Records
from ._repository import Repository, load

CHECKS: tuple[Check, ...] = tuple(
    check
    for family in (
        _invented,
        _numbers,
        _logs,
        _regular,
        _runs,
        _files,
        _history,
        _selection,
        _chosen,
        _sieve,
        _spine,
        _seeds,
        _leakage,
        _overlap,
        _labels,
        _answers,
        _metrics,
        _evaluation,
        _stated,
        _budgets,
        _promised,
        _suite,
        _techniques,
        _training,
        _features,
        _weakened,
        _reference,
        _borrowed,
    )
    for check in family.CHECKS
)
FAMILIES = ("fabrication", "protocol", "circumvention")


def audit(folder: str | Path, *, only: Iterable[str] = (), official: str | Path | None = None, budget: float = 120.0) -> list[Evidence]:
    """Audit a finished repository for fabricated numbers, broken protocol and circumvented checks.

    Returns evidence of kind finding: what each check found, or one `pass` where it found nothing. After `budget` seconds the checks that
    are left are skipped, and say so.

    Raises:
        BadInput: no such folder, nothing to audit in it, or `only` names no check.
    """
    checks = chosen(only)
    repository = load(Path(folder), Path(official) if official is not None else None)
    records = Records(repository)
    material = Material(repository, Code(repository), records, _stated_numbers(repository))
    material.code.recorded = records.measured()
    end = time.perf_counter() + budget
    return [item for check in checks for item in _run(check, material, end)]


def chosen(only: Iterable[str]) -> list[Check]:
    """Return the checks that are named, by their own name or their family's; all where none is.

    Raises:
        BadInput: a name is of no check and no family.
    """
    names = tuple(only)
    known = {check.name for check in CHECKS} | set(FAMILIES)
    wrong = [name for name in names if name not in known]
    if wrong:
        raise BadInput(
            f"there is no check or family named {wrong[0]!r}: give one of {', '.join([*FAMILIES, *(check.name for check in CHECKS)])}."
        )
    return [check for check in CHECKS if not names or check.name in names or check.family in names]


def cards() -> list[dict[str, Any]]:
    """Return the card of every check of the audit."""
    return [{"check": check.name, "family": check.family, "finds": check.finds, "misled_by": check.misled_by} for check in CHECKS]


def _run(check: Check, material: Material, end: float) -> list[Evidence]:
    begin = time.perf_counter()
    if check.name == "official-code" and not material.repository.official:
        return [Evidence(kind="finding", check=check.name, status="skipped", message="no official repository was given (--official).")]
    if begin > end:
        return [Evidence(kind="finding", check=check.name, status="skipped", message="the time was up before this check.")]
    found: dict[tuple[str | None, str], Evidence] = {}
    material.code.deadline = end
    try:
        for item in check.function(material):
            found.setdefault((item.path, item.message), item)
    except TimeUp:
        late = Evidence(kind="finding", check=check.name, status="skipped", message="the time was up in the middle of this check.")
        found.setdefault((None, late.message), late)
    seconds = time.perf_counter() - begin
    items = [item.model_copy(update={"check": check.name, "seconds": seconds / len(found)}) for item in found.values()]
    good = Evidence(
        kind="finding",
        check=check.name,
        status="pass",
        message=f"looked for {check.finds}, and found none.",
        seconds=seconds,
    )
    return items or [good]


def _stated_numbers(repository: Repository) -> tuple[float, ...]:
    """Return the numbers with decimals that the paper's text states, and those of a README's column for the paper; shares beside percents."""
    text = repository.prose(paper=True)
    numbers = {float(item) for item in NUMBER.findall(text)}
    return tuple(sorted(numbers | {round(value / 100, 8) for value in numbers if 1 < value < 100}))


__all__ = ["CHECKS", "audit", "cards", "chosen"]
