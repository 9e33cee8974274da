"""Checks of sequence models: each finds its bug, passes the repaired twin, and is silent where nothing can be told."""

# tests _answers.py _lengths.py _rotary.py _tables.py _residual.py _stability.py
from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aquarius.gauntlet.sequences._tables import table_error
from bugs.corpus import BASES, findings, load


def statuses(base: str, check: str, folder: Path, *changes: tuple[str, str], facts: bool = True) -> list[str]:
    """Return the statuses of one check over a base with changes."""
    text = (BASES / f"{base}.py").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return [finding.status for finding in findings(load(text, folder), [check], facts=facts)]


def test_a_next_token_that_is_seen_fails_and_one_that_is_not_passes(tmp_path: Path) -> None:
    assert statuses("prefix", "foreseen answer", tmp_path, facts=False) == ["pass"]
    assert statuses("prefix", "foreseen answer", tmp_path, ("mask[:, :prompt] = True", "mask[:] = True"), facts=False) == ["fail"]


def test_an_answer_that_a_model_of_both_sides_gives_back_passes(tmp_path: Path) -> None:
    copied = ("labels = ids[:, 1:].clone()", "labels = ids[:, :-1].clone()")
    assert statuses("prefix", "foreseen answer", tmp_path, copied, facts=False) == ["fail"]
    assert statuses("prefix", "foreseen answer", tmp_path, copied, ("mask[:, :prompt] = True", "mask[:] = True"), facts=False) == ["pass"]


def test_a_right_answer_that_is_masked_out_fails(tmp_path: Path) -> None:
    late = ("masked_fill(chosen, -1e9)", "masked_fill(chosen | (torch.arange(k) == order[:, step : step + 1]), -1e9)")
    assert statuses("pointer", "foreseen answer", tmp_path, late) == ["fail"]
    assert statuses("pointer", "foreseen answer", tmp_path) == ["pass"]


def test_zeros_after_the_counted_frames_change_nothing(tmp_path: Path) -> None:
    assert statuses("ctc", "lengths", tmp_path) == ["pass"]
    assert statuses(
        "ctc", "lengths", tmp_path, ("* real).sum(1, keepdim=True) / real", ").sum(1, keepdim=True) / x.shape[1] + 0 * real")
    ) == ["fail"]
    assert statuses("vision", "lengths", tmp_path) == ["skipped"]


def test_a_mean_that_counts_zeros_fails_where_real_frames_are_stated_and_is_unsure_else(tmp_path: Path) -> None:
    mean = ("* real).sum() / (real.sum() * y.shape[-1])", "* real).mean()")
    assert statuses("mel", "lengths", tmp_path) == ["pass"]
    assert statuses("mel", "lengths", tmp_path, mean) == ["fail"]
    assert "fail" not in statuses("mel", "lengths", tmp_path, mean, facts=False)


@pytest.mark.parametrize("facts", [True, False])
def test_keys_that_do_not_turn_fail(facts: bool, tmp_path: Path) -> None:
    assert statuses("grouped", "rotation", tmp_path, facts=facts) == ["pass"]
    assert statuses("grouped", "rotation", tmp_path, ("q, k = rotate(q, a), rotate(k, a)", "q = rotate(q, a)"), facts=facts) == ["fail"]


def test_values_that_turn_fail(tmp_path: Path) -> None:
    assert statuses("grouped", "rotation", tmp_path, ("rotate(k, a)", "rotate(k, a); v = rotate(v, a)"), facts=False) == ["fail"]


def test_positions_that_enter_in_another_way_too_are_not_judged(tmp_path: Path) -> None:
    added = ("x = self.tok(ids)", "x = self.tok(ids) + self.tok(torch.arange(ids.shape[1]))")
    assert statuses("grouped", "rotation", tmp_path, added, facts=False) == ["skipped"]
    assert statuses("linear", "rotation", tmp_path) == ["skipped"]


def test_the_base_that_the_file_names_is_demanded_where_nothing_is_stated(tmp_path: Path) -> None:
    halved = ("torch.arange(0, d, 2, dtype=torch.float32) / d", "torch.arange(0, d // 2, dtype=torch.float32) / d")
    assert statuses("cached", "position table", tmp_path, facts=False) == ["pass"]
    assert statuses("cached", "position table", tmp_path, halved, facts=False) == ["fail"]
    assert statuses("vision", "position table", tmp_path) == ["skipped"]


