"""What may be exchanged in a loss: the samples of a batch, and two views of which it is stated to take both orders."""

from __future__ import annotations

import re

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination, no_dropout
from .._inputs import Batch, select
from ..profiles._pairs import pairs_of_views
from ..profiles._variational import FixedNoise

SAME, SURE = 1e-4, 1e-2
IN_ORDER = ("truncation", "accumulation", "discount", "gae_lambda", "negatives", "experts", "top_k", "mining")
BOTH = re.compile(r"symmetri[sz]|both (orders|directions|ways)|two (orders|directions)|each order")


def _value(examination: Examination, batch: Batch) -> float:
    """Return the loss of a perturbed model in evaluation mode with every normal draw held at one number."""
    model = examination.probe
    with torch.no_grad(), no_dropout(model), FixedNoise(0.5):
        return float(examination.loss(model, batch, seed=3).double())


def samples_exchanged(examination: Examination) -> Evidence:
    """Put the samples of a batch in another order, in every entry alike: a mean or sum over samples stays as it is."""
    if not examination.layout.rows or any(key in examination.facts for key in IN_ORDER):
        return examination.skipped("samples are no rows, or it is stated that their order may count")
    size = examination.layout.size
    batch = examination.batch()
    if any(isinstance(value, Tensor) and value.ndim and examination.layout.axes.get(key) is None for key, value in batch.items()):
        return examination.skipped("an entry of the batch has no axis of samples, and may say which of them is which")
    again = examination.quiet(lambda: _value(examination, examination.batch()))
    with torch.no_grad():
        other = examination.quiet(lambda: float(_random(examination)))
    first = examination.quiet(lambda: _value(examination, examination.batch()))
    if first is None or again is None or other is None or first != again or abs(other - first) > SAME * max(1.0, abs(first)):
        return examination.skipped("the loss draws random numbers, or is refused")
    changes = []
    for seed in (1, 2):
        order = torch.randperm(size, generator=torch.Generator().manual_seed(seed))
        value = examination.quiet(lambda order=order: _value(examination, select(batch, order, examination.layout.axes)))  # type: ignore[misc]
        if value is None:
            return examination.skipped("the loss is refused for another order of the samples")
        changes.append(abs(value - first) / max(1e-3, abs(first)))
    change = min(changes)
    if change < SAME:
        return examination.passed("the order of the samples does not count", change=change)
    if change < SURE:
        return examination.unsure("another order of the samples changes the loss by little", change=change)
    return examination.finding(
        "fail",
        f"the same samples in another order have another loss, by {change:.3g} of it: a sample is paired with what belongs to another",
        where=_pairing(examination),
        hint="Look for labels, rolls and flips that pair one row with another.",
        values={"change": change},
    )


def _random(examination: Examination) -> float:
    """Return the loss with another seed, its normal draws held."""
    model = examination.probe
    with no_dropout(model), FixedNoise(0.5):
        return float(examination.loss(model, examination.batch(), seed=4).double())


def _pairing(examination: Examination) -> str:
    found = [
        name for name in examination.source.holding(r"arange|roll\(|flip\(|randperm|argsort") if name not in ("build", "batch", "step")
    ]
    found = [name for name in found if not name.endswith("__init__")]
    helpers = [name for name in found if name in examination.source.functions and name != "loss"]
    return helpers[0] if len(helpers) == 1 and "loss" not in found else "loss"


def views_exchanged(examination: Examination) -> Evidence:
    """Exchange two views: a loss that is stated to take both orders stays as it is."""
    equations = examination.facts.get("equations")
    printed = str(equations.get("loss", "")) if isinstance(equations, dict) else ""
    orders = re.search(r"(p_?\{?1\}?.*z_?\{?2\}?.*p_?\{?2\}?.*z_?\{?1\}?)", printed) is not None
    if not BOTH.search(examination.words("loss")) and not orders:
        return examination.skipped("no loss of both orders of two views is stated")
    for first, second in pairs_of_views(examination):
        batch = examination.batch()
        one = examination.quiet(lambda: _value(examination, examination.batch()))
        swapped = batch | {first: batch[second], second: batch[first]}
        two = examination.quiet(lambda: _value(examination, swapped))  # noqa: B023
        if one is None or two is None:
            continue
        change = abs(one - two) / max(1e-3, abs(one))
        if change < SAME:
            return examination.passed(f"{first} and {second} can be exchanged in the loss", change=change)
        return examination.finding(
            "fail",
            f"exchanging {first} and {second} changes the loss by {change:.3g} of it, and both orders are stated to be taken",
            where="loss",
            hint="Add the term with the views the other way round, with the same weight.",
            values={"change": change},
        )
    return examination.skipped("no two views of one shape are in the batch")


SAMPLES = card(
    "loss",
    "order of samples",
    "A loss that changes with the order of a batch's samples: labels shifted against rows, targets of another sample.",
    IN_ORDER,
    "Negatives taken from neighbours in the batch, states carried over: skipped where stated.",
    samples_exchanged,
)
VIEWS = card(
    "contrastive",
    "both orders",
    "A loss over two views that is stated to be symmetrised and takes one order.",
    ("loss", "equations", "views"),
    "Views of different kinds: their exchange is refused or not looked at.",
    views_exchanged,
)
