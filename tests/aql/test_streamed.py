"""The mode "streaming": the share that is asked for, the best of the stream, lots for all, any collated data, bounded memory."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from aql.loops import COUNT, Stream, loader, network, samples
from aquarius.aql import AQL, Payoff, Streamed, TopK, Uniform
from aquarius.aql._loader import joined, rows_of
from aquarius.core import BadInput


def streaming(data: Any = None, **options: Any) -> tuple[AQL, Any]:
    aql = AQL(
        network(), mode="streaming", budget=None, **{"policy": TopK(0.25, floor=0.1), "scorer": "loss", "total_steps": 100, **options}
    )
    return aql, aql.wrap(loader() if data is None else data)


def by_number(logits: torch.Tensor, labels: torch.Tensor, features: torch.Tensor | None) -> torch.Tensor:
    return labels.float()


def test_the_share_is_kept_and_the_batch_is_the_samples() -> None:
    aql, wrapped = streaming()
    assert isinstance(wrapped, Streamed) and wrapped.length == 15
    ids = []
    for _ in range(6):
        for batch in wrapped:
            assert len(batch.ids) == 8 and torch.equal(batch.x, samples()[0][batch.ids]) and torch.equal(batch.y, samples()[1][batch.ids])
            aql.loss(aql.model(batch.x), batch.y)
            ids += batch.ids.tolist()
    report = aql.report()
    assert (report.seen, report.scored, report.trained) == (6 * COUNT, 6 * COUNT, len(ids))
    assert report.trained == pytest.approx(0.25 * 6 * COUNT, rel=0.15) and len(wrapped.waiting) < 8
    assert report.forwards == 3 * report.trained + report.scored and len(aql.store) == 0


def test_the_best_are_kept_and_a_tenth_goes_by_lot() -> None:
    """The score is the sample's number: what is kept lies in the upper quarter, but for the lots."""
    numbers = DataLoader(TensorDataset(torch.randn(2000, 6), torch.arange(2000)), batch_size=16)
    model = torch.nn.Linear(6, 2000)
    aql = AQL(model, mode="streaming", policy=TopK(0.25, floor=0.1), scorer=by_number, budget=None, total_steps=100)
    got = torch.cat([batch.ids for _ in range(4) for batch in aql.wrap(numbers)])[500:]
    low = float((got < 1300).double().mean())
    assert 0.02 < low < 0.13 and float((got >= 1500).double().mean()) > 0.75
    none = AQL(model, mode="streaming", policy=TopK(0.25, floor=0.0), scorer=by_number, budget=None, total_steps=100)
    assert int(torch.cat([batch.ids for _ in range(4) for batch in none.wrap(numbers)])[500:].min()) >= 1300


class Endless(IterableDataset[Any]):
    def __iter__(self) -> Any:
        generator = torch.Generator().manual_seed(0)
        while True:
            yield torch.randn(6, generator=generator), int(torch.randint(3, (), generator=generator))


def test_an_endless_stream_has_numbers_that_go_on_and_bounded_memory() -> None:
    aql, wrapped = streaming(DataLoader(Endless(), batch_size=8), buffer_size=32)
    seen = []
    for batch in wrapped:
        aql.loss(aql.model(batch.x), batch.y)
        seen += batch.ids.tolist()
        if len(seen) > 300:
            break
    assert (len(set(seen)) == len(seen) and seen == sorted(seen)) or max(seen) > 900
    assert len(wrapped.waiting) < 16 and len(wrapped.stream.buffer.scores) <= 64 and len(aql.store) == 0
    with pytest.raises(BadInput, match="give total_steps"):
        streaming(DataLoader(Endless(), batch_size=8), total_steps=None)


def test_an_epoch_that_was_left_goes_on_in_the_same_stream() -> None:
    data = DataLoader(Stream(), batch_size=8)
    _, whole = streaming(data)
    wanted = [batch.ids.tolist() for batch in whole]
    _, wrapped = streaming(data)
    got = [next(iter(wrapped)).ids.tolist() for _ in range(3)]
    assert got + [batch.ids.tolist() for batch in wrapped] == wanted and wrapped.position == 0


def test_a_uniform_window_is_uniform() -> None:
    numbers = DataLoader(TensorDataset(torch.randn(2000, 6), torch.arange(2000)), batch_size=16)
    payoff = Payoff()
    payoff.ended = True
    aql = AQL(torch.nn.Linear(6, 2000), mode="streaming", policy=TopK(0.25), scorer=by_number, budget=None, payoff=payoff, total_steps=100)
    got = torch.cat([batch.ids for batch in aql.wrap(numbers)]).double()
    assert 800 < float(got.mean()) < 1200


def test_samples_that_cannot_be_scored_are_left_out() -> None:
    x, y = samples()
    x = torch.where((torch.arange(COUNT) % 5 == 0).unsqueeze(1), torch.nan, x)
    aql, wrapped = streaming(DataLoader(TensorDataset(x, y), batch_size=8))
    ids = torch.cat([batch.ids for batch in wrapped])
    assert len(ids) and bool((ids % 5 != 0).all()) and aql.report().seen == COUNT


def test_rows_are_joined_as_they_were() -> None:
    data = {"x": torch.arange(6).reshape(3, 2), "pair": (torch.arange(3), [torch.arange(3) * 2]), "names": ["a", "b", "c"], "k": 5}
    rows = [rows_of(data, torch.tensor([place])) for place in (2, 0)]
    whole = joined(rows)
    assert (
        whole["x"].tolist() == [[4, 5], [0, 1]]
        and whole["pair"][1][0].tolist() == [4, 0]
        and whole["names"] == ["c", "a"]
        and whole["k"] == 5
    )
    with pytest.raises(BadInput, match="differ in shape"):
        joined([torch.ones(1, 3), torch.ones(1, 4)])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"policy": Uniform(0.2)}, "keeps the best share of a stream"),
        ({"policy": TopK(1.0, floor=0.0)}, "keep below 1"),
        ({"importance": True}, "no importance"),
        ({"quota": 0.5}, "no quota"),
        ({"buffer_size": 3}, "A buffer of 3 samples fills no batch of 8"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        streaming(**options)


def test_loaders_and_states_of_another_kind_are_refused() -> None:
    with pytest.raises(BadInput, match="a torch DataLoader with a batch size"):
        streaming([1, 2])
    with pytest.raises(BadInput, match="has none, or the other way round"):
        streaming()[1].load_state_dict(streaming(DataLoader(Stream(), batch_size=8))[1].state_dict())
    with pytest.raises(BadInput, match="hold tensors whose rows are samples"):
        next(iter(streaming(DataLoader(Stream(), batch_size=8, collate_fn=lambda rows: "text"))[1]))
