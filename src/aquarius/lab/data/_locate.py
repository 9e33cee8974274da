"""Find the files of a data set: in the folder that AQUARIUS_DATA names, in the cache, or at their public address; verified either way."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...core import BadInput, StorageError, file_hash
from ...core.progress import advance
from ._catalogue import Card, File, card

VARIABLE = "AQUARIUS_DATA"
LARGEST_DOWNLOAD = 1 << 30  # bytes, for a file whose size the catalogue does not know
_SECONDS = 30.0  # without a byte, then the address is given up


@dataclass(frozen=True)
class DataSet:
    """The verified files of one data set: `files` and `hashes` are named as in the catalogue, "planetoid/ind.cora.x"."""

    name: str
    folder: Path
    files: dict[str, Path]
    hashes: dict[str, str]  # sha256, hexadecimal


def cache_folder() -> Path:
    """Return the folder that downloads go to."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("aquarius", appauthor=False)) / "data"


def locate(name: str, *, offline: bool = False) -> DataSet:
    """Return a data set whose every file has the sha256 of the catalogue; what is not at hand is downloaded to the cache.

    Raises:
        BadInput: no such name; a file with another content; not at hand and `offline`, or the address cannot be reached.
        StorageError: the cache cannot be written.
    """
    wanted = card(name)
    named = os.environ.get(VARIABLE)
    if named:
        root = Path(named).expanduser()
        if not root.is_dir():
            raise BadInput(f"{VARIABLE} names {named}, which is not a folder: set it to the folder that holds {wanted.files[0].path}.")
        if all((root / file.path).is_file() for file in wanted.files):
            return _verified(wanted, root)
    return _verified(wanted, _from_cache(wanted, named, offline))


def _verified(wanted: Card, root: Path) -> DataSet:
    files = {file.path: root / file.path for file in wanted.files}
    hashes = {path: file_hash(where) for path, where in files.items()}
    for file in wanted.files:
        found = hashes[file.path]
        if not _is_right(file, files[file.path], found):
            raise BadInput(
                f"{files[file.path]} is not the file of {wanted.name}: its sha256 begins {found[:12]}, and {file.sha256[:12]} is right; "
                "remove it or fetch it again."
            )
    return DataSet(name=wanted.name, folder=root, files=files, hashes=hashes)


def _is_right(file: File, path: Path, digest: str) -> bool:
    """Say whether a file of this sha256 is the catalogue's, or packs the same content as it does."""
    if digest == file.sha256:
        return True
    if file.raw_sha256 is None:
        return False
    try:
        with gzip.open(path) as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == file.raw_sha256  # type: ignore[arg-type]
    except (OSError, EOFError, zlib.error):
        return False


def _from_cache(wanted: Card, named: str | None, offline: bool) -> Path:
    root = cache_folder()
    missing = [file for file in wanted.files if not _is_whole(root / file.path, file)]
    if not missing:
        return root
    lacking = next((file.path for file in wanted.files if named and not (Path(named).expanduser() / file.path).is_file()), missing[0].path)
    absent = f"{named} lacks {lacking}" if named else f"{wanted.name} is not at hand"
    remedy = f"set {VARIABLE} to a folder that holds {lacking}, or connect to the network"
    if offline:
        raise BadInput(f"{absent} and nothing may be downloaded: {remedy}.")
    with _locked(root):
        for number, file in enumerate(missing):
            if _is_whole(root / file.path, file):  # another process fetched it while this one waited
                continue
            _download(file, root / file.path, (number, len(missing)), f"{absent} and {file.url} cannot be fetched (%s): {remedy}.")
    return root


def _is_whole(path: Path, file: File) -> bool:
    """Say whether a cached file is there with the right content; one with another content is removed."""
    if not path.is_file():
        return False
    if _is_right(file, path, file_hash(path)):
        return True
    _remove(path)
    return False


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    from filelock import FileLock

    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / ".lock")
        lock.acquire()
    except OSError as error:
        raise StorageError(f"{root} cannot be written: {error.strerror or error}.") from None
    try:
        yield
    finally:
        lock.release()


def _download(file: File, target: Path, place: tuple[int, int], refusal: str) -> None:
    """Fetch one file beside its target, going on where an earlier attempt stopped; rename it when its sha256 is right."""
    import httpx2

    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        have = part.stat().st_size if part.is_file() else 0
        with httpx2.Client(timeout=_SECONDS, follow_redirects=True) as client:
            digest = _fetch(client, file, part, have, place)
            if have and not _is_right(file, part, digest):  # the half from before was broken: once more, from the beginning
                _remove(part)
                digest = _fetch(client, file, part, 0, place)
    except httpx2.HTTPError as error:  # what has come so far stays and is gone on with
        reason = f"status {error.response.status_code}" if isinstance(error, httpx2.HTTPStatusError) else type(error).__name__
        raise BadInput(refusal % reason) from None
    except OSError as error:
        raise StorageError(f"{part} cannot be written: {error.strerror or error}. What was there before is intact.") from None
    if not _is_right(file, part, digest):
        _remove(part)
        raise BadInput(
            f"{file.url} serves another file than the catalogue knows: its sha256 begins {digest[:12]}, and {file.sha256[:12]} is right; "
            f"nothing was kept, set {VARIABLE} to a folder that holds {file.path}."
        )
    try:
        os.replace(part, target)
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error.strerror or error}.") from None


def _fetch(client: object, file: File, part: Path, have: int, place: tuple[int, int]) -> str:
    """Append to `part` what is missing and return the sha256 of the whole; more bytes than the catalogue states end it."""
    import httpx2

    assert isinstance(client, httpx2.Client)
    number, of = place
    largest = file.bytes if file.bytes is not None else LARGEST_DOWNLOAD
    headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {"Accept-Encoding": "identity"}
    with client.stream("GET", file.url, headers=headers) as response:
        if response.status_code == 416:  # nothing is missing, or the half is longer than the whole
            return file_hash(part)
        response.raise_for_status()
        goes_on = response.status_code == 206
        done = have if goes_on else 0
        with part.open("ab" if goes_on else "wb") as out:
            for block in response.iter_bytes():
                out.write(block)
                done += len(block)
                share = min(done / largest, 1.0) if file.bytes else 0.0
                advance(f"download {file.path}", (number + share) / of)
                if done > largest:
                    break
            out.flush()
            os.fsync(out.fileno())
    return _hash_of_start(part)


def _hash_of_start(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
