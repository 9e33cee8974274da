"""Ablation by delta debugging: take every component out until learning works, put them back one at a time, and name what breaks it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import torch
from torch import nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination
from .._training import Training
from ._components import Component, components, without
from ._overfit import CURVES_OTHERWISE

STEPS = 120
SECONDS = 4.0  # for one trial
LEARNT = 0.5  # of the first loss on one batch, in training mode: learning works
NOTHING = 1e-4  # a loss so small at the start has nothing to learn
SPARE = 1.2  # a first loss may be so much above ln C
SEEDS = (0, 1)


def ablation(examination: Examination) -> Evidence:
    """Train on one batch, whole and without components; keep those out without which it learns and with which it does not."""
    if any(key in examination.facts for key in CURVES_OTHERWISE):
        return examination.unsure("its training is no plain descent of the loss, so a loss that does not fall tells nothing")
    whole = [_left(examination, (), seed) for seed in SEEDS]
    values = {"loss left, whole": max(whole)}
    if max(whole) <= LEARNT:
        return examination.finding(
            "pass", f"as it is, {max(whole):.0%} of the first loss is left on one batch: nothing to take out", values=values
        )
    if min(whole) <= LEARNT:
        return examination.finding(
            "unsure", "it learns one batch from one seed and not from another: look at the initialisation", values=values
        )
    known = components(examination)
    bare = _left(examination, known, SEEDS[0])
    values |= {"loss left, everything out": bare, "components": float(len(known))}
    if bare > LEARNT:
        text = f"with all of {len(known)} components taken out, {bare:.0%} of the first loss is left on one batch: what breaks it is none of them"
        return examination.finding("unsure", text, values=values, hint="Look at the labels, the loss itself and the output layer.")
    out, tried = _put_back(examination, known)
    values |= tried
    named = ", ".join(component.name for component in out)
    comparable = len(out) == 1 and (out[0].kind != "term" or _guess(examination) is not None)  # without a term it is another loss
    confirmed = comparable and _left(examination, out, SEEDS[1]) <= LEARNT
    text = f"on one batch {min(whole):.0%} of the first loss is left; without {named} it learns, and every other of {len(known)} components may stay"
    return examination.finding(
        "fail" if confirmed else "unsure",
        text if confirmed else text + " (more than one, or not from every seed)",
        where=out[0].where if len(out) == 1 else None,
        path=out[0].paths[0] if len(out) == 1 and out[0].paths else None,
        hint=f"Look at {named}: with everything else in place it keeps the loss where it is.",
        values=values,
    )


def _put_back(examination: Examination, known: list[Component]) -> tuple[list[Component], dict[str, float]]:
    """Put each component back and leave it where learning goes on; return what had to stay out, and the loss left by each."""
    out = list(known)
    values: dict[str, float] = {}
    for component in known:
        rest = [other for other in out if other is not component]
        left = _left(examination, rest, SEEDS[0])
        values[f"loss left, {component.name} back"] = left
        if left <= LEARNT:
            out = rest
    return out, values


def _left(examination: Examination, removed: Sequence[Component], seed: int) -> float:
    """Return the share of the first loss that is left at best after some steps; 2 where it is not finite or the subject refuses."""
    kinds = {component.kind for component in removed if component.changes == "training"}
    model = examination.build(seed=seed)
    batch = examination.batch()
    with without(examination, model, removed):
        try:
            return _descend(examination, _training(examination, model, kinds), batch, seed, own="step" not in kinds)
        except (RuntimeError, ValueError, IndexError, TypeError, KeyError, AttributeError, StopIteration):
            examination.calling = None
            return 2.0


def _training(examination: Examination, model: nn.Module, removed: set[str]) -> Training:
    """Return the subject's training with Adam, a constant rate or no decay in place of its own; what `step` is given stays of one kind."""
    training = Training(examination, model)
    if "optimizer" in removed:
        training.made = torch.optim.Adam([parameter for parameter in model.parameters() if parameter.requires_grad], lr=3e-3)
        training.optimizers = [training.made]
    for optimizer in training.optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group.get("initial_lr", group["lr"]) if "schedule" in removed else group["lr"]
            if "decay" in removed and "weight_decay" in group:
                group["weight_decay"] = 0.0
    if training.scheduler is not None and removed & {"schedule", "optimizer"}:
        training.scheduler = torch.optim.lr_scheduler.LambdaLR(training.optimizers[0], lambda _: 1.0)
    return training


def _descend(examination: Examination, training: Training, batch: dict[str, object], seed: int, *, own: bool) -> float:
    model = training.model.train()
    with torch.no_grad():
        first = float(examination.loss(model, dict(batch), seed=seed))
    if not math.isfinite(first) or abs(first) < NOTHING:
        return 2.0
    guess = _guess(examination)
    left = (lambda value: 1 + (value - first) / abs(first)) if guess is None or first < guess else (lambda value: value / guess)
    best, end = 2.0, time.perf_counter() + SECONDS
    for step in range(1, STEPS + 1):
        if own:
            training.step(examination.batch(), seed=seed + step)
        else:
            training.plain(examination.batch(), seed + step)
        if step % 10 == 0 or time.perf_counter() > end:
            model.train()
            with torch.no_grad():
                value = float(examination.loss(model, dict(batch), seed=seed + step))
            if not math.isfinite(value):
                return 2.0
            best = min(best, left(value))
            if best <= LEARNT / 2 or time.perf_counter() > end:
                break
    return best


def _guess(examination: Examination) -> float | None:
    """Return the loss of guessing among the stated classes; a loss that begins far above it has learnt nothing by coming down to it."""
    classes = examination.number("classes") or examination.number("vocabulary")
    return SPARE * math.log(classes) if classes and classes > 1 else None


ABLATION = Check(
    name="ablation",
    family="ablation",
    finds="The one component (dropout, normalisation, block, schedule, clipping, decay, augmentation, term) that keeps a model from learning a batch.",
    uses=CURVES_OTHERWISE,
    misled_by="Two faults at once, or a component that is meant to slow learning down: then it is 'unsure'. A fault in no component is not named.",
    cost="training",
    function=ablation,
)
