"""Graphs, pairs, critics and answers over text: each check fails on its planted bug, passes its twin, and says nothing where it cannot know."""

# tests _actions.py _answer_likelihood.py _critics.py _graph_layers.py _link_pairs.py _packed.py

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aquarius.core import Evidence
from aquarius.gauntlet.profiles._critics import _fitted
from aquarius.gauntlet.profiles._link_pairs import _rows
from aquarius.gauntlet.profiles._packed import _joined
from bugs.corpus import BASES, findings, load

HERE = Path(__file__).parent / "joined"


def look(tmp_path: Path, check: str, subject: str, *changes: tuple[str, str], facts: bool = True) -> Evidence:
    own = HERE / f"{subject}.py"
    text = (own if own.exists() else BASES / f"{subject}.py").read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (found,) = findings(load(text, tmp_path), [check], facts=facts)
    return found


BUGS = [
    ("action axis", "a2c", "F.log_softmax(logits, dim=-1)", "F.log_softmax(logits, dim=1)", "along axis 1"),
    ("first state", "a2c", "returns - values[:-1]", "returns - values[1:]", "a step late"),
    ("stated smoothing", "points", ", label_smoothing=0.1)", ")", "0.1 is stated"),
    ("rewards alone", "cuts", 'target = adv + batch["value"]', 'target = batch["reward"]', "rewards of single steps"),
    ("after the end", "cuts", "gamma * (1 - done) * next", "gamma * (1 - torch.maximum(done, truncated)) * next", "taken for an end"),
    ("answer likelihood", "preferred", "token * mask[:, 1:]", "token * mask[:, :-1]", "one place too early"),
    ("answer likelihood", "preferred", "(token * mask[:, 1:]).sum(dim=1)", "token.sum(dim=1)", "the mask is not used"),
    ("answer likelihood", "preferred", ".sum(dim=1)\n", ".sum(dim=1) / mask.sum(dim=1)\n", "averaged"),
    ("own answers", "links", "torch.ones(len(batch[\"pos_pairs\"])), torch.zeros(", "torch.zeros(len(batch[\"pos_pairs\"])), torch.ones(", "towards 0"),
    ("shown edges", "links", "pairs[order[held:]]", "pairs", "the answer is shown"),
    ("shown edges", "links", "torch.triu(~close, diagonal=1)", "torch.triu(torch.ones(n, n), diagonal=1)", "are edges of the graph"),
    ("equal neighbours", "links", "adj @ x / degree", "adj @ x", "do not sum to one"),
    ("nearer positives", "translated", "1.0 + positive - negative", "1.0 - positive + negative", "nearer"),
    ("negatives", "translated", "allowed = ~truth[", "allowed = truth[", "given as positives elsewhere"),
    ("stated distance", "translated", ".abs().sum(dim=-1)", ".pow(2).sum(dim=-1).add(1e-9).sqrt()", "Euclidean distance"),
    ("bootstrapped target", "steps", "gamma**3 * torch", "gamma * torch", "over 3 steps"),
    ("bootstrapped target", "steps", "torch.arange(rewards.shape[1])", "torch.arange(1, rewards.shape[1] + 1)", "from the first on"),
    ("critic target", "errors", "    with torch.no_grad():\n        following", "    if True:\n        following", "through the value of the next state"),
    ("reward direction", "errors", 'logp[torch.arange(len(delta)), batch["a"]]', "logp.sum(dim=1)", "all actions"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "subject", "old", "new", "words"), BUGS, ids=lambda value: str(value)[:18])
def test_the_bug_fails_with_its_reason(check: str, subject: str, old: str, new: str, words: str, tmp_path: Path) -> None:
    found = look(tmp_path, check, subject, (old, new))
    assert found.status == "fail" and words in found.message, found.message


@pytest.mark.parametrize(("check", "subject"), sorted({(bug[0], bug[1]) for bug in BUGS}))
def test_its_twin_passes(check: str, subject: str, tmp_path: Path) -> None:
    assert look(tmp_path, check, subject).status == "pass"


@pytest.mark.parametrize(
    ("check", "subject", "change"),
    [
        ("answer likelihood", "preferred", (".sum(dim=1)\n", ".sum(dim=1) / mask.sum(dim=1)\n")),  # of a length, where nothing is stated
        ("equal neighbours", "links", ("adj @ x / degree", "adj @ x")),  # a sum, where nothing is stated
        ("stated smoothing", "points", (", label_smoothing=0.1)", ")")),
        ("rewards alone", "cuts", ('target = adv + batch["value"]', 'target = batch["reward"]')),  # a model of rewards
        ("shown edges", "links", ("pairs[order[held:]]", "pairs")),  # an autoencoder of its graph
    ],
)
def test_what_may_be_meant_does_not_fail_without_a_statement(check: str, subject: str, change: tuple[str, str], tmp_path: Path) -> None:
    assert look(tmp_path, check, subject, change, facts=False).status != "fail"


def test_a_last_layer_that_joins_all_nodes_is_no_other_graph(tmp_path: Path) -> None:
    bug = ("return self.layer2(h, adj)", "return self.layer2(h, torch.eye(len(x)))")
    assert look(tmp_path, "messages", "links", bug).status == "fail"
    assert look(tmp_path, "messages", "links", (bug[0], "return self.layer2(h, torch.ones_like(adj))")).status == "pass"


def test_a_discount_is_fitted_with_an_unknown_scale_of_the_slope() -> None:
    slope, form = torch.randn(2, 20, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    rows = torch.ones(20, dtype=torch.bool)
    assert _fitted(3.0 * slope + 0.9 * form, slope, form, rows) == pytest.approx(0.9)
    assert _fitted(-3.0 * slope + 0.9 * form, slope, form, rows) is None  # away from the target
    assert _fitted(slope.square(), slope, form, rows) is None


def test_pairs_are_read_along_either_axis_and_vectors_joined_by_number() -> None:
    pairs = torch.tensor([[0, 1], [2, 3], [4, 5]])
    assert _rows(pairs) == _rows(pairs.T) == [(0, 1), (2, 3), (4, 5)]
    joined = _joined(torch.tensor([[1.0], [3.0], [5.0]]), torch.tensor([0, 0, 1]), 2)
    assert [joined[word].flatten().tolist() for word in ("sum", "mean", "maximum")] == [[4.0, 5.0], [2.0, 5.0], [3.0, 5.0]]