def test_the_order_of_columns_counts_where_the_equation_names_it() -> None:
    phase = torch.arange(9)[:, None] * 100.0 ** (-torch.arange(4, dtype=torch.float64) / 4)
    halves = torch.cat([phase.sin(), phase.cos()], dim=1)
    assert table_error(halves, 100.0) < 1e-6 < table_error(halves, 100.0, mixed_only=True)
    assert table_error(halves.flip(1), 100.0) > 1e-2


def test_positions_that_begin_anew_fail_where_stated_and_are_unsure_else(tmp_path: Path) -> None:
    anew = ("sinusoid(start, piece", "sinusoid(0, piece")
    assert statuses("cached", "added positions", tmp_path) == ["pass"]
    assert statuses("cached", "added positions", tmp_path, anew) == ["fail"]
    assert statuses("cached", "added positions", tmp_path, anew, facts=False) == ["unsure"]


def test_one_learned_position_for_all_fails(tmp_path: Path) -> None:
    assert statuses("sessions", "learned positions", tmp_path, facts=False) == ["pass"]
    assert statuses("sessions", "learned positions", tmp_path, ("self.places[-length:]", "self.places[length]"), facts=False) == ["fail"]
    assert statuses("ctc", "learned positions", tmp_path) == ["skipped"]


def test_a_branch_without_its_residual_fails_where_it_is_stated(tmp_path: Path) -> None:
    lost = ("x = self.norm1(x + self.dense(context))", "x = self.norm1(self.dense(context))")
    assert statuses("electra", "residual", tmp_path) == ["pass"]
    assert statuses("electra", "residual", tmp_path, lost) == ["fail"]
    assert statuses("electra", "residual", tmp_path, lost, facts=False) == ["skipped"]


def test_a_tensor_that_is_joined_to_itself_fails(tmp_path: Path) -> None:
    assert statuses("summariser", "residual", tmp_path) == ["skipped"]
    assert statuses("summariser", "residual", tmp_path, ("[last[0], last[1]]", "[last[1], last[1]]")) == ["fail"]


def test_a_state_that_grows_fails_and_a_sum_does_not(tmp_path: Path) -> None:
    assert statuses("mamba", "growth", tmp_path) == ["pass"]
    assert statuses("mamba", "growth", tmp_path, ("a = -torch.exp(self.a_log)", "a = torch.exp(self.a_log)")) == ["fail"]
    assert statuses("mamba", "growth", tmp_path, ("h = decay * h", "h = h")) != ["fail"]
    assert statuses("cached", "growth", tmp_path) in (["pass"], ["skipped"])


def test_an_entry_that_is_asked_back_where_it_is_read_fails(tmp_path: Path) -> None:
    asked = (
        ("logits = forward(model, batch)[:, :-1]", "logits = forward(model, batch)"),
        ('batch["idx"][:, 1:].flatten()', 'batch["idx"].flatten()'),
    )
    assert statuses("linear", "foreseen answer", tmp_path, *asked, facts=False) == ["fail"]
    assert statuses("linear", "foreseen answer", tmp_path, facts=False) == ["skipped"]


def test_labels_that_the_loss_shifts_are_asked_one_place_earlier(tmp_path: Path) -> None:
    assert statuses("instruct", "right answer", tmp_path, facts=False) == ["pass"]
    assert statuses("instruct", "foreseen answer", tmp_path, facts=False) == ["pass"]
    both_sides = ("mask = (causal & attention_mask[:, None, None, :].bool()) | own", "mask = attention_mask[:, None, None, :].bool() | own")
    assert statuses("instruct", "foreseen answer", tmp_path, both_sides, facts=False) == ["fail"]
    assert statuses("instruct", "right answer", tmp_path, ("    return F.cross_entropy(", "    return -F.cross_entropy(")) == ["fail"]


