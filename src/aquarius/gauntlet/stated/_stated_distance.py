"""The stated distance, held against what the subject's function or forward gives for pairs of vectors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...core import Evidence
from .._calls import FunctionCall
from .._check import card
from .._examination import Examination
from .._functions import called
from .._trace import watching
from ._quantities import Results

SAME = 2e-3  # a small number may stand under the root
Measure = Callable[[Tensor], Tensor]  # of differences, over their last axis
MEASURES: dict[str, Measure] = {
    "the Euclidean distance": lambda x: x.square().sum(-1).sqrt(),
    "the squared Euclidean distance": lambda x: x.square().sum(-1),
    "the sum of absolute differences": lambda x: x.abs().sum(-1),
    "the mean of squared differences": lambda x: x.square().mean(-1),
    "the root of the mean of squared differences": lambda x: x.square().mean(-1).sqrt(),
    "the mean of absolute differences": lambda x: x.abs().mean(-1),
    "the largest difference": lambda x: x.abs().amax(-1),
}
STATED = (
    (r"squared (euclid|l_?2|distance)|euclidean,? squared|squared$", "the squared Euclidean distance"),
    (r"euclid|l_?2", "the Euclidean distance"),
    (r"manhattan|l_?1|absolute", "the sum of absolute differences"),
)


def stated_distance(examination: Examination) -> list[Evidence]:
    """Compute the stated distance of the vectors that a function named so, or a forward that gives it, was given; only another known one fails."""
    words = examination.words("distance")
    wanted = next((name for pattern, name in STATED if re.search(pattern, words)), None)
    if wanted is None or re.search(r"cosine|times|scaled|weighted|normali", words):
        return [examination.skipped("no plain distance is stated")]
    found = [_judged(examination, name, pairs, result, wanted) for name, pairs, result in _measured(examination)]
    return found or [examination.skipped("no function gives distances of vectors that are seen")]


Pairs = list[tuple[Tensor, Tensor]]


def _measured(examination: Examination) -> Iterator[tuple[str, Pairs, Tensor]]:
    """Yield (function, the pairs of arrays of vectors that it may compare, its result)."""
    calls = called(examination)
    for name, own in calls.items():
        if re.search(r"dist|cdist|pairwise", name.rpartition(".")[2].lower()) and isinstance(own[0].result, Tensor):
            yield name, _given(own[0]), own[0].result.detach()
    if examination.words("output") == "distance" and examination.layout.rows:
        model, batch = examination.probe, examination.batch()
        with torch.no_grad(), watching(model) as events:
            output = examination.forward(model, batch, seed=3)
        vectors = [
            tensors[0]
            for kind, path, tensors in events
            if kind == "out" and path and tensors and tensors[0].ndim == 2 and len(tensors[0]) in (len(output), 2 * len(output))
        ]
        halves = [half for value in vectors for half in (value.chunk(2) if len(value) == 2 * len(output) else (value,))]
        pairs = [(a, b) for place, a in enumerate(halves) for b in halves[place + 1 :] if a.shape == b.shape]
        if any(value.is_floating_point() for value in batch.values() if isinstance(value, Tensor)):
            yield examination.where(model, ""), pairs[-40:], output.detach()
        else:  # numbers of things: the difference of their vectors is made on the way
            recorder = Results(examination.source)
            with torch.no_grad(), recorder:
                examination.forward(model, batch, seed=3)
            made = [value for value, _ in recorder.kept if value.ndim == output.ndim + 1 and value.shape[:-1] == output.shape]
            yield examination.where(model, ""), [(value, torch.zeros_like(value)) for value in made[-40:]], output.detach()


def _given(call: FunctionCall) -> Pairs:
    arrays = [value for value in call.arguments.values() if isinstance(value, Tensor) and value.ndim >= 2 and value.is_floating_point()]
    if len(arrays) == 1:
        return [(arrays[0], arrays[0])]
    return [(arrays[0], arrays[1])] if len(arrays) == 2 and arrays[0].shape[-1] == arrays[1].shape[-1] else []


def _differences(a: Tensor, b: Tensor, shape: torch.Size) -> Iterator[Tensor]:
    """Yield the differences of vectors in the arrangements that give a result of this shape."""
    options = []
    if a.ndim == b.ndim:
        options += [(a, b), (a.unsqueeze(-2), b.unsqueeze(-3))]
    elif b.ndim == a.ndim + 1:
        options.append((a.unsqueeze(-2), b))
    elif a.ndim == b.ndim + 1:
        options.append((a, b.unsqueeze(-2)))
    for one, two in options:
        try:
            gap = one.double() - two.double()
        except RuntimeError:
            continue
        if gap.shape[:-1] == shape:
            yield gap


def _judged(examination: Examination, name: str, pairs: Pairs, result: Tensor, wanted: str) -> Evidence:
    got = result.double()
    known = set()
    for a, b in pairs:
        for gap in _differences(a.detach(), b.detach(), got.shape):
            for measure, function in MEASURES.items():
                value = function(gap)
                if any(_near(sign * got, value) for sign in (1.0, -1.0)):
                    known.add(measure)
    if wanted in known:
        return examination.passed(f"{name} gives {wanted}, as stated")
    if known and not (known == {"the squared Euclidean distance"} and re.search(r"sq", name.lower())):
        return examination.finding(
            "fail",
            f"{name} gives {min(known)}, and {wanted} is stated",
            where=name,
            hint="Look at the root, the square, and at sum or mean over the elements of a vector.",
        )
    return examination.unsure(f"{name} gives no distance that is known here")


def _near(got: Tensor, value: Tensor) -> bool:
    scale = float(value.abs().max())
    return scale > 1e-6 and float((got - value).abs().max()) <= SAME * scale


STATED_DISTANCE = card(
    "contrastive",
    "stated distance",
    "A distance that is not the stated one: squared or not, a mean for a sum, absolute for squared differences.",
    ("distance", "output"),
    "A function named after a distance that gives half of the work: only exact equality with another known distance fails.",
    stated_distance,
)
