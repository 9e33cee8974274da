"""Losses that are stated to run in both directions: exchanging the two sides changes neither their value nor their gradient."""

from __future__ import annotations

import itertools
import re

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance, no_dropout
from .._functions import called
from .._inputs import Batch, is_integer

STATED = r"symmetri|both directions|both ways|both views|each direction|two directions"
SAME = 1e-4


def both_directions(examination: Examination) -> Evidence:
    """Exchange the two views of a batch, or the two arguments of the function that contrasts them."""
    words = examination.words("loss")
    if not re.search(STATED, words):
        return examination.skipped("no loss in both directions is stated")
    return _of_views(examination) or _of_functions(examination) or examination.skipped("no two sides that could be exchanged are seen")


def _of_views(examination: Examination) -> Evidence | None:
    """Exchange two entries that hold views of one sample."""
    if not examination.facts.get("views"):
        return None
    batch = examination.batch()
    keys = [key for key, value in batch.items() if isinstance(value, Tensor) and value.is_floating_point() and value.ndim >= 2]
    pairs = [(a, b) for a, b in itertools.combinations(keys, 2) if batch[a].shape == batch[b].shape]
    if len(pairs) != 1:
        return None
    first, second = pairs[0]
    model = examination.perturbed()
    straight = _slopes(examination, model, batch)
    crossed = _slopes(examination, model, examination.batch() | {first: batch[second], second: batch[first]})
    again = _slopes(examination, model, examination.batch())
    if straight is None or crossed is None or again is None or distance(straight[0], again[0]) > 0:
        return None
    value, slope = (_apart(one, two) for one, two in zip(straight, crossed, strict=True))
    if max(value, slope) <= SAME:
        return examination.passed(f"exchanging {first} and {second} changes nothing")
    if value <= SAME:
        return examination.unsure(
            f"exchanging {first} and {second} changes the gradient alone, as a stop-gradient on purpose does", slope=slope
        )
    return examination.finding(
        "fail",
        f"the loss is stated to run in both directions, and exchanging {first} and {second} changes its value by {value:.2g}",
        where="loss",
        hint="Is one direction left out, does one view stand in both places, or another one?",
        values={"value": value, "gradient": slope},
    )


def _slopes(examination: Examination, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor] | None:
    model.zero_grad()
    with no_dropout(model):
        value = examination.quiet(lambda: examination.loss(model, batch, seed=1))
    if value is None or not value.requires_grad:
        return None
    parameters = [p for p in model.parameters() if p.requires_grad]
    slopes = torch.autograd.grad(value, parameters, allow_unused=True)
    flat = [torch.zeros_like(p).flatten() if slope is None else slope.flatten() for p, slope in zip(parameters, slopes, strict=True)]
    return value.detach().reshape(1), torch.cat(flat).detach()


def _apart(one: Tensor, two: Tensor) -> float:
    return float((one - two).abs().max() / one.abs().max().clamp_min(1e-9))


def _of_functions(examination: Examination) -> Evidence | None:
    """Exchange the first two arguments of a function of the file that takes two arrays of vectors and gives one number."""
    for name, calls in called(examination).items():
        call = calls[0]
        arrays = [key for key, value in call.arguments.items() if isinstance(value, Tensor) and not is_integer(value) and value.ndim == 2]
        number = isinstance(call.result, Tensor) and call.result.numel() == 1
        if name in ("loss", "forward", "step") or len(arrays) != 2 or not number:
            continue
        one, two = (call.arguments[key] for key in arrays)
        if one.shape != two.shape or torch.equal(one, two):
            continue
        with torch.no_grad():
            straight = examination.quiet(lambda c=call: c.again(dict(c.arguments)))  # type: ignore[misc]
            crossed = examination.quiet(lambda c=call, k=arrays, a=one, b=two: c.again(dict(c.arguments) | {k[0]: b, k[1]: a}))  # type: ignore[misc]
        if not isinstance(straight, Tensor) or not isinstance(crossed, Tensor) or distance(straight, call.result) > SAME:
            continue
        change = _apart(straight.reshape(1), crossed.reshape(1))
        if change <= SAME:
            return examination.passed(f"exchanging {arrays[0]} and {arrays[1]} of {name} changes nothing")
        return examination.finding(
            "fail",
            f"the loss is stated to run in both directions, and exchanging {arrays[0]} and {arrays[1]} changes {name} by {change:.2g}",
            where=name,
            hint="Is one direction left out, or taken twice?",
            values={"change": change},
        )
    return None


BOTH_DIRECTIONS = card(
    "contrastive",
    "both directions",
    "A symmetric loss of which one direction is missing or doubled.",
    ("loss", "views"),
    "Only words in the stated loss that say so arm it; a loss that draws random numbers is left out.",
    both_directions,
)
