"""A stream's curriculum admits a quantile of each class by fresh measures, in bounded memory, and never nothing."""

from __future__ import annotations

import math

import pytest
import torch

from aquarius.aql import CurriculumScheduler, Linear, StreamCurriculum
from aquarius.aql._curriculum import easier_share
from aquarius.core import BadInput


def curriculum(steps: int = 0, **options) -> StreamCurriculum:
    scheduler = CurriculumScheduler(Linear(start=0.2, until=1.0), 100)
    scheduler.step(steps)
    return StreamCurriculum(scheduler, **options)


def losses(seed: int, count: int = 64) -> torch.Tensor:
    return torch.randn(count, generator=torch.Generator().manual_seed(seed)).exp() + 0.1


@pytest.mark.parametrize(("steps", "share"), [(0, 0.2), (50, 0.6), (100, 1.0)])
def test_competence_is_the_share_admitted_whatever_the_scale(steps: int, share: float) -> None:
    for scale in (1.0, 1e6):
        own = curriculum(steps)
        passed = [int(own.admitted({"loss": scale * losses(seed)}).sum()) for seed in range(60)]
        assert sum(passed[10:]) / (50 * 64) == pytest.approx(share, abs=0.03)
        assert own.telemetry()["admitted"] == sum(passed) / (60 * 64)


def test_memory_is_the_window() -> None:
    own = curriculum(window=256)
    for seed in range(40):
        own.admitted({"loss": losses(seed), "perplexity": losses(seed)})
    assert {name: len(values) for name, values in own.latest.items()} == {"loss": 256, "perplexity": 256, "label": 256}


def test_every_class_has_its_easy_samples() -> None:
    """Class 1 is hard throughout: without classes an early curriculum would hold none of it, and teach the model one answer."""
    hard = torch.arange(64) % 2
    fresh = losses(0) + 5.0 * hard
    mask = curriculum(25).admitted({"loss": fresh}, hard)
    alone = curriculum(25).admitted({"loss": fresh})
    assert int(mask[hard == 1].sum()) == int(mask[hard == 0].sum()) == 13
    assert int(alone[hard == 1].sum()) == 0


def test_what_is_solved_is_not_what_an_early_curriculum_is_spent_on() -> None:
    fresh = torch.cat([torch.full((48,), 1e-4), losses(1, 16) + 0.5])
    own = curriculum()
    mask = own.admitted({"loss": fresh})
    assert not bool(mask[:48].any()) and int(mask.sum()) == 4 and own.telemetry()["solved"] == 0.75


@pytest.mark.parametrize("fresh", [torch.ones(5), torch.zeros(5), torch.tensor([3.0]), torch.full((4,), math.nan), torch.full((4,), 1e30)])
def test_it_is_never_empty(fresh: torch.Tensor) -> None:
    own = curriculum()
    own.admitted({"loss": losses(0, 500)})
    assert bool(own.admitted({"loss": fresh}).any())


def test_easier_share_is_taken_within_groups_and_equal_ones_are_alike() -> None:
    difficulty = torch.tensor([3.0, 1.0, 2.0, math.nan, math.inf, 1.0, 9.0])
    groups = torch.tensor([0, 0, 0, 0, 0, 1, 1])
    got = easier_share(difficulty, groups)
    assert got[[0, 1, 2, 5, 6]].tolist() == pytest.approx([2 / 3, 0, 1 / 3, 0, 0.5]) and got.isnan()[3] and got[4] == math.inf
    assert easier_share(torch.ones(4)).tolist() == [0.0] * 4 and easier_share(torch.full((2,), math.nan)).isnan().all()


def test_state_goes_on_exactly() -> None:
    one, other = curriculum(30), curriculum()
    for seed in range(3):
        one.admitted({"loss": losses(seed)})
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.admitted({"loss": losses(7)}), other.admitted({"loss": losses(7)})) and one.telemetry() == other.telemetry()


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput, match="two samples or more"):
        curriculum(window=1)
    with pytest.raises(BadInput, match="the loss among them; got gini"):
        curriculum().admitted({"gini": torch.ones(2)})
    own = curriculum()
    own.admitted({"loss": torch.ones(2)})
    with pytest.raises(BadInput, match="the same measures each time"):
        own.admitted({"loss": torch.ones(2), "gini": torch.ones(2)})
