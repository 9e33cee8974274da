"""Data: labels and tokens in range, labels that nothing gives away, positives that are no negatives, loaders that keep apart."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._inputs import Batch, is_integer, is_mask
from .._objective import labels, objective

MANY = 256


def ranges(examination: Examination) -> Evidence | list[Evidence]:
    """Look at many samples: tokens below the vocabulary, labels below the classes, every class present."""
    vocabulary, classes = examination.number("vocabulary"), examination.number("classes")
    if vocabulary is None and classes is None:
        return _missing_class(examination)
    batch = examination.quiet(lambda: examination.batch(MANY)) or examination.batch()
    found = []
    own = labels(examination, examination.batch())
    for key, value in batch.items():
        if not is_integer(value) or value.numel() == 0:
            continue
        if re.search(r"length|count|size|index", key.lower()):
            continue  # numbers of things, no names of classes
        if key in own and classes is not None and value.ndim >= 1:
            index = examination.number("ignore_index")
            kept = value[value != index] if index is not None else value[value >= 0]
            if sum(is_integer(batch[other]) for other in own) > 1 and not _asked(examination, key, int(classes)):
                continue  # labels of several tasks: the classes are those of another
            if kept.numel() and int(kept.max()) >= classes:
                found.append(examination.finding("fail", f"{key} names class {int(kept.max())} of {classes:g}", where="batch", path=key))
            elif classes <= 10 and kept.numel() >= 20 * classes and len(kept.unique()) < classes and _asked(examination, key):
                missing = sorted(set(range(int(classes))) - set(kept.unique().tolist()))
                found.append(
                    examination.finding(
                        "fail", f"{key} never names the classes {missing[:5]} in {kept.numel()} labels", where="batch", path=key
                    )
                )
            elif kept.numel() >= 20 and len(kept.unique()) == 1:
                found.append(examination.finding("fail", f"{key} names one class only", where="batch", path=key))
        elif vocabulary is not None and examination.reads(key) and value.ndim == 2 and int(value.max()) >= vocabulary:
            found.append(examination.finding("fail", f"{key} holds token {int(value.max())} of {vocabulary:g}", where="batch", path=key))
    return found or examination.passed("tokens and labels are in range")


def _asked(examination: Examination, key: str, classes: int | None = None) -> bool:
    """Say whether a cross-entropy (over so many classes) is given an entry; a count, or the symbols of an alignment, are none."""
    value = examination.batch()[key]
    seen = objective(examination, examination.probe, examination.batch())
    calls = [call for call in seen.calls if call.name == "cross_entropy" and len(call.arguments) > 1]
    targets = [
        call.arguments[1] for call in calls if classes is None or (call.arguments[0].ndim > 1 and call.arguments[0].shape[1] == classes)
    ]
    if not seen.calls:
        return "ctc_loss" not in examination.source.text and "CTCLoss" not in examination.source.text
    return any(
        isinstance(target, Tensor) and target.numel() == value.numel() and torch.equal(target.flatten(), value.flatten())
        for target in targets
    )


def _missing_class(examination: Examination) -> Evidence:
    """Without a statement: the scores of at most ten classes against the labels of many samples, where the loss is a plain cross-entropy."""
    if not examination.layout.rows:
        return examination.skipped("neither vocabulary nor classes are stated")
    batch = examination.quiet(lambda: examination.batch(MANY)) or examination.batch()
    seen = objective(examination, examination.probe, batch)
    calls = [call for call in seen.calls if call.name == "cross_entropy" and len(call.arguments) > 1 and is_integer(call.arguments[1])]
    own = [key for key in labels(examination, examination.batch()) if batch[key].ndim == 1]
    if len(calls) != 1 or len(own) != 1 or calls[0].arguments[0].ndim != 2 or calls[0].arguments[1].shape != batch[own[0]].shape:
        return examination.skipped("neither vocabulary nor classes are stated")
    classes, value = calls[0].arguments[0].shape[1], batch[own[0]]
    kept = value[(value >= 0) & (value < classes)]
    if classes > 10 or kept.numel() < 20 * classes or len(kept.unique()) == classes:
        return examination.passed("every class is among the labels", classes=classes)
    missing = sorted(set(range(classes)) - set(kept.unique().tolist()))
    message = f"{own[0]} never names the classes {missing} of {classes} in {kept.numel()} labels"
    return examination.finding("fail", message, where="batch", path=own[0], hint="Look at how labels are drawn or shifted.")


def known_label(examination: Examination) -> Evidence | list[Evidence]:
    """Compare every label with every input column: a column that equals the label gives it away."""
    if examination.layout.graph or not examination.layout.rows:
        return examination.skipped("samples are not rows of a batch")
    batch = examination.quiet(lambda: examination.batch(MANY)) or examination.batch()
    unread = [
        key
        for key, value in batch.items()
        if isinstance(value, Tensor)
        and value.ndim == 1
        and value.dtype != torch.bool
        and not examination.reads(key)
        and examination.loss_reads(key)
    ]
    for label in unread:
        wanted = batch[label].double()
        if len(wanted.unique()) < 2:
            continue
        for key, value in batch.items():
            if (
                key == label
                or not isinstance(value, Tensor)
                or is_mask(value)
                or not examination.reads(key)
                or value.ndim < 1
                or value.shape[0] != len(wanted)
            ):
                continue
            if not value.is_floating_point():
                continue  # to name one of the tokens can be the task
            columns = value.double().reshape(len(wanted), -1)
            if columns.shape[1] < 2:
                continue  # one number in and the same out: that is the task
            same = (columns == wanted[:, None]).all(dim=0)
            if bool(same.any()):
                column = int(same.nonzero()[0])
                message = f"column {column} of {key} equals {label} in every one of {len(wanted)} samples"
                return examination.finding("fail", message, where="batch", path=key, hint="The input gives the answer away.")
    return examination.passed("no input column equals a label") if unread else examination.skipped("there is no label for each sample")


def negatives(examination: Examination) -> Evidence | list[Evidence]:
    """Collect the pairs that batches give as positive; where negatives are stated to be unseen, none of them may be given as negative."""
    stated = str(examination.facts.get("negatives", "")).lower()
    batch = examination.batch()
    names = partners(batch)
    if not stated or names is None:
        return examination.skipped("no negatives are stated, or no entries of the batch are called positive and negative")
    positive, negative = names
    if not is_integer(batch[positive]) or batch[positive].shape != batch[negative].shape:
        return examination.skipped("positives and negatives are no numbers of items")
    others = [key for key, value in batch.items() if key not in names and is_integer(value) and value.shape == batch[positive].shape]
    anchors = others[:1] if "positive" in positive.lower() else others  # all that a triple holds besides
    liked: set[tuple[tuple[int, ...], int]] = set()
    shunned: list[tuple[tuple[int, ...], int]] = []
    for seed in range(6):
        many = examination.quiet(lambda seed=seed: examination.batch(MANY, seed=seed)) or examination.batch(seed=seed)  # type: ignore[misc]
        owner = list(zip(*(many[key].flatten().tolist() for key in anchors), strict=True)) if anchors else [()] * many[positive].numel()
        liked |= set(zip(owner, many[positive].flatten().tolist(), strict=True))
        shunned += list(zip(owner, many[negative].flatten().tolist(), strict=True))
    share = sum(pair in liked for pair in shunned) / len(shunned)
    unseen = any(word in stated for word in ("not seen", "unseen", "has not", "not liked", "not in", "other than"))
    if unseen and share > 0:
        return examination.finding(
            "fail",
            f"{share:.0%} of the negatives are given as positives elsewhere, and they are stated to be {examination.facts['negatives']}",
            where="batch",
            path=negative,
            hint="Look at the mask that negatives are drawn by.",
            values={"share": share},
        )
    return (
        examination.passed("negatives are no positives elsewhere", share=share)
        if unseen
        else examination.unsure("what a negative must not be is not stated", share=share)
    )


def partners(batch: Batch) -> tuple[str, str] | None:
    """Return (positive, negative) entries: called so, or one called after another as its corruption, as a triple's tail."""
    found = [next((key for key in batch if word in key.lower()), None) for word in ("positive", "negative")]
    if found[0] and found[1]:
        return found[0], found[1]
    for key in batch:
        match = re.fullmatch(r"(?:neg|negative|corrupt(?:ed)?|fake|false|wrong)_(\w+)|(\w+)_(?:neg|negative|corrupt(?:ed)?)", key.lower())
        own = match and (match[1] or match[2])
        if own and own in batch:
            return own, key
    return None


