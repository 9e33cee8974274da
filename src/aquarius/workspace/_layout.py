"""A reproduction on disk: plain files that a person can read and git can diff, and where each of them lies."""

from __future__ import annotations

import keyword
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..core import BadInput, StorageError, inside, write_text
from ._ledger import Ledger
from ._manifest import MANIFEST, Manifest, PaperEntry, read_manifest, slug, write_manifest

# What may lie in a folder that becomes a workspace: the version control of a fresh repository.
_HARMLESS = {".git", ".gitignore", ".gitattributes", ".DS_Store"}
_FOLDERS = ("paper", "conf", "src", "tests", "report", ".aquarius", ".aquarius/runs", ".aquarius/results")


@dataclass(frozen=True)
class Workspace:
    """A folder with a manifest. Its properties are paths; whether a file is there is the file system's affair."""

    root: Path

    @property
    def manifest(self) -> Path:
        """The Project Aquarius manifest."""
        return self.root / MANIFEST

    @property
    def paper(self) -> Path:
        """The folder with the paper as it was given."""
        return self.root / "paper"

    @property
    def document(self) -> Path:
        """What the paper says."""
        return self.root / "paper" / "document.json"

    @property
    def dossier(self) -> Path:
        """Claims, mechanism, recipe, gaps."""
        return self.root / "dossier.yaml"

    @property
    def claims(self) -> Path:
        """Claims that a person states, each with a quote, in place of those that rules find; there in few workspaces."""
        return self.root / "claims.yaml"

    @property
    def bindings(self) -> Path:
        """Symbols, equation-to-code bindings and expected counts, written by a person or an agent."""
        return self.root / "blueprint.yaml"

    @property
    def blueprint(self) -> Path:
        """The blueprint that was drawn."""
        return self.root / "blueprint.json"

    @property
    def conf(self) -> Path:
        """One YAML file per experiment."""
        return self.root / "conf"

    @property
    def tests(self) -> Path:
        """Generated tests."""
        return self.root / "tests"

    @property
    def journal(self) -> Path:
        """Decisions, deviations, answers to checkpoint questions."""
        return self.root / "journal.md"

    @property
    def private(self) -> Path:
        """The folder that only Aquarius writes."""
        return self.root / ".aquarius"

    @property
    def ledger(self) -> Path:
        """The chain of evidence."""
        return self.root / ".aquarius" / "ledger.jsonl"

    @property
    def runs(self) -> Path:
        """One folder per run."""
        return self.root / ".aquarius" / "runs"

    @property
    def results(self) -> Path:
        """Result artifacts of the published shape."""
        return self.root / ".aquarius" / "results"

    @property
    def report(self) -> Path:
        """The retrospective and its figures."""
        return self.root / "report"

    @property
    def code(self) -> Path:
        """The package of the reproduction, `src/<name>`."""
        return self.root / "src" / package_name(read_manifest(self.manifest).id)

    @property
    def subject(self) -> Path:
        """The Subject, `src/<name>/model.py`."""
        return self.code / "model.py"

    @property
    def experiment(self) -> Path:
        """The experiment, `src/<name>/train.py`."""
        return self.code / "train.py"

    def open_ledger(self) -> Ledger:
        """Return the workspace's ledger."""
        return Ledger(self.ledger)

    def inside(self, name: str | Path) -> Path:
        """Return a path that a user gave, inside this workspace or refused."""
        return inside(self.root, name)

    def relative(self, path: Path) -> str:
        """Return a path of this workspace (absolute, or as seen from the current folder) as receipts write it: from the root, "/" between parts."""
        return inside(self.root, path.resolve()).relative_to(self.root.resolve()).as_posix()

    @staticmethod
    def open(path: str | Path) -> Workspace:
        """Return the workspace at `path`.

        Raises:
            BadInput: no folder, no manifest in it, or a manifest that is not of the published shape.
        """
        root = Path(path)
        if not root.exists():
            raise BadInput(f"{root} does not exist: run aquarius start SOURCE {root} to make a workspace there.")
        if not root.is_dir():
            raise BadInput(f"{root} is a file, and a workspace is a folder.")
        if not (root / MANIFEST).exists():
            raise BadInput(f"{root} is no workspace (it has no {MANIFEST}): run aquarius start SOURCE DIR to make one.")
        read_manifest(root / MANIFEST)
        return Workspace(root)


def create(
    root: str | Path,
    *,
    name: str,
    title: str,
    year: int,
    url: str | None = None,
    description: str | None = None,
    journal: str = "Decisions, deviations from the paper, answers to gaps and checkpoint questions.",
) -> Workspace:
    """Lay out a workspace; what is already there is kept, so that calling it again completes one that was interrupted.

    `journal` is what stands under the heading of a new journal.

    Raises:
        BadInput: the folder holds something else, or is a workspace for another paper.
        StorageError: it cannot be written.
    """
    folder = Path(root)
    manifest = Manifest(
        id=slug(name), name=name.strip(), description=description, paper=PaperEntry(title=title.strip(), year=year, url=url)
    )
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file, and a workspace is a folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = sorted(os.listdir(folder))
    except OSError as error:
        raise StorageError(f"{folder} cannot be made or read: {error.strerror or error}.") from None
    workspace = Workspace(folder)
    if MANIFEST in found:
        there = read_manifest(workspace.manifest)
        if (there.id, there.paper.title) != (manifest.id, manifest.paper.title):
            raise BadInput(f"{folder} is already the workspace {there.name!r} for {there.paper.title!r}: choose another folder.")
    else:
        # an interrupted first write leaves a temporary file of the manifest and nothing else
        foreign = [item for item in found if item not in _HARMLESS and not item.startswith(f".{MANIFEST}.")]
        if foreign:
            raise BadInput(f"{folder} is not empty (it holds {foreign[0]!r}) and no workspace: choose an empty or a new folder.")
        write_manifest(workspace.manifest, manifest)  # first, so that whatever comes after finds a workspace
    try:
        for part in (*_FOLDERS, f"src/{package_name(manifest.id)}"):
            inside(folder, part).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be laid out: {error.strerror or error}.") from None
    if not workspace.journal.exists():
        write_text(inside(folder, "journal.md"), f"# Journal: {name.strip()}\n\n{journal.strip()}\n")
    return workspace


def package_name(name: str) -> str:
    """Return the name of the Python package for a workspace: "gcn-cora" -> "gcn_cora", "1706.03762" -> "paper_1706_03762"."""
    words = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "paper"
    return f"paper_{words}" if words[0].isdigit() or keyword.iskeyword(words) else words
