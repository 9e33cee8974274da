"""The stated loss, made again from the output and the labels, where its words are all known."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination
from .._inputs import Batch, is_integer
from .._objective import objective
from ..losses._pinned import pinned

MORE_TERMS = (
    "regularisation",
    "beta",
    "balance_coefficient",
    "value_coefficient",
    "entropy_coefficient",
    "temperature",
    "margin",
    "mining",
    "steps",
    "discount",
    "players",
    "negatives",
    "views",
    "mask_rate",
)
KNOWN = frozenset(
    [
        "mean",
        "averaged",
        "average",
        "sum",
        "summed",
        "over",
        "of",
        "the",
        "a",
        "with",
        "and",
        "in",
        "per",
        "cross-entropy",
        "cross",
        "entropy",
        "binary",
        "next-token",
        "next",
        "token",
        "tokens",
        "positions",
        "position",
        "valid",
        "real",
        "non-padding",
        "padding",
        "not",
        "that",
        "are",
        "is",
        "ignored",
        "targets",
        "target",
        "labels",
        "label",
        "smoothing",
        "smoothed",
        "squared",
        "error",
        "absolute",
        "samples",
        "batch",
        "pixels",
        "pixel",
        "samples",
        "dimensions",
        "elements",
        "outputs",
        "all",
        "each",
        "labelled",
        "nodes",
        "masked",
        "given",
        "from",
        "logits",
        "softmax",
        "predictions",
        "prediction",
        "between",
        "its",
        "input",
        "reconstruction",
        "only",
    ]
)


def stated_loss(examination: Examination) -> Evidence:
    """Compare the loss with the one that the statement describes, at two perturbed models; a candidate that fits is enough."""
    words = examination.words("loss")
    if not words:
        return examination.skipped("no loss is stated")
    words, penalised = _first_term(words)
    unknown = set(re.findall(r"[a-z][a-z-]*", words)) - KNOWN
    if unknown or any(key in examination.facts for key in MORE_TERMS if not (key == "regularisation" and penalised)):
        return examination.skipped("the stated loss has words or terms that this check does not know")
    batch = examination.batch(24) if not examination.layout.graph else examination.batch()
    values, fits = [], None
    for seed in (1, 2):
        model = examination.perturbed(seed)
        with torch.no_grad():
            seen = objective(examination, model, dict(batch))
            again = float(examination.loss(model, dict(batch), seed=3))
        value = float(seen.value)
        if penalised:
            rest = _output_only(examination, model, batch)
            if rest is None or len(seen.outputs) != 1:
                return examination.skipped("the penalty cannot be told from the rest of the loss")
            value = rest
        elif len(seen.outputs) != 1 or abs(again - value) > 1e-5 * max(1.0, abs(again)):
            return examination.skipped("the loss does not come from one output, or draws random numbers")
        candidates = dict(_candidates(examination, words, seen.outputs[0], batch))
        if not candidates:
            return examination.skipped("no entry of the batch fits the stated loss and the output")
        near = {name for name, other in candidates.items() if abs(other - value) <= 1e-4 * max(abs(other), 1e-3)}
        fits = near if fits is None else fits & near
        values.append((value, candidates))
    if fits:
        return examination.passed(f"the loss is {words}: {sorted(fits)[0]}", loss=values[0][0])
    value, candidates = values[0]
    name, other = min(candidates.items(), key=lambda item: abs(item[1] - value))
    return examination.finding(
        "fail",
        f"the loss is {value:.5g}, and {words} of {name} is {other:.5g} ({value / other:.4g} times)"
        if other
        else f"the loss is {value:.5g}, and {words} is 0",
        where=_where(examination),
        hint="Look at the reduction, the pairing of outputs with targets, the smoothing, and at what is left out.",
        values={"loss": value, "stated": other},
    )


def _first_term(words: str) -> tuple[str, bool]:
    """Return what is stated before "plus a penalty on the weights", and whether that is stated."""
    found = re.match(
        r"(.*?),?\s*(?:plus|and|with|\+)\s+(?:an? |the )?(?:\S+ ){0,3}?(?:penalty|regulari[sz]\w+|weight decay|ridge)\b", words
    )
    return (found[1], True) if found and "plus" not in found[1] else (words, False)


def _output_only(examination: Examination, model: nn.Module, batch: Batch) -> float | None:
    """Return the loss of the model's own output with all parameters at 0: without what punishes these; None where the loss draws numbers of its own."""
    with torch.no_grad():
        seen = pinned(examination, model, dict(batch), seed=0)
        if seen is None or not seen.holds():
            return None
        kept = [parameter.detach().clone() for parameter in model.parameters()]
        for parameter in model.parameters():
            parameter.zero_()
        value = seen.loss([output if isinstance(output, tuple) else output.detach() for output in seen.outputs])
        for parameter, before in zip(model.parameters(), kept, strict=True):
            parameter.copy_(before)
    return None if value is None else float(value)


