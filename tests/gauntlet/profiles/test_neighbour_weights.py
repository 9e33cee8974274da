"""Attention over a graph: weights that sum the wrong way, count strangers or tell nothing apart fail; gates are not judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.profiles.test_rollouts import look

MASKED = 'scores.masked_fill(~allowed, float("-inf")).softmax(dim=-1)'


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (MASKED, MASKED.replace("dim=-1", "dim=1"), "by all others"),
        (MASKED, "scores.softmax(dim=-1).masked_fill(~allowed, 0.0)", "share in the softmax"),
        (MASKED, MASKED.replace('float("-inf")', "0.0"), "without an edge"),
        ("(h @ self.target).transpose(1, 2)", "h @ self.target", "weighs its neighbours alike"),
        (".transpose(1, 2), 0.2)", ".transpose(1, 2), 1.0)", "do not depend on the node that attends"),
        ("adjacency.bool() | torch.eye(len(adjacency), dtype=torch.bool)", "adjacency.bool()", "weight on itself"),
    ],
)
def test_weights_that_are_wrong_fail(old: str, new: str, told: str, tmp_path: Path) -> None:
    found = look(tmp_path, "neighbour weights", "attentive", (old, new))
    assert (found.status, found.where) == ("fail", "Attention.coefficients") and told in found.message


def test_right_weights_pass_by_product_and_by_letters(tmp_path: Path) -> None:
    assert look(tmp_path, "neighbour weights", "attentive").status == "pass"
    assert look(tmp_path, "neighbour weights", "joined").status == "pass"


def test_gates_that_are_no_softmax_are_not_judged(tmp_path: Path) -> None:
    gates = (MASKED, "scores.sigmoid() * allowed")
    assert look(tmp_path, "neighbour weights", "attentive", gates).status != "fail"


def test_heads_added_where_an_average_is_stated_fail(tmp_path: Path) -> None:
    assert look(tmp_path, "averaged heads", "attentive", ("out.mean(dim=0)", "out.sum(dim=0)")).status == "fail"
    assert look(tmp_path, "averaged heads", "attentive").status == "pass"
    assert look(tmp_path, "averaged heads", "joined").status == "skipped"


def test_a_layer_that_is_given_no_edges_fails_and_unstated_layers_are_not_judged(tmp_path: Path) -> None:
    empty = ("return self.second(self.dropout(h), adjacency)", "return self.second(self.dropout(h), torch.zeros_like(adjacency))")
    found = look(tmp_path, "reach", "spectral", empty)
    assert (found.status, found.where) == ("fail", "GCN.forward")
    assert look(tmp_path, "reach", "spectral").status == "pass"
    assert look(tmp_path, "reach", "attentive").status == "skipped"


def test_a_node_without_its_own_part_is_found_on_a_ring(tmp_path: Path) -> None:
    bare = ("adjacency.bool() | torch.eye(len(adjacency), dtype=torch.bool)", "adjacency.bool()")
    assert "hears of one other" in look(tmp_path, "self-loops", "attentive", bare).message
    assert look(tmp_path, "self-loops", "attentive").status == "pass"
