"""Files are read with a clear refusal, written whole or not at all, and stay inside a folder."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from aquarius.core import BadInput, StorageError, file_hash, inside, read_bytes, read_text, write_text


def test_write_then_read(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a" / "b.txt", "größe\n")
    assert read_text(path) == "größe\n"
    assert [item.name for item in path.parent.iterdir()] == ["b.txt"]


def test_a_full_disk_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_text(tmp_path / "b.txt", "before")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"cannot be written: No space left on device. What was there before is intact"):
        write_text(path, "after")
    assert read_text(path) == "before"
    assert [item.name for item in tmp_path.iterdir()] == ["b.txt"]


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x"])
def test_outside_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="lies outside"):
        inside(tmp_path, name)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    with pytest.raises(BadInput, match="lies outside"):
        inside(tmp_path / "in", "link/secret")
    assert inside(tmp_path / "in", "a/b") == (tmp_path / "in" / "a" / "b").resolve()


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        read_bytes(tmp_path / "none")
    with pytest.raises(BadInput, match="is a folder"):
        read_bytes(tmp_path)
    (tmp_path / "noise").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match=r"is not UTF-8 text \(byte 0\)"):
        read_text(tmp_path / "noise")
    with pytest.raises(BadInput, match="has 3 bytes, and at most 2 are read"):
        read_bytes(tmp_path / "noise", largest=2)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="not a regular file"):
        read_bytes(tmp_path / "pipe")


def test_file_hash(tmp_path: Path) -> None:
    path = write_text(tmp_path / "empty", "")
    assert file_hash(path) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
