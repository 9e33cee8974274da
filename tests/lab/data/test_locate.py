from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from aquarius.core import BadInput, StorageError, progress
from aquarius.lab.data import CATALOGUE, Card, locate
from aquarius.lab.data import _locate as module

CONTENT = {"set/a.bin": bytes(range(256)) * 400, "set/b.bin": b"second file"}


class Server(BaseHTTPRequestHandler):
    """Serves CONTENT with ranges; `cut` ends an answer early, `wrong` serves other bytes."""

    asked: ClassVar[list[tuple[str, str | None]]] = []
    cut: ClassVar[int | None] = None
    wrong: ClassVar[bool] = False
    ranges: ClassVar[bool] = True

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        Server.asked.append((self.path, wanted))
        body = CONTENT.get(self.path.lstrip("/"))
        if body is None:
            self.send_error(404)
            return
        if Server.wrong:
            body = body[:-1] + bytes([body[-1] ^ 1])
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and Server.ranges else 0
        if start >= len(body):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start : Server.cut] if Server.cut is not None else body[start:])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Server.asked, Server.cut, Server.wrong, Server.ranges = [], None, False, True
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    monkeypatch.delenv("AQUARIUS_DATA", raising=False)
    monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "cache")
    base = f"http://127.0.0.1:{server.server_port}/"
    card = CATALOGUE["planetoid-cora"].to_data() | {
        "name": "small",
        "files": [
            {
                "path": path,
                "url": base + path,
                "sha256": hashlib.sha256(body).hexdigest(),
                "bytes": len(body) if path.endswith("a.bin") else None,
            }
            for path, body in CONTENT.items()
        ],
    }
    monkeypatch.setitem(CATALOGUE, "small", Card.model_validate(card))
    yield base
    server.shutdown()
    server.server_close()
    thread.join()


def laid_out(folder: Path) -> Path:
    for path, body in CONTENT.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body)
    return folder


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.bin*"))


