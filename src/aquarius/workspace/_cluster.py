"""Papers read on a Ray cluster: their bytes are sent, the summaries come back as each is done."""

from __future__ import annotations

import re
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..core import AquariusError, BadInput, MissingExtra
from ..reading import Packed, packed, unpacked

HERE = "auto"  # the cluster that RAY_ADDRESS or this machine names; where there is none, Ray is started on this machine
_AHEAD = 64  # papers whose bytes are on their way at a time


def read_on_cluster(sources: Sequence[str], address: str = HERE) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of each paper and its summary, or why it was refused, as the cluster is done with it.

    A paper on arXiv is fetched here, one at a time; its reading is done there.

    Raises:
        MissingExtra: Ray is not installed.
        BadInput: no cluster at the address, or one without Aquarius.
    """
    ray = _connected(address)
    try:
        read_one = ray.remote(max_retries=1)(read_packed)
        waiting: dict[Any, int] = {}
        left = list(enumerate(sources))[::-1]
        while left or waiting:
            while left and len(waiting) < _AHEAD:
                index, source = left.pop()
                try:
                    waiting[read_one.remote(packed(source))] = index
                except AquariusError as error:
                    yield index, {"refused": str(error)}
            if waiting:
                (done,), _ = ray.wait(list(waiting), num_returns=1)
                yield waiting.pop(done), _result(ray, done)
    finally:
        ray.shutdown()


def read_packed(paper: Packed) -> dict[str, Any]:
    """Read a paper from its bytes in a folder of its own; this runs on the cluster."""
    from ._papers import read_paper

    with tempfile.TemporaryDirectory(prefix="aquarius-") as folder:
        try:
            data = read_paper(str(unpacked(paper, Path(folder))))[2]
        except AquariusError as error:
            return {"refused": str(error)}
    return data | ({"url": paper.url, "year": paper.year} if paper.url else {})


def _connected(address: str) -> Any:
    try:
        import ray
    except ImportError:
        raise MissingExtra("Ray", "cluster", "reading on a cluster") from None
    _knock(address)
    try:
        ray.init(address=None if address == HERE else address, log_to_driver=False, logging_level="ERROR", configure_logging=True)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise BadInput(f"there is no Ray cluster at {address}: {str(error).partition(chr(10))[0].rstrip('.')}.") from None
    return ray


def _knock(address: str) -> None:
    """Ask whether anything answers at HOST:PORT, since Ray itself waits for a minute and then ends the process."""
    if address in (HERE, "local"):
        return
    found = re.fullmatch(r"(?:ray://)?(?P<host>[\w.-]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})", address)
    if found is None:
        raise BadInput(
            f"{address} is no address of a Ray cluster: write HOST:PORT or ray://HOST:PORT, or --cluster alone for this machine's own."
        )
    try:
        socket.create_connection((found["host"].strip("[]"), int(found["port"])), timeout=5).close()
    except (OSError, OverflowError) as error:
        raise BadInput(f"there is no Ray cluster at {address}: {str(error).rpartition('] ')[2].rstrip('.')}.") from None


def _result(ray: Any, done: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = ray.get(done)
    except ray.exceptions.RayError as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        reason = lines[-1].strip() if lines else type(error).__name__
        if "No module named 'aquarius" in str(error):
            raise BadInput("the machines of the cluster lack Aquarius: install it on each, in the version that is used here.") from None
        return {"refused": f"its reading ended on the cluster: {reason}"}
    return found
