"""Yes-or-no answers: the slope of the loss along each score, and weights of the loss that training can run away with."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination, distance
from .._inputs import Batch
from .._trace import Recorder

SQUASHES = frozenset({"sigmoid", "logsigmoid", "binary_cross_entropy_with_logits", "log_sigmoid"})
FAR = 30.0


def binary_answers(examination: Examination) -> Evidence:
    """Take the slope of the loss along each yes-or-no score: it falls with the score where the answer is yes, and rises where it is no."""
    batch = examination.batch() if examination.layout.graph else examination.batch(32)
    model = examination.perturbed()
    recorder = Recorder(examination.source, SQUASHES)
    with recorder:
        value = examination.loss(model, batch)
    for call in recorder.calls:
        scores = call.arguments[0] if call.arguments else None
        if not isinstance(scores, Tensor) or not scores.requires_grad or scores.ndim < 1:
            continue
        key = _answer(examination, batch, scores)
        if key is None:
            continue
        (slope,) = torch.autograd.grad(value, scores, retain_graph=True, allow_unused=True)
        if slope is None:
            continue
        answer = batch[key].reshape(scores.shape)
        where = call.where if call.where and call.where != "forward" and "." not in call.where else "loss"
        return _judged(examination, key, where, slope[answer == 1], slope[answer == 0])
    return examination.skipped("there is no score with a yes-or-no answer of its own among the entries")


def _answer(examination: Examination, batch: Batch, scores: Tensor) -> str | None:
    """Return the one entry that holds answers between 0 and 1, with both, for scores of this size."""
    fitting = [
        key
        for key, value in batch.items()
        if isinstance(value, Tensor)
        and value.numel() == scores.numel()
        and value.shape[0] == scores.shape[0]
        and bool(((value >= 0) & (value <= 1)).all())
        and bool((value == 0).any())
        and bool((value == 1).any())
        and not examination.reads(key)
        and examination.loss_reads(key)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _judged(examination: Examination, key: str, where: str, yes: Tensor, no: Tensor) -> Evidence:
    wrong_yes, wrong_no = (
        float((part[part != 0] * sign > 0).float().mean()) if bool((part != 0).any()) else 0.0 for part, sign in ((yes, 1), (no, -1))
    )
    values = {"wrong where yes": wrong_yes, "wrong where no": wrong_no}
    hint = "Look at the sign, at which factor goes with which answer, and at the order of the arguments."
    if min(yes.numel(), no.numel()) < 4 or not bool((yes != 0).any() | (no != 0).any()):
        return examination.skipped("too few answers have a slope")
    if not bool((no != 0).any()) and 0.02 < wrong_yes < 0.98:
        return examination.skipped(f"{key} says which scores count, not what their answers are")
    if max(wrong_yes, wrong_no) > 0.6:
        side = "rises with the score where the answer is yes" if wrong_yes > 0.6 else "falls with the score where the answer is no"
        text = f"the loss {side}, for {max(wrong_yes, wrong_no):.0%} of the answers in {key}"
        return examination.finding("fail", text, where=where, path=key, hint=hint, values=values)
    if not bool((no != 0).any()):
        text = f"no score whose answer in {key} is 0 has a slope: a yes where there is nothing costs nothing"
        return examination.finding("fail", text, where=where, path=key, hint=hint, values=values)
    return examination.finding("pass", f"scores are pulled towards the answers in {key}", values=values)


def loss_weights(examination: Examination) -> Evidence:
    """Drive the parameters that only the loss reads far out: where the loss becomes 0, training needs to learn nothing else."""
    model = examination.probe
    batch = examination.batch()
    small = [
        name for name, parameter in model.named_parameters() if parameter.numel() <= 16 and parameter.requires_grad and "." not in name
    ]
    own = [name for name in small if _only_in_loss(examination, model, batch, name)]
    if not own:
        return examination.skipped("no parameter is read by the loss alone")
    with torch.no_grad():
        start = float(examination.loss(model, batch))
        ends = {}
        for far in (-FAR, FAR):
            kept = {name: model.get_parameter(name).detach().clone() for name in own}
            for name in own:
                model.get_parameter(name).fill_(far)
            ends[far] = float(examination.loss(model, batch))
            for name, value in kept.items():
                model.get_parameter(name).copy_(value)
    gone = [far for far, value in ends.items() if abs(value) < 1e-6 * max(1.0, abs(start))]
    if gone and abs(start) > 1e-3:
        text = f"with {', '.join(own)} at {gone[0]:g} the loss is {ends[gone[0]]:.2g}: training can bring it to 0 by these weights alone"
        helpers = [place for place in examination.source.holding(r"exp\(") if "." not in place]
        where = helpers[0] if len(helpers) == 1 else "loss"
        return examination.finding(
            "fail", text, where=where, path=own[0], hint="A learned weight of a term needs a term that punishes small weights."
        )
    return examination.passed("the weights of the loss cannot bring it to 0", start=start)


def _only_in_loss(examination: Examination, model: nn.Module, batch: Batch, name: str) -> bool:
    parameter = model.get_parameter(name)
    with torch.no_grad():
        outputs = [examination.forward(model, batch, seed=1), examination.loss(model, batch, seed=1)]
        kept = parameter.detach().clone()
        parameter.add_(0.5)
        again = [examination.forward(model, batch, seed=1), examination.loss(model, batch, seed=1)]
        parameter.copy_(kept)
    return distance(outputs[0], again[0]) == 0 and distance(outputs[1], again[1]) > 0


BINARY = Check(
    name="yes or no",
    family="loss",
    finds="A loss that pulls scores away from their yes-or-no answers, or lets a yes where there is nothing go unpunished.",
    uses=(),
    misled_by="Entries between 0 and 1 that are no answers to the score of their size.",
    cost="forward",
    function=binary_answers,
)
WEIGHTS = Check(
    name="loss weights",
    family="loss",
    finds="Learned weights of the loss's terms by which training can bring the loss to 0.",
    uses=(),
    misled_by="Parameters that the main output does not show, though another output reads them.",
    cost="forward",
    function=loss_weights,
)
