"""Checks of language models: each finds its bug, passes the repaired twin, and is silent where nothing can be told."""

# tests _experts.py _balance.py _carried.py _cells.py _masking.py _segments.py _shared_heads.py _equation_values.py
from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aquarius.gauntlet.losses._balance import judged_factors
from aquarius.gauntlet.sequences._cells import _orientation
from aquarius.gauntlet.sequences._masking import special_tokens
from aquarius.gauntlet.stated._equation_values import statistic_of
from bugs.corpus import BASES, findings, load

Change = tuple[str, str]


def statuses(base: str, check: str, folder: Path, *changes: Change, without: tuple[str, ...] = ()) -> list[str]:
    """Return the statuses of one check over a base with changes, and without some of its facts."""
    text = (BASES / f"{base}.py").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    text += "".join(f"\nfacts.pop({name!r}, None)\n" for name in without)
    return [finding.status for finding in findings(load(text, folder), [check])]


NOISY = ("probabilities = self.router(flat).softmax(dim=-1)", "probabilities = (self.router(flat) + torch.randn(4)).softmax(dim=-1)")


def test_experts_that_are_weighted_as_stated_pass_and_with_anothers_share_fail(tmp_path: Path) -> None:
    assert statuses("sparse", "routing", tmp_path) == ["pass"]
    assert statuses("sparse", "routing", tmp_path, ("weight[row, slot]", "weight[row, 0]")) == ["fail"]
    assert statuses("sparse", "routing", tmp_path, ("weight[row, slot][:, None] *", "weight[row, slot][:, None].detach() *")) == ["fail"]
    assert statuses("switch", "routing", tmp_path, ("return top.unsqueeze(-1) * picked", "return picked")) == ["fail"]


def test_experts_at_random_are_skipped_and_unstated_shares_pass(tmp_path: Path) -> None:
    assert statuses("sparse", "routing", tmp_path, NOISY) == ["skipped"]
    plain = ("        weight = weight / weight.sum(dim=-1, keepdim=True)\n", "")
    assert statuses("sparse", "routing", tmp_path, plain) == ["fail"]
    assert statuses("sparse", "routing", tmp_path, plain, without=("equations",)) == ["pass"]
    assert statuses("sparse", "routing", tmp_path, without=("top_k",)) == ["skipped"]


def test_a_balance_loss_of_a_usual_form_passes_and_a_wrong_one_fails(tmp_path: Path) -> None:
    assert statuses("sparse", "balance loss", tmp_path) == ["pass", "pass"]
    assert "fail" in statuses("sparse", "balance loss", tmp_path, ("return experts * (share", "return (share"))
    assert "fail" in statuses("sparse", "balance loss", tmp_path, ("main + 0.01", "main - 0.01"))
    assert "fail" in statuses("switch", "balance loss", tmp_path, (" + 0.02 * extra", ""))
    assert statuses(
        "sparse",
        "balance loss",
        tmp_path,
        ("return experts * (share * probabilities.mean(dim=0)).sum()", "return probabilities.square().mean()"),
    ) == ["pass"]  # its factor
    assert statuses("gpt", "balance loss", tmp_path) == ["skipped"]


def test_factors_of_layers(tmp_path: Path) -> None:
    from aquarius.gauntlet import Examination

    examination = Examination(load((BASES / "sparse.py").read_text(), tmp_path))
    told = {
        factors: judged_factors(examination, list(factors), 0.01).status
        for factors in ((0.01, 0.01), (0.005, 0.005), (0.0, 0.01), (0.3, 0.3))
    }
    assert told == {(0.01, 0.01): "pass", (0.005, 0.005): "pass", (0.0, 0.01): "fail", (0.3, 0.3): "unsure"}


def test_a_state_that_is_not_carried_and_segments_of_another_length_fail(tmp_path: Path) -> None:
    assert statuses("cell", "carried state", tmp_path) == ["pass"]
    assert statuses("cell", "carried state", tmp_path, ("begin : begin + 8], state)", "begin : begin + 8])")) == ["fail"]
    assert statuses("words", "carried state", tmp_path, ("logits, state = model(x, state)", "logits, _ = model(x, state)")) == ["fail"]
    assert statuses(
        "words",
        "carried state",
        tmp_path,
        ("split(6, dim=1), batch", "split(9, dim=1), batch"),
        ('["target"].split(6', '["target"].split(9'),
    ) == ["fail"]
    assert statuses("cell", "carried state", tmp_path, without=("truncation",)) == ["skipped"]


