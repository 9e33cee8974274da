"""How a loss counts its samples: the mean of two halves against the whole, weights of classes, probabilities along the axis of the classes."""

from __future__ import annotations

import re

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._functions import called
from .._inputs import Batch, is_integer, is_mask, select
from .._objective import objective
from .._trace import Recorder

SAMPLES = r"(sequences|samples|sentences|images|clips|windows|utterances|documents|examples|trajectories|series)"
EACH = rf"divided by (the )?(number of {SAMPLES}|batch size|its size|size of the batch)|sum(med)? (over|of) [^.;]*(mean|averaged) over (the )?({SAMPLES}|batch)|mean over (the )?({SAMPLES}|batch) of (the )?sum"
COUNTED = r"(mean|averaged|average) (over|of) (all |the )*(valid|labelled|labeled|observed|real|non-padding|non-padded|unpadded|known|visible|masked|present)|(mean|averaged) over [^.;,]* that (are|is) (observed|valid|real|labelled|labeled|present|not)|weighted mean"


def counted(examination: Examination) -> Evidence:
    """Compare the loss of a batch with the mean of its halves': equal where each sample counts alike, and not where positions are counted."""
    words = examination.words("loss")
    each, positions = bool(re.search(EACH, words)), bool(re.search(COUNTED, words))
    if each == positions or examination.facts.get("samples_coupled") or not examination.layout.rows:
        return examination.skipped("it is not stated whether samples or positions are counted")
    model = examination.probe
    batch = examination.batch(16)
    counts = _counts(examination, batch)
    if counts is None:
        return examination.skipped("no entry of the batch says which positions count")
    order = counts.argsort()
    low, high = order[:8], order[8:]
    ratio = float(counts[high].sum() / counts[low].sum().clamp(min=1))
    axes = dict(examination.layout.axes)
    with torch.no_grad():
        whole = examination.quiet(lambda: examination.loss(model, batch, seed=1))
        again = examination.quiet(lambda: examination.loss(model, examination.batch(16), seed=2))
        halves = [examination.quiet(lambda part=part: examination.loss(model, select(batch, part, axes), seed=1)) for part in (low, high)]  # type: ignore[misc]
    if whole is None or again is None or None in halves or not torch.allclose(whole, again) or ratio < 1.15:
        return examination.skipped("the loss draws random numbers, or all samples have as many positions")
    a, b = (float(half) for half in halves if half is not None)
    value, alike = float(whole), (a + b) / 2
    by_positions = (a * float(counts[low].sum()) + b * float(counts[high].sum())) / float(counts.sum())
    if abs(alike - by_positions) < 5e-3 * abs(alike):
        return examination.skipped("both ways of counting give the same here")
    near = lambda other: abs(value - other) < 0.1 * abs(alike - by_positions)
    right, wrong = (alike, by_positions) if each else (by_positions, alike)
    if near(right):
        return examination.passed("the loss counts as stated", loss=value)
    if not near(wrong):
        return examination.unsure("the loss is neither the mean of its halves nor weighted by their positions", loss=value)
    said, seen = ("samples", "positions") if each else ("positions", "samples")
    text = f"the loss is stated to count {said} alike, and counts {seen}: {value:.4g}, with halves of {a:.4g} and {b:.4g}"
    return examination.finding("fail", text, where="loss", hint="Look at what the sum is divided by.", values={"loss": value})


def _counts(examination: Examination, batch: Batch) -> Tensor | None:
    """Return for each sample how many positions count: labels that are not ignored, or places of the one mask that the loss reads."""
    index = examination.number("ignore_index")
    if index is not None:
        labels = [v for k, v in batch.items() if is_integer(v) and v.ndim >= 2 and bool((v == index).any()) and examination.loss_reads(k)]
        return (labels[0] != index).flatten(1).sum(dim=1).double() if len(labels) == 1 else None
    masks = [v for k, v in batch.items() if is_mask(v) and v.ndim >= 2 and examination.loss_reads(k)]
    return masks[0].flatten(1).float().sum(dim=1).double() if len(masks) == 1 else None


