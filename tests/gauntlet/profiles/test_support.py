"""Few-shot classification: near and far exchanged, examples divided by all of them, examples without a gradient."""

from __future__ import annotations

from pathlib import Path

import pytest

from bugs.corpus import BASES, findings, load

SHOTS = (BASES / "shots.py").read_text()


@pytest.mark.parametrize(
    ("old", "new", "status", "words"),
    [
        ("return -distances", "return -distances", "pass", "belongs"),
        ("return -distances", "return distances", "fail", "near and far"),
        ("self.embed(support))", "self.embed(support).detach())", "fail", "no slope"),
        ("z.mean(dim=2)", "0.1 * z.mean(dim=2) + z.mean(dim=2).roll(1, 1)", "fail", "for 0 of 5"),
    ],
)
def test_queries_that_are_the_examples_of_a_class(old: str, new: str, status: str, words: str, tmp_path: Path) -> None:
    assert old in SHOTS
    (found,) = findings(load(SHOTS.replace(old, new), tmp_path), ["support"], facts=False)
    assert found.status == status and words in found.message


def test_a_stated_stop_gradient_is_none(tmp_path: Path) -> None:
    text = SHOTS.replace("self.embed(support))", "self.embed(support).detach())") + "\nfacts['stop_gradient'] = 'the support'\n"
    (found,) = findings(load(text, tmp_path), ["support"])
    assert found.status == "pass"


def test_no_episode_is_skipped(tmp_path: Path) -> None:
    (found,) = findings(load((BASES / "views.py").read_text(), tmp_path), ["support"])
    assert found.status == "skipped"
