"""Truncated back-propagation inside a step: segments of the stated length, a state that goes from one to the next, and targets that are the next tokens."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance, main_output, no_dropout
from .._inputs import Batch, is_integer
from .._trace import Recorder, tensors
from .._training import Training


@dataclass
class Segment:
    """One call of the model in a step: the sequence that it read, what it gave, and whether its last output has a gradient on its first step."""

    read: Tensor
    given: Tensor
    whole: bool


def _segments(examination: Examination, batch: Batch) -> list[Segment]:
    """Return the calls of the model in one step that changes no parameter."""
    model = examination.perturbed(training=True)
    training = Training(examination, model)
    for optimizer in training.optimizers:
        for group in optimizer.param_groups:
            group["lr"] = 0.0
    found: list[Segment] = []
    embedded: list[Tensor] = []

    def look(_: nn.Module, given: Any, output: Any) -> None:
        read, first = tensors(given)[:1], tensors(output)[:1]
        if read and first and read[0].ndim >= 2 and first[0].ndim >= 3 and first[0].shape[:2] == read[0].shape[:2]:
            found.append(
                Segment(read[0].detach().clone(), first[0].detach().clone(), _reaches(first[0], embedded[-1] if embedded else None))
            )

    with ExitStack() as stack, no_dropout(model):
        for module in model.modules():
            if isinstance(module, nn.Embedding):
                stack.callback(module.register_forward_hook(lambda _, given, output: embedded.append(output)).remove)
        stack.callback(model.register_forward_hook(look).remove)
        examination.quiet(lambda: training.step(batch, seed=0))
    return found


def _reaches(output: Tensor, embedded: Tensor | None) -> bool:
    """Say whether the last output of a segment has a gradient on its first step."""
    if embedded is None or not output.requires_grad or not embedded.requires_grad or embedded.shape[:2] != output.shape[:2]:
        return False
    (slope,) = torch.autograd.grad(output[:, -1].sum(), embedded, retain_graph=True, allow_unused=True)
    return slope is not None and bool(slope[:, 0].abs().max() > 0)


def carried(examination: Examination) -> Evidence:
    """Run a step twice, with another first token: the second segment's output follows, and no segment is longer than stated."""
    stated = examination.number("truncation")
    if not stated or not examination.has("step") or not examination.has("optimizer"):
        return examination.skipped("no truncation of the gradient is stated, or the subject has no step of its own")
    keys = [key for key, value in examination.batch().items() if isinstance(value, Tensor) and value.ndim >= 2 and examination.reads(key)]
    if len(keys) != 1 or not examination.layout.rows or examination.random_evaluation:
        return examination.skipped("the batch is not one sequence, or the output is random")
    key, batch, other = keys[0], examination.batch(), examination.batch()
    other[key][:, 0] = other[key][:, 0].roll(1, 0)
    one, two = _segments(examination, batch), _segments(examination, other)
    if len(one) < 2 or len(one) != len(two):
        return examination.skipped("the model is not called for one segment after the other in a step")
    longest = max(segment.read.shape[1] for segment in one)
    values = {"longest": float(longest), "stated": stated}
    if torch.equal(one[1].read, two[1].read) and distance(one[0].given, two[0].given) > 1e-6 and distance(one[1].given, two[1].given) == 0:
        text = "what the model gives for the second segment of a step does not depend on the first: the state is not carried on"
        return examination.finding("fail", text, where="step", hint="Pass the detached state of each segment to the next.", values=values)
    if longest > stated + 1 and any(segment.whole for segment in one):
        text = f"gradients flow through segments of {longest} steps, and {stated:g} are stated"
        return examination.finding("fail", text, where="step", hint="Look at the size of the segments.", values=values)
    if longest < stated - 1:
        text = f"gradients are cut after segments of {longest} steps, and {stated:g} are stated"
        return examination.finding("fail", text, where="step", hint="Look at the size of the segments.", values=values)
    return examination.finding("pass", "segments have the stated length, and the state goes from one to the next", values=values)


def echoed(examination: Examination) -> Evidence:
    """Compare the targets of each cross-entropy, in loss and step, with the tokens that the causal model was given just before."""
    if examination.facts.get("causal") is not True:
        return examination.skipped("it is not stated that positions depend on those before only")
    model = examination.perturbed(training=True)
    found = []
    looked = 0
    for work in ("loss", "step") if examination.has("step") and examination.has("optimizer") else ("loss",):
        recorder = Recorder(examination.source, frozenset({"cross_entropy", "nll_loss"}))
        read: list[Tensor] = []
        hook = lambda _, given, read=read: read.extend(value for value in tensors(given)[:1] if is_integer(value) and value.ndim >= 2)
        handle = model.register_forward_pre_hook(hook)
        training = Training(examination, model) if work == "step" else None
        with recorder:
            batch = examination.batch()
            examination.quiet(lambda: training.step(batch, seed=0) if training else examination.loss(model, batch))  # noqa: B023
        handle.remove()
        for call in recorder.calls:
            target = call.named.get("target", call.arguments[1] if len(call.arguments) > 1 else None)
            if not isinstance(target, Tensor) or not is_integer(target):
                continue
            looked += 1
            same = [value for value in read if value.numel() == target.numel() and torch.equal(value.flatten(), target.flatten().long())]
            if same and _sees_itself(examination, model, same[0]):
                found.append(call.where or work)
    if not found:
        return (
            examination.passed("no target is the token read", targets=looked)
            if looked
            else examination.skipped("no cross-entropy of tokens is seen")
        )
    text = "the targets are the very tokens that the model reads at their positions: nothing is to be foreseen"
    return examination.finding("fail", text, where=found[0], hint="Targets are the tokens one position later.")


def _sees_itself(examination: Examination, model: nn.Module, tokens: Tensor) -> bool:
    """Say whether the output at a position follows the token there; True where that cannot be seen. Some models shift inside."""
    at = lambda values, first: values.flatten(first).select(first, values[0].numel() // 2 if first == 1 else values[0, 0].numel() // 2)
    other = tokens.clone(memory_format=torch.contiguous_format)
    at(other, 1).copy_(at(tokens, 1).roll(1))
    was = model.training
    with torch.no_grad():
        one, two = (examination.quiet(lambda given=given: main_output(model.eval()(given))) for given in (tokens, other))  # type: ignore[misc]
    model.train(was)
    if one is None or two is None or one.ndim != tokens.ndim + 1 or torch.equal(tokens, other):
        return True
    if one.shape[:-1] == tokens.shape:
        one, two = one.movedim(-1, 1), two.movedim(-1, 1)
    if one.shape[2:] != tokens.shape[1:]:
        return True
    return distance(at(one, 2), at(two, 2)) > 1e-6


CARRIED = card(
    "optimisation",
    "carried state",
    "A step of truncated back-propagation whose segments do not get the state of the one before, or are of another length than stated.",
    ("truncation",),
    "Models that keep their state themselves between steps: skipped where the model is not called for one segment after the other.",
    carried,
)
ECHOED = card(
    "loss",
    "echoed target",
    "A causal model that is asked, in loss or step, for the very token that it reads.",
    ("causal",),
    "A model that is to give back what it reads is stated as causal only by mistake.",
    echoed,
)
