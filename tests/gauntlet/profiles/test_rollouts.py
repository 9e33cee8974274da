"""Rollouts: each check of them fails on its planted bug, passes its twin, and says nothing where it cannot know."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import Evidence
from bugs.corpus import BASES, findings, load

SHUFFLED = "    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)\n"


def look(tmp_path: Path, check: str, base: str, *changes: tuple[str, str]) -> Evidence:
    text = (BASES / f"{base}.py").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (found,) = findings(load(text, tmp_path), [check])
    return found


@pytest.mark.parametrize(
    ("check", "base", "change"),
    [
        ("standing still", "replay", ('"next_state": following', '"next_state": state')),
        ("last state", "shortrolls", ('batch["observation"][:, -1])[1]', 'batch["observation"][:, 0])[1]')),
        (
            "value target",
            "rollout",
            (
                '    returns = advantage + batch["old_value"][:-1]\n' + SHUFFLED,
                SHUFFLED + '    returns = advantage + batch["old_value"][:-1]\n',
            ),
        ),
        (
            "one normalisation",
            "rollout",
            (SHUFFLED, SHUFFLED.replace("mean()", "mean(0)").replace("std()", "std(0)")),
        ),
    ],
)
def test_the_bug_fails_and_its_twin_passes(check: str, base: str, change: tuple[str, str], tmp_path: Path) -> None:
    assert look(tmp_path, check, base, change).status == "fail"
    assert look(tmp_path, check, base).status == "pass"


def test_a_state_more_that_stands_beside_stored_values_is_not_judged(tmp_path: Path) -> None:
    assert look(tmp_path, "last state", "continuous").status == "skipped"


def test_scaled_returns_are_not_judged_where_they_are_stated(tmp_path: Path) -> None:
    stated = ('"clip": 0.2,', '"clip": 0.2, "input": "returns are normalised",')
    assert look(tmp_path, "value target", "rollout", stated).status == "skipped"


def test_advantages_that_are_weighted_step_by_step_leave_it_unsure(tmp_path: Path) -> None:
    weighted = (SHUFFLED, SHUFFLED + "    advantage = advantage * torch.linspace(0.5, 1.5, 8)[:, None]\n")
    assert look(tmp_path, "one normalisation", "rollout", weighted).status == "unsure"


def test_a_reward_that_is_discounted_and_results_turned_round_fail(tmp_path: Path) -> None:
    late = ("rewards[:, t] + GAMMA * (1 - dones[:, t]) * total", "GAMMA * (rewards[:, t] + (1 - dones[:, t]) * total)")
    assert "reward itself counts 0.9" in look(tmp_path, "returns", "shortrolls", late).message
    turned = look(tmp_path, "returns", "shortrolls", ("out.insert(0, total)", "out.append(total)"))
    assert turned.status == "fail" and "opposite order" in turned.message


def test_an_entropy_of_unweighted_logarithms_fails_and_another_scale_is_not_judged_by_it(tmp_path: Path) -> None:
    right = "-(logp.exp() * logp).sum(-1)"
    wrong = look(tmp_path, "entropy bonus", "shortrolls", (right, "-logp.sum(-1)"))
    assert wrong.status == "fail" and "not weighted" in wrong.message
    assert look(tmp_path, "entropy bonus", "shortrolls").status == "pass"
    assert look(tmp_path, "entropy bonus", "shortrolls", (right, "logits.square().sum(-1)")).status == "skipped"


def test_a_target_of_the_plain_form_fails_where_the_best_action_is_stated(tmp_path: Path) -> None:
    plain = look(tmp_path, "bootstrapped target", "dueling", ("best = online.argmax", "best = old.argmax"))
    assert (plain.status, plain.where) == ("fail", "bootstrap")
    unstated = ('"bootstrap": r"y=r+\\gamma(1-d)Q\'(s\',\\arg\\max_aQ(s\',a))",', "")
    assert look(tmp_path, "bootstrapped target", "dueling", ("best = online.argmax", "best = old.argmax"), unstated).status == "pass"


def test_a_coefficient_of_the_values_that_is_not_the_stated_one_fails_and_its_twin_passes(tmp_path: Path) -> None:
    tripled = ("0.5 * v_loss", "1.5 * v_loss")
    assert look(tmp_path, "value coefficient", "surrogate", tripled).status == "fail"
    assert look(tmp_path, "value coefficient", "surrogate").status == "pass"
    assert look(tmp_path, "value coefficient", "episodes", ("0.5 * critic", "0.1 * critic")).status == "fail"
    assert look(tmp_path, "value coefficient", "episodes").status == "pass"


def test_a_values_term_that_is_summed_over_time_and_averaged_over_episodes_is_not_judged(tmp_path: Path) -> None:
    summed = ("0.5 * v_loss", "0.5 * 8 * v_loss")
    assert look(tmp_path, "value coefficient", "surrogate", summed).status == "unsure"
