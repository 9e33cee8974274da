"""A rubric in a workspace: rubric.json as it was given, rubric.yaml with what decides each leaf, both frozen in the ledger, and their export."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..core import BadInput, Evidence, Record, hash_data, read_text, validate, write_text
from ..verdict import Binding, Rubric, grade, graded_data, propose, read_rubric, tree_score
from ._facts import Facts
from ._layout import Workspace
from ._ledger import bears, first_hand
from ._values import read_yaml

ABOUT = "rubric"  # of the ledger's notes
HEAD = """# What decides each leaf of rubric.json: a claim, an equation, a check, or an experiment.
# Proposed lines decide nothing until you set confirmed: true. Then run aquarius rubric import again, before the first run that counts.
"""


class Bindings(Record):
    """rubric.yaml."""

    bindings: tuple[Binding, ...] = ()


def import_rubric(workspace: Workspace, file: Path) -> dict[str, Any]:
    """Take a rubric into a workspace, propose what decides its leaves, and freeze both as they are now; nothing is written where nothing changed.

    Raises:
        BadInput: the file is no rubric, or the workspace has another one already, or rubric.yaml names what is not there.
    """
    tree, path = _read(file), workspace.root / "rubric.json"
    if path.exists() and _read(path) != tree:
        raise BadInput(f"{path} is another rubric: its weights were set first. Remove it, and what follows is marked as changed.")
    facts = Facts(workspace)
    if not path.exists():
        write_text(path, read_text(file))
    bindings_path = workspace.root / "rubric.yaml"
    if not bindings_path.exists():
        write_text(bindings_path, _yaml(propose(tree, facts.dossier)))
    bindings = _bindings(workspace)
    grades = grade(tree, bindings, facts.judged, [])  # refuses a binding to no leaf
    note = {"about": ABOUT, "tree": tree.content_hash, "bindings": _hash(bindings)}
    notes = facts.notes(ABOUT)
    if not notes or {name: notes[-1].record.get(name) for name in note} != note:
        facts.ledger.append("note", note)
    return {
        "leaves": len(grades),
        "bound": len({one.leaf for one in bindings if one.confirmed}),
        "proposed": len({one.leaf for one in bindings if not one.confirmed}),
        "tree": tree.content_hash,
        "bindings": [one.to_data() for one in bindings],
    }


def export_rubric(workspace: Workspace) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the graded tree in PaperBench's form, and its score with when weights and bindings were set, relative to the first run that counts.

    Raises:
        BadInput: no rubric was imported.
    """
    path = workspace.root / "rubric.json"
    if not path.exists():
        raise BadInput(f"{workspace.root} has no rubric: run aquarius rubric import FILE first.")
    tree, bindings, facts = _read(path), _bindings(workspace), Facts(workspace)
    usable: list[Evidence] = [one for one in facts.divided[0] if first_hand(one)]
    grades = grade(tree, bindings, facts.judged, usable)
    told = asdict(tree_score(tree, grades)) | {"set": _when(facts, tree, bindings)}
    return graded_data(tree, grades), told


def _when(facts: Facts, tree: Rubric, bindings: tuple[Binding, ...]) -> str:
    """Say "before", "after", or "changed" where the files are not what was frozen last."""
    notes = facts.notes(ABOUT)
    if not notes or (notes[-1].record.get("tree"), notes[-1].record.get("bindings")) != (tree.content_hash, _hash(bindings)):
        return "changed"
    runs = [e.seq for e in facts.entries if bears(e) and e.record.get("kind") == "run" and e.record.get("counts", True)]
    return "before" if not runs or notes[-1].seq < min(runs) else "after"


def _read(path: Path) -> Rubric:
    try:
        data = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not JSON: {str(error)[:200]}.") from None
    return read_rubric(data, path.name)


def _bindings(workspace: Workspace) -> tuple[Binding, ...]:
    path = workspace.root / "rubric.yaml"
    return validate(Bindings, read_yaml(path) or {}, path.name).bindings if path.exists() else ()


def _hash(bindings: tuple[Binding, ...]) -> str:
    return hash_data([one.to_data() for one in bindings])


def _yaml(bindings: list[Binding]) -> str:
    import yaml

    rows = [{name: value for name, value in one.to_data().items() if value is not None} for one in bindings]
    return HEAD + yaml.safe_dump({"bindings": rows}, sort_keys=False, allow_unicode=True, width=140)
