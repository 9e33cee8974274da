"""The recorder: events in order, gradients that nobody cleared, gradients that nobody used."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aquarius.gauntlet import Examination
from aquarius.gauntlet._step import recording
from aquarius.gauntlet._training import Training
from bugs.corpus import findings, load
from gauntlet.subjects import text

STEP = """


def step(model, optimizer, batch):
    model.train()
    {body}
    return value.detach()
"""
GOOD = "optimizer.zero_grad(); value = loss(model, batch); value.backward(); nn.utils.clip_grad_norm_(model.parameters(), 1.0); optimizer.step()"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (GOOD, "pass", "in this order"),
        ("value = loss(model, batch); value.backward(); optimizer.step()", "fail", "not cleared"),
        (
            "value = loss(model, batch); optimizer.step(); optimizer.zero_grad(); value.backward()",
            "fail",
            "step raised RuntimeError on legal input",
        ),
        ("optimizer.zero_grad(); value = loss(model, batch); value.backward()", "fail", "no optimiser takes a step"),
        (
            "value = loss(model, batch); value.backward(); optimizer.zero_grad(); value = loss(model, batch); value.backward(); optimizer.step()",
            "fail",
            "before an optimiser has used them",
        ),
        ("value = loss(model, batch); torch.autograd.backward(value); optimizer.step(); model.zero_grad()", "pass", "in this order"),
    ],
)
def test_orders_of_a_step(body: str, status: str, words: str, tmp_path: Path) -> None:
    found = findings(load(text() + STEP.format(body=body), tmp_path), ["step"])
    assert found[0].status == status and words in found[0].message
    assert found[0].where == (None if status == "pass" else "step")


def test_the_tape_holds_events_and_nothing_stays_patched(tmp_path: Path) -> None:
    examination = Examination(load(text() + STEP.format(body=GOOD), tmp_path))
    training = Training(examination, examination.build())
    backward, clip = torch.Tensor.backward, torch.nn.utils.clip_grad_norm_
    with recording(training) as tape:
        training.step(examination.batch())
    assert tape.events == ["backward", "clip", "step 0"] and tape.training == [True] and len(tape.norms) == 1
    assert (torch.Tensor.backward, torch.nn.utils.clip_grad_norm_) == (backward, clip)
