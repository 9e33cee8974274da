"""arXiv: identifiers in every spelling, one request at a time, the cache, titles that are ambiguous, and answers that must not be trusted."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from aquarius.core import BadInput
from aquarius.reading import _arxiv, read
from aquarius.reading._arxiv import by_title, fetched, identifier, year_of

PAPER = gzip.compress(
    rb"\documentclass{article}\title{From arXiv}\author{Ada Lovelace}\begin{document}\maketitle A text.\end{document}", mtime=0
)
FEED = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>query</title>
<entry><id>http://arxiv.org/abs/2001.00001v2</id><title>Steps from
 two numbers</title></entry><entry><id>http://arxiv.org/abs/hep-th/9901001v1</id><title>Steps from two numbers: a reply</title></entry></feed>"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AQUARIUS_CACHE", str(tmp_path))
    monkeypatch.delenv("AQUARIUS_OFFLINE", raising=False)
    monkeypatch.setattr(_arxiv, "PAUSE", 0.0)
    return tmp_path


def answers(*given: Callable[[httpx2.Request], httpx2.Response]) -> tuple[httpx2.MockTransport, list[str]]:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return given[min(len(asked), len(given)) - 1](request)

    return httpx2.MockTransport(answer), asked


def gives(content: bytes, status: int = 200, **headers: str) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda request: httpx2.Response(
        status, content=content, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1706.03762", "1706.03762"),
        ("arXiv:1706.03762v5", "1706.03762v5"),
        ("https://arxiv.org/abs/2010.11929", "2010.11929"),
        ("http://arxiv.org/pdf/2010.11929v2.pdf", "2010.11929v2"),
        ("https://ar5iv.labs.arxiv.org/html/2010.11929", "2010.11929"),
        ("hep-th/9901001", "hep-th/9901001"),
        ("https://doi.org/10.48550/arXiv.2010.11929", "2010.11929"),
        ("1799.03762", None),
        ("https://example.org/abs/2010.11929", None),
        ("../2010.11929", None),
        ("2010.11929/../../x", None),
    ],
)
def test_identifiers(text: str, name: str | None) -> None:
    assert identifier(text) == name


def test_years() -> None:
    assert [year_of(name) for name in ("1706.03762", "hep-th/9901001", "2010.11929v2")] == [2017, 1999, 2020]


def test_a_paper_is_fetched_once_and_read_offline_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    transport, asked = answers(gives(PAPER))
    path = fetched("2001.00001", transport=transport)
    assert path.name == "2001.00001.tar.gz" and asked == ["https://export.arxiv.org/e-print/2001.00001"]
    monkeypatch.setenv("AQUARIUS_OFFLINE", "1")
    found = read("arXiv:2001.00001")
    assert (found.title, found.url, found.year) == ("From arXiv", "https://arxiv.org/abs/2001.00001", 2020)
    assert len(asked) == 1
    with pytest.raises(BadInput, match=r"arXiv 2001\.00002 is not in the cache, and AQUARIUS_OFFLINE is set"):
        read("2001.00002")


def test_requests_are_three_seconds_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(_arxiv, "PAUSE", 3.0)
    monkeypatch.setattr(_arxiv.time, "sleep", slept.append)
    transport, _ = answers(gives(PAPER))
    fetched("2001.00001", transport=transport)
    fetched("2001.00003", transport=transport)
    assert len(slept) == 1 and 2.0 < slept[0] <= 3.0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (gives(b"", 404), r"arXiv 2001\.00001 does not exist"),
        (gives(b"", 429, Retry_After="30"), "asks to wait \\(30 seconds\\)"),
        (gives(b"", 500), "answered with status 500"),
        (gives(b"", 302, Location="https://elsewhere.org/x"), "leads away from arXiv"),
        (gives(b"", 302, Location="http://arxiv.org/x"), "leads away from arXiv"),
        (gives(b"", 302, Location="https://arxiv.org/x"), "leads in circles"),
    ],
)
def test_other_answers_are_one_sentence(own_cache: Path, answer: Callable[[httpx2.Request], httpx2.Response], said: str) -> None:
    transport, _ = answers(answer)
    with pytest.raises(BadInput, match=said):
        fetched("2001.00001", transport=transport)
    assert not list(own_cache.rglob("*.tar.gz"))


def test_no_network_is_one_sentence() -> None:
    def broken(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no route")

    transport, _ = answers(broken)
    with pytest.raises(BadInput, match=r"could not be fetched \(ConnectError\): give the paper as a file"):
        fetched("2001.00001", transport=transport)


def test_a_paper_beyond_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_arxiv, "LARGEST", 1000)
    transport, _ = answers(gives(b"x" * 2000))
    with pytest.raises(BadInput, match="is larger than"):
        fetched("2001.00001", transport=transport)


def test_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="titles are looked up only where AQUARIUS_TITLES names a provider"):
        read("Steps from two numbers")
    monkeypatch.setenv("AQUARIUS_TITLES", "arxiv")
    transport, asked = answers(gives(FEED))
    assert by_title("Steps From Two Numbers", transport=transport) == "2001.00001"
    assert asked == ["https://export.arxiv.org/api/query?search_query=ti:%22Steps+From+Two+Numbers%22&max_results=10"]
    with pytest.raises(
        BadInput,
        match=r"is not the title of one paper: give one of these identifiers: 2001\.00001 'Steps from two numbers'; hep-th/9901001",
    ):
        by_title("Steps from numbers", transport=transport)
    nothing, _ = answers(gives(b"<feed/>"))
    with pytest.raises(BadInput, match="arXiv has no paper called 'Unheard of words'"):
        by_title("Unheard of words", transport=nothing)


@pytest.mark.parametrize("feed", [b"not xml", b'<!DOCTYPE f [<!ENTITY a "b">]><feed>&a;</feed>'])
def test_an_answer_that_is_no_list_is_refused(monkeypatch: pytest.MonkeyPatch, feed: bytes) -> None:
    monkeypatch.setenv("AQUARIUS_TITLES", "arxiv")
    transport, _ = answers(gives(feed))
    with pytest.raises(BadInput, match="arXiv's answer"):
        by_title("Steps from two numbers", transport=transport)
