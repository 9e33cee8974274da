"""Judging a workspace: the verdict that follows from its ledger as it is now."""

from __future__ import annotations

from ..core import BadInput, read_text
from ..dossier import Dossier, from_yaml
from ..verdict import Verdict, judge
from ._artifacts import write_artifacts
from ._layout import Workspace
from ._ledger import registered
from ._stale import divide


def judge_workspace(workspace: Workspace, *, record: bool = False) -> Verdict:
    """Judge from the ledger alone; evidence whose inputs have changed since is not used.

    Raises:
        BadInput: there is no dossier yet.
    """
    dossier = workspace_dossier(workspace)
    ledger = workspace.open_ledger()
    usable, _ = divide(workspace, ledger.evidence())
    registration = ledger.registration()
    when = {rule.claim: registered(ledger, rule.claim) for rule in registration.rules} if registration else {}
    verdict = judge(dossier, usable, registration, registered=when)
    if record:
        if ledger.verdict() != verdict:
            ledger.append("verdict", verdict)
        verdict.save(workspace.private / "verdict.json")
        write_artifacts(workspace, verdict)
    return verdict


def workspace_dossier(workspace: Workspace) -> Dossier:
    """Return the dossier of a workspace.

    Raises:
        BadInput: there is none yet.
    """
    if not workspace.dossier.exists():
        raise BadInput(f"{workspace.root} has no dossier.yaml yet: run aquarius reproduce {workspace.root}, or aquarius distill.")
    return from_yaml(read_text(workspace.dossier))
