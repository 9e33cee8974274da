"""The cards of all checks as a page of the documentation: `python -m aquarius.gauntlet._cards > docs/checks.md` writes it anew."""

from __future__ import annotations

import importlib.util
from typing import Any

from ..core import MissingExtra
from ._check import Check, checks
from ._examine import ON_REQUEST

HEAD = """# The checks

`aquarius check --list` prints this table; this page is written from the same cards. A check runs unasked unless its cost says so.
A fact is an entry of the subject's `facts`; a check without facts needs none.

- instant: looks at code and parameters; forward: a few passes; training: some steps of training
- on request: runs only where `--only` names it or its family
"""


def cards() -> list[dict[str, Any]]:
    """Return each check's card as data, in the order in which they run.

    Raises:
        MissingExtra: torch is not installed, and the checks cannot be imported.
    """
    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("torch", "torch", "listing the checks")
    return [
        {
            "check": check.name,
            "family": check.family,
            "finds": check.finds,
            "facts": list(check.uses),
            "misled_by": check.misled_by,
            "cost": cost(check),
        }
        for check in checks()
    ]


def cost(check: Check) -> str:
    """Return what a check costs, in a word, and whether it runs only where it is named."""
    return check.cost + (", on request" if check.name in ON_REQUEST else "")


def page() -> str:
    """Return the page of all checks, one section for each family in the order of its first check."""
    families: dict[str, list[Check]] = {}
    for check in checks():
        families.setdefault(check.family, []).append(check)
    parts = [HEAD]
    for family, members in families.items():
        parts.append(f"## {family}\n\n| check | finds | facts | what can mislead it | cost |\n|---|---|---|---|---|")
        for check in members:
            facts = ", ".join(f"`{fact}`" for fact in check.uses)
            row = (f"`{check.name}`", check.finds, facts, check.misled_by, cost(check))
            parts.append("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |")
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
