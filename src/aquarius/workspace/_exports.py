"""The verdict of a workspace in the forms of others."""

from __future__ import annotations

import json
from typing import Any

from ..verdict import badges, checklist, dataset_lines
from ._facts import Facts
from ._layout import Workspace


def exported(workspace: Workspace, format: str) -> tuple[dict[str, Any], str]:
    """Return a verdict as data and as the text of a file: JSON lines, or Markdown.

    Raises:
        BadInput: there is no dossier yet.
    """
    facts = Facts(workspace)
    verdict, evidence = facts.judged, facts.divided[0]
    if format == "dataset":
        text = dataset_lines(verdict, facts.dossier)
        return {"claims": [json.loads(line) for line in text.splitlines()]}, text
    items = badges(verdict, evidence) if format == "badges" else checklist(verdict, facts.dossier, evidence)
    rows = [f"| {one.item} | {one.status} | {one.fact.replace('|', '/')} |" for one in items]
    return {"items": [one.to_data() for one in items]}, "\n".join(["| item | status | fact |", "|---|---|---|", *rows]) + "\n"


def exported_view(data: dict[str, Any], text: str) -> Any:
    """Show the items of a checklist as a table, the lines of a data set as they are."""
    from ._show import table_view

    if "items" not in data:
        return text.rstrip("\n")
    return table_view("What evidence shows", [{name: one[name] for name in ("item", "status", "fact")} for one in data["items"]])
