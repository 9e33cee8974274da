"""Workers merge to what one would have kept: buffers, states, stand-ins of Ray actors, and Ray itself where it is installed."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from aquarius.aql import StreamingAQL, TopKBuffer, merge_workers
from aquarius.core import BadInput

SCORES = torch.randn(997, generator=torch.Generator().manual_seed(0)).round(decimals=1)  # with ties between workers


def part(rank: int, workers: int = 3, k: int = 100) -> StreamingAQL:
    own = StreamingAQL(k, payload="value")
    for ids in torch.arange(len(SCORES))[rank::workers].split(50):
        own.process_chunk(SCORES[ids], ids, [f"v{name}" for name in ids.tolist()])
    return own


def alone() -> TopKBuffer:
    buffer = TopKBuffer(100)
    buffer.push(SCORES, values=[f"v{name}" for name in range(len(SCORES))])
    return buffer


def same(one: TopKBuffer, other: TopKBuffer) -> bool:
    values = {name: one.values[name] for name in one.result()[1].tolist()} == {
        name: other.values[name] for name in other.result()[1].tolist()
    }
    return all(torch.equal(a, b) for a, b in zip(one.result(), other.result(), strict=True)) and one.seen == other.seen and values


def actor(own: StreamingAQL) -> Any:
    return SimpleNamespace(state_dict=SimpleNamespace(remote=lambda: ("reference", own.state_dict())))


@pytest.mark.parametrize("kind", ["stream", "buffer", "state", "actor", "mixed"])
def test_workers_equal_one(kind: str) -> None:
    parts = [part(rank) for rank in range(3)]
    workers: list[Any] = {
        "stream": parts,
        "buffer": [each.buffer for each in parts],
        "state": [each.state_dict() for each in parts],
        "actor": [actor(each) for each in parts],
        "mixed": [parts[0], actor(parts[1]), parts[2].buffer.state_dict()],
    }[kind]
    asked: list[int] = []
    merged = merge_workers(workers, get=lambda references: asked.append(len(references)) or [state for _, state in references])
    assert same(merged, alone())
    assert asked == {"actor": [3], "mixed": [1]}.get(kind, [])  # actors are asked all at once
    assert same(merge_workers(parts), alone())  # and the workers are as they were


def test_a_worker_that_was_left_out_is_missed() -> None:
    assert not same(merge_workers([part(0), part(1)]), alone())


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput, match="no worker"):
        merge_workers([])
    with pytest.raises(BadInput, match="keep 50 and 100 samples"):
        merge_workers([part(0), part(1, k=50)])
    with pytest.raises(BadInput, match="not int"):
        merge_workers([part(0), 3])
    if importlib.util.find_spec("ray") is None:
        with pytest.raises(BadInput, match="pip install ray"):
            merge_workers([actor(part(0))])


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
def test_the_actors_of_ray() -> None:
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, ignore_reinit_error=True)
    try:
        Worker = ray.remote(StreamingAQL)
        actors = [Worker.remote(100, payload="value") for _ in range(3)]
        for rank, each in enumerate(actors):
            ids = torch.arange(len(SCORES))[rank::3]
            ray.get(each.process_chunk.remote(SCORES[ids], ids, [f"v{name}" for name in ids.tolist()]))
        assert same(merge_workers(actors), alone())
    finally:
        ray.shutdown()
