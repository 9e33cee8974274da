"""The student ranks as the ensemble does, on samples it never saw, and touches no random state of the run."""

from __future__ import annotations

import pytest
import torch

from aquarius.aql import DistilledEnsemble
from aquarius.aql._store import ranks
from aquarius.core import BadInput


def batch(seed: int, count: int = 128) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 8, generator=generator) * torch.linspace(0.2, 3.0, 8)
    return x, (x[:, 7] > 0).long() + (x[:, 6] > 1).long()


def spearman(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([ranks(one.double()), ranks(other.double())]))[0, 1])


def trained(seed: int = 0, batches: int = 400) -> DistilledEnsemble:
    own = DistilledEnsemble(8, 3, seed=seed)
    for number in range(batches):
        own.update(*batch(number))
    return own


def test_it_ranks_as_the_ensemble_does_on_new_samples() -> None:
    state = torch.get_rng_state()
    own = trained()
    x, _ = batch(10_000, 1000)
    assert spearman(own.score(x), own.teacher.score(x)) > 0.7
    assert torch.equal(torch.get_rng_state(), state) and not own.score(x).requires_grad
    early = DistilledEnsemble(8, 3)
    early.update(*batch(0))
    assert spearman(early.score(x), own.teacher.score(x)) < 0.6  # what it knows it was taught


def test_ignored_positions_and_shapes() -> None:
    own = DistilledEnsemble(8, 3)
    x, y = batch(0)
    own.update(x.reshape(16, 8, 8), torch.where(torch.arange(128) % 2 == 0, -100, y).reshape(16, 8))
    assert own.score(x.reshape(16, 8, 8)).shape == (16, 8)
    own.update(x, torch.full((128,), -100))
    assert own._batches == 1
    assert own.score(x.bfloat16()).dtype is torch.float32


def test_state_goes_on_exactly() -> None:
    one, other = trained(batches=5), trained(3, batches=2)
    state = one.state_dict()
    one.update(*batch(50))
    other.load_state_dict(state)
    other.update(*batch(50))
    assert torch.equal(one.score(batch(9)[0]), other.score(batch(9)[0]))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput, match="no batch yet"):
        DistilledEnsemble(8, 3).score(torch.ones(2, 8))
    with pytest.raises(BadInput, match="width 8; these have 5"):
        trained(batches=1).score(torch.ones(2, 5))
    with pytest.raises(BadInput, match="at least one unit"):
        DistilledEnsemble(8, 3, hidden=0)
