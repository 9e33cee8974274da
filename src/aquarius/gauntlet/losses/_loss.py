"""The loss: what it is given, what it leaves out, how it is averaged, what it is at the start."""

from __future__ import annotations

import math
import re

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination
from .._inputs import Batch, is_integer
from .._objective import asked_earlier, labels, made_by, objective, repeated

OF_PAIRS = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits")
DRAWS = 64
RL = ("discount", "gae_lambda", "actions", "advantage_normalised", "target_update")


def initial_loss(examination: Examination) -> Evidence:
    """Hold the cross-entropy of a fresh model against ln C and against the entropy of the labels, which no guess can beat."""
    model = examination.build().eval()
    batch = examination.batch() if examination.layout.graph else examination.batch(32)
    pair = _scores_and_labels(examination, model, batch)
    if pair is None:
        return examination.skipped("the loss is no single cross-entropy over classes, and none over the output is stated")
    scores, target = pair
    classes = scores.shape[1]
    valid = target[(target >= 0) & (target < classes)]
    if valid.numel() < 8:
        return examination.skipped("fewer than 8 labels in a batch")
    share = valid.bincount(minlength=classes).double() / valid.numel()
    entropy = float(-(share[share > 0] * share[share > 0].log()).sum())
    value = float(torch.nn.functional.cross_entropy(scores, target.where((target >= 0) & (target < classes), -100)).detach())
    values = {"loss": value, "ln C": math.log(classes), "entropy of the labels": entropy}
    if value < 0.5 * entropy - 0.1 and entropy > 0.5 and _by_distance(examination):
        return examination.unsure("a fresh model is better than a guess, as one that compares with examples may be", **values)
    if value < 0.5 * entropy - 0.1 and entropy > 0.5:
        return examination.finding(
            "fail",
            f"a fresh model has a cross-entropy of {value:.3g}, less than half the entropy of the labels ({entropy:.3g}): it sees the answer",
            where="forward",
            hint="Look for the label among the inputs, and for a target that is not shifted.",
            values=values,
        )
    if _by_distance(examination) and (turned := _nearest_last(examination, classes)):
        return examination.finding("fail", turned, where=_scoring(examination), hint="Scores fall with the distance.", values=values)
    if value > 2 * math.log(classes) + 1:
        return examination.finding(
            "unsure", f"a fresh model starts at {value:.3g}, far above ln {classes} = {math.log(classes):.3g}", values=values
        )
    return examination.finding("pass", f"a fresh model starts at {value:.3g}, near ln {classes} = {math.log(classes):.3g}", values=values)


def _by_distance(examination: Examination) -> bool:
    """Say whether the classes are those of examples in the batch: random features already tell near from far."""
    examples = any(re.search(r"support|shots?$|context|gallery|exemplar|episode", key.lower()) for key in examination.batch())
    return examples or any(key in examination.facts for key in ("distance", "similarity"))


def _nearest_last(examination: Examination, classes: int) -> str:
    """Say so where fresh models put the right class last far more often than a guess, as where a distance itself is the score."""
    last, asked = 0, 0
    for seed in range(4):
        pair = examination.quiet(lambda: _scores_and_labels(examination, examination.build(seed).eval(), examination.batch(32, seed=seed)))  # noqa: B023
        if pair is None or pair[0].ndim != 2:
            return ""
        valid = (pair[1] >= 0) & (pair[1] < classes)
        last += int((pair[0].argmin(dim=1) == pair[1])[valid].sum())
        asked += int(valid.sum())
    if classes < 3 or asked < 40 or last < 0.5 * asked or last < 2 * asked / classes:
        return ""
    return (
        f"fresh models give the right class the lowest score in {last} of {asked} cases, where the nearest example should have the highest"
    )


def _scoring(examination: Examination) -> str:
    return examination.where(examination.probe, "")


