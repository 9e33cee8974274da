"""Judging a workspace: the verdict that follows from its ledger as it is now, and the report that is made of it."""

from __future__ import annotations

from pathlib import Path

from ..core import BadInput, read_text
from ..dossier import Dossier, from_yaml
from ..verdict import Verdict, judge
from ._artifacts import write_artifacts
from ._facts import Facts
from ._layout import Workspace
from ._ledger import first_hand
from ._registered import known


def judge_workspace(workspace: Workspace, *, record: bool = False) -> Verdict:
    """Judge from the ledger alone; evidence whose inputs have changed since is not used.

    Raises:
        BadInput: there is no dossier yet.
    """
    facts = Facts(workspace)
    verdict = judge_facts(facts)
    if record:
        if facts.verdict != verdict:
            facts.ledger.append("verdict", verdict)
        verdict.save(workspace.private / "verdict.json")
        write_artifacts(workspace, verdict)
    return verdict


def judge_facts(facts: Facts) -> Verdict:
    """Judge from one look at a workspace."""
    dossier, registration = workspace_dossier(facts.workspace), facts.registration
    usable = [one for one in facts.divided[0] if first_hand(one)]
    return judge(dossier, usable, registration, **known(facts.entries, usable, registration, dossier))


def workspace_dossier(workspace: Workspace) -> Dossier:
    """Return the dossier of a workspace.

    Raises:
        BadInput: there is none yet.
    """
    if not workspace.dossier.exists():
        raise BadInput(f"{workspace.root} has no dossier.yaml yet: run aquarius reproduce {workspace.root}, or aquarius distill.")
    return from_yaml(read_text(workspace.dossier))


def render_report(facts: Facts, path: Path) -> Path:
    """Write the report of the verdict that follows from the evidence now; the same ledger gives the same bytes."""
    from ..blueprint import Blueprint, questions
    from ..reading import Document
    from ..report import write

    workspace = facts.workspace
    blueprint = Blueprint.load(workspace.blueprint) if workspace.blueprint.exists() else None
    return write(
        facts.judged,
        path,
        dossier=workspace_dossier(workspace),
        blueprint=blueprint,
        evidence=filter(first_hand, facts.standing),
        document=Document.load(workspace.document) if workspace.document.exists() else None,
        questions=questions(blueprint) if blueprint is not None else (),
    )
