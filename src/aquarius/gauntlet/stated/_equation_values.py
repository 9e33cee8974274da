"""Which values the atoms of a stated equation may have: what a function was given, what its object holds, and what is made of these."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .._calls import FunctionCall
from ._aligned import Axes
from ._expressions import Node


@dataclass(frozen=True)
class Option:
    """One value that an atom may have: which parameter it comes from, and how well their names go together."""

    source: str
    value: Tensor
    score: int
    raw: Tensor | None = None  # before it was laid along the axes
    beside: str = ""  # another parameter that it is made with


def written(code: str) -> list[float]:
    """Return the numbers that stand in a function's code."""
    return list(dict.fromkeys(float(text) for text in re.findall(r"(?<![\w.])\d+\.?\d*(?:e-?\d+)?(?![\w.])", code)))[:12]


def sources_of(call: FunctionCall) -> dict[str, Any]:
    """Return the arrays and numbers that a function was given, members of tuples one by one, and those that its object holds."""
    found: dict[str, Any] = {}
    for name, value in call.arguments.items():
        if isinstance(value, tuple | list) and all(isinstance(item, Tensor) for item in value):
            found |= {f"{name}[{place}]": item.detach() for place, item in enumerate(value)}
        elif isinstance(value, Tensor) and value.ndim > 1 and len(value) == 2 and value.is_floating_point():
            found |= {f"{name}[{place}]": value[place].detach() for place in (0, 1)}
        elif isinstance(value, Tensor) or (isinstance(value, int | float) and not isinstance(value, bool)):
            found[name] = value
    if isinstance(call.owner, nn.Module):
        for child, module in call.owner.named_children():
            if isinstance(module, nn.Linear) and len(set(module.weight.shape)) == 2:
                found[f"{child}_weight"] = module.weight.detach()
    for name, value in call.attributes.items():
        if not isinstance(value, Tensor) or len(set(value.shape)) == value.ndim:
            found.setdefault(name, value)
    return found


NEGATED = r"alive|not_|non|continu|going|mask|live|valid|undone|discount"
CHANGED: dict[str, Callable[[Tensor], Tensor]] = {
    NEGATED: lambda value: 1 - value,
    r"sqrt|root": torch.square,
    r"inv|recip|precision": torch.reciprocal,
    r"^neg_|negated|minus|cost": torch.neg,
    r"square|sq": torch.sqrt,
}


def forms(source: str, given: Tensor, atom: Node, sources: dict[str, Any]) -> Iterator[tuple[Tensor, str]]:
    """Yield what an argument may give for an atom: itself; probabilities from logarithms or scores; a deviation from a logarithm."""
    value = given.double()
    yield value, ""
    if not given.is_floating_point():
        if re.search(NEGATED, source.lower()):
            yield 1 - value, ""
        return
    lower = source.lower()
    for pattern, changed in CHANGED.items():  # what the name says was done to it before
        if re.search(pattern, lower):
            yield changed(value), ""
    if atom.name in ("\\pi", "p", "q", "\\hat p", "P"):
        yield value.exp(), ""
        if re.search(r"logit|score", lower) and value.ndim > 1:
            shares = F.softmax(value, dim=-1)
            yield shares, ""
            yield value.sigmoid(), ""
            for name, other in sources.items():
                if isinstance(other, Tensor) and other.dtype == torch.long and other.shape == value.shape[:-1]:
                    with suppress(RuntimeError):
                        yield shares.gather(-1, other.unsqueeze(-1)).squeeze(-1), name
    elif "log" in lower:
        yield value.exp(), ""
        if "var" in lower:
            yield (value / 2).exp(), ""
    elif "var" in lower and bool((value >= 0).all()):
        yield value.sqrt(), ""


STATISTICS = ("\\mu", "\\sigma")


def statistic_of(given: Tensor, atom: Node, axes: Axes, over_samples: bool) -> Tensor | None:
    """Return the mean of an argument for a \\mu, its deviation for a \\sigma: along its last axis, or over the samples; None for other atoms."""
    if atom.name not in STATISTICS or not given.is_floating_point() or given.ndim < 2:
        return None
    laid = axes.laid(given.double())
    place = next((k for k, size in enumerate(axes.sizes) if size == given.shape[0 if over_samples else -1]), None)
    if laid is None or place is None or laid.shape[place] < 2:
        return None
    return laid.mean(dim=place, keepdim=True) if atom.name == "\\mu" else laid.std(dim=place, unbiased=False, keepdim=True)