def _scores_and_labels(examination: Examination, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor] | None:
    """Return scores (n, classes, ...) and labels: those given to the library's cross-entropy, else output and labels of a stated one."""
    seen = objective(examination, model, batch)
    calls = [call for call in seen.calls if call.name == "cross_entropy" and is_integer(call.arguments[1])]
    if len(calls) == 1 and calls[0].arguments[0].ndim >= 2:
        return calls[0].arguments[0], calls[0].arguments[1]
    facts = examination.facts
    if calls or facts.get("output") != "logits" or "cross-entropy" not in str(facts.get("loss", "")):
        return None
    scores = examination.forward(model, batch)
    fitting = [key for key in labels(examination, batch) if batch[key].shape == scores.shape[:-1]]
    if len(fitting) != 1:
        return None
    target = batch[fitting[0]].flatten()
    for name in ("padding_index", "ignore_index"):
        if isinstance(facts.get(name), int):
            target = target.where(target != facts[name], -100)
    return scores.flatten(0, -2), target


def loss_inputs(examination: Examination) -> Evidence | list[Evidence]:
    """Look at what library losses are given: probabilities where scores are needed, shapes that broadcast."""
    model = examination.perturbed()
    seen = objective(examination, model, examination.batch(), frozenset({"log_softmax", "sub", "__sub__", "rsub", "ctc_loss"}))
    found = []
    for call in seen.calls:
        if len(call.arguments) + len(call.named) < 1 or not call.arguments or not isinstance(call.arguments[0], Tensor):
            continue
        first = call.arguments[0]
        wrong = _wrong_scores(call.name, first)
        if wrong:
            squash = "the class whose forward ends in it" if not call.where else ""
            place = _squashing_place(examination, model, first) or call.where
            message = f"{call.name} is given {wrong}"
            hint = f"Remove one of the two: {call.name} normalises by itself. {squash}".strip()
            found.append(examination.finding("fail", message, where=place, hint=hint))
        second = call.arguments[1] if len(call.arguments) > 1 else None
        if isinstance(second, Tensor) and _broadcasts(call.name, first, second, examination):
            found.append(
                examination.finding(
                    "fail",
                    f"an output of shape {tuple(first.shape)} meets a target of shape {tuple(second.shape)}: every sample is compared with every other",
                    where=_output_place(examination, model, (first, second)),
                    hint="Squeeze the last axis of the output, or unsqueeze the target.",
                )
            )
    return found[:2] or examination.passed("library losses are given what they need", calls=len(seen.calls))


def _wrong_scores(name: str, scores: Tensor) -> str:
    if not scores.requires_grad or scores.ndim < 1 or not scores.is_floating_point():
        return ""
    maker = made_by(scores)
    axis = 1 if scores.ndim > 1 else 0
    detached = scores.detach()
    if name in ("cross_entropy", "log_softmax"):
        if name == "log_softmax":
            return "probabilities of a softmax" if maker in ("Softmax", "SafeSoftmax") else ""
        sums = bool(((detached.sum(dim=axis) - 1).abs() < 1e-4).all()) and bool((detached >= 0).all()) and scores.shape[axis] > 1
        if maker == "Softmax" or sums:
            return "probabilities, and it needs unnormalised scores"
        if maker in ("Sigmoid", "Relu"):
            return f"scores squashed by a {maker.lower()}, which cannot express every distribution"
    if name == "binary_cross_entropy_with_logits" and maker in ("Sigmoid", "Softmax"):
        return f"the result of a {maker.lower()}, and it applies a sigmoid itself"
    if name == "nll_loss" and scores.ndim > 1:
        total = detached.exp().sum(dim=axis)
        if not bool(((total - 1).abs() < 1e-2).all()):
            return "scores that are no logarithms of probabilities"
    if name == "ctc_loss" and not bool(((detached.exp().sum(dim=-1) - 1).abs() < 1e-2).all()):
        return "scores that are no logarithms of probabilities over its last axis"
    if name == "kl_div" and bool((detached >= 0).all()) and bool((detached > 0).any()):
        return "probabilities as its first argument, and it needs their logarithms"
    return ""


