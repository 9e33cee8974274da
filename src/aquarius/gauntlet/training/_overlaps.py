"""Samples cut from longer records, and their scales: targets that begin inside the input, statistics over other axes than stated."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination
from ..profiles._pairs import VIEWS

PER_CHANNEL = r"(per|each|every|by) (colour |color )?(channel|column|feature|variable|sensor|series)|channel-?wise|column-?wise"
OUTSIDE = ("build", "forward", "loss", "step", "optimizer", "scheduler")
EXACT, CLEAR, FAR = 5e-4, 5e-3, 0.15


def overlapping_target(examination: Examination) -> Evidence:
    """Look for steps of a target that are steps of the input, in every sample: a few at one end, where windows overlap."""
    batch = examination.batch()
    if any("reward" in key.lower() for key in batch):
        return examination.skipped("rewards are in the batch: the next state of a step may hold a part of its state")
    wanted = [
        key
        for key, value in batch.items()
        if isinstance(value, Tensor)
        and value.is_floating_point()
        and value.ndim >= 2
        and not examination.reads(key)
        and examination.loss_reads(key)
    ]
    given = [
        key
        for key, value in batch.items()
        if isinstance(value, Tensor) and value.is_floating_point() and value.ndim >= 2 and examination.reads(key)
    ]
    looked = 0
    for source in ("batch", "train_loader"):
        rows = batch if source == "batch" else _first(examination)
        for target in wanted:
            for key in given:
                if examination.facts.get("views") or all(re.match(VIEWS, name.lower()) for name in (key, target)):
                    continue  # two views of a sample are to share what they hold
                share = _shared(rows.get(key), rows.get(target))
                looked += share is not None
                if share is not None and 0 < share < 0.5:
                    text = (
                        f"{share:.0%} of the steps of {target} are steps of {key} in every sample of {source}: the answer is partly given"
                    )
                    where = _maker(examination, target, source)
                    return examination.finding(
                        "fail", text, where=where, path=target, hint="Where does one window end and the other begin?"
                    )
    return (
        examination.passed("no step of a target stands in the input")
        if looked
        else examination.skipped("no target has steps as an input has")
    )


def _maker(examination: Examination, key: str, source: str) -> str:
    places = [p for p in examination.source.holding(rf"[\"']{re.escape(key)}[\"']") if "." not in p and p not in OUTSIDE]
    helpers = [p for p in places if p != "batch"]
    return helpers[0] if source != "batch" and len(helpers) == 1 else source


def _first(examination: Examination) -> dict[str, Any]:
    if not examination.has("train_loader"):
        return {}
    item = examination.quiet(lambda: next(iter(examination.call("train_loader")), None))
    return item if isinstance(item, dict) else {}


def _shared(given: Any, wanted: Any) -> float | None:
    """Return the share of the target's steps (axis 1) that equal a step of the input in all samples; None where they are not alike."""
    if not isinstance(given, Tensor) or not isinstance(wanted, Tensor) or given.ndim != wanted.ndim or len(given) != len(wanted):
        return None
    if len(given) < 4 or given.shape[2:] != wanted.shape[2:] or wanted.shape[1] < 4:
        return None
    equal = (given[:, :, None] == wanted[:, None, :]).flatten(3).all(dim=3) if given.ndim > 2 else given[:, :, None] == wanted[:, None, :]
    varied = torch.tensor([len(step.unique()) > 0.5 * step.numel() for step in wanted.unbind(1)])  # no step that is the same everywhere
    return float((equal.all(dim=0).any(dim=0) & varied).float().mean())


def stated_columns(examination: Examination) -> Evidence:
    """Where standardisation is stated for each channel or column: not one mean and one deviation for all of them."""
    data = examination.facts.get("data")
    words = str(data.get("standardised", "")).lower() if isinstance(data, dict) else ""
    if not re.search(PER_CHANNEL, words) or not examination.has("train_loader"):
        return examination.skipped("standardisation is not stated for each channel or column")
    values = _all(examination)
    if values is None or values.ndim not in (2, 4):
        return examination.skipped("the training samples are neither rows of a table nor images")
    axes = (0,) if values.ndim == 2 else (0, 2, 3)
    mean, spread = values.mean(dim=axes), values.std(dim=axes)
    worst = max(float(mean.abs().max()), float((spread - 1).abs().max()))
    whole = max(abs(float(values.mean())), abs(float(values.std()) - 1))
    text = ""
    if whole < EXACT and worst > CLEAR:
        text = f"one mean and one deviation were taken over all of them ({worst:.2g} off in one)"
    elif float(mean.abs().max()) > FAR or float((spread - 1).abs().max()) > 2 * FAR:
        text = f"one of {mean.numel()} has mean {float(mean.abs().max()):.2g}, or a deviation that far from 1"
    if text:
        places = [p for p in examination.source.holding(r"\.std\(|\.var\(|std_mean") if "." not in p and p not in OUTSIDE]
        where = places[0] if len(places) == 1 else "train_loader"
        return examination.finding(
            "fail", f"inputs are stated to be standardised {words}; {text}", where=where, hint="Look at the axes of mean and deviation."
        )
    return examination.passed("statistics were not taken over all channels alike", worst=worst)


def _all(examination: Examination) -> Tensor | None:
    """Return the first entry of real numbers of all training samples."""
    parts: list[Tensor] = []
    loader: Any = examination.call("train_loader")
    for number, item in enumerate(loader):
        entries = item.values() if isinstance(item, dict) else item if isinstance(item, list | tuple) else [item]
        first = next((value for value in entries if isinstance(value, Tensor) and value.is_floating_point() and value.ndim >= 2), None)
        if first is None or number > 500:
            return None
        parts.append(first.double())
    return torch.cat(parts) if parts and len({part.shape[1:] for part in parts}) == 1 else None


OVERLAP = card(
    "data",
    "overlapping target",
    "A target whose first or last steps are steps of its own input.",
    (),
    "Targets that hold half of the input or more are taken for shifted copies, which other checks look at.",
    overlapping_target,
)
COLUMNS = card(
    "data",
    "stated columns",
    "One mean and deviation for all channels where one for each is stated.",
    ("data",),
    "Loaders that change their samples at random are exact in neither way, and pass.",
    stated_columns,
)