def class_weights(examination: Examination) -> Evidence:
    """Look for the stated weights of the classes among what library losses are given."""
    told = re.search(r"weight\w*[^().;]{0,40}\(([\d., ]+)\)", examination.words("loss"))
    numbers = [float(item) for item in told.group(1).split(",") if item.strip(" .")] if told else []
    if len(numbers) < 2:
        return examination.skipped("no weights of classes are stated")
    seen = objective(examination, examination.probe, examination.batch())
    calls = [call for call in seen.calls if call.name in ("cross_entropy", "nll_loss", "binary_cross_entropy_with_logits")]
    if not calls:
        return examination.skipped("no library loss over classes is called")
    given: list[Tensor] = []
    for call in calls:
        given += [v for v in (*call.arguments[2:], *call.named.values()) if isinstance(v, Tensor) and v.numel() == len(numbers)]
    wanted = torch.tensor(numbers, dtype=torch.float64)
    if any(torch.allclose(value.detach().flatten().double(), wanted, rtol=1e-4) for value in given):
        return examination.passed("the classes have the stated weights")
    if not given and any(call.named.get("reduction") == "none" for call in calls):
        return examination.unsure("no weights are given to the library's loss, and it is averaged by hand")
    text = f"classes are stated to be weighted by {told.group(1)}, and the loss is given " + (  # type: ignore[union-attr]
        f"{[round(v, 4) for v in given[0].flatten().tolist()]}" if given else "no weights"
    )
    return examination.finding("fail", text, where="loss", hint="Look at the argument 'weight', and at the order of the classes.")


def class_axis(examination: Examination) -> Evidence:
    """Where a function is given one-hot labels beside probabilities, both sum to one along the same axis."""
    looked = 0
    for name, calls in called(examination).items():
        given = [v.detach() for v in calls[0].arguments.values() if isinstance(v, Tensor) and v.is_floating_point() and v.ndim >= 2]
        for hot in given:
            if not bool(((hot == 0) | (hot == 1)).all()):
                continue
            for shares in given:
                if shares is hot or shares.shape != hot.shape or bool(((shares == 0) | (shares == 1)).all()):
                    continue
                own, theirs = _sums_to_one(hot), _sums_to_one(shares)
                looked += bool(own and theirs)
                if own and theirs and not set(own) & set(theirs):
                    recorder = Recorder(examination.source, frozenset({"softmax"}))
                    with torch.no_grad(), recorder:
                        examination.quiet(lambda: examination.loss(examination.probe, examination.batch()))
                    where = next((c.where for c in recorder.calls if c.where and c.result.shape == shares.shape), None) or name
                    text = f"{name} is given labels that sum to one along axis {own[0]} and probabilities that do so along axis {theirs[0]}"
                    return examination.finding("fail", text, where=where, hint="Look at the axis of the softmax.")
    return examination.passed("probabilities and labels share their axis") if looked else examination.skipped("no function is given both")


def _sums_to_one(value: Tensor) -> list[int]:
    return [axis for axis in range(value.ndim) if value.shape[axis] > 1 and bool(((value.sum(dim=axis) - 1).abs() < 1e-3).all())]


COUNTED_ALIKE = card(
    "loss",
    "counting",
    "A loss that counts positions where it is stated to count samples, or the reverse.",
    ("loss", "ignore_index", "samples_coupled"),
    "Batches in which all samples have as many positions say nothing: skipped.",
    counted,
)
WEIGHTS = card(
    "loss",
    "class weights",
    "Class weights that are stated and not given to the loss, or in another order.",
    ("loss",),
    "Weights that are applied by hand: 'unsure' or skipped.",
    class_weights,
)
CLASS_AXIS = card(
    "loss",
    "class axis",
    "A softmax along another axis than that of the one-hot labels beside it.",
    (),
    "Arrays that sum to one along both axes are let be.",
    class_axis,
)