def loaders(examination: Examination) -> Evidence | list[Evidence]:
    """Run through both loaders: no sample in both, a new order each time where shuffled, standardised where stated, the stated sizes."""
    if not examination.has("train_loader"):
        return examination.skipped("the subject has no loaders")
    data = examination.facts.get("data")
    data = data if isinstance(data, dict) else {}
    train = _all(examination, "train_loader", 0)
    found = []
    sizes = {"train": len(train[0])}
    if examination.has("test_loader"):
        test = _all(examination, "test_loader", 0)
        sizes["test"] = len(test[0])
        both = set(train[0]) & set(test[0])
        fine = train[1] is not None and len(train[1].unique()) > 200  # continuous values do not meet by chance
        if both and not fine:
            found.append(examination.unsure(f"{len(both)} samples are in both loaders, which can be chance: their values are few"))
        elif both:
            share = len(both) / max(1, len(set(test[0])))
            found.append(
                examination.finding(
                    "fail",
                    f"{len(both)} test samples ({share:.0%}) are training samples too",
                    where="test_loader",
                    hint="Split once, before anything else.",
                )
            )
    for name, size in sizes.items():
        stated = data.get(name)
        if isinstance(stated, int) and stated != size and not 0 < stated - size < 0.25 * stated:  # the last batch may be dropped
            found.append(
                examination.finding("fail", f"the {name} loader gives {size} samples, and {stated} are stated", where=f"{name}_loader")
            )
    again = _all(examination, "train_loader", 1)
    shuffled = data.get("shuffled") is True or bool(re.search(r"train|yes|each epoch|every epoch", str(data.get("shuffled", "")).lower()))
    if shuffled and train[0] == again[0] and len(train[0]) > 8 and not _reshuffles(examination):
        found.append(
            examination.finding(
                "fail", "the training loader gives the same order every time, and is stated to shuffle", where="train_loader"
            )
        )
    if len(set(train[0])) < 0.5 * len(train[0]):
        found.append(examination.unsure("more than half of the training samples are copies of others"))
    if train[1] is not None and _standardised_there(data.get("standardised")):
        mean, deviation = train[1].mean(dim=0), train[1].std(dim=0)
        whole = abs(float(train[1].mean())) < 0.1 and abs(float(train[1].std()) - 1) < 0.15  # over all values alike
        used = deviation > 1e-8
        if not whole and (float(mean[used].abs().mean()) > 0.1 or abs(float(deviation[used].mean()) - 1) > 0.15):
            text = f"training inputs are stated to be standardised, and have mean {float(mean.abs().mean()):.2g} and deviation {float(deviation.mean()):.2g}"
            drawn = set(train[0]) != set(again[0])  # samples are changed or weighed at random, which moves their mean
            sure = not drawn or float(mean[used].abs().mean()) > 0.5 or abs(float(deviation[used].mean()) - 1) > 0.5
            found.append(examination.finding("fail" if sure else "unsure", text, where="train_loader"))
    return found or examination.passed("loaders keep training and test apart", **{name: float(size) for name, size in sizes.items()})


