"""The demo of AQL: what it counts, how it pairs, and a sentence that says no more than the interval."""

from __future__ import annotations

import pytest
import torch

from aquarius.core import BadInput
from aquarius.workspace import _demo_aql
from aquarius.workspace._demo_aql import compare, digits, interval, sentence
from aquarius.workspace.actions import demo


def test_the_digits_are_whole() -> None:
    x, y = digits()
    assert x.shape == (1797, 64) and y.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert float(x.min()) == 0 and float(x.max()) == 1 and x[0, :6].tolist() == [0, 0, 5 / 16, 13 / 16, 9 / 16, 1 / 16]


def test_both_arms_train_on_as_many_and_the_columns_are_three() -> None:
    state = torch.get_rng_state()
    found = compare(2, 320)
    uniform, aql = found["rows"]
    assert uniform["trained on"] == aql["trained on"] == 320 and uniform["cost, forwards"] == aql["cost, forwards"] == 960
    assert uniform["scored"] == 0 and aql["scored"] == 320 and aql["seen"] > 3 * 320 and uniform["seen"] < 340
    assert found == compare(2, 320) and torch.equal(torch.get_rng_state(), state)


def test_without_selection_there_is_no_difference_to_find(monkeypatch: pytest.MonkeyPatch) -> None:
    real = _demo_aql._trained
    monkeypatch.setattr(_demo_aql, "_trained", lambda arm, seed, trained: real("uniform", seed, trained))
    found = compare(2, 320)
    assert found["difference"] == 0 and "No difference is shown" in found["sentence"]


def test_the_interval_is_students() -> None:
    assert interval([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx((3.0, 2.776 * 1.5811 / 5**0.5), rel=1e-2)


@pytest.mark.parametrize(
    ("mean", "half", "words"),
    [(1.0, 0.5, "selection was better"), (-1.0, 0.5, "Selection was worse"), (1.0, 1.5, "No difference is shown")],
)
def test_the_sentence_says_what_the_interval_says(mean: float, half: float, words: str) -> None:
    assert words in sentence(mean, half, 5) and f"{mean:+.2f} points" in sentence(mean, half, 5)


def test_what_cannot_be_is_refused(tmp_path) -> None:
    with pytest.raises(BadInput, match="2 to 20 seeds"):
        compare(1)
    with pytest.raises(BadInput, match="at least 32 trained samples; got 2 and 8"):
        compare(2, 8)
    with pytest.raises(BadInput, match="`aquarius demo aql` writes nothing"):
        demo("aql", into=tmp_path)