def test_parts_that_are_added_and_not_weighed_fail(tmp_path: Path) -> None:
    added = ("value = loss(model, part) * count / sum(tokens)", "value = loss(model, part)")
    assert statuses("instruct", "accumulation", tmp_path) == ["pass"]
    assert statuses("instruct", "accumulation", tmp_path, added) == ["fail"]
    assert statuses("instruct", "accumulation", tmp_path, added, facts=False) == ["fail"]


def test_a_dropout_of_the_file_keeps_the_average_and_a_locked_one_its_mask(tmp_path: Path) -> None:
    assert statuses("locked", "dropped samples", tmp_path, facts=False) == ["pass"]
    assert statuses("locked", "dropped samples", tmp_path, ("bernoulli_(1 - self.p) / (1 - self.p)", "bernoulli_(1 - self.p)")) == ["fail"]
    every = ("x.new_empty(x.size(0), 1, x.size(2))", "x.new_empty(x.size(0), x.size(1), x.size(2))")
    assert statuses("locked", "dropped samples", tmp_path, every) == ["fail"]
    renamed = [("LockedDropout", "OwnDropout")] * 3
    assert statuses("locked", "dropped samples", tmp_path, every, *renamed) == ["pass"]


TURNED = """
def turn(x):
    angle = torch.arange(x.shape[1])[:, None] * 100 ** (-torch.arange(0, x.shape[2], 2) / x.shape[2])
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.cat([even * angle.cos() - odd * angle.sin(), even * angle.sin() + odd * angle.cos()], dim=-1)
"""


@pytest.mark.parametrize(
    ("change", "status"), [(("", ""), "pass"), (("+ odd", "- odd"), "fail"), (("/ x.shape[2])", "/ x.shape[2] / 2)"), "fail")]
)
def test_a_rotation_whose_product_is_not_seen_is_called_by_itself(change: tuple[str, str], status: str, tmp_path: Path) -> None:
    head = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\nfacts = {'positional': 'rotary', 'rope_base': 100}\n"
    body = """
class Sum(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.out = nn.Embedding(9, 8), nn.Linear(8, 9)

    def forward(self, x):
        return self.out(turn(self.words(x)).cumsum(1))


def build():
    return Sum()


def batch(n, seed=0):
    x = torch.randint(0, 9, (n, 7), generator=torch.Generator().manual_seed(seed))
    return {"x": x, "y": x.roll(-1, 1)}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch).transpose(1, 2), batch["y"])
"""
    (found,) = findings(load(head + TURNED.replace(*change) + body, tmp_path), ["rotation"])
    assert found.status == status and (status == "pass" or found.where == "turn")


def test_keys_that_all_heads_share_are_turned_too(tmp_path: Path) -> None:
    one = (
        ("k = k.repeat_interleave(self.heads // self.kv, dim=1)", "k = k[:, 0]"),
        ("v = v.repeat_interleave(self.heads // self.kv, dim=1)", "v = v[:, 0]"),
        ("y = F.scaled_dot_product_attention(q, k, v, is_causal=True)", 'y = torch.einsum("bhij,bjd->bhid", s.tril().softmax(-1), v)'),
        ("        y = torch", '        s = torch.einsum("bhid,bjd->bhij", q, k) / self.size**0.5\n        y = torch'),
    )
    assert statuses("grouped", "rotation", tmp_path, *one) == ["pass"]
    assert statuses("grouped", "rotation", tmp_path, *one, ("q, k = rotate(q, a), rotate(k, a)", "q = rotate(q, a)")) == ["fail"]


def test_layers_of_torch_say_themselves_where_their_norm_stands(tmp_path: Path) -> None:
    first = ("batch_first=True, norm_first=True)", "batch_first=True)")
    assert statuses("entities", "norm placement", tmp_path) != ["fail"]
    assert statuses("entities", "norm placement", tmp_path, first) == ["fail"]


def test_segments_that_the_model_is_given_and_does_not_read_fail(tmp_path: Path) -> None:
    unread = ("self.segment(segments)", "self.segment(torch.zeros_like(segments))")
    assert statuses("bertlike", "entries", tmp_path, facts=False) == ["pass"]
    assert statuses("bertlike", "entries", tmp_path, unread, facts=False) == ["fail"]
