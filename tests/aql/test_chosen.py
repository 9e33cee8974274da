"""The data set of an epoch's samples: ids stay with their samples, whoever loads them; a state goes on exactly. (Two ranks: test_streaming.py.)"""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from aql.loops import COUNT, Stream, network, samples
from aquarius.aql import AQL, ChosenDataset, Root, ScoreStore, SoftPruning, TopK
from aquarius.core import BadInput


def chosen(**options: Any) -> tuple[AQL, ChosenDataset]:
    aql = AQL(network(), **{"scorer": "loss", "budget": None, "policy": TopK(0.25, floor=0.1), **options})
    return aql, aql.dataset(TensorDataset(*samples()))


def epoch(aql: AQL, data: ChosenDataset, **options: Any) -> list[int]:
    data.draw()
    found = []
    for x, y, ids in DataLoader(data, batch_size=8, **options):
        assert torch.equal(x, samples()[0][ids]) and torch.equal(y, samples()[1][ids])
        aql.loss(aql.model(x), y, ids=ids)
        found += ids.tolist()
    return found


def test_an_epoch_is_the_policys_share_and_ids_stay_with_their_samples() -> None:
    aql, data = chosen()
    rounds = [epoch(aql, data) for _ in range(6)]
    assert len(data) == 120 and all(len(set(each)) == 120 for each in rounds) and len({n for each in rounds[:4] for n in each}) > 400
    report = aql.report()
    assert (report.seen, report.trained, report.scored) == (6 * COUNT, 720, 720)
    scores = aql.store.get("score")
    late = scores[torch.tensor(epoch(aql, data))]
    assert float(late.median()) > float(scores.nanmedian())


def test_workers_that_live_on_see_the_next_choice() -> None:
    _, data = chosen()
    data.draw()
    loader = DataLoader(data, batch_size=8, num_workers=1, persistent_workers=True)
    first = torch.cat([ids for *_, ids in loader])
    data.draw()
    second = torch.cat([ids for *_, ids in loader])
    assert torch.equal(second, data.ids) and not torch.equal(first, second)


def test_what_a_worker_gets_holds_no_model() -> None:
    _, data = chosen()
    data.draw()
    assert data.__getstate__()["_aql"] is None and data.__getstate__()["sampler"] is None
    assert len(pickle.dumps(TensorDataset(*samples()))) > 0


@pytest.mark.parametrize(("sample", "wanted"), [({"x": 1}, {"x": 1, "aql_id": 0}), ((1, 2), (1, 2, 0)), (5, (5, 0))])
def test_the_id_goes_with_any_sample(sample: Any, wanted: Any) -> None:
    data = AQL(network(), scorer="loss").dataset([sample])
    data.draw()
    assert data[0] == wanted


def test_a_curriculum_keeps_hard_samples_out() -> None:
    aql, data = chosen(curriculum=Root(start=0.3, until=1.0), total_steps=1000)
    for _ in range(5):
        epoch(aql, data)
    assert aql.curriculum is not None
    data.draw()
    assert bool(aql.curriculum.easy_enough(data.ids).all())


def test_state_goes_on_exactly() -> None:
    one, data = chosen()
    for _ in range(3):
        epoch(one, data)
    other, again = chosen(seed=9)
    other.load_state_dict(one.state_dict())
    other.model.load_state_dict(one.model.state_dict())
    assert torch.equal(again.ids, data.ids) and again.epoch == data.epoch == 2
    torch.manual_seed(1)
    wanted = epoch(one, data)
    torch.manual_seed(1)
    assert epoch(other, again) == wanted


def test_one_rank_alone_changes_nothing() -> None:
    store = ScoreStore()
    store.update(torch.arange(3), 1, {"score": torch.ones(3)})
    before = store.state_dict()
    store.synchronise()
    assert all(torch.equal(before[name], store.state_dict()[name]) for name in ("stamps", "visits"))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: AQL(network(), mode="online", scorer="loss").dataset([1]), "takes the mode cached or offline, not online"),
        (lambda: AQL(network(), scorer="loss").dataset(Stream()), "no indices to keep"),
        (lambda: AQL(network(), scorer="loss").dataset([]), "is empty"),
        (lambda: AQL(network(), curriculum=Root()).dataset([1]), "needs total_steps"),
        (lambda: chosen()[0].dataset([1]), "has a data set already"),
        (lambda: chosen()[0].wrap(DataLoader([1])), "wraps another loader"),
        (lambda: chosen()[1].load_state_dict({"ids": [1]}), "chose 1 samples an epoch, this one 120"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        make()


def test_weights_are_refused_where_nobody_applies_them() -> None:
    aql, data = chosen(policy=SoftPruning(0.9))
    epoch_of = data.draw
    epoch_of()
    aql.learn(torch.randn(COUNT, 3), samples()[1], torch.arange(COUNT))
    with pytest.raises(BadInput, match="weighs no samples"):
        epoch_of()