def test_a_state_that_is_cut_at_each_step_fails(tmp_path: Path) -> None:
    assert statuses("cell", "segments", tmp_path) == ["unsure"]
    assert statuses("cell", "segments", tmp_path, ("h, c = self.cell(x, h, c)", "h, c = self.cell(x, h.detach(), c.detach())")) == ["fail"]


def test_a_target_that_is_the_token_read_fails(tmp_path: Path) -> None:
    assert statuses("words", "echoed target", tmp_path) == ["pass"]
    assert statuses("words", "echoed target", tmp_path, ("stream[:, 1:].contiguous()", "stream[:, :-1].contiguous()")) == ["fail"]
    assert statuses(
        "words", "echoed target", tmp_path, ("stream[:, 1:].contiguous()", "stream[:, :-1].contiguous()"), without=("causal",)
    ) == ["skipped"]


@pytest.mark.parametrize(
    "change",
    [
        ("i.sigmoid() * g.tanh()", "i.sigmoid() * g.sigmoid()"),
        ("o.sigmoid() * c.tanh()", "o.sigmoid() * c"),
        ("f.sigmoid() * c +", "f * c +"),
        ("f.sigmoid() * c +", "c +"),
    ],
)
def test_a_cell_that_misses_a_function_fails(change: Change, tmp_path: Path) -> None:
    assert statuses("cell", "recurrent cell", tmp_path, change) == ["fail"]


def test_a_cell_that_is_right_passes_and_one_of_another_kind_is_unsure(tmp_path: Path) -> None:
    assert statuses("cell", "recurrent cell", tmp_path) == ["pass"]
    assert statuses("cell", "recurrent cell", tmp_path, ("o.sigmoid() * c.tanh()", "(o + 0.3 * c).sigmoid() * c.tanh()")) == ["unsure"]
    assert statuses("gpt", "recurrent cell", tmp_path) == ["skipped"]


def test_the_gate_before_the_state_or_the_candidate() -> None:
    assert _orientation(r"h_t=(1-z_t)\odot h_{t-1}+z_t\odot\tilde h_t") == "candidate"
    assert _orientation(r"h_t=(1-z_t)\odot n_t+z_t\odot h_{t-1}") == "state"
    assert _orientation(r"h_t=z_t h") is None


def test_a_forget_gate_in_another_block_fails(tmp_path: Path) -> None:
    assert statuses("cell", "initialisation", tmp_path) == ["pass"]
    assert statuses("cell", "initialisation", tmp_path, ("self.bias[hidden : 2 * hidden]", "self.bias[: hidden]")) == ["fail"]
    assert "fail" in statuses("words", "initialisation", tmp_path, ("p.data[size : 2 * size] = 1.0", "p.data[:size] = 1.0"))


def test_masking_of_special_tokens_and_of_another_share_fails(tmp_path: Path) -> None:
    assert statuses("bertlike", "masking", tmp_path) == ["pass"]
    assert "fail" in statuses("bertlike", "masking", tmp_path, (" & (tokens >= SPECIAL)", " & (tokens != PAD)"))
    assert "fail" in statuses("bertlike", "masking", tmp_path, ("generator=generator) < rate", "generator=generator) < 2.5 * rate"))
    assert statuses("bertlike", "masking", tmp_path, without=("mask_index",)) == ["skipped"]


def test_tokens_that_stand_equally_often_are_special_where_they_are_few() -> None:
    rows = torch.stack([torch.cat([torch.tensor([1]), torch.randint(4, 40, (9,)), torch.tensor([2])]) for _ in range(100)])
    assert special_tokens(rows, 0.0) == {0, 1, 2}
    every = torch.stack([torch.randperm(10) for _ in range(100)])
    assert special_tokens(every, None) == set()


def test_segments_that_are_not_numbered_fail(tmp_path: Path) -> None:
    assert statuses("bertlike", "stated segments", tmp_path) == ["pass"]
    assert statuses(
        "bertlike", "stated segments", tmp_path, ("segments[i, a + 2 : len(row)] = 1", "segments[i, a + 2 : len(row)] = 0")
    ) == ["fail"]


def test_heads_that_share_keys_and_not_values_fail(tmp_path: Path) -> None:
    assert statuses("llama", "shared heads", tmp_path) == ["pass"]
    assert statuses("llama", "shared heads", tmp_path, ("v.repeat_interleave(groups, dim=1)", "v.repeat(1, groups, 1, 1)")) == ["fail"]
    assert statuses("gpt", "shared heads", tmp_path) == ["skipped"]


