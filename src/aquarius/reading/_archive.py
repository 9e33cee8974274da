"""Archives, read in memory and never unpacked: tar, tar.gz, tgz, zip, one gzipped file. Hostile ones are refused in one sentence."""

from __future__ import annotations

import gzip
import io
import lzma
import posixpath
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from ..core import BadInput

LARGEST = 256 * 1024 * 1024  # bytes, unpacked, in all
MEMBERS = 20_000
RATIO = 200  # unpacked to packed; checked above a mebibyte
_FREE = 1024 * 1024


def is_archive(name: str, data: bytes) -> bool:
    """Say whether bytes are a tar, a zip or a gzipped file."""
    return (
        data[:4] in (b"PK\x03\x04", b"PK\x05\x06")
        or data[:2] == b"\x1f\x8b"
        or data[257:262] == b"ustar"
        or name.endswith((".tar", ".zip", ".tgz", ".gz"))
    )


def read_archive(name: str, data: bytes) -> dict[str, bytes]:
    """Return the files of an archive, path -> bytes.

    Raises:
        BadInput: truncated or broken; a path outside it; a link or device; too large, too many members, or packed beyond measure.
    """
    try:
        if data[:2] == b"\x1f\x8b":
            unpacked = _gunzip(name, data)
            if unpacked[257:262] == b"ustar":
                return _files(name, _tar(name, unpacked), len(data))
            return {posixpath.basename(name).removesuffix(".gz") or "paper.tex": unpacked}
        if data[:2] == b"PK":
            return _files(name, _zip(name, data), len(data))
        return _files(name, _tar(name, data), len(data))
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise BadInput(f"{name} is not a whole archive: {_reason(error)}. Fetch it again.") from None


def _reason(error: Exception) -> str:
    words = str(error).strip().rstrip(".").splitlines()
    return words[0] if words else type(error).__name__


def _gunzip(name: str, data: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
        return _bounded(name, stream, len(data))


def _bounded(name: str, stream: IO[bytes] | gzip.GzipFile, packed: int) -> bytes:
    """Read a stream, and stop where it grows beyond measure."""
    parts: list[bytes] = []
    size = 0
    while block := stream.read(1 << 20):
        size += len(block)
        _check_size(name, size, packed)
        parts.append(block)
    return b"".join(parts)


def _check_size(name: str, size: int, packed: int) -> None:
    if size > LARGEST:
        raise BadInput(f"{name} unpacks to more than {LARGEST // 1024**2} MiB, and no paper is that large: it is refused.")
    if size > _FREE and size > RATIO * max(packed, 1):
        raise BadInput(f"{name} unpacks to more than {RATIO} times its size, as no paper does: it is refused.")


def _files(name: str, members: Iterator[tuple[str, bytes]], packed: int) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    size = 0
    for path, data in members:
        size += len(data)
        _check_size(name, size, packed)
        files[path] = data
    if not files:
        raise BadInput(f"{name} holds no file.")
    return files


def _path(name: str, path: str) -> str:
    """Return a member's path, cleaned.

    Raises:
        BadInput: it points outside the archive.
    """
    given = path.replace("\\", "/")
    if given.startswith("/") or ".." in given.split("/") or given[1:2] == ":" or "\0" in given:
        raise BadInput(f"{name} holds the path {path!r}, which points outside it: it is refused.")
    return posixpath.normpath(given)


def _tar(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        size = 0
        for count, member in enumerate(archive):
            if count >= MEMBERS:
                raise BadInput(f"{name} holds more than {MEMBERS:,} members: it is refused.")
            path = _path(name, member.name)
            if member.isdir() or member.type in (tarfile.XHDTYPE, tarfile.XGLTYPE):
                continue
            if not member.isreg():
                kind = "link" if member.issym() or member.islnk() else "device"
                raise BadInput(f"{name} holds a {kind} ({member.name!r}), and only plain files are read: it is refused.")
            size += member.size
            _check_size(name, size, len(data))
            stream = archive.extractfile(member)
            content = stream.read() if stream is not None else b""
            if len(content) != member.size:
                raise EOFError(f"{member.name} is cut off")
            yield path, content


def _zip(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if len(members) > MEMBERS:
            raise BadInput(f"{name} holds more than {MEMBERS:,} members: it is refused.")
        size = 0
        for member in members:
            path = _path(name, member.filename)
            if member.is_dir():
                continue
            mode = member.external_attr >> 16
            if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise BadInput(f"{name} holds a link or device ({member.filename!r}), and only plain files are read: it is refused.")
            if member.flag_bits & 1:
                raise BadInput(f"{name} is encrypted; unpack it first.")
            with archive.open(member) as stream:
                content = _bounded(name, stream, len(data))
            size += len(content)
            _check_size(name, size, len(data))
            yield path, content
