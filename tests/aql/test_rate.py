"""A rate is kept under drift, steps, outliers and ties, and the best of the recent stream is what is kept."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aquarius.aql import RateThreshold
from aquarius.core import BadInput

N, CHUNK = 200_000, 1000


def scores_of(kind: str) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    base, ramp = torch.randn(N, generator=generator), torch.linspace(0, 1, N)
    return {
        "still": base,
        "drifting up": base + 20 * ramp,
        "drifting down": base - 20 * ramp,
        "shrinking": base * (1e-4**ramp),
        "growing": base.exp() * (1e4**ramp),
        "a step": base + 100 * (ramp > 0.5),
        "outliers": torch.where(torch.rand(N, generator=generator) < 1e-4, 1e9, base),
        "ties": base.round(),
        "constant": torch.full((N,), 3.0),
    }[kind]


def run(rate: RateThreshold, scores: Tensor) -> Tensor:
    ids = torch.arange(len(scores))
    return torch.cat([rate.admit(scores[start : start + CHUNK], ids[start : start + CHUNK]) for start in range(0, len(scores), CHUNK)])


@pytest.mark.parametrize(
    "kind", ["still", "drifting up", "drifting down", "shrinking", "growing", "a step", "outliers", "ties", "constant"]
)
def test_the_rate_is_kept(kind: str) -> None:
    rate = RateThreshold(0.1, window=20_000)
    kept = run(rate, scores_of(kind))
    assert float(kept.double().mean()) == pytest.approx(0.1, abs=0.01)
    assert rate.kept == int(kept.sum()) and rate.seen == N
    assert rate.counts.shape == (2048,)  # memory does not grow


def test_what_is_kept_is_the_best() -> None:
    scores = scores_of("still")
    kept = run(RateThreshold(0.1, window=20_000), scores)[N // 2 :]
    late = scores[N // 2 :]
    best = late >= late.quantile(0.9)
    assert float((kept & best).sum() / best.sum()) > 0.95


def test_a_good_chunk_keeps_more_than_its_share() -> None:
    rate = RateThreshold(0.1, window=20_000)
    run(rate, scores_of("still")[:50_000])
    good = rate.admit(torch.randn(CHUNK, generator=torch.Generator().manual_seed(1)) + 1, torch.arange(CHUNK))
    assert 0.2 < float(good.double().mean()) <= 0.7


def test_state_goes_on_exactly() -> None:
    scores = scores_of("drifting up")[:20_000]
    whole = run(RateThreshold(0.2), scores)
    first, second = RateThreshold(0.2), RateThreshold(0.2)
    run(first, scores[:10_000])
    second.load_state_dict(first.state_dict())
    ids = torch.arange(20_000)
    got = torch.cat([second.admit(scores[n : n + CHUNK], ids[n : n + CHUNK]) for n in range(10_000, 20_000, CHUNK)])
    assert torch.equal(got, whole[10_000:])


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput, match="between 0 and 1"):
        RateThreshold(1.0)
    with pytest.raises(BadInput, match="finite scores"):
        RateThreshold(0.5).admit(torch.tensor([float("inf")]), torch.tensor([0]))
    assert len(RateThreshold(0.5).admit(torch.empty(0), torch.empty(0))) == 0
