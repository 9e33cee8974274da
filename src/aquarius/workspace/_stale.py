"""Stale evidence: the inputs of a receipt, hashed again; what differs is named."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..core import AquariusError, BadInput, Evidence, file_hash, hash_data, inside, read_text
from ._config import read_experiments, read_plan
from ._layout import Workspace

PACKAGE = Path(__file__).resolve().parents[1]


@dataclass
class Inputs:
    """The inputs of a workspace as they are now; each file is hashed once, so one of these serves a whole list of evidence."""

    workspace: Workspace
    known: dict[str, str | None] = field(default_factory=dict)  # name -> sha256, None where it is not there

    def reasons(self, evidence: Evidence) -> list[str]:
        """Return why a piece of evidence no longer holds, one phrase for each input that changed; nothing where it is fresh."""
        if evidence.receipt is None:
            return ["it has no receipt"]
        inputs = evidence.receipt.inputs
        if not any(name.startswith(("workspace:", "package:")) for name in inputs):
            return ["its receipt names no code that it was made with"]
        return [reason for name, was in sorted(inputs.items()) if (reason := self._reason(evidence, name, was))]

    def unseen(self, evidence: Evidence) -> list[str]:
        """Return the data that are not at hand, so that it cannot be told whether they changed; that alone makes no evidence stale."""
        inputs = evidence.receipt.inputs if evidence.receipt else {}
        return [name.partition(":")[2] for name in sorted(inputs) if name.startswith("data:") and self._now(name) is None]

    def _reason(self, evidence: Evidence, name: str, was: str) -> str | None:
        kind, _, rest = name.partition(":")
        if kind == "value":
            return self._value(evidence, rest, was)
        if kind not in ("workspace", "package", "data") or not rest:
            return f"{name!r} is no input that can be looked at"
        now = self._now(name)
        if now is None:
            return None if kind == "data" else f"{rest} is gone"
        return None if now == was else f"{rest} changed"

    def _now(self, name: str) -> str | None:
        if name not in self.known:
            self.known[name] = self._hash(*name.split(":", 1))
        return self.known[name]

    def _hash(self, kind: str, rest: str) -> str | None:
        roots = {"workspace": [self.workspace.root], "package": [PACKAGE], "data": data_folders()}[kind]
        for root in roots:
            try:
                path = inside(root, rest)
                if path.is_file():
                    return file_hash(path)
            except BadInput:
                continue
        return None

    def _value(self, evidence: Evidence, name: str, was: str) -> str | None:
        """Compare a value with what the workspace's files say now; one that no file holds cannot change."""
        try:
            if name == "stage":
                return None if was in self._stages else "blueprint.yaml, the dossier or Aquarius itself changed"
            if name in ("settings", "config") and evidence.kind == "run" and evidence.check in self._settings:
                return None if was == self._settings[evidence.check] else f"conf/{evidence.check}.yaml changed"
        except AquariusError as error:
            return f"{name} cannot be compared: {str(error).rstrip('.')}"
        return None

    @cached_property
    def _settings(self) -> dict[str, str]:
        return {name: hash_data(item.values()) for name, item in read_experiments(self.workspace.conf).items()}

    @cached_property
    def _stages(self) -> set[str]:
        """The hash of every stop of the road as blueprint.yaml and the dossier configure it now."""
        from ..dossier import from_yaml

        plan, dossier = read_plan(self.workspace.bindings), from_yaml(read_text(self.workspace.dossier))
        latex = {formula.id: formula.latex for formula in dossier.formulas}
        found = {stage_hash("finding", {"subject": plan.subject})}
        for index, item in enumerate(plan.counts):
            found.add(stage_hash("count", {"item": item.to_data(), "index": index, "dossier": dossier.content_hash}))
        for binding in plan.equations:
            found.add(stage_hash("conformance", {"binding": binding.to_data(), "latex": binding.latex or latex.get(binding.formula)}))
        return found


def stage_hash(kind: str, config: dict[str, Any]) -> str:
    """Return what a receipt keeps as "value:stage": which stop of the road made the evidence, configured how, by which Aquarius."""
    return hash_data({"kind": kind, "config": config, "aquarius": version("aquarius")})


def stale(workspace: Workspace, evidence: Evidence) -> list[str]:
    """Return why a piece of evidence no longer holds: which file changed or is gone; nothing where it is fresh."""
    return Inputs(workspace).reasons(evidence)


def divide(workspace: Workspace, evidence: Iterable[Evidence]) -> tuple[list[Evidence], list[tuple[Evidence, list[str]]]]:
    """Return the fresh evidence, and the stale with its reasons."""
    inputs = Inputs(workspace)
    fresh: list[Evidence] = []
    old: list[tuple[Evidence, list[str]]] = []
    for one in evidence:
        if reasons := inputs.reasons(one):
            old.append((one, reasons))
        else:
            fresh.append(one)
    return fresh, old


def unseen(workspace: Workspace, evidence: Iterable[Evidence]) -> list[str]:
    """Return the data files that evidence was made from and that are not at hand, each once."""
    inputs = Inputs(workspace)
    return list(dict.fromkeys(name for one in evidence for name in inputs.unseen(one)))


def data_folders() -> list[Path]:
    """Return the folders that data are looked for in: the one that AQUARIUS_DATA names, then the cache."""
    from ..lab.data import VARIABLE, cache_folder

    named = os.environ.get(VARIABLE)
    return [*([Path(named).expanduser()] if named else []), cache_folder()]
