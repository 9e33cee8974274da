"""Writing: a verdict and what it came from, as one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import BadInput, Evidence, did_you_mean, extension_names, load_extension, write_bytes
from ._bundle import Bundle

if TYPE_CHECKING:
    from ..blueprint import Blueprint, Question
    from ..dossier import Dossier
    from ..reading import Document
    from ..verdict import Verdict

ENDINGS = {".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown", ".json": "json"}


def write(
    verdict: Verdict,
    to: str | Path,
    *,
    dossier: Dossier | None = None,
    blueprint: Blueprint | None = None,
    evidence: Iterable[Evidence] = (),
    document: Document | None = None,
    title: str | None = None,
    questions: Iterable[Question] = (),
) -> Path:
    """Write a report of a verdict, whole or not at all, and return its path; the ending of the name says which kind: html, md, json.

    An HTML report is one file below 2 MB that loads nothing. The same bundle gives the same bytes.

    Raises:
        BadInput: the name has another ending, or is a folder's.
        StorageError: the file cannot be written; what was there before is intact.
    """
    path = Path(to)
    if path.is_dir():
        raise BadInput(f"{path} is a folder: name the file to write, for example {path / 'report.html'}.")
    ending = path.suffix.casefold()
    kind = ENDINGS.get(ending, ending.lstrip("."))
    known = extension_names("aquarius.reports")
    if kind not in known:
        raise BadInput(f"{path.name} has the ending of no report.{did_you_mean(ending, ('.html', '.md', '.json'))}")
    ordered = sorted({item.content_hash: item for item in evidence}.items(), key=_place)
    bundle = Bundle(
        title=title or verdict.title,
        verdict=verdict,
        dossier=dossier,
        blueprint=blueprint,
        evidence=tuple(item for _, item in ordered),
        document=document,
        questions=tuple(questions),
    )
    return write_bytes(path, load_extension("aquarius.reports", kind)(bundle))


def _place(entry: tuple[str, Evidence]) -> tuple[str, str, int, str]:
    content, item = entry
    seed = item.receipt.seed if item.receipt and item.receipt.seed is not None else -1
    return item.kind, item.check, seed, content
