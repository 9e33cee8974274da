"""Papers from arXiv by identifier, address or title: fetched once, kept, and read from what is kept.

arXiv asks programs for one request at a time, three seconds apart (https://info.arxiv.org/help/api/tou.html). Only its own hosts are spoken to.
"""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from ..core import BadInput, write_bytes, write_text

if TYPE_CHECKING:
    import httpx2

LARGEST = 128 * 1024 * 1024  # bytes of one paper
PAUSE = 3.0  # seconds between two requests
SECONDS = 60.0  # for one request
HOSTS = ("arxiv.org", "export.arxiv.org", "www.arxiv.org")
_NEW = r"(?P<new>\d{2}(?:0[1-9]|1[0-2])\.\d{4,5})"
_OLD = r"(?P<old>[a-z-]+(?:\.[A-Z]{2})?/\d{2}(?:0[1-9]|1[0-2])\d{3})"
_IDENTIFIER = re.compile(
    rf"^(?:arxiv:|https?://(?:www\.|export\.)?(?:arxiv|ar5iv(?:\.labs\.arxiv)?)\.org/(?:abs|pdf|html|src|e-print|format)/|https?://doi\.org/10\.48550/arxiv\.)?"
    rf"(?:{_NEW}|{_OLD})(?P<version>v\d{{1,3}})?(?:\.pdf)?(?:[?#].*)?$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"^https?://", re.IGNORECASE)


def identifier(source: str) -> str | None:
    """Return the arXiv identifier, with its version, that a text is or leads to; None for anything else."""
    found = _IDENTIFIER.match(source.strip())
    if found is None:
        return None
    return (found["new"] or found["old"]) + (found["version"] or "").lower()


def year_of(name: str) -> int:
    """Return the year of a paper's first version: an identifier begins with year and month."""
    digits = name.rsplit("/", 1)[-1][:2]
    return (1900 if int(digits) > 90 else 2000) + int(digits)


def cache_folder() -> Path:
    """Return the folder of fetched papers: AQUARIUS_CACHE, else the user's cache folder."""
    given = os.environ.get("AQUARIUS_CACHE")
    if given:
        return Path(given) / "arxiv"
    import platformdirs

    return Path(platformdirs.user_cache_dir("aquarius", appauthor=False)) / "arxiv"


def fetched(name: str, *, transport: httpx2.BaseTransport | None = None) -> Path:
    """Return the file that arXiv gives as a paper's source (an archive, a TeX file or a PDF), from the cache where it is there.

    Raises:
        BadInput: no such paper, no network, or AQUARIUS_OFFLINE is set and the paper is not in the cache.
    """
    folder = cache_folder() / name.replace("/", "_")
    about = folder / "fetched.json"
    if about.is_file():
        kept = folder / str(json.loads(about.read_text())["file"])
        if kept.is_file():
            return kept
    data = _get(f"https://export.arxiv.org/e-print/{name}", f"arXiv {name}", transport)
    ending = ".pdf" if data.startswith(b"%PDF") else ".tar.gz" if data[:2] == b"\x1f\x8b" else ".tex"
    kept = folder / f"{name.replace('/', '_')}{ending}"
    write_bytes(kept, data)
    write_text(
        about, json.dumps({"identifier": name, "file": kept.name, "address": f"https://arxiv.org/abs/{name}", "bytes": len(data)}) + "\n"
    )
    return kept


def by_title(title: str, *, transport: httpx2.BaseTransport | None = None) -> str:
    """Return the identifier of the one paper of this title, asked of the provider that AQUARIUS_TITLES names ("arxiv").

    Raises:
        BadInput: no provider is named, none is found, or several are: then they are listed, and none is guessed.
    """
    provider = os.environ.get("AQUARIUS_TITLES", "")
    if provider != "arxiv":
        raise BadInput(
            f"{_short(title)} is no file, and titles are looked up only where AQUARIUS_TITLES names a provider (arxiv): give a file or an arXiv identifier."
        )
    words = re.sub(r"[^\w\s-]", " ", title)
    query = "+".join(re.findall(r"\w+", words)[:25])
    data = _get(f"https://export.arxiv.org/api/query?search_query=ti:%22{query}%22&max_results=10", "arXiv's list of titles", transport)
    entries = _entries(data)
    same = [name for name, found in entries if _plain(found) == _plain(title)]
    if len(same) == 1:
        return same[0]
    if not entries:
        raise BadInput(f"arXiv has no paper called {_short(title)!r}.")
    listed = "; ".join(f"{name} {_short(found)!r}" for name, found in entries[:8])
    raise BadInput(f"{_short(title)!r} is not the title of one paper: give one of these identifiers: {listed}.")


def is_address(source: str) -> bool:
    """Say whether a text is an address of the web."""
    return bool(_ADDRESS.match(source))


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text.lower())


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:120] + "…"