def test_the_named_folder_comes_first_and_is_verified(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = laid_out(tmp_path / "data")
    monkeypatch.setenv("AQUARIUS_DATA", str(folder))
    found = locate("small")
    assert found.folder == folder and found.files["set/a.bin"] == folder / "set/a.bin"
    assert found.hashes["set/b.bin"] == hashlib.sha256(b"second file").hexdigest()
    (folder / "set/b.bin").write_bytes(b"second fil3")
    with pytest.raises(
        BadInput, match=r"b\.bin is not the file of small: its sha256 begins [0-9a-f]{12}, and [0-9a-f]{12} is right"
    ) as caught:
        locate("small")
    assert caught.value.exit_code == 2
    assert (folder / "set/b.bin").read_bytes() == b"second fil3"  # a person's file is never touched
    assert Server.asked == []


def test_a_download_is_verified_told_and_kept(address: str, tmp_path: Path) -> None:
    told: list[float | None] = []
    with progress.listening(lambda event, text, fraction: told.append(fraction)):
        found = locate("small")
    assert found.files["set/a.bin"].read_bytes() == CONTENT["set/a.bin"]
    assert told and told == sorted(told, key=lambda fraction: fraction or 0.0) and all(0 <= (fraction or 0) <= 1 for fraction in told)
    asked = len(Server.asked)
    assert locate("small", offline=True) == found and len(Server.asked) == asked
    assert left(tmp_path / "cache") == ["a.bin", "b.bin"]


def test_an_interrupted_download_is_gone_on_with(address: str, tmp_path: Path) -> None:
    Server.cut = 5_000
    with pytest.raises(
        BadInput, match=r"small is not at hand and http.*a\.bin cannot be fetched \(RemoteProtocolError\): set AQUARIUS_DATA"
    ):
        locate("small")
    assert (tmp_path / "cache/set/a.bin.part").stat().st_size == 5_000
    Server.cut = None
    locate("small")
    assert ("/set/a.bin", "bytes=5000-") in Server.asked
    assert left(tmp_path / "cache") == ["a.bin", "b.bin"]


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("half", [b"not the beginning", CONTENT["set/a.bin"] + b"longer"])
def test_a_broken_half_is_thrown_away(address: str, tmp_path: Path, ranges: bool, half: bytes) -> None:
    Server.ranges = ranges
    part = tmp_path / "cache/set/a.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(half)
    assert locate("small").files["set/a.bin"].read_bytes() == CONTENT["set/a.bin"]


def test_another_content_is_refused_and_not_kept(address: str, tmp_path: Path) -> None:
    Server.wrong = True
    with pytest.raises(BadInput, match=r"a\.bin serves another file than the catalogue knows: its sha256 begins [0-9a-f]{12}"):
        locate("small")
    assert left(tmp_path / "cache") == []


def test_more_bytes_than_the_catalogue_states_are_not_taken(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = CATALOGUE["small"]
    short = card.files[0].model_copy(update={"bytes": 10})
    monkeypatch.setitem(CATALOGUE, "small", card.model_copy(update={"files": (short, card.files[1])}))
    with pytest.raises(BadInput, match="serves another file"):
        locate("small")
    assert left(tmp_path / "cache") == []


def test_a_file_of_the_cache_that_was_changed_is_fetched_again(address: str, tmp_path: Path) -> None:
    laid_out(tmp_path / "cache")
    (tmp_path / "cache/set/a.bin").write_bytes(b"changed")
    with pytest.raises(BadInput, match="small is not at hand and nothing may be downloaded"):
        locate("small", offline=True)
    assert left(tmp_path / "cache") == ["b.bin"]
    assert locate("small").files["set/a.bin"].read_bytes() == CONTENT["set/a.bin"]


def test_no_data_and_no_network_is_one_sentence(address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    card = CATALOGUE["small"]
    nowhere = tuple(file.model_copy(update={"url": "http://127.0.0.1:9/a"}) for file in card.files)
    monkeypatch.setitem(CATALOGUE, "small", card.model_copy(update={"files": nowhere}))
    with pytest.raises(
        BadInput,
        match=r"^small is not at hand and http://127\.0\.0\.1:9/a cannot be fetched \(ConnectError\): set AQUARIUS_DATA to a folder that holds set/a\.bin, or connect to the network\.$",
    ):
        locate("small")
    (tmp_path / "half").mkdir()
    laid_out(tmp_path / "half")
    (tmp_path / "half/set/b.bin").unlink()
    monkeypatch.setenv("AQUARIUS_DATA", str(tmp_path / "half"))
    with pytest.raises(BadInput, match=r"half lacks set/b\.bin and nothing may be downloaded"):
        locate("small", offline=True)
    monkeypatch.setenv("AQUARIUS_DATA", str(tmp_path / "gone"))
    with pytest.raises(BadInput, match=r"AQUARIUS_DATA names .*gone, which is not a folder"):
        locate("small")


def test_status_codes_are_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    card = CATALOGUE["small"]
    moved = (card.files[0].model_copy(update={"url": address + "moved"}), card.files[1])
    monkeypatch.setitem(CATALOGUE, "small", card.model_copy(update={"files": moved}))
    with pytest.raises(BadInput, match=r"cannot be fetched \(status 404\)"):
        locate("small")


def test_a_cache_that_cannot_be_written_is_a_storage_error(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "file" / "cache")
    with pytest.raises(StorageError, match="cannot be written"):
        locate("small")


def test_unknown_names_get_a_suggestion() -> None:
    with pytest.raises(BadInput, match="Did you mean 'planetoid-cora'"):
        locate("planetoid-kora")


def test_another_container_of_the_same_content_is_accepted(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body, path = b"what mirrors pack differently", "set/c.gz"
    files = [{"path": path, "url": f"{address}{path}", "sha256": "0" * 64, "bytes": None, "raw_sha256": hashlib.sha256(body).hexdigest()}]
    monkeypatch.setitem(CATALOGUE, "packed", Card.model_validate(CATALOGUE["small"].to_data() | {"name": "packed", "files": files}))
    folder = tmp_path / "data"
    (folder / "set").mkdir(parents=True)
    (folder / path).write_bytes(gzip.compress(body))
    monkeypatch.setenv("AQUARIUS_DATA", str(folder))
    assert locate("packed").hashes[path] == hashlib.sha256((folder / path).read_bytes()).hexdigest()  # of the file that is there
    for wrong in (gzip.compress(body + b"!"), b"no archive", gzip.compress(body)[:-9]):
        (folder / path).write_bytes(wrong)
        with pytest.raises(BadInput, match=r"c\.gz is not the file of packed"):
            locate("packed")
