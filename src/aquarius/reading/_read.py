"""`read`: what was given, which format it is, and the reader for it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

from ..core import BadInput, inside, load_extension, read_bytes
from ._archive import LARGEST, MEMBERS, is_archive, read_archive
from ._arxiv import by_title, fetched, identifier, is_address, year_of
from ._document import Document

READ = "a LaTeX folder, file or archive (.tex, .tar, .tar.gz, .tgz, .zip, .gz), a PDF (.pdf), an HTML page (.html), a Word file (.docx), a Markdown file (.md) or an arXiv identifier"
_LATEX = (".tex", ".ltx", ".latex")
DOCUMENT = "word/document.xml"  # the text of a Word file, which is a zip
_MARKDOWN = (".md", ".markdown")
_HTML = (".html", ".htm", ".xhtml")
_PAPERS = (*_LATEX, *_MARKDOWN, *_HTML)
_TEXTS = (*_PAPERS, ".sty", ".cls", ".bbl", ".bib", ".def", ".txt")
_NAMED = re.compile(r"\\(input|include|subfile|bibliography|addbibresource|usepackage)\s*(?:\[[^\]]*\])?\s*\{([^{}\\]*)\}")
_ENDINGS = {"bibliography": (".bib",), "addbibresource": ("",), "usepackage": (".sty",)}
_DOCUMENT = re.compile(rb"\\document(?:class|style)\b|\\begin\s*\{document\}")


def read(source: str | Path, *, pdf: Path | None = None) -> Document:
    """Read a paper; with `pdf`, the printed paper beside its source, each part that is found there has its page.

    A paper is a LaTeX folder, file or archive, a PDF, an HTML page, a Word file, a Markdown file, or an arXiv identifier or title.

    Raises:
        BadInput: missing, empty, no paper, hostile, or a format that is not read.
    """
    path, arxiv = resolved(source)
    files = _files_of(path)
    name = path.name or path.resolve().name
    reader = load_extension("aquarius.readers", _format(name, files))
    document: Document = reader(name, files)
    if pdf is not None and document.kind != "pdf":
        from ._pages import with_pages

        document = with_pages(document, pdf.name, read_bytes(pdf, largest=LARGEST))
    if arxiv is None:
        return document
    return document.model_copy(update={"url": f"https://arxiv.org/abs/{arxiv}", "year": year_of(arxiv)})


def source_files(source: str | Path) -> dict[str, bytes]:
    """Return the files of a source, as places refer to them: path inside the source -> bytes.

    Raises:
        BadInput: as `read`.
    """
    return _files_of(resolved(source)[0])


def resolved(source: str | Path) -> tuple[Path, str | None]:
    """Return the file or folder that a source is, fetched where it is an arXiv identifier, address or title; and the identifier."""
    path = Path(source)
    try:
        if path.exists():
            return path, None
    except (OSError, ValueError):
        pass
    text = str(source).strip()
    name = identifier(text)
    if name is None and is_address(text):
        raise BadInput(f"{_short(text)} is no address of a paper on arXiv: fetch it yourself, and give {READ}.")
    if name is None and len(text.split()) >= 2 and not re.search(r"[/\\]|\.\w{1,5}$", text):
        name = by_title(text)
    if name is None:
        raise BadInput(f"{_short(source)} does not exist: give {READ}.")
    return fetched(name), name


def _files_of(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        return folder_files(path)
    data = read_bytes(path, largest=LARGEST)
    if not data:
        raise BadInput(f"{path.name} is empty.")
    if data.startswith(b"%PDF"):
        return _with_layer(path.name, data)
    if is_archive(path.name.lower(), data):
        return _lone_pdf(read_archive(path.name, data))
    if path.suffix.lower() in _LATEX:
        return with_included(path, data)
    return {path.name: data}


def _with_layer(name: str, data: bytes) -> dict[str, bytes]:
    """Return a PDF with its text layer, which places refer to."""
    from ._pdf import LAYER, text_layer

    return {name: data, name + LAYER: text_layer(name, data)}


def _lone_pdf(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return files as they are, or with its text layer the one PDF that is the only paper among them."""
    if any(path.lower().endswith(_PAPERS) for path in files):
        return files
    papers = [path for path, data in files.items() if data.startswith(b"%PDF")]
    return _with_layer(papers[0], files[papers[0]]) if len(papers) == 1 else files


def with_included(path: Path, data: bytes) -> dict[str, bytes]:
    """Return a LaTeX file with the files beside and below it that it names; nothing outside its folder."""
    files = {path.name: data}
    waiting = [data]
    while waiting and len(files) < MEMBERS:
        # no source of a paper is longer: what a reader leaves out includes nothing, and is not decoded into four times its size
        for command, group in _NAMED.findall(waiting.pop()[: 16 * 1024**2].decode("utf-8", "replace")):
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


def folder_files(path: Path, *, layers: bool = True) -> dict[str, bytes]:
    """Read the texts of a folder; links that lead out of it and hidden files are left alone. A lone PDF comes with its text layer if `layers`."""
    files: dict[str, bytes] = {}
    size = 0
    base = path.resolve()
    papers: list[Path] = []
    everything = list(islice(path.rglob("*"), MEMBERS + 1))
    if len(everything) > MEMBERS:
        raise BadInput(f"{path} holds more than {MEMBERS:,} files: give the folder of one paper.")
    for found in sorted(everything):
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
    if not any(name.lower().endswith(_PAPERS) for name in files) and papers:
        if len(papers) > 1:
            raise BadInput(f"{path} holds {len(papers)} PDFs and no source: give the one that is the paper, such as {papers[0].name}.")
        inside(path, papers[0].relative_to(path).as_posix())
        data = read_bytes(papers[0], largest=LARGEST)
        return _with_layer(papers[0].name, data) if layers else {papers[0].name: data}
    if not files:
        raise BadInput(f"{path} holds no paper: give {READ}.")
    return files


def _format(name: str, files: Mapping[str, bytes]) -> str:
    """Return the reader for files: LaTeX wins where both are there."""
    if any(path.lower().endswith(_LATEX) for path in files):
        return "latex"
    if any(path.lower().endswith(_MARKDOWN) for path in files):
        return "markdown"
    if DOCUMENT in files:
        return "docx"
    if any(path.lower().endswith(_HTML) for path in files):
        return "html"
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