def _squashing_place(examination: Examination, model: torch.nn.Module, scores: Tensor) -> str | None:
    """Return where the squashing is written: the function or method of the file that alone holds a softmax or sigmoid, else None."""
    maker = made_by(scores).lower()
    places = examination.source.holding(rf"(?i)(?<!log_)(?<!log){maker}") if maker else []
    outputs = [place for place in places if place in ("forward", "loss") or place.endswith(".forward")]
    return outputs[0] if len(outputs) == 1 else places[0] if len(places) == 1 else None


def _broadcasts(name: str, first: Tensor, second: Tensor, examination: Examination) -> bool:
    """Say whether (n, 1) meets (n): an output against a target, which then becomes a matrix."""
    if first.requires_grad == second.requires_grad or first.shape == second.shape:
        return False
    if name not in (*OF_PAIRS, "sub", "__sub__", "rsub") or not (first.is_floating_point() and second.is_floating_point()):
        return False
    column, row = (first, second) if first.ndim > second.ndim else (second, first)
    size = examination.layout.size
    if examination.layout.rows and column.requires_grad and column.shape == (size, size) and row.shape == (size,):
        return any(
            isinstance(value, Tensor) and value.shape == row.shape and torch.equal(value, row) for value in examination.batch().values()
        )
    return column.ndim == row.ndim + 1 and column.shape[-1] == 1 and column.shape[:-1] == row.shape and row.numel() > 1


def _output_place(examination: Examination, model: torch.nn.Module, pair: tuple[Tensor, Tensor]) -> str:
    output = next(tensor for tensor in pair if tensor.requires_grad)
    if output.ndim < max(tensor.ndim for tensor in pair):
        return "batch"  # it is the target that has an axis too many
    with torch.no_grad():
        main = examination.forward(model, examination.batch())
    return examination.where(model, "") if main.shape == output.shape else "loss"


def ignored_labels(examination: Examination) -> Evidence:
    """Demand that the loss has no gradient at outputs whose label is to be ignored."""
    batch = examination.batch(24) if not examination.layout.graph else examination.batch()
    stated = examination.number("ignore_index")
    model = examination.perturbed()
    seen = objective(examination, model, batch)
    output = seen.outputs[0] if len(seen.outputs) == 1 else None
    if output is None or not output.requires_grad:
        return examination.skipped("the loss does not come from one output of forward")
    classes = output.shape[-1]
    for key, value in batch.items():
        if not is_integer(value) or value.shape != output.shape[: value.ndim] or output.ndim != value.ndim + 1:
            continue
        index = int(stated) if stated is not None else int(value.min())
        inferred = index < 0 and int(value.max()) < classes and int(value.max()) >= 1
        if not bool((value == index).any()) or (stated is None and not inferred) or not examination.loss_reads(key):
            continue
        (gradient,) = torch.autograd.grad(seen.value, output, retain_graph=True, allow_unused=True)
        if gradient is None:
            continue
        size = gradient.abs().amax(dim=-1)
        ignored = value == index
        straight = float(size[ignored].max())
        shifted = float(size[:, :-1][ignored[:, 1:]].max()) if value.ndim == 2 and bool(ignored[:, 1:].any()) else straight
        least = min(straight, shifted)
        if least > 1e-9 and least > 1e-6 * float(size.max()):
            return examination.finding(
                "fail",
                f"labels of {index} in {key} are to be ignored, and the loss changes with the output there",
                where="loss",
                path=key,
                hint="Look for ignore_index, for a mask of valid positions, and for a clamp that turns the label into a class.",
                values={"gradient": least},
            )
        return examination.passed(f"labels of {index} in {key} take no part in the loss", gradient=least)
    return examination.skipped("no label to be ignored is in the batch")


