"""The bandit finds the scorer that pays, finds another one that pays later, and prefers none where all are alike."""

from __future__ import annotations

import pytest
import torch

from aql.loops import loader, network
from aquarius.aql import AQL, ScorerBandit
from aquarius.core import BadInput

ARMS = ("epistemic", "loss", "el2n")


def played(bandit: ScorerBandit, falls: dict[str, float], rounds: int, noise: float = 0.02, seed: int = 0) -> dict[str, int]:
    """Play against log falls of the validation loss that depend on the scorer, shrink over time and are noisy; return the plays of the rounds."""
    generator, loss, before = torch.Generator().manual_seed(seed), 4.0, dict(bandit.plays)
    bandit.observe(loss)
    for turn in range(rounds):
        fall = falls[bandit.arm] * 0.995**turn + noise * 0.995**turn * float(torch.randn((), generator=generator))
        loss *= float(torch.tensor(-fall).exp())
        bandit.observe(loss)
    return {arm: bandit.plays[arm] - before[arm] for arm in bandit.arms}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("best", ARMS)
def test_the_scorer_that_pays_is_played_most(best: str, seed: int) -> None:
    bandit = ScorerBandit(ARMS, seed=seed)
    plays = played(bandit, {arm: 0.06 if arm == best else 0.03 for arm in ARMS}, 300, seed=seed)
    assert plays[best] > 150 and bandit.chances()[best] > 0.6
    assert min(plays.values()) > 3  # the others are tried now and then


def test_what_starts_to_pay_later_is_found() -> None:
    bandit = ScorerBandit(ARMS, forgetting=0.02)
    played(bandit, {"epistemic": 0.06, "loss": 0.03, "el2n": 0.03}, 200)
    late = played(bandit, {"epistemic": 0.02, "loss": 0.06, "el2n": 0.02}, 400, seed=1)
    assert late["loss"] > late["epistemic"] and bandit.chances()["loss"] > 0.5


def test_where_all_are_alike_none_is_preferred_for_long() -> None:
    shares = torch.zeros(3)
    for seed in range(12):
        plays = played(ScorerBandit(ARMS, seed=seed), dict.fromkeys(ARMS, 0.04), 200, seed=seed)
        shares += torch.tensor([plays[arm] / 200 for arm in ARMS])
    assert float((shares / 12).min()) > 0.15


def test_the_first_validation_rewards_nobody_and_equal_losses_change_nothing() -> None:
    bandit = ScorerBandit(ARMS)
    before = bandit.chances()
    bandit.observe(2.0)
    assert bandit.chances() == before and sum(bandit.plays.values()) == 0
    bandit.observe(2.0)
    assert bandit.chances() == pytest.approx(before) and sum(bandit.plays.values()) == 1


def test_state_goes_on_exactly() -> None:
    one, other = ScorerBandit(ARMS, seed=1), ScorerBandit(ARMS, seed=2)
    played(one, dict.fromkeys(ARMS, 0.05), 20)
    other.load_state_dict(one.state_dict())
    assert [one.observe(1.0 / n) for n in range(1, 30)] == [other.observe(1.0 / n) for n in range(1, 30)]
    with pytest.raises(BadInput, match="bandit over epistemic, loss, el2n, this one plays loss, gini"):
        ScorerBandit(("loss", "gini")).load_state_dict(one.state_dict())


def test_in_a_loop_every_scorer_has_a_column_and_one_is_played() -> None:
    bandit = ScorerBandit(ARMS)
    aql = AQL(network(), scorer=bandit, budget=None)
    data = loader()
    for turn in range(3):
        for batch in aql.wrap(data, epochs=3):
            aql.loss(aql.model(batch.x), batch.y)
        aql.observe(2.0 - turn / 2)
    assert {f"score of {arm}" for arm in ARMS} <= set(aql.store.columns) and "score" not in aql.store.columns
    assert aql.scoring.column == f"score of {bandit.arm}"
    assert aql.report().scorers == bandit.plays and sum(bandit.plays.values()) == 2
    again = AQL(network(), scorer=ScorerBandit(ARMS, seed=5), budget=None)
    again.wrap(loader(), epochs=3)
    again.load_state_dict(aql.state_dict())
    assert again.scorer.plays == bandit.plays


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: ScorerBandit(["loss"]), "two scorers or more"),
        (lambda: ScorerBandit(["loss", "loss"]), "each named once"),
        (lambda: ScorerBandit(ARMS, exploration=0), r"Exploration lies in \(0, 1\]"),
        (lambda: ScorerBandit(ARMS).observe(-1), "at least 0; got -1"),
        (lambda: ScorerBandit(ARMS).observe(float("nan")), "at least 0; got nan"),
        (lambda: AQL(network(), scorer=ScorerBandit(["loss", "el2m"])), "Did you mean 'el2n'"),
        (lambda: AQL(network(), scorer=ScorerBandit(["loss", "reducible"])), "needs irreducible="),
        (lambda: AQL(network(), scorer=ScorerBandit(["loss", "el2n"]), mode="offline"), "one score made before"),
        (lambda: AQL(network(), scorer=ScorerBandit(["loss", "el2n"]), mode="proxy", proxy=network()), "one scorer of its logits alone"),
    ],
)
def test_what_cannot_be_is_refused(make, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        make()
