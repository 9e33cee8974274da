"""Policies keep what they say, give every sample a chance, and say that chance truly."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from aquarius.aql import GumbelTopK, PercentilePower, SoftPruning, Threshold, TopK, Uniform, importance_weights, with_quotas
from aquarius.core import BadInput

EVERY = [TopK(), TopK(keep=0.3, floor=0.25), GumbelTopK(), PercentilePower(), SoftPruning(), Threshold(0.5), Uniform()]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def scores(n: int = 40) -> Tensor:
    return torch.randn(n, generator=generator(7))


@pytest.mark.parametrize("policy", EVERY, ids=repr)
def test_every_sample_keeps_a_chance_and_the_weighted_mean_is_that_of_all(policy) -> None:
    """Horvitz-Thompson with the stated chances estimates the mean of all candidates: so the chances are true."""
    values, losses = scores(), torch.rand(40, generator=generator(8), dtype=torch.float64)
    times, estimates, own = torch.zeros(40), [], generator(1)
    for _ in range(1500):
        chosen = policy.select(values, own)
        assert len(chosen.places.unique()) == len(chosen.places) > 0
        times[chosen.places] += 1
        estimates.append(float((losses[chosen.places] / chosen.chance).sum() / 40))
    assert bool((times > 0).all())
    drawn = torch.tensor(estimates)
    assert float(drawn.mean()) == pytest.approx(float(losses.mean()), abs=4.5 * float(drawn.std()) / 1500**0.5 + 1e-9)


@pytest.mark.parametrize("policy", EVERY, ids=repr)
def test_the_share_is_about_what_is_kept(policy) -> None:
    kept = torch.tensor([len(policy.select(scores(400), generator(n)).places) / 400 for n in range(20)]).mean()
    if not isinstance(policy, Threshold):
        assert float(kept) == pytest.approx(policy.share(), abs=0.04)


@pytest.mark.parametrize("policy", EVERY, ids=repr)
@pytest.mark.parametrize(
    "values", [torch.zeros(1), torch.zeros(9), torch.full((9,), math.inf), torch.tensor([math.inf, 0.0, -1.0, 2.0])], ids=repr
)
def test_it_is_never_empty_and_repeats(policy, values: Tensor) -> None:
    one, other = policy.select(values, generator()), policy.select(values, generator())
    assert len(one.places) > 0 and torch.equal(one.places, other.places)
    assert bool(((one.chance > 0) & (one.chance <= 1)).all())


def test_without_a_floor_the_best_are_kept() -> None:
    values = scores()
    assert set(TopK(0.25, floor=0.0).select(values, generator()).places.tolist()) == set(values.topk(10).indices.tolist())
    cold = GumbelTopK(0.25, temperature=1e-3, floor=0.0).select(values, generator()).places
    assert values.argmax() in cold


def test_what_was_never_scored_goes_first() -> None:
    values = torch.zeros(20)
    values[[3, 8]] = math.inf
    assert {3, 8} <= set(TopK(0.25, floor=0.0).select(values, generator()).places.tolist())


def test_the_floor_is_the_share_given_by_lot() -> None:
    values, own = torch.arange(100.0), generator()
    outside = [int((TopK(0.2, floor=0.1).select(values, own).places < 80).sum()) for _ in range(500)]
    assert sum(outside) / 500 == pytest.approx(2 * 80 / 82, abs=0.05)
    odd = [int((TopK(0.05, floor=0.1).select(values, own).places < 95).sum()) for _ in range(2000)]
    assert sum(odd) / 2000 == pytest.approx(0.5, abs=0.05)  # half a place, rounded at random


def test_soft_pruning_keeps_the_gradient_and_ends_on_all() -> None:
    values = torch.arange(100.0)
    chosen = SoftPruning(0.5).select(values, generator())
    low = chosen.places < 50
    assert bool((chosen.weights[low] == 2).all()) and bool((chosen.weights[~low] == 1).all()) and int((~low).sum()) == 50
    assert len(SoftPruning(0.5).select(values, generator(), progress=0.9).places) == 100


def test_importance_weights_are_clipped() -> None:
    chosen = TopK(0.25, floor=0.1).select(scores(400), generator())
    weights = importance_weights(chosen, 400, clip=5.0)
    assert float(weights.max()) == 5.0 and float(weights.min()) == pytest.approx(0.25)


def test_quotas_bring_a_rare_class_in() -> None:
    values = torch.cat([torch.ones(80), torch.linspace(-1, 0, 20)])
    groups = torch.cat([torch.zeros(80), torch.ones(20)]).long()
    plain = TopK(0.25, floor=0.0).select(values, generator())
    assert not bool((groups[plain.places] == 1).any())
    fair = with_quotas(plain, values, groups, share=0.8)
    assert len(fair.places) == 25 == len(fair.places.unique())
    assert sorted(fair.places[groups[fair.places] == 1].tolist()) == [96, 97, 98, 99]  # the best of the rare class: 0.8 · 25 · 20 %
    assert torch.equal(with_quotas(plain, values, groups, share=0.0).places, plain.places)


@pytest.mark.parametrize(
    "make",
    [
        lambda: TopK(keep=0.0),
        lambda: TopK(floor=2.0),
        lambda: GumbelTopK(temperature=0),
        lambda: PercentilePower(power=0),
        lambda: SoftPruning(rate=1.0),
        lambda: Uniform(2.0),
        lambda: Threshold(0.0, floor=-1),
        lambda: TopK().select(torch.tensor([math.nan]), generator()),
        lambda: TopK().select(torch.empty(0), generator()),
        lambda: with_quotas(TopK().select(scores(), generator()), scores(), torch.zeros(3)),
    ],
)
def test_what_cannot_be_is_refused(make) -> None:
    with pytest.raises(BadInput):
        make()
