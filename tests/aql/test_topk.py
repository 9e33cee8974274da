"""The buffer equals a sort of the whole stream, whatever the stream does."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aquarius.aql import TopKBuffer
from aquarius.core import BadInput


def stream(seed: int) -> tuple[Tensor, Tensor, int, list[int]]:
    """Scores, ids, k and chunk sizes of one of: random, drifting up or down, heavily tied, all equal; ids in order or shuffled."""
    generator = torch.Generator().manual_seed(seed)
    n = int(torch.randint(1, 3000, (1,), generator=generator))
    scores = torch.randn(n, generator=generator)
    kind = seed % 5
    if kind in (1, 2):
        scores = scores + (1 if kind == 1 else -1) * torch.linspace(0, 10, n)
    elif kind == 3:
        scores = scores.round()
    elif kind == 4:
        scores = torch.full((n,), float(torch.tensor([0.0, -float("inf"), 2.0])[seed % 3]))
    ids = torch.randperm(n, generator=generator) * 3 if seed % 2 else torch.arange(n)
    k = int(torch.randint(1, 400, (1,), generator=generator))
    cuts = torch.randint(1, 500, (n,), generator=generator).tolist()
    return scores, ids, k, cuts


def sorted_best(scores: Tensor, ids: Tensor, k: int) -> list[tuple[float, int]]:
    return sorted(zip(scores.tolist(), ids.tolist(), strict=True), key=lambda pair: (-pair[0], pair[1]))[:k]


def pushed(buffer: TopKBuffer, scores: Tensor, ids: Tensor, cuts: list[int]) -> TopKBuffer:
    start = 0
    for size in cuts:
        buffer.push(scores[start : start + size], ids[start : start + size])
        start += size
        if start >= len(scores):
            break
    return buffer


def pairs(buffer: TopKBuffer) -> list[tuple[float, int]]:
    scores, ids = buffer.result()
    return list(zip(scores.tolist(), ids.tolist(), strict=True))


def test_two_hundred_streams_equal_a_sort() -> None:
    for seed in range(200):
        scores, ids, k, cuts = stream(seed)
        buffer = pushed(TopKBuffer(k, slack=[1.0, 0.1][seed % 2]), scores, ids, cuts)
        assert pairs(buffer) == sorted_best(scores, ids, k), f"stream {seed}"
        assert len(buffer.scores) == buffer.capacity and len(buffer) == min(k, len(scores))


def test_a_filter_per_chunk_would_lose_most() -> None:
    """All the best lie in one chunk of ten: the best tenth of each chunk holds a tenth of them."""
    scores = torch.rand(10_000, generator=torch.Generator().manual_seed(0))
    scores[3000:4000] += 10
    buffer = pushed(TopKBuffer(1000), scores, torch.arange(10_000), [1000] * 10)
    assert set(buffer.result()[1].tolist()) == set(range(3000, 4000))
    trap = torch.cat([chunk.topk(100).indices + 1000 * n for n, chunk in enumerate(scores.split(1000))])
    assert len(set(trap.tolist()) & set(range(3000, 4000))) == 100  # recall 0.10


def test_few_of_a_long_stream_pass_the_filter() -> None:
    n, k = 200_000, 100
    scores = torch.randperm(n, generator=torch.Generator().manual_seed(0)).float()
    buffer = pushed(TopKBuffer(k), scores, torch.arange(n), [1000] * 200)
    expected = k * torch.log(torch.tensor(n / k)) + k
    assert buffer.accepted < 4 * float(expected)
    assert buffer.scores.numel() == 2 * k


def test_ids_are_counted_where_none_are_given() -> None:
    buffer = TopKBuffer(2)
    buffer.push(torch.tensor([1.0, 5.0]))
    buffer.push(torch.tensor([4.0, 0.0]))
    assert pairs(buffer) == [(5.0, 1), (4.0, 2)]


def test_payloads_by_value_are_those_of_what_is_kept() -> None:
    buffer = TopKBuffer(3)
    for start in range(0, 100, 10):
        ids = torch.arange(start, start + 10)
        buffer.push(ids.float() % 50, ids, [f"sample {n}" for n in ids.tolist()])
    assert [buffer.values[n] for n in buffer.result()[1].tolist()] == ["sample 49", "sample 99", "sample 48"]
    assert len(buffer.values) <= buffer.capacity


def test_wider_scores_keep_their_order() -> None:
    buffer = TopKBuffer(1)
    buffer.push(torch.tensor([1.0]))
    buffer.push(torch.tensor([1.0 + 1e-12], dtype=torch.float64))
    assert buffer.result()[1].tolist() == [1]
    half = TopKBuffer(2)
    half.push(torch.tensor([0.5, 2.0, 1.0], dtype=torch.bfloat16))
    assert half.result()[0].tolist() == [2.0, 1.0]


def test_merging_is_the_top_of_both() -> None:
    scores, ids, _, _ = stream(3)
    one, other = TopKBuffer(50), TopKBuffer(50)
    one.push(scores[::2], ids[::2])
    other.push(scores[1::2], ids[1::2])
    one.merge(other)
    assert pairs(one) == sorted_best(scores, ids, 50) and one.seen == len(scores)


def test_state_goes_on_exactly() -> None:
    scores, ids, k, _ = stream(8)
    whole, first = TopKBuffer(k), TopKBuffer(k)
    half = len(scores) // 2
    for each in (whole, first):
        each.push(scores[:half], ids[:half])
    second = TopKBuffer(k)
    second.load_state_dict(first.state_dict())
    for each in (whole, second):
        each.push(scores[half:], ids[half:])
    assert pairs(second) == pairs(whole) and second.accepted == whole.accepted
    with pytest.raises(BadInput, match="buffer of k"):
        TopKBuffer(k + 1).load_state_dict(first.state_dict())


def test_what_has_no_order_is_refused() -> None:
    buffer = TopKBuffer(2)
    with pytest.raises(BadInput, match="NaN"):
        buffer.push(torch.tensor([1.0, float("nan")]))
    with pytest.raises(BadInput, match="as many ids"):
        buffer.push(torch.ones(2), torch.arange(3))
    with pytest.raises(BadInput, match="at least 1"):
        TopKBuffer(0)
    assert buffer.seen == 0 and buffer.push(torch.empty(0)) == 0