def test_clipping_and_parts_are_seen_in_a_step_with_a_loss_of_its_own(tmp_path: Path) -> None:
    assert statuses("tagged", "clipping", tmp_path) == ["pass"]
    assert statuses("tagged", "accumulation", tmp_path) == ["pass"]
    assert statuses("tagged", "clipping", tmp_path, ("    nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n", "")) == ["fail"]


def test_positions_that_are_multiplied_with_the_embeddings_fail(tmp_path: Path) -> None:
    both = (
        "math.sqrt(self.d) * table(tokens) + sinusoid(tokens.size(1), self.d)",
        "math.sqrt(self.d) * (table(tokens) + sinusoid(tokens.size(1), self.d))",
    )
    assert statuses("smoothed", "embedding scale", tmp_path) == ["pass"]
    assert statuses("smoothed", "embedding scale", tmp_path, both) == ["fail"]


def test_a_scale_that_is_learned_is_no_wrong_scale(tmp_path: Path) -> None:
    assert statuses("fused", "logit scale", tmp_path) == ["unsure"]


def test_the_mean_and_deviation_of_an_argument() -> None:
    from aquarius.gauntlet.stated._aligned import Axes
    from aquarius.gauntlet.stated._expressions import Node

    x = torch.randn(5, 7)
    mean = statistic_of(x, Node("atom", "\\mu"), Axes((5, 7)), False)
    assert mean is not None and torch.allclose(mean, x.double().mean(dim=1, keepdim=True))
    spread = statistic_of(x, Node("atom", "\\sigma"), Axes((5, 7)), True)
    assert spread is not None and torch.allclose(spread, x.double().std(dim=0, unbiased=False, keepdim=True))
    assert statistic_of(x, Node("atom", "x"), Axes((5, 7)), False) is None


def test_heads_that_share_keys_in_a_fused_call_or_an_einsum_are_seen(tmp_path: Path) -> None:
    other = ("v = v.repeat_interleave(self.heads // self.kv, dim=1)", "v = v.repeat(1, self.heads // self.kv, 1, 1)")
    assert statuses("grouped", "shared heads", tmp_path) == ["pass"]
    assert statuses("grouped", "shared heads", tmp_path, other) == ["fail"]
    letters = (
        ("y = F.scaled_dot_product_attention(q, k, v, is_causal=True)", 'y = torch.einsum("bhij,bhjd->bhid", s.softmax(-1), v)'),
        ("        y = torch", '        s = torch.einsum("bhid,bhjd->bhij", q, k) / self.size**0.5\n        y = torch'),
    )
    assert statuses("grouped", "shared heads", tmp_path, *letters) == ["pass"]
    assert statuses("grouped", "shared heads", tmp_path, *letters, other) == ["fail"]


def test_a_state_that_is_cut_in_part_or_not_handed_on_fails(tmp_path: Path) -> None:
    assert statuses("locked", "segments", tmp_path) == ["pass"]
    assert statuses("locked", "segments", tmp_path, ("(h.detach(), c.detach())", "(h.detach(), c)")) == ["fail"]
    assert statuses("locked", "segments", tmp_path, ("out, hidden = self.chunk", "out, _ = self.chunk")) == ["fail"]
    assert statuses("locked", "segments", tmp_path, ("CUT = 8", "CUT = 30")) == ["unsure"]  # in one piece: it may be cut between batches


def test_experts_in_one_stack_are_weighed_and_equal_ones_are_seen(tmp_path: Path) -> None:
    assert statuses("stacked", "routing", tmp_path) == ["pass"]
    assert statuses("stacked", "routing", tmp_path, ("top.softmax(-1))", "scores.softmax(-1).gather(1, chosen))")) == ["fail"]
    assert statuses("stacked", "twins", tmp_path) == ["pass"]
    assert statuses("stacked", "balance loss", tmp_path) == ["pass", "pass"]


def test_predicted_tokens_that_are_shown_fail_where_masking_is_stated_without_its_token(tmp_path: Path) -> None:
    shown = ("tokens.masked_fill(chosen, MASK), labels", "tokens.masked_fill(~chosen & (tokens >= SPECIAL), MASK), labels")
    assert statuses("bertlike", "masking", tmp_path, without=("mask_index", "mask_rate")) == ["skipped"]
    assert statuses("bertlike", "masking", tmp_path, shown, without=("mask_index", "mask_rate")) == ["fail"]
