"""The examination: equal calls give equal numbers; noise reaches what starts at zero; facts of a wrong type are no facts."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from aquarius.gauntlet import Examination
from aquarius.gauntlet._examination import distance, no_dropout, perturb
from gauntlet.subjects import module


def test_equal_calls_give_equal_models_and_batches(tmp_path: Path) -> None:
    examination = Examination(module(tmp_path))
    assert all(torch.equal(a, b) for a, b in zip(examination.build().parameters(), examination.build().parameters(), strict=True))
    assert not torch.equal(examination.build(seed=1).inner.weight, examination.build(seed=2).inner.weight)
    batch = examination.batch()
    batch["x"].zero_()
    assert examination.batch()["x"].abs().sum() > 0  # a changed batch is a copy


def test_noise_reaches_gates_at_zero_and_leaves_the_row_of_padding() -> None:
    model = nn.ModuleDict({"embedding": nn.Embedding(5, 3, padding_idx=0), "head": nn.Linear(3, 2)})
    nn.init.zeros_(model["head"].weight)
    perturb(model, 1)
    model.requires_grad_(False)
    assert float(model["head"].weight.abs().min()) > 0
    assert float(model["embedding"].weight[0].abs().max()) == 0 and float(model["embedding"].weight[1].abs().max()) > 0


def test_facts_of_a_wrong_type_are_none(tmp_path: Path) -> None:
    examination = Examination(module(tmp_path, facts='{"parameters": "many", "classes": True, "loss": 3, "dropout": 0.5}'))
    assert examination.number("parameters") is None and examination.number("classes") is None and examination.words("loss") == ""
    assert examination.number("dropout") == 0.5


def test_a_paper_fills_facts_that_the_subject_does_not_state(tmp_path: Path) -> None:
    examination = Examination(module(tmp_path, facts='{"dropout": 0.5}'), stated={"dropout": 0.1, "label_smoothing": 0.1})
    assert examination.number("dropout") == 0.5 and examination.number("label_smoothing") == 0.1


def test_which_entries_are_looked_at(tmp_path: Path) -> None:
    examination = Examination(module(tmp_path))
    assert examination.reads("x") and not examination.reads("label") and examination.loss_reads("label")


def test_distance_knows_shapes_and_what_is_not_finite() -> None:
    a = torch.tensor([1.0, float("inf"), float("nan")])
    assert distance(a, a.clone()) == 0.0 and distance(a, a[:2]) == float("inf")
    assert distance(torch.tensor([100.0]), torch.tensor([101.0])) == 0.01


def test_dropout_is_off_inside_and_on_again_afterwards() -> None:
    model = nn.Sequential(nn.Dropout(0.4))
    with no_dropout(model):
        assert model[0].p == 0.0
    assert model[0].p == 0.4
