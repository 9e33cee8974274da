"""Negatives of a contrast: the right answer's own score must not stand among those it is held against."""

from __future__ import annotations

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._inputs import is_integer
from .._trace import Call, Recorder
from .._training import Training


def positive_twice(examination: Examination) -> Evidence:
    """Take one step: where each row's right score stands in its row a second time, the positive is one of its own negatives."""
    alone = _calls(examination, stepping=False)
    stepping = _calls(examination, stepping=True) if examination.has("step") else []
    looked = 0
    for place, call in enumerate((*alone, *stepping)):
        share = _twice(call)
        looked += share is not None
        if share is not None and share > 0.9:
            where = (call.where or "loss") if place < len(alone) else "step"
            return examination.finding(
                "fail",
                "the score of each row's right answer stands a second time in its row: the positive is among its own negatives",
                where=where,
                hint="Compute the loss before the new keys enter the queue, and leave a sample and its partner out of the negatives.",
            )
    return examination.passed("no right answer is among its own negatives") if looked else examination.skipped("no cross-entropy is seen")


def _twice(call: Call) -> float | None:
    """Return the share of rows whose right score is repeated, None where the call has no rows of real scores."""
    given = [value for value in call.arguments if isinstance(value, Tensor)]
    if len(given) < 2 or given[0].ndim != 2 or not is_integer(given[1]) or given[1].ndim != 1 or given[0].shape[1] < 4:
        return None
    scores, labels = given[0].detach(), given[1]
    if len(scores) < 4 or bool(((labels < 0) | (labels >= scores.shape[1])).any()):
        return None
    own = scores.gather(1, labels[:, None])
    finite = scores.isfinite()
    spread = torch.where(finite, scores, own).std(dim=1)
    if len(own.unique()) < len(own) / 2 or bool((spread < 1e-4).any()):
        return None  # scores that are alike for other reasons
    near = ((scores - own).abs() <= 1e-6 * spread[:, None].clamp(min=1.0)) & finite
    return float((near.sum(dim=1) > 1).float().mean())


def _calls(examination: Examination, stepping: bool) -> list[Call]:
    """Return the cross-entropies of one step, or of the loss alone, on a model that has seen nothing before."""
    model = examination.perturbed(training=True)
    recorder = Recorder(examination.source, frozenset(["cross_entropy"]))
    with recorder:
        if stepping:
            examination.quiet(lambda: Training(examination, model).step(examination.batch()))
        else:
            examination.quiet(lambda: examination.loss(model, examination.batch(), seed=1))
    return recorder.calls


POSITIVE_TWICE = card(
    "contrastive",
    "positive twice",
    "A contrast in which the positive itself is one of the negatives, such as a queue that is filled before the loss.",
    (),
    "Classes with equal scores by construction: rows whose right scores are mostly alike are left out.",
    positive_twice,
)
