"""Overfit one batch: a model that can learn at all can learn eight samples by heart."""

from __future__ import annotations

import math
import time

import torch
from torch import nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination
from .._training import Training

STEPS = 200
SECONDS = 4.0  # for each way of training
ENOUGH = 0.5  # of the first loss: no more steps are needed
MOVED = 0.02  # of the first loss: less is no learning to speak of
STILL = 0.002  # of the first loss: less, over many steps, is none at all
MANY = 100  # steps
CURVES_OTHERWISE = ("players", "discount", "gae_lambda", "target_update", "actions", "stop_gradient", "ema")


def _rewarded(examination: Examination) -> bool:
    """Say whether rewards are in the batch: then the loss is made for its gradient, and need not fall."""
    return any(word in key.lower() for key in examination.batch() for word in ("reward", "advantage"))


def overfit(examination: Examination) -> Evidence:
    """Train on one batch as the subject does; where the loss does not fall, see whether Adam on the bare loss does better."""
    model = examination.build()
    training = Training(examination, model)
    curve = _train(examination, model, training)
    first, least = curve[0], min(curve)
    values = {"first": first, "least": least, "steps": float(len(curve) - 1)}
    if not all(math.isfinite(value) for value in curve):
        if any(key in examination.facts for key in CURVES_OTHERWISE):
            return examination.finding(
                "unsure", "the loss does not stay finite on one batch, and its training is no plain descent", values=values
            )
        return examination.finding(
            "fail",
            f"training on one batch of {examination.layout.size} makes the loss {curve[-1]} after {len(curve) - 1} steps",
            where="step" if examination.has("step") else "optimizer",
            hint="Look at the learning rate, at the sign of the loss, and for a logarithm or division without a guard.",
            values=values,
        )
    if least <= first - MOVED * abs(first):
        return examination.finding("pass", f"the loss on one batch fell from {first:.4g} to {least:.4g}", values=values)
    if any(key in examination.facts for key in CURVES_OTHERWISE) or _rewarded(examination):
        return examination.finding("unsure", "the loss on one batch does not fall, and its training is no plain descent", values=values)
    fresh = examination.build()
    plain = _train(examination, fresh, None)
    values["least with Adam"] = min(plain)
    if min(plain) <= first - 10 * MOVED * abs(first):
        slow = least < first - STILL * abs(first) or len(curve) < 2 or training.steps < MANY
        if training.scheduler is not None or not examination.has("optimizer") or slow:
            return examination.finding(
                "unsure", "the loss falls with Adam, and little in the first steps of the subject's own training", values=values
            )
        return examination.finding(
            "fail",
            f"the subject's own training does not lower the loss on one batch ({first:.4g} to {least:.4g} in {len(curve) - 1} steps); "
            f"Adam on the same loss does ({min(plain):.4g})",
            where="step" if examination.has("step") else "optimizer",
            hint="Look at what the optimiser was given, at the learning rate, and at the order of zero_grad, backward and step.",
            values=values,
        )
    return examination.finding("unsure", "neither the subject's own training nor Adam lowers the loss on one batch", values=values)


def _train(examination: Examination, model: nn.Module, training: Training | None) -> list[float]:
    """Return the loss in evaluation mode before training and after 1, 2, 4, ... steps."""
    batch = examination.batch()
    adam = torch.optim.Adam([parameter for parameter in model.parameters() if parameter.requires_grad], lr=3e-3)
    curve = [_value(examination, model)]
    end = time.perf_counter() + SECONDS
    for step in range(1, STEPS + 1):
        if training is not None:
            training.step(examination.batch(), seed=step)
        else:
            model.train()
            adam.zero_grad()
            examination.loss(model, dict(batch), seed=step).backward()
            adam.step()
        if step & (step - 1) == 0 or step % 25 == 0 or time.perf_counter() > end:
            curve.append(_value(examination, model))
            if not math.isfinite(curve[-1]) or 0 < curve[-1] < ENOUGH * curve[0] or time.perf_counter() > end:
                break
    return curve


def _value(examination: Examination, model: nn.Module) -> float:
    model.eval()
    with torch.no_grad():
        value = float(examination.loss(model, examination.batch()))
    model.train()
    return value


OVERFIT = Check(
    name="overfit",
    family="overfit",
    finds="Training that does not lower the loss on one batch, or makes it infinite.",
    uses=CURVES_OTHERWISE,
    misled_by="Games, reinforcement and long warm-ups, whose loss need not fall: they give 'unsure'.",
    cost="training",
    function=overfit,
)
