"""What lies in a workspace, each thing read once; reading something that is missing or broken raises the sentence that says so."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from ..blueprint import Blueprint
from ..core import BadInput, Evidence, Place, read_text, validate, write_text
from ..dossier import Dossier, Gap, from_yaml
from ..reading import Document, source_files
from ..verdict import Registration, Verdict
from ._config import ExperimentFile, Plan, read_experiments, read_plan
from ._layout import Workspace
from ._ledger import Entry, Ledger, standing
from ._stale import divide

# A line of the journal that answers a gap: "- gap weight decay: 5e-4 (the authors' code)"
_GAP_LINE = re.compile(
    r"^\s*[-*]\s*gap\s+(?P<name>[^:\n]+):\s*(?P<value>[^\n(]*[^\s(])\s*\((?P<source>[^\n]*\w[^\n]*)\)\s*$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class Facts:
    """One look at a workspace; `entries_read` are its ledger's, where they were read and checked already."""

    workspace: Workspace
    entries_read: list[Entry] | None = None

    @cached_property
    def sources(self) -> dict[str, bytes]:
        """The paper's files as they are now: path inside the source -> bytes."""
        from ._start import paper_path

        return source_files(paper_path(self.workspace))

    @cached_property
    def document(self) -> Document:
        """paper/document.json."""
        return Document.load(self.workspace.document)

    @cached_property
    def dossier(self) -> Dossier:
        """dossier.yaml."""
        return from_yaml(read_text(self.workspace.dossier))

    @cached_property
    def blueprint(self) -> Blueprint:
        """blueprint.json."""
        return Blueprint.load(self.workspace.blueprint)

    @cached_property
    def plan(self) -> Plan:
        """blueprint.yaml."""
        return read_plan(self.workspace.bindings)

    @cached_property
    def experiments(self) -> dict[str, ExperimentFile]:
        """conf/*.yaml, by name."""
        return read_experiments(self.workspace.conf)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger; its chain is checked whenever its entries are read."""
        return self.workspace.open_ledger()

    @cached_property
    def entries(self) -> list[Entry]:
        """Every entry of the ledger."""
        return list(self.ledger.entries()) if self.entries_read is None else self.entries_read

    @cached_property
    def all_evidence(self) -> list[tuple[str, Evidence]]:
        """Every piece of evidence that was ever given, with the time of its entry."""
        name = self.ledger.path.name
        return [(entry.time, validate(Evidence, entry.record, name)) for entry in self.entries if entry.kind == "evidence"]

    @cached_property
    def standing(self) -> list[Evidence]:
        """The evidence that no later one has replaced."""
        return standing(self.all_evidence)

    @cached_property
    def divided(self) -> tuple[list[Evidence], list[tuple[Evidence, list[str]]]]:
        """The evidence that stands: fresh, and stale with its reasons."""
        return divide(self.workspace, self.standing)

    def evidence(self, kind: str, check: str | None = None) -> tuple[list[Evidence], list[str]]:
        """Return the fresh evidence of a kind (and check), and why the stale evidence of it no longer holds."""
        fresh, old = self.divided
        wanted = lambda one: one.kind == kind and (check is None or one.check == check)
        reasons = dict.fromkeys(f"{one.check}: {reason}" for one, why in old if wanted(one) for reason in why)
        return [one for one in fresh if wanted(one)], list(reasons)

    @cached_property
    def registration(self) -> Registration | None:
        """The newest registration."""
        return self._newest("registration", Registration)

    @cached_property
    def verdict(self) -> Verdict | None:
        """The newest verdict of the ledger."""
        return self._newest("verdict", Verdict)

    @cached_property
    def judged(self) -> Verdict:
        """The verdict that follows from the evidence as it is now."""
        from ._judging import judge_facts

        return judge_facts(self)

    def notes(self, about: str) -> list[Entry]:
        """Return the notes about something, oldest first."""
        return [entry for entry in self.entries if entry.kind == "note" and entry.record.get("about") == about]

    def _newest(self, kind: str, record: type[Any]) -> Any:
        found = next((entry for entry in reversed(self.entries) if entry.kind == kind), None)
        return None if found is None else validate(record, found.record, self.ledger.path.name)


def changed_sources(document: Document, sources: dict[str, bytes]) -> list[str]:
    """Return the files of the paper that are not what the document was read from."""
    now = {name: hashlib.sha256(data).hexdigest() for name, data in sources.items()}
    gone = [f"{name} is gone" for name in document.files if name not in now]
    return gone + [f"{name} changed" for name, was in document.files.items() if name in now and now[name] != was]


def untrue_places(dossier: Dossier, sources: dict[str, bytes]) -> list[str]:
    """Return the places of a dossier whose quote does not stand in the source."""
    return [str(place) for place in places_in(dossier) if place.file not in sources or not place.is_true_of(sources[place.file])]


def places_in(value: Any) -> Iterator[Place]:
    """Give every place inside a record, however deep."""
    if isinstance(value, Place):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from places_in(getattr(value, name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from places_in(item)
    elif isinstance(value, dict):
        yield from places_in(list(value.values()))


def open_gaps(workspace: Workspace, dossier: Dossier, experiments: Iterable[ExperimentFile]) -> list[Gap]:
    """Return the gaps that nobody has answered: neither a setting of conf/ with origin "gap" and the gap's name, nor a line of the journal.

    The line is `- gap NAME: VALUE (SOURCE)`; an answer without a source is none.
    """
    journal = read_text(workspace.journal) if workspace.journal.exists() else ""
    answered = {_name(match["name"]) for match in _GAP_LINE.finditer(journal)}
    for experiment in experiments:
        answered |= {_name(name) for name, setting in experiment.settings.items() if setting.origin == "gap" and setting.source.strip()}
    return [gap for gap in dossier.gaps if _name(gap.name) not in answered]


def answer_gap(workspace: Workspace, name: str, value: str, source: str) -> None:
    """Write the answer to a gap into the journal.

    Raises:
        BadInput: no value or no source, or a value with brackets in it.
    """
    line = f"- gap {name}: {value} ({source})"
    match = _GAP_LINE.fullmatch(line)
    if match is None or (_name(match["name"]), match["value"], match["source"]) != (_name(name), value.strip(), source.strip()):
        raise BadInput(f"{line!r} is no answer to a gap: it needs a name without a colon, a value without brackets, and a source.")
    add_to_journal(workspace, line)


def add_to_journal(workspace: Workspace, text: str) -> None:
    """Add lines to the journal."""
    there = read_text(workspace.journal).rstrip() if workspace.journal.exists() else "# Journal"
    write_text(workspace.journal, f"{there}\n\n{text}\n")


def _name(text: str) -> str:
    return " ".join(re.sub(r"[_\-\s]+", " ", text.casefold()).split())
