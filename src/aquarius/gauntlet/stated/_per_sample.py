"""Functions stated as a mean over samples: of a batch they are the mean of what they are for each sample alone."""

from __future__ import annotations

import re

import torch
from torch import Tensor

from ...core import Evidence
from .._calls import FunctionCall
from .._check import card
from .._examination import Examination
from .._functions import called

MEAN = re.compile(r"^\s*(?:1\s*-|-)?\s*\\frac\s*\{?\s*1\s*\}?\s*\{?\s*(?:N|B|n|\|\s*B\s*\|)\s*\}?\s*\\sum_\{?([a-z])\b")
APART = 1e-3


def mean_over_samples(examination: Examination) -> list[Evidence]:
    """Call a function that is stated as a mean over samples with each sample alone, and compare the mean with its value for all."""
    equations = examination.facts.get("equations")
    calls = called(examination)
    found = []
    for name, latex in sorted(equations.items()) if isinstance(equations, dict) else ():
        if name in calls and isinstance(latex, str) and _of_each(latex):
            found += [_compared(examination, name, call) for call in calls[name][:1]]
    return found or [examination.skipped("no function is stated as a mean over samples that do not know of one another")]


def _of_each(latex: str) -> bool:
    """Say whether a display is a mean over one index that stands at everything that has indices, but for those of inner sums."""
    start = MEAN.match(latex)
    if start is None:
        return False
    rest = latex[start.end() :]
    below = [index.strip("{}") for index in re.findall(r"(?<!\\sum)(?<!\\log)_(\{[a-z]+\}|[a-z])", rest)]
    return bool(below) and all(start[1] in index for index in below if not re.fullmatch(r"[a-z]{4,}", index))


def _compared(examination: Examination, name: str, call: FunctionCall) -> Evidence:
    arrays = {key: value for key, value in call.arguments.items() if isinstance(value, Tensor) and value.ndim > 0}
    sizes = {len(value) for value in arrays.values()}
    if len(sizes) != 1 or not isinstance(call.result, Tensor) or call.result.numel() != 1 or call.owner is not None:
        return examination.unsure(f"{name} is not given arrays of as many samples, or gives no number")
    singles = []
    with torch.no_grad():
        for row in range(min(sizes)):
            given = call.arguments | {key: value[row : row + 1] for key, value in arrays.items()}
            one = examination.quiet(lambda given=given: call.again(given))  # type: ignore[misc]
            if not isinstance(one, Tensor) or one.numel() != 1 or not bool(one.isfinite()):
                return examination.unsure(f"{name} takes no single sample")
            singles.append(float(one))
    whole, mean, total = float(call.result), sum(singles) / len(singles), sum(singles)
    values = {"all": whole, "mean": mean}
    if abs(whole - mean) <= APART * max(abs(whole), abs(mean), 1e-6):
        return examination.passed(f"{name} is the mean over its samples", **values)
    what = "their sum" if abs(whole - total) <= APART * max(abs(whole), 1e-6) else "another number"
    text = f"{name} is stated as a mean over samples; of all it is {whole:.4g}, which is {what}, and the mean of each alone is {mean:.4g}"
    return examination.finding("fail", text, where=name, hint="Sum over the elements of one sample first, then average.", values=values)


PER_SAMPLE = card(
    "equations",
    "mean over samples",
    "A function that is stated as a mean over samples and pools them first, or adds them up.",
    ("equations",),
    "Displays in which anything has an index without the sample's: they compare samples, and are skipped.",
    mean_over_samples,
)
