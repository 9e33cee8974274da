"""Masked language models: which tokens are masked and predicted, and how many."""

from __future__ import annotations

import math
import re

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._functions import own_functions
from .._inputs import Batch, is_integer

MANY = 512  # samples
SHOWN = 0.3  # of the predicted tokens: the usual tenth that is kept, and a random token that is the same by chance, are below


def masking(examination: Examination) -> Evidence | list[Evidence]:
    """Count masked tokens over many samples: the stated share, replaced by the stated token, predicted there and nowhere else."""
    index = examination.number("mask_index")
    batch = examination.quiet(lambda: examination.batch(MANY)) or examination.batch()
    if index is None:
        if "mask" not in examination.words("task") or examination.facts.get("causal"):
            return examination.skipped("no masking of tokens is stated")
        return _mostly_shown(examination, batch) or examination.skipped("no token is stated to stand for a masked one")
    tokens = _masked_entry(examination, batch, int(index))
    if tokens is None:
        hint = "Is the masked copy the one that is returned?"
        return examination.finding(
            "fail", f"the mask token {index:g} is stated and stands in no input", where=_where(examination), hint=hint
        )
    masked = batch[tokens] == index
    texts: list[tuple[str, str, str]] = []
    for key, value in batch.items():
        if (
            key == tokens
            or not is_integer(value)
            or value.shape != masked.shape
            or examination.reads(key)
            or not examination.loss_reads(key)
        ):
            continue
        ignore = examination.number("ignore_index")
        predicted = value != (int(ignore) if ignore is not None else -100)
        if not bool(predicted.all()):
            texts += [(key, *text) for text in _wrong(examination, batch[tokens], value, predicted, int(index))]
    where = _where(examination)
    found = [examination.finding("fail", text, where=where, path=key, hint=hint) for key, text, hint in texts]
    return found or examination.passed("tokens are masked as stated", share=float(masked.float().mean()))


def _mostly_shown(examination: Examination, batch: Batch) -> Evidence | None:
    """Say that more than half of the few tokens that are to be predicted stand in the input as they are."""
    for key, value in batch.items():
        if not is_integer(value) or value.ndim != 2 or examination.reads(key) or not examination.loss_reads(key):
            continue
        ignore = examination.number("ignore_index")
        predicted = value != int(ignore) if ignore is not None else value >= 0
        inputs = [other for name, other in batch.items() if is_integer(other) and other.shape == value.shape and examination.reads(name)]
        if not 0.01 < float(predicted.float().mean()) < 0.6 or not inputs:
            continue
        shown = max(float((given == value)[predicted].float().mean()) for given in inputs)
        if shown > 0.5:
            text = f"{shown:.0%} of the predicted tokens stand in the input as they are, and the model is stated to predict masked ones"
            hint = "Copy the targets before tokens are masked, and mask the positions that are predicted."
            return examination.finding("fail", text, where=_where(examination), path=key, hint=hint)
    return None


def _masked_entry(examination: Examination, batch: Batch, index: int) -> str | None:
    for key, value in batch.items():
        if is_integer(value) and value.ndim == 2 and examination.reads(key) and bool((value == index).any()):
            return key
    return None


def _where(examination: Examination) -> str:
    """Return the one function of the file that is named after the masking, the batch where there is none."""
    own = [name for name in own_functions(examination) if "." not in name and re.search("mask|corrupt|noise|hide", name.lower())]
    return own[0] if len(own) == 1 else "batch"


