"""A finished repository as the audit sees it: parsed code, tests, prose, records and settings, read once and within bounds."""

from __future__ import annotations

import ast
import json
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..core import BadInput

MOST_ENTRIES, MOST_FILES, MOST_BYTES = 20_000, 1_500, 1_000_000
_SKIPPED = {"node_modules", "__pycache__", "venv", "env", "site-packages", "build", "dist"}
_PROSE, _RECORDS, _SETTINGS = (
    {".md", ".rst"},
    {".json", ".jsonl", ".csv", ".tsv", ".log", ".txt", ".out"},
    {".yaml", ".yml", ".toml", ".ini", ".cfg"},
)


@dataclass(frozen=True)
class Module:
    """A Python file, or the code cells of a notebook as one file."""

    path: str  # inside the repository, with "/"
    text: str
    tree: ast.Module
    test: bool  # a test or its configuration


@dataclass(frozen=True)
class Repository:
    """Every file the audit reads, by what it is."""

    root: Path
    modules: tuple[Module, ...]
    files: dict[str, str]  # prose, records, settings and scripts: path -> text
    unread: tuple[str, ...] = ()  # too large, not text, not Python 3
    cut: bool = False  # there were more files than are read
    outputs: dict[str, str] = field(default_factory=dict)  # what the cells of a notebook printed: path -> text
    official: tuple[str, ...] = field(default=())  # texts of the official repository's modules

    @property
    def code(self) -> tuple[Module, ...]:
        """The modules that are not tests."""
        return tuple(module for module in self.modules if not module.test)

    @property
    def tests(self) -> tuple[Module, ...]:
        """The tests and their configuration."""
        return tuple(module for module in self.modules if module.test)

    def prose(self, *, paper: bool) -> str:
        """Return the text about the paper, or the repository's own account of itself."""
        return "\n\n".join(text for path, text in self.files.items() if Path(path).suffix in _PROSE and _about_paper(path) is paper)

    def own_prose(self) -> dict[str, str]:
        """Return the repository's own accounts of itself: path -> text."""
        return {path: text for path, text in self.files.items() if Path(path).suffix in _PROSE and not _about_paper(path)}


def _about_paper(path: str) -> bool:
    return bool(re.search(r"paper|article|abstract|original", Path(path).stem, re.IGNORECASE))


def is_settings(path: str) -> bool:
    """Say whether a file holds settings and not results."""
    name = Path(path)
    return name.suffix in _SETTINGS or (name.suffix == ".json" and bool(re.search(r"conf|setting|param|hyper|option", path.lower())))


def load(folder: Path, official: Path | None = None) -> Repository:
    """Read a repository within bounds: no link is followed, large and binary files are left out and named.

    Raises:
        BadInput: there is no such folder, or nothing in it that can be audited.
    """
    files, unread, cut = _read(folder)
    modules, texts, outputs = [], {}, {}
    for path, text in files.items():
        if path.endswith((".py", ".ipynb")):
            module = _module(path, text)
            if module is None:
                unread.append(path)
            else:
                modules.append(module)
            if path.endswith(".ipynb") and (printed := _printed_by(text)):
                outputs[path] = printed
        else:
            texts[path] = text
    if not modules and not texts:
        raise BadInput(
            f"{folder} holds no Python file, notebook, record or README that could be audited: name the folder of a finished repository."
        )
    theirs = tuple(text for path, text in _read(official)[0].items() if path.endswith(".py")) if official is not None else ()
    if official is not None and not theirs:
        raise BadInput(f"{official} holds no Python file to compare with: give --official the folder of the official repository.")
    return Repository(folder, tuple(modules), texts, tuple(unread), cut, outputs, theirs)


def _read(folder: Path) -> tuple[dict[str, str], list[str], bool]:
    if not folder.is_dir():
        raise BadInput(f"{folder} is not a folder: name the folder of a finished repository or workspace.")
    files: dict[str, str] = {}
    unread: list[str] = []
    for path in _walk(folder):
        if len(files) >= MOST_FILES:
            return files, unread, True
        name = path.relative_to(folder).as_posix()
        try:
            raw = path.read_bytes() if path.stat().st_size <= MOST_BYTES else None
        except OSError:
            raw = None
        if raw is None or b"\0" in raw[:4096]:
            unread.append(name)
        else:
            files[name] = raw.decode("utf-8", errors="replace")
    return files, unread, False


def _walk(folder: Path) -> Iterator[Path]:
    seen = 0
    kinds = _PROSE | _RECORDS | _SETTINGS | {".py", ".ipynb", ".sh"}
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        for name in sorted(names):
            seen += 1
            path = Path(place) / name
            if (path.suffix in kinds or name == "Makefile") and path.is_file() and not path.is_symlink():
                yield path
        if seen > MOST_ENTRIES:
            return


def _printed_by(text: str) -> str:
    """Return what the cells of a notebook printed."""
    lines: list[str] = []
    try:
        for cell in json.loads(text)["cells"]:
            for output in cell.get("outputs", []):
                data = output.get("text") or output.get("data", {}).get("text/plain", "")
                lines.append("".join(data) if isinstance(data, list) else str(data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    return "\n".join(lines)


def _module(path: str, text: str) -> Module | None:
    try:
        if path.endswith(".ipynb"):
            cells = [cell for cell in json.loads(text)["cells"] if cell.get("cell_type") == "code"]
            lines = "\n".join("".join(cell["source"]) for cell in cells).split("\n")
            text = "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in lines)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, KeyError, TypeError, RecursionError, MemoryError):
        return None
    name = Path(path)
    test = (
        name.name.startswith("test_")
        or name.name in ("conftest.py", "tests.py")
        or name.stem.endswith("_test")
        or "tests" in name.parts[:-1]
    )
    return Module(path, text, tree, test)
