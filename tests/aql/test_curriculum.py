"""Admission is a quantile of difficulty, is never empty, and does not spend the run on what is solved."""

from __future__ import annotations

import math

import pytest
import torch

from aquarius.aql import CurriculumAQL, CurriculumScheduler, Linear, ScoreStore
from aquarius.core import BadInput


def curriculum(losses: torch.Tensor, steps: int = 0, **options) -> CurriculumAQL:
    store = ScoreStore()
    store.update(torch.arange(len(losses)), 0, {"loss": losses})
    scheduler = CurriculumScheduler(Linear(start=0.2, until=1.0), 100)
    scheduler.step(steps)
    return CurriculumAQL(store, scheduler, **options)


@pytest.mark.parametrize(("steps", "share"), [(0, 0.2), (50, 0.6), (100, 1.0), (500, 1.0)])
def test_competence_is_the_share_admitted_whatever_the_scale(steps: int, share: float) -> None:
    losses = (5 * torch.randn(1000, generator=torch.Generator().manual_seed(0))).exp() + 0.1
    for scaled in (losses, 1e6 * losses):
        own = curriculum(scaled, steps)
        mask = own.admitted(torch.arange(1000))
        assert int(mask.sum()) == round(1000 * share)
        assert float(losses[mask].max()) <= float(losses[~mask].min() if bool((~mask).any()) else math.inf)


@pytest.mark.parametrize("losses", [torch.ones(7), torch.zeros(7), torch.tensor([3.0]), torch.full((4,), math.nan)])
def test_it_is_never_empty(losses: torch.Tensor) -> None:
    own = curriculum(losses)
    assert bool(own.admitted(torch.arange(len(losses))).any())
    hardest = torch.tensor([len(losses) - 1])
    assert bool(own.admitted(hardest).all())
    assert bool(CurriculumAQL(ScoreStore(), CurriculumScheduler(Linear(), 10)).admitted(torch.arange(3)).all())


def test_a_curriculum_on_solved_samples_alone_is_the_trap() -> None:
    """Four fifths are solved: the easiest fifth by loss would be solved throughout, and teach nothing."""
    losses = torch.cat([torch.full((800,), 1e-4), torch.linspace(0.5, 3.0, 200)])
    mask = curriculum(losses).admitted(torch.arange(1000))
    assert mask.nonzero().squeeze(1).tolist() == list(range(800, 840))  # the easiest fifth of what is left to learn
    trap = curriculum(losses, solved=0.0).admitted(torch.arange(1000))
    assert float(losses[trap].max()) < 0.02


def test_what_was_never_scored_is_admitted() -> None:
    own = curriculum(torch.linspace(1, 2, 10))
    assert own.admitted(torch.tensor([0, 9, 10, 500])).tolist() == [True, False, True, True]


def test_it_picks_the_most_useful_of_the_admitted_and_fills_up_with_the_easiest() -> None:
    own = curriculum(torch.linspace(1, 2, 10))  # the two easiest are admitted
    usefulness = torch.tensor([0.1, 0.2, 9, 9, 9, 9, 9, 9, 9, 9.0])
    assert own.select(torch.arange(10), usefulness, 1).tolist() == [1]
    assert own.select(torch.arange(10), usefulness, 4).tolist() == [1, 0, 2, 3]
    assert len(own.select(torch.arange(10), usefulness, 99)) == 10


def test_difficulty_is_made_again_every_few_steps_and_may_be_frozen() -> None:
    own = curriculum(torch.linspace(1, 2, 10), refresh=5)
    first = own.difficulty().clone()
    own.store.update(torch.arange(10), 1, {"loss": torch.linspace(2, 1, 10)})
    own.scheduler.step(4)
    assert torch.equal(own.difficulty(), first)
    own.scheduler.step(1)
    assert torch.equal(own.difficulty(), first.flip(0))
    assert own.telemetry()["difficulty"] == "self-paced"
    own.freeze()
    own.store.update(torch.arange(10), 1, {"loss": torch.linspace(1, 2, 10)})
    own.scheduler.step(50)
    assert torch.equal(own.difficulty(), first.flip(0)) and own.telemetry()["difficulty"] == "fixed"


def test_stages_are_thirds_of_competence() -> None:
    scheduler = CurriculumScheduler(Linear(start=0.1, until=1.0), 9)
    stages = [scheduler.stage]
    for _ in range(9):
        scheduler.step()
        stages.append(scheduler.stage)
    assert stages == ["easy"] * 3 + ["medium"] * 3 + ["hard"] * 4


def test_validation_brings_the_next_level_forward() -> None:
    scheduler = CurriculumScheduler(Linear(start=0.2, until=1.0), 1000, advance="validation", levels=4, patience=2)
    assert [scheduler.observe(loss) for loss in (2.0, 1.5, 1.2, 1.2, 1.2)] == [False] * 4 + [True]
    assert scheduler.progress == 0.25 and scheduler.competence == pytest.approx(0.4)
    assert [scheduler.observe(loss) for loss in (1.6, 1.7, math.nan)] == [False, False, True]
    assert scheduler.progress == 0.5
    scheduler.step(900)
    assert scheduler.progress == 0.9  # the clock alone ends it too
    by_steps = CurriculumScheduler(Linear(), 10)
    assert not any(by_steps.observe(1.0) for _ in range(9)) and by_steps.progress == 0


def test_state_goes_on_exactly() -> None:
    one, other = curriculum(torch.linspace(1, 2, 10), 30), curriculum(torch.linspace(2, 1, 10))
    one.difficulty()
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.admitted(torch.arange(10)), other.admitted(torch.arange(10)))
    assert one.telemetry() == other.telemetry()


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput, match="advances by"):
        CurriculumScheduler(Linear(), 10, advance="loss")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="refreshes"):
        curriculum(torch.ones(2), refresh=0)
    with pytest.raises(BadInput, match="Usefulness"):
        curriculum(torch.ones(2)).select(torch.arange(2), torch.ones(3), 1)
