"""Papers read one by one or many at a time, each in a process of its own; one that is refused does not stop the others."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import AquariusError, BadInput, progress, write_text

if TYPE_CHECKING:
    from ..dossier import Dossier
    from ..reading import Document


def read_paper(source: str, pdf: Path | None = None) -> tuple[Document, Dossier, dict[str, Any]]:
    """Return one paper as it was read and as it was understood, and its summary with the seconds it took.

    Raises:
        BadInput: as `aquarius.reading.read`.
    """
    from ..dossier import distill, summary_data
    from ..reading import read, source_files

    begin = time.perf_counter()
    document = read(source, pdf=pdf)
    dossier = distill(document, source_files(source))
    return document, dossier, summary_data(document, dossier) | {"seconds": round(time.perf_counter() - begin, 3)}


def read_papers(sources: Sequence[str], *, jobs: int = 0, to: Path | None = None, cluster: str | None = None) -> list[dict[str, Any]]:
    """Return the summary of each paper, or why it was refused, in the order given; with `to`, write each to a JSON file there as it comes.

    `cluster` is the address of a Ray cluster that reads them, instead of the cores of this machine.

    Raises:
        BadInput: `to` is a file, `jobs` is negative, or there is no such cluster.
        MissingExtra: a cluster is asked for, and Ray is not installed.
    """
    if jobs < 0:
        raise BadInput(f"papers are read by at least one process, got {jobs}.")
    if to is not None and to.is_file():
        raise BadInput(f"{to} is a file, and a folder is needed for one JSON file per paper.")
    names = _file_names(sources)
    found: dict[int, dict[str, Any]] = {}
    for index, row in _each(sources, jobs, cluster):
        found[index] = {"source": sources[index], **row}
        if to is not None:
            write_text(to / names[sources[index]], json.dumps(found[index], ensure_ascii=False, indent=1) + "\n")
        progress.advance("papers", len(found) / len(sources))
    return [found[index] for index in range(len(sources))]


def _each(sources: Sequence[str], jobs: int, cluster: str | None) -> Iterator[tuple[int, dict[str, Any]]]:
    if cluster is not None:
        from ._cluster import read_on_cluster

        yield from read_on_cluster(sources, cluster)
        return
    with ProcessPoolExecutor(max_workers=min(jobs or os.cpu_count() or 1, len(sources))) as pool:
        yield from enumerate(pool.map(_tried, sources))


def _tried(source: str) -> dict[str, Any]:
    try:
        return read_paper(source)[2]
    except AquariusError as error:
        return {"refused": str(error)}


def _file_names(sources: Sequence[str]) -> dict[str, str]:
    """Return a file name for each source: its last part, with a number where two would share it."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for source in sources:
        parts = [part for part in re.split(r"[/\\]+", source) if part not in ("", ".", "..")] or ["paper"]
        last = parts[-2] if len(parts) > 1 and parts[-1] in ("source", "paper.pdf") else parts[-1]
        stem = re.sub(r"[^\w.-]", "_", last)[:100]
        name, number = f"{stem}.json", 2
        while name in taken and source not in names:
            name, number = f"{stem}-{number}.json", number + 1
        taken.add(names.setdefault(source, name))
    return names


def papers_view(rows: Sequence[dict[str, Any]]) -> Any:
    """Show one line for each paper: what was found, or why it was refused."""
    from rich.table import Table

    table = Table("paper", "title", "equations", "tables", "settings", "seconds", title=f"{len(rows)} papers")
    for row in rows:
        if "refused" in row:
            table.add_row(row["source"], f"refused: {row['refused']}", "", "", "", "")
        else:
            counts = (str(len(row[name])) for name in ("equations", "tables", "hyperparameters"))
            table.add_row(row["source"], row["title"], *counts, f"{row['seconds']:.2f}")
    return table