def _where(examination: Examination) -> str:
    """Return the function that makes the loss: loss itself, or the one helper of the file that it leaves everything to."""
    return "loss"


def _candidates(examination: Examination, words: str, output: Tensor, batch: Batch) -> Iterator[tuple[str, float]]:
    """Yield (what it is computed with, value) for every reading of the statement that fits the shapes."""
    if "squared error" in words or "binary" in words or "absolute error" in words:
        yield from _elementwise(examination, words, output, batch)
    elif "cross-entropy" in words or "cross entropy" in words:
        yield from _classes(examination, words, output, batch)


def _elementwise(examination: Examination, words: str, output: Tensor, batch: Batch) -> Iterator[tuple[str, float]]:
    targets = [
        key for key, value in batch.items() if isinstance(value, Tensor) and value.numel() == output.numel() and value.dtype != torch.bool
    ]
    unread = [key for key in targets if not examination.reads(key)]
    for key in unread or targets:
        target = batch[key].to(output.dtype).reshape(output.shape)
        if "binary" in words:
            if float(target.min()) < 0 or float(target.max()) > 1:
                continue
            if examination.words("output").startswith("prob"):
                each = F.binary_cross_entropy(output.clamp(0, 1), target, reduction="none")
            else:
                each = F.binary_cross_entropy_with_logits(output, target, reduction="none")
        else:
            each = (output - target).abs() if "absolute" in words else (output - target).pow(2)
        if re.search(r"real|valid|non-padding|padding|masked|labelled|ignored", words):
            yield from _restricted(examination, words, key, each, batch)
        elif "sum" in words and "mean" in words:
            yield f"the output and {key}, summed within samples", float(each.sum() / output.shape[0])
        elif "sum" in words:
            yield f"the output and {key}, summed", float(each.sum())
        else:
            yield f"the output and {key}", float(each.mean())


def _restricted(examination: Examination, words: str, key: str, each: Tensor, batch: Batch) -> Iterator[tuple[str, float]]:
    """Yield the mean or sum over the elements that some entry of the batch calls real: a mask, or tokens that are no padding."""
    padding = examination.number("padding_index")
    for other, value in batch.items():
        if not isinstance(value, Tensor) or value.ndim < 1 or value.shape != each.shape[: value.ndim]:
            continue
        if value.dtype == torch.bool or (value.is_floating_point() and bool(((value == 0) | (value == 1)).all()) and other != key):
            kinds = [value.bool(), ~value.bool()]
        elif padding is not None and is_integer(value):
            kinds = [value != padding]
        else:
            continue
        for kept in kinds:
            if bool(kept.any()):
                yield f"the output and {key}, where {other} says so", float(each[kept].sum() if "sum" in words else each[kept].mean())


