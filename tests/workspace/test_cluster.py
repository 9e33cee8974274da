"""Papers sent to a cluster: with a stand-in for Ray that runs them here, with the real one where it is installed, and without any."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aquarius.core import BadInput, MissingExtra
from aquarius.workspace._cluster import read_on_cluster, read_packed
from aquarius.workspace._papers import read_paper
from aquarius.workspace.actions import read


class _RayError(Exception):
    pass


class _Ray:
    """The six calls that are made of Ray, each task run at once in this process."""

    exceptions = SimpleNamespace(RayError=_RayError)

    def __init__(self, fault: Exception | None = None, refuses: Exception | None = None) -> None:
        self.fault, self.refuses, self.open, self.address = fault, refuses, False, ""

    def init(self, *, address: str | None, **_: Any) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.open, self.address = True, address or ""

    def shutdown(self) -> None:
        self.open = False

    def remote(self, **_: Any) -> Callable[..., Any]:
        return lambda function: SimpleNamespace(remote=lambda paper: (function, paper))

    def wait(self, waiting: list[Any], *, num_returns: int) -> tuple[list[Any], list[Any]]:
        return waiting[-num_returns:], waiting[:-num_returns]  # the last that was sent is done first

    def get(self, task: Any) -> Any:
        if self.fault is not None:
            raise self.fault
        return task[0](task[1])


class _Task(tuple):  # Packed holds a dict, and a key must have a hash
    __hash__ = object.__hash__


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Callable[..., _Ray]:
    def make(**faults: Any) -> _Ray:
        found = _Ray(**faults)
        found.remote = lambda **_: lambda function: SimpleNamespace(remote=lambda paper: _Task((function, paper)))  # type: ignore[method-assign]
        monkeypatch.setitem(sys.modules, "ray", found)  # type: ignore[arg-type]
        return found

    return make


@pytest.fixture
def sheets(tmp_path: Path) -> tuple[str, str, str]:
    (tmp_path / "a.md").write_text("# First sheet\n\nText of it.\n")
    (tmp_path / "b.md").write_text("# Second sheet\n\nText of it.\n")
    return str(tmp_path / "a.md"), str(tmp_path / "none.md"), str(tmp_path / "b.md")


def test_summaries_come_back_in_the_order_given(ray: Callable[..., _Ray], sheets: tuple[str, str, str], tmp_path: Path) -> None:
    cluster = ray()
    outcome = read(sheets, cluster="auto", to=tmp_path / "out")
    first, missing, second = outcome.data["papers"]
    assert (first["title"], second["title"]) == ("First sheet", "Second sheet") and "does not exist" in missing["refused"]
    assert {**first, "seconds": 0} == {"source": sheets[0], **read_paper(sheets[0])[2], "seconds": 0}
    assert not outcome.ok and not cluster.open and cluster.address == ""
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_a_paper_that_breaks_its_worker_is_refused_alone(ray: Callable[..., _Ray], sheets: tuple[str, str, str]) -> None:
    ray(fault=_RayError("A worker died.\nOut of memory."))
    assert [row for _, row in read_on_cluster(sheets[:1])] == [{"refused": "its reading ended on the cluster: Out of memory."}]


def test_one_sentence_where_nothing_can_be_read(
    ray: Callable[..., _Ray], sheets: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ray(refuses=ConnectionError("Nothing answers.\nA long story."))
    with pytest.raises(BadInput, match=r"^there is no Ray cluster at auto: Nothing answers\.$"):
        list(read_on_cluster(sheets))
    with pytest.raises(BadInput, match=r"^there is no Ray cluster at 127\.0\.0\.1:1: Connection refused\.$"):
        list(read_on_cluster(sheets, "127.0.0.1:1"))
    with pytest.raises(BadInput, match=r"^/a/paper\.pdf is no address of a Ray cluster: write HOST:PORT"):
        list(read_on_cluster(sheets, "/a/paper.pdf"))
    cluster = ray(fault=_RayError("ModuleNotFoundError: No module named 'aquarius'"))
    with pytest.raises(BadInput, match="the machines of the cluster lack Aquarius"):
        list(read_on_cluster(sheets[:1]))
    assert not cluster.open
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(
        MissingExtra, match=r"^reading on a cluster needs Ray, which is not installed: run pip install 'aquarius\[cluster\]'\.$"
    ):
        list(read_on_cluster(sheets))
    with pytest.raises(BadInput, match="it goes with neither --jobs nor --pdf"):
        read(sheets, cluster="auto", jobs=2)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_a_cluster_of_this_machine(sheets: tuple[str, str, str]) -> None:
    assert sorted(index for index, row in read_on_cluster(sheets) if "title" in row) == [0, 2]


def test_a_worker_reads_what_it_was_sent(sheets: tuple[str, str, str]) -> None:
    from aquarius.reading import Packed

    assert read_packed(Packed("a.md", {"a.md": b"# T\n\nText.\n"}, False, "https://arxiv.org/abs/1706.03762", 2017))["year"] == 2017
    assert "refused" in read_packed(Packed("a.bin", {"a.bin": b"\x00\x01"}, False))
