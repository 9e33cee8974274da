from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from aquarius.blueprint._runs import Batches

from .subjects import Attending, drawn, subject, tokens, trace, vectors


def test_one_size_moves_at_a_time() -> None:
    runs = trace(subject(lambda: Attending("fused"), tokens()))["runs"]
    assert [run["sizes"] for run in runs] == [
        {"B": 2, "S": 9},
        {"B": 2, "S": 8},
        {"B": 2, "S": 7},
        {"B": 2, "S": 6},
        {"B": 3, "S": 9},
        {"B": 5, "S": 9},
    ]


def test_a_length_that_the_model_does_not_follow_has_no_symbol() -> None:
    batch = lambda n, seed=0: {"x": torch.zeros(n, 4), "labels": torch.zeros(n, 6, dtype=torch.long)}
    runs = trace(subject(lambda: nn.Linear(4, 3), batch, lambda model, batch: model(batch["x"])))["runs"]
    assert {tuple(run["sizes"]) for run in runs} == {("B",)}


def test_the_operations_of_attention_grow_with_the_square(tmp_path: Path) -> None:
    blueprint = drawn(subject(lambda: Attending("by hand"), tokens()), tmp_path)
    assert {layer.path: layer.cost for layer in blueprint.layers} == {
        "": "B*(64*S*S + 2176*S)",
        "embedding": "0",
        "projection": "B*1536*S",
        "head": "B*640*S",
    }


def test_a_fixed_batch_is_traced_at_its_one_size(tmp_path: Path) -> None:
    def batch(n: int, seed: int = 0) -> dict[str, Tensor]:
        if n != 2:
            raise ValueError("two only")
        return {"x": torch.zeros(2, 4)}

    blueprint = drawn(subject(lambda: nn.Linear(4, 3), batch), tmp_path)
    assert blueprint.layers[0].input_shapes == (("2", "4"),) and blueprint.layers[0].cost == ""
    assert blueprint.problems == ("The subject ran at one size only, so no axis is named after what it moves with.",)


def test_a_batch_that_cannot_be_made_says_why() -> None:
    def batch(n: int, seed: int = 0) -> dict[str, Tensor]:
        raise ValueError(f"no batch of {n}")

    with pytest.raises(ValueError, match="no batch of 2"):
        Batches(subject(lambda: nn.Linear(4, 3), batch), 2)


def test_images_have_no_lengths() -> None:
    assert Batches(subject(lambda: nn.Identity(), vectors(3, 8, 8)), 2).lengths() == []
    assert Batches(subject(lambda: nn.Identity(), tokens()), 2).lengths() == ["tokens"]
    assert Batches(subject(lambda: nn.Identity(), tokens(3)), 2).lengths() == []
