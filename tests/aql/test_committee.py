"""Committees find what they disagree about, and leave the model and the random state as they were.  # tests _modes.py"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from aquarius.aql import LastLayerEnsemble, ReducibleLoss, loss, mc_dropout
from aquarius.core import BadInput


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 3))


def test_scoring_leaves_modes_statistics_and_random_state() -> None:
    model, x = network(), torch.randn(8, 4)
    model[1].eval()
    modes = [module.training for module in model.modules()]
    statistics, random = model[1].running_mean.clone(), torch.get_rng_state()
    scores = mc_dropout(model, x, passes=5)
    assert [module.training for module in model.modules()] == modes and model[3].training
    assert torch.equal(model[1].running_mean, statistics) and torch.equal(torch.get_rng_state(), random)
    assert scores.shape == (8,) and bool((scores > 0).any()) and not scores.requires_grad
    assert torch.equal(scores, mc_dropout(model, x, passes=5))


def test_modes_come_back_when_scoring_fails() -> None:
    model = network()
    with pytest.raises(RuntimeError):
        mc_dropout(model, torch.randn(8, 5))
    assert all(module.training for module in model.modules())


def test_a_model_without_dropout_is_refused() -> None:
    with pytest.raises(BadInput, match="p > 0"):
        mc_dropout(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.0)), torch.randn(1, 2))


def test_the_ensemble_learns_and_doubts_what_it_has_not_seen() -> None:
    generator = torch.Generator().manual_seed(0)
    ensemble = LastLayerEnsemble(6, 3, members=8)
    features = torch.randn(4000, 6, generator=generator)
    features[:, 3:] = 0  # training sees half of the space
    labels = features[:, :3].argmax(1)
    labels[::7] = -100
    for start in range(0, 4000, 50):
        ensemble.update(features[start : start + 50], labels[start : start + 50])
    new = torch.randn(200, 6, generator=generator)
    new[:, :3] = 0
    known = ensemble.score(features[:200])
    assert float(ensemble.score(new).mean()) > 2 * float(known.mean())
    with_one = torch.cat([features, torch.ones(4000, 1)], 1)
    agreed = (with_one @ ensemble.heads).softmax(-1).mean(0).argmax(1)
    assert float((agreed == features[:, :3].argmax(1)).double().mean()) > 0.9


def test_the_ensemble_goes_on_exactly() -> None:
    one, other = LastLayerEnsemble(4, 3), LastLayerEnsemble(4, 3, seed=5)
    batch = torch.randn(10, 4), torch.arange(10) % 3
    one.update(*batch)
    other.load_state_dict(one.state_dict())
    for each in (one, other):
        each.update(*batch)
    assert torch.equal(one.heads, other.heads)
    with pytest.raises(BadInput, match="width 4"):
        one.score(torch.randn(2, 5))
    with pytest.raises(BadInput, match="two members"):
        LastLayerEnsemble(4, 3, members=1)


def test_reducible_loss_takes_off_what_no_model_fits() -> None:
    reference, model, x, y = network(), network(), torch.randn(6, 4), torch.arange(6) % 3
    reference[4].weight.data.mul_(2)
    reducible = ReducibleLoss(reference)
    logits = model(x)
    got = reducible.score(logits, y, inputs=x)
    assert reference.training and reference[3].training
    reference.eval()
    own = loss(reference(x), y)
    assert torch.allclose(got, loss(logits, y) - own)
    table = torch.zeros(20)
    table[[3, 5, 7, 9, 11, 13]] = own.detach()
    assert torch.allclose(ReducibleLoss(table).score(logits, y, ids=torch.tensor([3, 5, 7, 9, 11, 13])), got)


def test_reducible_loss_needs_its_reference() -> None:
    with pytest.raises(BadInput, match="needs the samples' ids"):
        ReducibleLoss(torch.zeros(3)).score(torch.randn(1, 2), torch.tensor([0]), ids=torch.tensor([3]))
    with pytest.raises(BadInput, match="needs the inputs"):
        ReducibleLoss(network()).score(torch.randn(1, 2), torch.tensor([0]))
