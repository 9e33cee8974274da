"""Files: read with a clear refusal, write whole or not at all, stay inside a folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from ._errors import BadInput, StorageError

LARGEST_TEXT = 64 * 1024 * 1024  # bytes; a larger "text" is refused before it is read


def read_bytes(path: Path, *, largest: int = LARGEST_TEXT) -> bytes:
    """Return the bytes of a regular file.

    Raises:
        BadInput: missing, a folder, not readable, or larger than `largest` bytes.
    """
    try:
        if path.is_dir():
            raise BadInput(f"{path} is a folder, and a file is needed here.")
        if not path.exists():
            raise BadInput(f"{path} does not exist.")
        if not path.is_file():
            raise BadInput(f"{path} is not a regular file.")
        size = path.stat().st_size
        if size > largest:
            raise BadInput(f"{path} has {size:,} bytes, and at most {largest:,} are read.")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from None


def read_text(path: Path, *, largest: int = LARGEST_TEXT) -> str:
    """Return the text of a UTF-8 file; refusals as in `read_bytes`, and bytes that are no UTF-8 text."""
    data = read_bytes(path, largest=largest)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text (byte {error.start}).") from None


def write_text(path: Path, text: str) -> Path:
    """Write a text file, whole or not at all; return the path.

    Raises:
        StorageError: the disk is full or the folder cannot be written; a file that was there before is intact.
    """
    return write_bytes(path, text.encode("utf-8", "surrogatepass"))


def write_bytes(path: Path, data: bytes) -> Path:
    """Write a file beside its target, flush it to the disk, then rename it over the target; errors as in `write_text`."""
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise StorageError(f"{path} cannot be written: {error.strerror or error}. What was there before is intact.") from None
    return path


def inside(root: Path, name: str | Path) -> Path:
    """Return `root / name`, resolved.

    Raises:
        BadInput: the result, links followed, lies outside `root`.
    """
    base = root.resolve()
    target = (base / name).resolve()
    if target != base and base not in target.parents:
        raise BadInput(f"{name} lies outside {root}, and nothing outside it is touched.")
    return target


def file_hash(path: Path) -> str:
    """Return the sha256 (hexadecimal) of a file's bytes; refusals as in `read_bytes`, without a limit of size."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from None
    return digest.hexdigest()
