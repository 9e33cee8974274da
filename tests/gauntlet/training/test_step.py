"""The recorder: events in order, gradients that nobody cleared, gradients that nobody used."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aquarius.gauntlet import Examination
from aquarius.gauntlet._training import Training
from aquarius.gauntlet.training._step import recording
from bugs.corpus import findings, load
from gauntlet.subjects import text

STEP = """


def step(model, optimizer, batch):
    model.train()
    {body}
    return value.detach()
"""
GOOD = "optimizer.zero_grad(); value = loss(model, batch); value.backward(); nn.utils.clip_grad_norm_(model.parameters(), 1.0); optimizer.step()"

SCALED = "scaler = torch.amp.GradScaler('cpu', init_scale=8.0); optimizer.zero_grad(); value = loss(model, batch); scaler.scale(value).backward(); {step}"


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
        (
            "optimizer.zero_grad(); value = loss(model, batch); value.backward(); optimizer.zero_grad(); optimizer.step()",
            "fail",
            "used them",
        ),
        (
            "optimizer.zero_grad()\n    for _ in (0, 1):\n        value = loss(model, batch) / 2; value.backward(); nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n    optimizer.step()",
            "fail",
            "between the backward passes",
        ),
        (SCALED.format(step="scaler.step(optimizer); scaler.update()"), "pass", "in this order"),
        (SCALED.format(step="optimizer.step()"), "fail", "not scaled back"),
        (SCALED.format(step="scaler.unscale_(optimizer); optimizer.step()"), "pass", "in this order"),
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


@pytest.mark.parametrize(
    ("order", "status"), [("optimizer.step(); scheduler.step()", "pass"), ("scheduler.step(); optimizer.step()", "fail")]
)
def test_the_schedule_advances_after_the_update(order: str, status: str, tmp_path: Path) -> None:
    body = f"optimizer.zero_grad(); value = loss(model, batch); value.backward(); {order}"
    source = text() + STEP.format(body=body).replace("batch):", "batch, scheduler):")
    source += "\n\ndef scheduler(optimizer):\n    return torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)\n"
    (found,) = findings(load(source, tmp_path), ["step"])
    assert found.status == status and ("advances before" in found.message) == (status == "fail")


def test_parts_are_compared_with_the_whole_though_training_draws(tmp_path: Path) -> None:
    body = "optimizer.zero_grad()\n    for part in (slice(0, 4), slice(4, 8)):\n        value = loss(model, {k: v[part] for k, v in batch.items()}){half}; value.backward()\n    optimizer.step()"
    drawn = text(
        facts='{"accumulation": 2}', forward="return self.outer(F.relu(self.inner(x)) * (torch.rand(len(x), 1) > 0.2 * self.training))"
    )
    for half, status in ((" / 2", "pass"), ("", "fail")):
        (found,) = findings(load(drawn + STEP.replace("{body}", body.replace("{half}", half)), tmp_path), ["accumulation"])
        assert found.status == status, found.message
