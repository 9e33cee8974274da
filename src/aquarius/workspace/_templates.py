"""The reproductions that ship with Aquarius: each a folder that becomes a workspace."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "templates"


def template_names() -> list[str]:
    """Return the names of all shipped reproductions."""
    return sorted(path.name for path in FOLDER.iterdir() if (path / "paper.md").is_file())


def template_files(name: str) -> dict[str, bytes]:
    """Return path inside the workspace -> bytes; the fact sheet goes to paper/paper.md."""
    root = FOLDER / name
    found = {}
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and "__pycache__" not in inside.parts:
            found["paper/paper.md" if inside.as_posix() == "paper.md" else inside.as_posix()] = path.read_bytes()
    return found
