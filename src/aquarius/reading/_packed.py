"""A paper as bytes, so that another machine can read it: fetched here where it is on arXiv, its files as they stand on the disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..core import inside, read_bytes
from ._archive import LARGEST
from ._arxiv import year_of
from ._read import folder_files, resolved, with_included


@dataclass(frozen=True)
class Packed:
    """A paper's name and its files by their path; one file of the paper's own name where the paper is a file."""

    name: str
    files: dict[str, bytes]
    folder: bool
    url: str | None = None  # of a paper from arXiv
    year: int | None = None


def packed(source: str) -> Packed:
    """Return a paper's bytes, to be sent and read elsewhere.

    Raises:
        BadInput: as `read`, for a source that is missing, too large or cannot be fetched.
    """
    path, arxiv = resolved(source)
    told = {} if arxiv is None else {"url": f"https://arxiv.org/abs/{arxiv}", "year": year_of(arxiv)}
    name = path.name or path.resolve().name
    if path.is_file():
        data = read_bytes(path, largest=LARGEST)
        files = with_included(path, data) if path.suffix.lower() in (".tex", ".ltx", ".latex") else {name: data}
        return Packed(name, files, False, **told)  # type: ignore[arg-type]
    files = folder_files(path, layers=False)
    return Packed(name, files, True, **told)  # type: ignore[arg-type]


def unpacked(paper: Packed, folder: Path) -> Path:
    """Write a paper below a folder and return the path to read; no file of it lands outside that folder.

    Raises:
        BadInput: a name or path that leads out of the folder.
    """
    target = inside(folder, paper.name)
    base = target if paper.folder else folder
    for name, data in paper.files.items():
        file = inside(base, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return target