def _classes(examination: Examination, words: str, output: Tensor, batch: Batch) -> Iterator[tuple[str, float]]:
    if examination.words("output") not in ("", "logits"):
        return
    smoothing = examination.number("label_smoothing") or 0.0
    reduction = "sum" if words.startswith("sum") else "mean"
    sizes = [int(size) for key in ("classes", "vocabulary") if (size := examination.number(key)) is not None]
    if sizes and output.shape[-1] not in sizes and output.ndim == 3 and output.shape[1] in sizes:
        output = output.transpose(1, 2)
    ignores = [int(number) for key in ("ignore_index", "padding_index") if (number := examination.number(key)) is not None]
    demanded = examination.number("ignore_index") is not None or (bool(ignores) and bool(re.search("padding|ignored|valid|real", words)))
    keys = [
        key
        for key, value in batch.items()
        if is_integer(value) and value.shape[:1] == output.shape[:1] and value.ndim in (output.ndim - 1, output.ndim)
    ]
    unread = [key for key in keys if not examination.reads(key) and examination.loss_reads(key)]
    masks = [
        key for key, value in batch.items() if isinstance(value, Tensor) and value.dtype == torch.bool and value.shape == output.shape[:-1]
    ]
    for key in unread or keys:
        target = batch[key]
        pairs = [(f"{key}", output, target)] if target.shape == output.shape[:-1] else []
        if target.ndim == 2 and output.ndim == 3 and not unread:
            length = output.shape[1]
            pairs = (
                [(f"{key} shifted by one", output[:, : target.shape[1] - 1], target[:, 1 : length + 1])]
                if length in (target.shape[1], target.shape[1] - 1)
                else []
            )
        if pairs and unread and target.ndim == 2 and _stands_in_input(examination, batch, target):
            pairs.append((f"{key} shifted by one", output[:, :-1], target[:, 1:]))
        if output.ndim == 2 and target.ndim == 2 and target.numel() == output.shape[0]:
            pairs = [(key, output, target.flatten())]
        for name, scores, wanted in pairs:
            for ignore in ignores if demanded else [None, *ignores]:
                value = _cross_entropy(scores, wanted, ignore, smoothing, reduction)
                if value is not None and smoothing and reduction == "mean":  # the other convention: nothing of it for the target itself
                    share = smoothing * scores.shape[-1] / (scores.shape[-1] - 1)
                    other = _cross_entropy(scores, wanted, ignore, share, reduction)
                    if other is not None:
                        yield f"the output and {name}, smoothed over the other classes", other
                if value is not None:
                    yield f"the output and {name}" + (f", without {ignore}" if ignore is not None else ""), value
            for mask in masks if "labelled" in words or "valid" in words or "masked" in words else []:
                value = (
                    _cross_entropy(scores[batch[mask]], wanted[batch[mask]], None, smoothing, reduction)
                    if wanted.shape == batch[mask].shape
                    else None
                )
                if value is not None:
                    yield f"the output and {name}, where {mask}", value


def _stands_in_input(examination: Examination, batch: Batch, target: Tensor) -> bool:
    """Say whether labels are the model's own input at the same places: then it is the loss that shifts them."""
    asked = target >= 0
    inputs = [value for key, value in batch.items() if is_integer(value) and value.shape == target.shape and examination.reads(key)]
    return bool(asked.any()) and any(torch.equal(value[asked], target[asked]) for value in inputs)


def _cross_entropy(scores: Tensor, wanted: Tensor, ignore: int | None, smoothing: float, reduction: str) -> float | None:
    scores, wanted = scores.reshape(-1, scores.shape[-1]), wanted.reshape(-1).long()
    kept = wanted != ignore if ignore is not None else torch.ones_like(wanted, dtype=torch.bool)
    if not bool(kept.any()) or int(wanted[kept].max()) >= scores.shape[-1] or int(wanted[kept].min()) < 0:
        return None
    return float(F.cross_entropy(scores[kept], wanted[kept], label_smoothing=smoothing, reduction=reduction))


STATED_LOSS = Check(
    name="stated loss",
    family="loss",
    finds="A loss whose value is not that of the stated one: another reduction, shift, target, smoothing, or a softmax too many.",
    uses=("loss", "label_smoothing", "ignore_index", "padding_index", "output", "classes", "vocabulary"),
    misled_by="Losses with more terms or words than it knows: skipped.",
    cost="forward",
    function=stated_loss,
)
