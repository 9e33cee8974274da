"""The page of worked verdicts, made from the cases that are tested. To write it anew: PYTHONPATH=tests python -m verdict.page"""

from __future__ import annotations

import re
from pathlib import Path

from aquarius.verdict import ClaimVerdict, judge
from aquarius.verdict._conditions import EXACT, MEASURED

from .cases import CASES, Case

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "verdict-cases.md"
SECTIONS = {
    "value": "Values", "exact": "Exact claims", "order": "Orders", "trend": "Trends, correlations and curves", "qualitative": "What no rule decides",
}  # fmt: skip
HEAD = """# Worked verdicts

Each row is a case that is judged in the tests, with the verdict that the [rules](verdicts.md) give and the sentence that decides. This page is made from the tests and held against them: it cannot say anything else than the code does.

The lattice point is implementation · execution · scale, and when the rule was registered.
"""


def verdict_on(case: Case) -> ClaimVerdict:
    """Return the verdict on the case's first claim."""
    return judge(case.dossier(), case.evidence, case.registration(), registered=case.registered).claims[0]  # type: ignore[arg-type]


def cases_page() -> str:
    """Return the page of all worked cases."""
    parts = [HEAD]
    for kind, title in SECTIONS.items():
        rows = [case for case in CASES if case.claims[0].kind == kind]
        parts.append(f"\n## {title}\n\n| case | result | lattice point | because |\n|---|---|---|---|\n")
        for case in rows:
            found = verdict_on(case)
            point = f"{found.implementation} · {found.execution} · {found.scale} · {found.registered}"
            parts.append(f"| {_cell(case.says)} | {found.result} | {point} | {_cell(found.reasons[0])} |\n")
    return "".join(parts)


def condition_rows(page: str) -> dict[str, tuple[str, str]]:
    """Return condition -> (what it lowers to, the claims it is looked at for), as a page's table says it."""
    rows = re.findall(r"^\| ([a-z -]+) \| (inconclusive|not tested) \| (all|measured) \| .+ \|$", page, flags=re.MULTILINE)
    return {name: (lowers, claims) for name, lowers, claims in rows}


def conditions() -> dict[str, tuple[str, str]]:
    """Return the same from the code."""
    exact = {condition.name for condition in EXACT}
    return {condition.name: (condition.lowers_to, "all" if condition.name in exact else "measured") for condition in MEASURED}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(cases_page(), encoding="utf-8")
