"""Archives: hostile and broken ones are refused in one sentence, and nothing is unpacked."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest

from aquarius.core import BadInput
from aquarius.reading import _archive
from aquarius.reading._archive import is_archive, read_archive


def tar(*members: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:  # type: ignore[call-overload]
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def plain(name: str) -> tarfile.TarInfo:
    return tarfile.TarInfo(name)


def special(name: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = "/etc/hostname"
    return member


def test_plain_archives_are_read() -> None:
    data = tar((plain("a/main.tex"), b"x"), (plain("./b.bib"), b"y"))
    assert read_archive("p.tar", data) == {"a/main.tex": b"x", "b.bib": b"y"}
    assert read_archive("p.tar.gz", gzip.compress(data, mtime=0)) == {"a/main.tex": b"x", "b.bib": b"y"}
    assert read_archive("main.tex.gz", gzip.compress(b"text", mtime=0)) == {"main.tex": b"text"}
    assert is_archive("p", data) and is_archive("p", gzip.compress(b"", mtime=0)) and not is_archive("p.tex", b"\\documentclass")


@pytest.mark.parametrize("path", ["../evil.tex", "a/../../evil.tex", "/etc/evil", "C:/evil", "a\\..\\..\\evil"])
def test_paths_out_of_the_archive_are_refused(path: str) -> None:
    with pytest.raises(BadInput, match="points outside it"):
        read_archive("p.tar", tar((plain(path), b"x")))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(path, b"x")
    with pytest.raises(BadInput, match="points outside it"):
        read_archive("p.zip", packed.getvalue())


@pytest.mark.parametrize(
    ("kind", "word"), [(tarfile.SYMTYPE, "link"), (tarfile.LNKTYPE, "link"), (tarfile.CHRTYPE, "device"), (tarfile.FIFOTYPE, "device")]
)
def test_links_and_devices_are_refused(kind: bytes, word: str) -> None:
    with pytest.raises(BadInput, match=f"holds a {word}"):
        read_archive("p.tar", tar((special("main.tex", kind), b"")))


def test_a_link_in_a_zip_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        member = zipfile.ZipInfo("main.tex")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/hostname")
    with pytest.raises(BadInput, match="link or device"):
        read_archive("p.zip", packed.getvalue())


def test_bombs_are_refused_while_they_unpack() -> None:
    zeros = b"\0" * (8 * 1024 * 1024)
    with pytest.raises(BadInput, match="200 times its size"):
        read_archive("p.gz", gzip.compress(zeros, mtime=0))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("main.tex", zeros)
    with pytest.raises(BadInput, match="200 times its size"):
        read_archive("p.zip", packed.getvalue())


def test_size_and_number_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = tar((plain("a"), b"x" * 3000), (plain("b"), b"y" * 3000))
    monkeypatch.setattr(_archive, "LARGEST", 4000)
    with pytest.raises(BadInput, match="no paper is that large"):
        read_archive("p.tar", data)
    monkeypatch.setattr(_archive, "LARGEST", 10_000)
    monkeypatch.setattr(_archive, "MEMBERS", 1)
    with pytest.raises(BadInput, match="more than 1 members"):
        read_archive("p.tar", data)


def test_truncated_archives_are_refused() -> None:
    data = tar((plain("main.tex"), b"x" * 5000))
    for name, broken in (("p.tar", data[:2000]), ("p.tgz", gzip.compress(data, mtime=0)[:60]), ("p.zip", b"PK\x03\x04" + b"x" * 50)):
        with pytest.raises(BadInput, match="is not a whole archive"):
            read_archive(name, broken)
    with pytest.raises(BadInput, match="holds no file"):
        read_archive("p.tar", tar())
