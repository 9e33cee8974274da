"""Streams in, batches out: exact, drained, by id or value, over two ranks, resumed.  # tests _ranks.py"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from aql.loops import doubts
from aquarius.aql import StreamingAQL
from aquarius.core import BadInput


def test_batches_are_the_best_in_order_and_the_buffer_is_emptied() -> None:
    scores = torch.randperm(1000, generator=torch.Generator().manual_seed(0)).float()
    aql = StreamingAQL(100)
    for chunk in scores.split(64):
        aql.process_chunk(chunk)
    batches = list(aql.get_selected_batches(32))
    assert [len(batch.ids) for batch in batches] == [32, 32, 32, 4]
    assert torch.cat([batch.scores for batch in batches]).tolist() == [float(n) for n in range(999, 899, -1)]
    assert torch.equal(scores[batches[0].ids], batches[0].scores) and batches[0].values is None
    assert list(aql.get_selected_batches(32)) == [] and (aql.seen, aql.selected) == (1000, 100)


def test_what_fills_no_batch_may_stay() -> None:
    aql = StreamingAQL(10, payload="value")
    aql.process_chunk(torch.arange(10.0), values=[f"v{n}" for n in range(10)])
    assert [batch.values for batch in aql.get_selected_batches(4, drop_last=True)] == [["v9", "v8", "v7", "v6"], ["v5", "v4", "v3", "v2"]]
    aql.process_chunk(torch.tensor([50.0]), values=["new"])
    assert next(aql.get_selected_batches(4)).values == ["new", "v1", "v0"]
    assert aql.seen == 11 and aql.selected == 11


def test_a_share_of_the_stream_as_it_comes() -> None:
    aql = StreamingAQL(500, selection_ratio=0.1, window=10_000)
    generator = torch.Generator().manual_seed(0)
    taken = 0
    for step in range(200):
        aql.process_chunk(torch.randn(500, generator=generator) + step / 20)
        if step % 5 == 4:
            taken += sum(len(batch.ids) for batch in aql.get_selected_batches(50))
    assert taken / aql.seen == pytest.approx(0.1, abs=0.01)
    assert aql.selected == taken and aql.dropped == 0


def test_what_waits_too_long_is_dropped_and_counted() -> None:
    aql = StreamingAQL(20, selection_ratio=0.5)
    aql.process_chunk(torch.rand(1000, generator=torch.Generator().manual_seed(0)))
    kept = sum(len(batch.ids) for batch in aql.get_selected_batches(10))
    assert kept == 20 and 400 < aql.dropped < 600


@pytest.mark.parametrize("ratio", [None, 0.2])
def test_state_goes_on_exactly(ratio: float | None) -> None:
    scores = torch.randn(4000, generator=torch.Generator().manual_seed(0)).split(100)
    whole, first, second = (StreamingAQL(50, selection_ratio=ratio) for _ in range(3))
    for number, chunk in enumerate(scores):
        whole.process_chunk(chunk)
        (first if number < 20 else second).process_chunk(chunk)
        if number == 19:
            second.load_state_dict(first.state_dict())
    one, other = next(whole.get_selected_batches(50)), next(second.get_selected_batches(50))
    assert torch.equal(one.ids, other.ids) and torch.equal(one.scores, other.scores)
    with pytest.raises(BadInput, match="another payload"):
        StreamingAQL(50, payload="value").load_state_dict(first.state_dict())


def test_two_ranks_equal_one(tmp_path: Path) -> None:
    code = Path(__file__).with_name("ranks.py")
    children = [subprocess.Popen([sys.executable, str(code), str(rank), str(tmp_path)]) for rank in range(2)]
    assert [child.wait(timeout=60) for child in children] == [0, 0]
    scores = torch.randn(999, generator=torch.Generator().manual_seed(0)).round(decimals=1)
    alone = StreamingAQL(100, payload="value")
    alone.process_chunk(scores, values=[f"v{n}" for n in range(999)])
    alone.merge_ranks()  # one rank: nothing changes
    wanted = next(alone.get_selected_batches(100))
    for rank in range(2):
        ids, values, seen = torch.load(tmp_path / str(rank))
        assert torch.equal(ids, wanted.ids) and values == wanted.values and seen == 999
    (one, scores, visits), (other, others, _) = (torch.load(tmp_path / f"chosen{rank}") for rank in range(2))
    assert torch.equal(one, other) and torch.equal(scores, others)  # both know what each has scored, and choose alike
    assert visits == 3 * 120 and int((scores != -1).sum()) > 200
    alike = doubts(0, 1)  # one process that saw both halves
    for rank in range(2):
        assert torch.allclose(torch.load(tmp_path / f"doubts{rank}"), alike, rtol=1e-4)
        assert not torch.allclose(doubts(rank), alike, rtol=1e-4)  # half of the batches is not the whole


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput, match="by 'id' or by 'value'"):
        StreamingAQL(5, payload="pickle")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="values are needed"):
        StreamingAQL(5, payload="value").process_chunk(torch.ones(2))
    with pytest.raises(BadInput, match="values are not taken"):
        StreamingAQL(5).process_chunk(torch.ones(2), values=[1, 2])
    with pytest.raises(BadInput, match="as many ids"):
        StreamingAQL(5).process_chunk(torch.ones(2), torch.arange(3))
    with pytest.raises(BadInput, match="at least one sample"):
        StreamingAQL(5).get_selected_batches(0)
