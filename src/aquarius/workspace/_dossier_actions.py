"""The actions on a dossier besides distilling it: facts that an agent or a model proposes. `actions` lists them."""

from __future__ import annotations

from pathlib import Path

from ._outcome import Outcome


def dossier_propose(
    file: Path, *, dossier: Path | None = None, source: str | None = None, by: str | None = None, folder: Path = Path(".")
) -> Outcome:
    """Add facts to a dossier, each with a quote; a fact whose quote the paper does not hold is refused by name, and no other is lost.

    Args:
        file: a YAML or JSON file with `by` and `facts`, each with group, name, value, quote, and unit and scope where they apply
        dossier: the dossier.yaml they are added to; that of the workspace if not given
        source: the paper that the quotes are looked up in; that of the workspace if not given
        by: who proposes them, where the file does not say so
        folder: the workspace
    """
    from ..core import BadInput, read_text, write_text
    from ..dossier import add_facts, from_yaml, propose
    from ..reading import read, source_files
    from ._show import proposal_view

    if (dossier is None) != (source is None):
        raise BadInput("--dossier and --source belong together: the quotes are looked up in the paper that the dossier is about.")
    if dossier is None or source is None:
        from ._layout import Workspace
        from ._start import paper_path

        workspace = Workspace.open(folder)
        dossier, source = workspace.dossier, str(paper_path(workspace))
    text = read_text(dossier)
    document = read(source)
    proposal = propose(read_text(file), from_yaml(text, name=str(dossier)), document, source_files(source), by=by, name=str(file))
    if proposal.accepted:
        write_text(dossier, add_facts(text, [(item.group, item.fact) for item in proposal.accepted], name=str(dossier)))
    return Outcome(proposal.to_data(), lambda: proposal_view(proposal), ok=not proposal.refused)