def _get(address: str, what: str, transport: httpx2.BaseTransport | None) -> bytes:
    """Fetch an address of arXiv: bounded, politely, following it nowhere else."""
    if os.environ.get("AQUARIUS_OFFLINE", "") not in ("", "0"):
        raise BadInput(f"{what} is not in the cache, and AQUARIUS_OFFLINE is set.")
    import httpx2
    from filelock import FileLock

    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (
            FileLock(folder / "one-at-a-time.lock"),
            httpx2.Client(transport=transport, timeout=SECONDS, headers={"User-Agent": "aquarius (paper reader)"}) as client,
        ):
            for _ in range(5):
                _pause(folder / "last-request")
                with client.stream("GET", address) as answer:
                    if answer.is_redirect:
                        address = str(answer.next_request.url) if answer.next_request else address
                        if (
                            answer.next_request is None
                            or answer.next_request.url.scheme != "https"
                            or answer.next_request.url.host not in HOSTS
                        ):
                            raise BadInput(f"{what} leads away from arXiv, and is not followed.")
                        continue
                    return _body(answer, what)
    except httpx2.HTTPError as error:
        raise BadInput(f"{what} could not be fetched ({type(error).__name__}): give the paper as a file, or try again.") from None
    raise BadInput(f"{what} leads in circles.")


def _body(answer: Any, what: str) -> bytes:
    if answer.status_code == 404:
        raise BadInput(f"{what} does not exist.")
    if answer.status_code in (429, 503):
        raise BadInput(f"{what} was not given: arXiv asks to wait ({answer.headers.get('Retry-After', 'some')} seconds). Try again later.")
    if answer.status_code != 200:
        raise BadInput(f"{what} was not given: arXiv answered with status {answer.status_code}.")
    parts: list[bytes] = []
    size = 0
    for part in answer.iter_bytes():
        size += len(part)
        if size > LARGEST:
            raise BadInput(f"{what} is larger than {LARGEST // 1024**2} MiB, as no paper is.")
        parts.append(part)
    return b"".join(parts)


def _pause(mark: Path) -> None:
    """Wait until the last request of any process is long enough ago, and note this one."""
    if mark.is_file():
        time.sleep(min(PAUSE, max(0.0, PAUSE - (time.time() - mark.stat().st_mtime))))
    mark.touch()


def _entries(data: bytes) -> list[tuple[str, str]]:
    """Return identifier and title of each entry of an Atom feed; a document type, the way to hostile entities, is refused."""
    found: list[tuple[str, str]] = []
    path: list[str] = []
    text: list[str] = []
    name = title = ""

    def start(tag: str, _: dict[str, str]) -> None:
        path.append(tag)
        text.clear()

    def end(tag: str) -> None:
        nonlocal name, title
        path.pop()
        if path[-1:] == ["entry"] and tag == "id":
            name = identifier("".join(text).strip()) or ""
        elif path[-1:] == ["entry"] and tag == "title":
            title = " ".join("".join(text).split())
        elif tag == "entry" and name:
            found.append((re.sub(r"v\d+$", "", name), title))

    def doctype(*_: Any) -> None:
        raise BadInput("arXiv's answer carries a document type, and is not read.")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text.append
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        raise BadInput("arXiv's answer is not a list of titles; try again, or give an identifier.") from None
    return found
