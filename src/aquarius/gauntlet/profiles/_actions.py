"""Actions and states of a rollout: the axis along which probabilities of actions sum to one, and the states whose values are trained."""

from __future__ import annotations

import re

from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._inputs import is_integer
from .._trace import Recorder
from ..stated._quantities import evaluated
from ._reinforcement import REWARDS, entry

SOFTMAXES = frozenset(["softmax", "log_softmax", "logsumexp"])


def action_axis(examination: Examination) -> Evidence:
    """Look at every softmax over scores of actions: it runs along the last axis, that of the actions, and not along steps or samples."""
    batch = examination.batch()
    action = entry(batch, ("action",))
    if action is None or not is_integer(batch[action]) or batch[action].ndim < 1 or entry(batch, (*REWARDS, "adv")) is None:
        return examination.skipped("no rewards and whole-numbered actions are in the batch")
    taken, recorder = batch[action], Recorder(examination.source, SOFTMAXES)
    with recorder:
        examination.quiet(lambda: examination.loss(examination.probe, batch))
    looked = 0
    for call in recorder.calls:
        scores = call.arguments[0] if call.arguments else None
        axis = call.named.get("dim", call.arguments[1] if len(call.arguments) > 1 else None)
        if (
            not isinstance(scores, Tensor)
            or not isinstance(axis, int)
            or not scores.requires_grad
            or not _over_actions(scores, taken, examination)
        ):
            continue
        looked += 1
        if axis % scores.ndim != scores.ndim - 1:
            what = "steps or samples" if scores.ndim > 2 else "samples"
            message = f"a {call.name} over scores of actions {tuple(scores.shape)} runs along axis {axis % scores.ndim}, that of {what}"
            return examination.finding(
                "fail", message, where=call.where or "loss", hint="The probabilities of one state's actions sum to one."
            )
    if not looked:
        return examination.skipped("no softmax over scores of actions is seen in the loss")
    return examination.passed("every softmax over actions runs along the axis of actions", calls=float(looked))


def _over_actions(scores: Tensor, taken: Tensor, examination: Examination) -> bool:
    """Say whether a tensor has one score for each action of each state in which one was taken, or of one state more."""
    actions = examination.number("actions")
    if scores.ndim != taken.ndim + 1 or scores.shape[-1] <= int(taken.max()) or (actions is not None and scores.shape[-1] != actions):
        return False
    return all(0 <= a - b <= 1 for a, b in zip(scores.shape[:-1], taken.shape, strict=True))


def first_state(examination: Examination) -> Evidence:
    """Where values of one state more than rewards are made, see which are trained: the first state's, and not the last state's in its place."""
    batch = examination.batch()
    reward = entry(batch, REWARDS)
    if reward is None or not batch[reward].is_floating_point() or batch[reward].ndim != 2:
        return examination.skipped("no rewards over time are in the batch")
    seen = examination.quiet(lambda: evaluated(examination, examination.perturbed(), batch))
    rewards = batch[reward].shape
    for path, outputs in seen.outputs if seen is not None else []:
        for value in outputs:
            shape = value.shape[:-1] if value.ndim == 3 and value.shape[-1] == 1 else value.shape
            longer = [
                axis for axis in (0, 1) if len(shape) == 2 and shape[axis] == rewards[axis] + 1 and shape[1 - axis] == rewards[1 - axis]
            ]
            slope = seen.slope(value) if len(longer) == 1 and seen is not None else None
            if slope is None or not bool(slope.any()):
                continue
            first, last = (bool(slope.select(longer[0], place).any()) for place in (0, -1))
            if last and not first:
                message = f"the value of the state after the last step is trained, and that of the first state is not: values are a step late ({path or 'model'})"
                return examination.finding(
                    "fail", message, where="loss", path=path, hint="Compare the return of a step with the value of the state it began in."
                )
            if first:
                return examination.passed("the value of the first state is trained")
    return examination.skipped("no values of one state more than rewards are seen in the loss")


def stated_smoothing(examination: Examination) -> Evidence:
    """Where a smoothing of labels is stated and the loss calls the library's cross-entropy on class numbers alone, one call is given it."""
    stated = examination.number("label_smoothing")
    if not stated:
        return examination.skipped("no label smoothing is stated")
    recorder = Recorder(examination.source, frozenset(["cross_entropy", "nll_loss", "log_softmax", "kl_div", "softmax", "logsumexp"]))
    with recorder:
        examination.quiet(lambda: examination.loss(examination.perturbed(training=True), examination.batch()))
    calls = [call for call in recorder.calls if call.name == "cross_entropy"]
    if not calls or any(re.match("nll|log_soft|kl_div|logsum", call.name) for call in recorder.calls):
        return examination.skipped("the loss takes no cross-entropy of the library, or makes logarithms by hand")
    if any(call.named.get("label_smoothing") for call in calls) or any(not _class_numbers(call.arguments, call.named) for call in calls):
        return examination.passed("a cross-entropy is given a smoothing or shares of classes")
    hint = f"Give label_smoothing={stated:g} to the cross-entropy."
    return examination.finding(
        "fail", f"a label smoothing of {stated:g} is stated, and no cross-entropy is given one", where=calls[0].where or "loss", hint=hint
    )


def _class_numbers(given: tuple[object, ...], named: dict[str, object]) -> bool:
    target = named.get("target", given[1] if len(given) > 1 else None)
    return isinstance(target, Tensor) and not target.is_floating_point()


AXIS = card(
    "reinforcement",
    "action axis",
    "A softmax over scores of actions along the axis of steps or samples.",
    ("actions",),
    "Attention over steps whose weights have the shape of scores: only tensors of the actions' own shape and number count.",
    action_axis,
)
FIRST_STATE = card(
    "reinforcement",
    "first state",
    "Values that are trained a step late: the last state's, and not the first's.",
    (),
    "Nothing: the slopes are exact.",
    first_state,
)
SMOOTHING = card(
    "loss",
    "stated smoothing",
    "A label smoothing that is stated and not given to the cross-entropy.",
    ("label_smoothing",),
    "Smoothing written by hand: skipped where logarithms are taken outside the library's cross-entropy.",
    stated_smoothing,
)
