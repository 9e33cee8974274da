"""The penalty on a discriminator's slope: its norms, its points and its factor, each on a small change of a correct critic."""

from __future__ import annotations

from pathlib import Path

import pytest

from bugs.corpus import BASES, findings, load

CRITIC = (BASES / "critic.py").read_text()
NORM, FACTOR = "(gradient.norm(dim=1) - 1).pow(2).mean()", "10.0 * gradient_penalty"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (NORM, "(gradient.norm(dim=0) - 1).pow(2).mean()", "over the samples"),
        (NORM, "(gradient.norm() - 1).pow(2)", "over the whole batch"),
        (NORM, "(gradient.norm(dim=1) - 1).mean()", "lacks its square"),
        (NORM, "(gradient.pow(2).sum(dim=1) - 1).pow(2).mean()", "lacks the root"),
        ("critic(mixed).sum()", "critic(mixed).mean()", "the mean of the scores"),
        (FACTOR, "5.0 * gradient_penalty", "factor 5"),
        ("torch.rand(len(real), 1)", "torch.rand_like(real)", "on no line"),
        ("torch.rand(len(real), 1)", "torch.randn(len(real), 1)", "beyond"),
    ],
)
def test_a_mistake_is_named(old: str, new: str, words: str, tmp_path: Path) -> None:
    assert old in CRITIC
    text = CRITIC.replace(old, new) + "\nfacts['regularisation'] = 10.0\n"
    (found,) = findings(load(text, tmp_path), ["slope penalty"])
    assert found.status == "fail" and words in found.message and found.where == "gradient_penalty"


def test_the_usual_penalty_passes_and_other_losses_are_not_judged(tmp_path: Path) -> None:
    (good,) = findings(load(CRITIC, tmp_path), ["slope penalty"])
    assert good.status == "pass" and abs(good.values["factor"] - 10) < 1e-3
    (squared,) = findings(
        load(CRITIC.replace("model.critic(fake).mean() -", "model.critic(fake).pow(2).mean() -"), tmp_path), ["slope penalty"]
    )
    assert squared.status == "unsure"
    (none,) = findings(load((BASES / "gaussian.py").read_text(), tmp_path), ["slope penalty"])
    assert none.status == "skipped"


def test_one_share_for_all_is_unsure_where_nothing_is_stated(tmp_path: Path) -> None:
    text = CRITIC.replace("torch.rand(len(real), 1)", "torch.rand(1)")
    (found,) = findings(load(text, tmp_path), ["slope penalty"], facts=False)
    assert found.status == "unsure"


def test_a_penalty_at_the_other_samples_than_stated_fails(tmp_path: Path) -> None:
    made = CRITIC.replace("weight * real + (1 - weight) * fake", "0 * real + fake")
    stated = made + "\nfacts['loss'] = 'Wasserstein loss with a penalty on the slope at real samples'\n"
    (found,) = findings(load(stated, tmp_path), ["slope penalty"])
    (free,) = findings(load(made, tmp_path), ["slope penalty"], facts=False)
    assert (found.status, free.status) == ("fail", "pass")