def reduction(examination: Examination) -> Evidence:
    """Let every sample stand twice: a mean stays, a sum doubles."""
    words = examination.words("loss")
    divided = bool(re.search(r"divided by (the |its )?(number|size|batch)", words))
    mean = words.startswith("mean") or "mean over" in words or "averaged" in words or divided
    total = not mean and bool(re.search(r"sum(med)? over (the )?(batch|samples)", words))
    if not mean and not total:
        return examination.skipped("it is not stated whether the loss is a mean or a sum over samples")
    if (
        examination.facts.get("samples_coupled")
        or examination.layout.graph
        or not any(axis is not None for axis in examination.layout.axes.values())
    ):
        return examination.skipped("the samples of a batch belong together")
    model = examination.probe
    batch = examination.batch()
    twice = repeated(batch, dict(examination.layout.axes))
    with torch.no_grad():
        one = float(examination.loss(model, batch))
        again = float(examination.loss(model, examination.batch(), seed=9))
        two = float(examination.loss(model, twice))
    if abs(one) < 1e-6:
        return examination.skipped("the loss is 0 here")
    if not math.isclose(one, again, rel_tol=1e-5, abs_tol=1e-7):
        return _average_reduction(examination, mean)
    ratio = two / one
    if abs(ratio - (1 if mean else 2)) < 1e-3:
        return examination.passed(f"the loss is a {'mean' if mean else 'sum'} over samples, as stated", ratio=ratio)
    return examination.finding(
        "fail"
        if abs(ratio / (2 if mean else 1) - 1) < 0.02
        or (abs(ratio / (1 if mean else 2) - 1) > 0.05 and not examination.facts.get("negatives"))
        else "unsure",
        f"the loss is stated to be a {'mean' if mean else 'sum'} over samples; with every sample twice it is {ratio:.4g} times itself",
        where="loss",
        hint="Look at the reduction, and at what the loss is divided by.",
        values={"ratio": ratio},
    )


def _average_reduction(examination: Examination, mean: bool) -> Evidence:
    """Compare averages over many draws, where the loss draws random numbers: sure only where the ratio is near 1 or 2."""
    model = examination.probe
    twice = repeated(examination.batch(), dict(examination.layout.axes))
    with torch.no_grad():
        one = sum(float(examination.loss(model, examination.batch(), seed=seed)) for seed in range(DRAWS))
        two = sum(float(examination.loss(model, dict(twice), seed=DRAWS + seed)) for seed in range(DRAWS))
    ratio = two / one if one else 0.0
    expected, other = (1, 2) if mean else (2, 1)
    if abs(ratio / expected - 1) < 0.15:
        return examination.passed(f"on average the loss is a {'mean' if mean else 'sum'} over samples, as stated", ratio=ratio)
    if abs(ratio / other - 1) < 0.15:
        message = f"the loss is stated to be a {'mean' if mean else 'sum'} over samples; with every sample twice it is on average {ratio:.3g} times itself"
        return examination.finding("fail", message, where="loss", hint="Look at the reduction.", values={"ratio": ratio})
    return examination.unsure("the loss draws random numbers, and its average is neither plainly a mean nor a sum", ratio=ratio)