def _standardised_there(stated: object) -> bool:
    """Say whether the samples of a loader are stated to have mean 0 and deviation 1: not by the model later, not their targets alone, no range."""
    words = str(stated or "").lower()
    elsewhere = re.search(r"^(no|none|not|false)\b|\b(model|network|forward|inside)\b|\[|min-?max|\brange\b", words)
    return (
        bool(words)
        and not elsewhere
        and not (re.search(r"target|label|\by\b", words) and not re.search(r"input|feature|column|\bx\b", words))
    )


def _reshuffles(examination: Examination) -> bool:
    """Say whether one loader gives another order when it is run through again."""
    loader: Any = examination.call("train_loader")
    if iter(loader) is loader:
        return False  # it can be run through once only
    orders = []
    for _ in range(2):
        first = next(iter(loader), None)
        values = first.values() if isinstance(first, dict) else first if isinstance(first, list | tuple) else [first]
        orders.append([value.clone() for value in values if isinstance(value, Tensor)])
    return any(not torch.equal(a, b) for a, b in zip(*orders, strict=False))


def _all(examination: Examination, name: str, seed: int) -> tuple[list[str], Tensor | None]:
    """Return a digest of every sample of a loader in order, and its first floating-point entry as one matrix."""
    digests: list[str] = []
    inputs: list[Tensor] = []
    loader: Any = examination.call(name, seed=seed)
    for number, item in enumerate(loader):
        entries = item.values() if isinstance(item, dict) else item if isinstance(item, list | tuple) else [item]
        tensors = [value for value in entries if isinstance(value, Tensor) and value.ndim >= 1]
        if not tensors or number > 2000:
            break
        floats = [value for value in tensors if value.is_floating_point()]
        told = floats[:1] or tensors[:1]
        if told[0][0].numel() < 3:  # a rating tells no sample from another: its user and item do
            told = [value for value in tensors if len(value) == len(told[0])]
        for row in range(len(told[0])):
            digests.append(hashlib.sha256(b"".join(value[row].contiguous().numpy().tobytes() for value in told)).hexdigest())
        if floats:
            inputs.append(floats[0].reshape(len(floats[0]), -1).double())
    return digests, torch.cat(inputs) if inputs else None


RANGES = card(
    "data",
    "ranges",
    "Tokens beyond the vocabulary, labels beyond the classes, classes that never occur.",
    ("vocabulary", "classes", "ignore_index"),
    "A class so rare that 20 labels a class do not show it.",
    ranges,
)
KNOWN_LABEL = card(
    "data",
    "known label",
    "An input column that equals the label.",
    (),
    "Tasks whose target is an input by definition: their input is no label entry.",
    known_label,
)
NEGATIVES = card(
    "data",
    "negatives",
    "Negatives that are positives elsewhere.",
    ("negatives",),
    "Statements that do not say 'not seen': 'unsure'.",
    negatives,
)
LOADERS = card(
    "data",
    "loaders",
    "Test samples among the training samples, sizes, order and scale that are not as stated.",
    ("data",),
    "Samples that are equal by nature, such as small whole numbers, can meet in both sets.",
    loaders,
)