def _wrong(examination: Examination, given: Tensor, value: Tensor, predicted: Tensor, index: int) -> list[tuple[str, str]]:
    """Return (what is wrong, a hint) of one entry of targets."""
    masked = given == index
    found = []
    loose = float((masked & ~predicted).float().sum() / masked.float().sum())
    if loose > 0.02:
        found.append((f"{loose:.0%} of the masked tokens are not predicted", "Masked and predicted positions are the same."))
    if bool((value[predicted] == index).any()):
        return [*found, ("the mask token itself is a target", "Copy the tokens before they are masked.")]
    shown = float((predicted & (given == value)).float().sum() / predicted.float().sum())
    if shown > SHOWN:
        found.append(
            (f"{shown:.0%} of the predicted tokens stand in the input as they are", "Are the chosen positions the ones that are masked?")
        )
    original = torch.where(predicted, value, given)
    special = special_tokens(original, examination.number("padding_index"))
    taken = sorted(special & set(value[predicted].unique().tolist()))
    if taken:
        text = f"token {taken[0]}, which stands equally often in every sample, is masked and predicted"
        found.append((text, "Special tokens (start, separator, padding) are not to be chosen."))
    off = _rate(examination, original, predicted, special)
    return [*found, (off, "Look at the comparison with the rate, and at what it is a share of.")] if off else found


def special_tokens(original: Tensor, padding: float | None) -> set[int]:
    """Return padding and the few tokens that stand equally often in every sample, as start and separator do."""
    found = set() if padding is None else {int(padding)}
    if len(original) < 64:
        return found
    every = original.unique().tolist()
    equal = set()
    for token in every:
        counts = (original == token).sum(dim=1)
        if int(counts.min()) == int(counts.max()) and token not in found:
            equal.add(int(token))
    return found | equal if len(equal) <= min(4, len(every) // 4) else found


def _rate(examination: Examination, original: Tensor, predicted: Tensor, special: set[int]) -> str:
    rate = examination.number("mask_rate")
    if rate is None or not 0 < rate < 1:
        return ""
    ordinary = ~torch.isin(original, torch.tensor(sorted(special), dtype=original.dtype))
    count = float(ordinary.sum())
    share = float((predicted & ordinary).sum()) / max(count, 1.0)
    per_row = (predicted & ordinary).sum(dim=1).double()
    length = count / len(original)
    even = float(per_row.var()) < 0.5 * length * rate * (1 - rate)  # a number for each sample, rounded
    slack = 0.25 * rate + 4 * math.sqrt(rate * (1 - rate) / max(count, 1.0))
    above, below = (1 - rate) / max(length, 1.0), 0.75 / max(length, 1.0) if even else 0.0  # one at least in each sample
    off = share > rate + slack + above or share < rate - slack - below
    return f"{share:.1%} of the ordinary tokens are predicted, and {rate:.1%} are stated" if off else ""


def stated_segments(examination: Examination) -> Evidence:
    """Count the segments that the batch numbers: as many as are stated."""
    stated = examination.number("segments")
    if stated is None or stated < 2:
        return examination.skipped("no segments are stated")
    batch = examination.quiet(lambda: examination.batch(MANY)) or examination.batch()
    keys = [key for key, value in batch.items() if is_integer(value) and value.ndim == 2 and re.search("seg|type", key.lower())]
    if len(keys) != 1:
        return examination.skipped("no one entry of the batch is named after segments")
    seen = batch[keys[0]].unique().tolist()
    if len(seen) == stated and min(seen) == 0 and max(seen) == stated - 1:
        return examination.passed(f"the batch numbers {stated:g} segments")
    text = f"{keys[0]} numbers the segments {seen[:6]}, and {stated:g} segments are stated"
    return examination.finding("fail", text, where="batch", path=keys[0], hint="Each sentence of a pair has its own segment.")


MASKING = card(
    "data",
    "masking",
    "Masked tokens that are not predicted, predicted ones that are shown, special ones that are chosen, or another share than stated.",
    ("mask_index", "mask_rate", "padding_index", "ignore_index"),
    "Ordinary tokens that stand equally often in every sample are taken for special ones where they are few.",
    masking,
)
SEGMENTS = card(
    "data",
    "stated segments",
    "A batch that does not number the stated segments: all tokens in one, or more than there are.",
    ("segments",),
    "Entries that are not named after segments or types are not looked at.",
    stated_segments,
)