def right_answer(examination: Examination) -> Evidence:
    """Look at the slope of the loss along the score of the right class: raising that score must lower the loss."""
    batch = examination.batch(32) if not examination.layout.graph else examination.batch()
    model = examination.perturbed()
    seen = objective(examination, model, batch)
    if any(key in examination.facts for key in RL) or len(seen.outputs) != 1 or not seen.outputs[0].requires_grad:
        return examination.skipped("there is no single output with a right class for every sample")
    output = seen.outputs[0]
    keys = [key for key in labels(examination, batch) if batch[key].shape == output.shape[:-1]]
    weights = [key for key, value in batch.items() if isinstance(value, Tensor) and value.is_floating_point() and value.ndim == 1]
    if len(keys) != 1 or weights or output.ndim < 2 or output.shape[-1] < 2:
        return examination.skipped("there is no one entry that names the right class of every sample")
    target = batch[keys[0]]
    if earlier := asked_earlier(examination, model, keys[0]):
        target = torch.cat([target[:, earlier:], torch.full_like(target[:, :earlier], -1)], dim=1)
    valid = (target >= 0) & (target < output.shape[-1])
    (gradient,) = torch.autograd.grad(seen.value, output, allow_unused=True)
    classes = examination.number("classes")
    if gradient is None or not bool(valid.any()) or int(target.max()) >= output.shape[-1] or (classes and classes != output.shape[-1]):
        return examination.skipped("the labels do not number the output's classes")
    if 2 * (int(target.max()) + 1) < output.shape[-1] and output.shape[-1] <= 16:
        return examination.skipped("most of the output's last axis is named by no label: it holds more than the scores of classes")
    slopes = gradient.gather(-1, target.clamp(0)[..., None]).squeeze(-1)[valid]
    if not _one_right_class(gradient, target.clamp(0))[valid].float().mean() > 0.9:
        return examination.skipped("the output's last axis is no choice of one class")
    slopes = slopes[slopes != 0]
    if slopes.numel() < 8:
        return examination.skipped("too few labels have a slope")
    wrong = float((slopes > 0).float().mean())
    if wrong > 0.4:
        return examination.finding(
            "fail" if wrong > 0.6 else "unsure",
            f"raising the score of the right class raises the loss for {wrong:.0%} of the labels",
            where="loss",
            path=keys[0],
            hint="Look at the sign of the loss, at the order of the classes, and at the pairing of labels with samples.",
            values={"wrong": wrong},
        )
    return examination.passed("raising the score of the right class lowers the loss", wrong=wrong)


def _one_right_class(gradient: Tensor, target: Tensor) -> Tensor:
    """Say where slopes are those of a choice: they sum to 0, only the right class has one, or it goes against all others."""
    right = gradient.gather(-1, target[..., None])
    others = gradient.scatter(-1, target[..., None], 0.0)
    size = gradient.abs().sum(dim=-1)
    balanced = gradient.sum(dim=-1).abs() <= 1e-3 * size
    alone = others.abs().sum(dim=-1) <= 1e-6 * size
    against = ((others * right <= 0).all(dim=-1)) & (others.abs().sum(dim=-1) > 0)
    return balanced | alone | against


INITIAL_LOSS = Check(
    name="initial loss",
    family="loss",
    finds="A fresh model whose cross-entropy is below what the labels' entropy allows, so it sees the answer; one that starts far above ln C.",
    uses=(),
    misled_by="Tied embeddings of unit variance start far above ln C in correct models: that is 'unsure'.",
    cost="forward",
    function=initial_loss,
)
LOSS_INPUTS = Check(
    name="loss inputs",
    family="loss",
    finds="Probabilities given to a loss that needs scores, scores to one that needs logarithms, (N, 1) against (N).",
    uses=(),
    misled_by="A loss written by hand out of elementary operations is seen in part only.",
    cost="forward",
    function=loss_inputs,
)
IGNORED_LABELS = Check(
    name="ignored labels",
    family="loss",
    finds="A label that is to be ignored and takes part in the loss.",
    uses=("ignore_index",),
    misled_by="Without the fact, a negative label beside class numbers is taken for one to be ignored.",
    cost="forward",
    function=ignored_labels,
)
REDUCTION = Check(
    name="reduction",
    family="loss",
    finds="A sum over samples where a mean is stated, or the reverse.",
    uses=("loss", "samples_coupled", "negatives"),
    misled_by="Losses that compare the samples of a batch with one another: skipped where that is stated.",
    cost="forward",
    function=reduction,
)
RIGHT_ANSWER = Check(
    name="right answer",
    family="loss",
    finds="A loss that rises with the score of the right class: a wrong sign, labels of other samples, classes in another order.",
    uses=RL,
    misled_by="Whole numbers that are actions and not labels: skipped in reinforcement learning and where samples carry weights.",
    cost="forward",
    function=right_answer,
)
