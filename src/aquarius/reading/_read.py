"""`read`: what was given, which format it is, and the reader for it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

from ..core import BadInput, inside, load_extension, read_bytes
from ._archive import LARGEST, MEMBERS, is_archive, read_archive
from ._document import Document

READ = "a LaTeX folder, file or archive (.tex, .tar, .tar.gz, .tgz, .zip, .gz), a PDF (.pdf) or a Markdown file (.md)"
_LATER = {".html": "HTML", ".htm": "HTML", ".xhtml": "HTML", ".docx": "DOCX"}
_LATEX = (".tex", ".ltx", ".latex")
_MARKDOWN = (".md", ".markdown")
_TEXTS = (*_LATEX, *_MARKDOWN, ".sty", ".cls", ".bbl", ".bib", ".def", ".txt")
_ADDRESS = re.compile(r"^(https?:|arxiv:|\d{4}\.\d{4,5}(v\d+)?$|[a-z-]+(\.[A-Z]{2})?/\d{7}$)", re.IGNORECASE)
_NAMED = re.compile(r"\\(input|include|subfile|bibliography|addbibresource|usepackage)\s*(?:\[[^\]]*\])?\s*\{([^{}\\]*)\}")
_ENDINGS = {"bibliography": (".bib",), "addbibresource": ("",), "usepackage": (".sty",)}
_DOCUMENT = re.compile(rb"\\document(?:class|style)\b|\\begin\s*\{document\}")


def read(source: str | Path) -> Document:
    """Read a paper: a LaTeX folder, file or archive, a PDF, or a Markdown file.

    Raises:
        BadInput: missing, empty, no paper, hostile, or a format that is not read.
    """
    files = source_files(source)
    name = Path(source).name or Path(source).resolve().name
    reader = load_extension("aquarius.readers", _format(name, files))
    document: Document = reader(name, files)
    return document


def source_files(source: str | Path) -> dict[str, bytes]:
    """Return the files of a source, as places refer to them: path inside the source -> bytes.

    Raises:
        BadInput: as `read`.
    """
    path = Path(source)
    try:
        missing = not path.exists()
    except (OSError, ValueError):
        missing = True
    if missing:
        if isinstance(source, str) and _ADDRESS.match(source):
            raise BadInput(f"{source} is an address or identifier, and nothing is fetched yet: give {READ}.")
        raise BadInput(f"{_short(source)} does not exist: give {READ}.")
    if path.is_dir():
        return _folder(path)
    data = read_bytes(path, largest=LARGEST)
    if not data:
        raise BadInput(f"{path.name} is empty.")
    if data.startswith(b"%PDF"):
        return _with_layer(path.name, data)
    late = _LATER.get(path.suffix.lower())
    if late is not None:
        raise BadInput(f"{path.name} is {late}, which is not read yet: give {READ}.")
    if is_archive(path.name.lower(), data):
        return _lone_pdf(read_archive(path.name, data))
    if path.suffix.lower() in _LATEX:
        return _with_included(path, data)
    return {path.name: data}


def _with_layer(name: str, data: bytes) -> dict[str, bytes]:
    """Return a PDF with its text layer, which places refer to."""
    from ._pdf import LAYER, text_layer

    return {name: data, name + LAYER: text_layer(name, data)}


def _lone_pdf(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return files as they are, or with its text layer the one PDF that is the only paper among them."""
    if any(path.lower().endswith((*_LATEX, *_MARKDOWN)) for path in files):
        return files
    papers = [path for path, data in files.items() if data.startswith(b"%PDF")]
    return _with_layer(papers[0], files[papers[0]]) if len(papers) == 1 else files


def _with_included(path: Path, data: bytes) -> dict[str, bytes]:
    """Return a LaTeX file with the files beside and below it that it names; nothing outside its folder."""
    files = {path.name: data}
    waiting = [data]
    while waiting and len(files) < MEMBERS:
        for command, group in _NAMED.findall(waiting.pop().decode("utf-8", "replace")):
            endings = _ENDINGS.get(command, ("", ".tex"))
            for given in group.split(","):
                for ending in endings:
                    try:
                        target = inside(path.parent, given.strip() + ending)
                    except (BadInput, OSError, ValueError):
                        continue
                    name = target.relative_to(path.parent.resolve()).as_posix()
                    if name not in files and target.suffix.lower() in _TEXTS and target.is_file():
                        files[name] = read_bytes(target, largest=LARGEST)
                        waiting.append(files[name])
    compiled = path.with_suffix(".bbl")
    if compiled.is_file() and inside(path.parent, compiled.name) == compiled.resolve():
        files.setdefault(compiled.name, read_bytes(compiled, largest=LARGEST))
    return files


def _short(source: str | Path) -> str:
    text = str(source)
    return text if len(text) <= 200 else text[:200] + "…"


def _folder(path: Path) -> dict[str, bytes]:
    """Read the texts of a folder; links that lead out of it and hidden files are left alone."""
    files: dict[str, bytes] = {}
    size = 0
    base = path.resolve()
    late: str | None = None
    papers: list[Path] = []
    everything = list(islice(path.rglob("*"), MEMBERS + 1))
    if len(everything) > MEMBERS:
        raise BadInput(f"{path} holds more than {MEMBERS:,} files: give the folder of one paper.")
    for found in sorted(everything):
        late = late or _LATER.get(found.suffix.lower())
        relative = found.relative_to(path)
        if found.suffix.lower() == ".pdf":
            papers.append(found)
        if found.suffix.lower() not in _TEXTS or any(part.startswith(".") for part in relative.parts):
            continue
        target = found.resolve()
        if base not in target.parents or not target.is_file():
            continue
        data = read_bytes(target, largest=LARGEST)
        size += len(data)
        if size > LARGEST:
            raise BadInput(f"{path} holds more than {LARGEST // 1024**2} MiB of text: give the folder of one paper.")
        files[relative.as_posix()] = data
    if not any(name.lower().endswith((*_LATEX, *_MARKDOWN)) for name in files) and papers:
        if len(papers) > 1:
            raise BadInput(f"{path} holds {len(papers)} PDFs and no source: give the one that is the paper, such as {papers[0].name}.")
        inside(path, papers[0].relative_to(path).as_posix())
        return _with_layer(papers[0].name, read_bytes(papers[0], largest=LARGEST))
    if not files and late is not None:
        raise BadInput(f"{path} holds only {late}, which is not read yet: give {READ}.")
    if not files:
        raise BadInput(f"{path} holds no paper: give {READ}.")
    return files


def _format(name: str, files: Mapping[str, bytes]) -> str:
    """Return the reader for files: LaTeX wins where both are there."""
    if any(path.lower().endswith(_LATEX) for path in files):
        return "latex"
    if any(path.lower().endswith(_MARKDOWN) for path in files):
        return "markdown"
    if any(data.startswith(b"%PDF") for data in files.values()):
        return "pdf"
    if len(files) == 1:
        (data,) = files.values()
        if _DOCUMENT.search(data):
            return "latex"
        if b"\0" in data[:8192]:
            raise BadInput(f"{name} is binary and no archive: give {READ}.")
    raise BadInput(f"{name} holds no paper: give {READ}.")


def hashes(files: Mapping[str, bytes], used: Iterable[str]) -> dict[str, str]:
    """Return the sha256 of each file that was read, by path."""
    return {path: hashlib.sha256(files[path]).hexdigest() for path in sorted(used)}
