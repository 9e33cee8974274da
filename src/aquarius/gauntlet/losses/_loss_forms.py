"""Losses by their closed forms: what an overlap, a likelihood, a quantile loss, an alignment loss must give on inputs whose answer is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import torch
from torch import Tensor

from ...core import Evidence
from .._calls import FunctionCall, named, recorded, run
from .._check import Check
from .._examination import Examination
from .._inputs import is_integer
from .._objective import made_by
from .._trace import Recorder

OVERLAP = re.compile(r"(?i)(^|_|\.)(soft_?)?(dice|jaccard|iou|tversky)(?!.*(bce|cross|entropy|focal|log))")
BOXES = re.compile(r"(?i)(^|_|\.)[gdc]?iou")
QUANTILE = re.compile(r"(?i)pinball|quantile|tilted")
LIKELIHOOD = re.compile(r"(?i)likelihood|nll|gauss|laplace|heterosced|negative_log|log_prob")
MEANS = ("mean", "mu", "loc", "location", "prediction", "pred", "forecast", "centre", "center")
TARGETS = ("target", "targets", "y", "x", "value", "values", "truth", "observed", "observation", "label")
FAR = 1e3


def _calls(examination: Examination, pattern: re.Pattern[str]) -> Iterator[tuple[str, FunctionCall]]:
    """Yield (name, first call) of the functions and methods of the file whose name fits a pattern and that the loss calls."""
    places = list(examination.source.functions)
    for kind in examination.source.classes:
        if pattern.search(kind):
            places.append(f"{kind}.forward")
    fitting = [(place, found) for place in places if pattern.search(place) and (found := named(examination, place)) is not None]
    if not fitting:
        return
    with ExitStack() as stack:
        seen = [(place, stack.enter_context(recorded(*found))) for place, found in fitting]
        run(examination, examination.perturbed(), examination.batch())
    for place, calls in seen:
        if calls:
            yield place, calls[0]


def _hard(value: object) -> bool:
    return isinstance(value, Tensor) and value.ndim >= 2 and bool(((value == 0) | (value == 1)).all())


def overlap(examination: Examination) -> Evidence | list[Evidence]:
    """Give an overlap of masks a mask and itself: it is 1 (its loss 0); and see that it is given memberships, not scores."""
    found = []
    looked = 0
    for place, call in _calls(examination, OVERLAP):
        floats = [name for name, value in call.arguments.items() if isinstance(value, Tensor) and value.is_floating_point()]
        masks = [name for name in floats if _hard(call.arguments[name])]
        others = (
            [name for name in floats if name not in masks and call.arguments[name].shape == call.arguments[masks[0]].shape] if masks else []
        )
        if len(masks) != 1 or len(others) != 1 or not isinstance(call.result, Tensor):
            continue
        looked += 1
        found += _direction(examination, place, call, others[0], masks[0])
        given = call.arguments[others[0]]
        squashes = bool(re.search(r"sigmoid|softmax", examination.source.code(place)))
        if not squashes and (float(given.min()) < -1e-3 or float(given.max()) > 1 + 1e-3):
            text = f"{place} is given values from {float(given.min()):.3g} to {float(given.max()):.3g}, and an overlap is one of memberships between 0 and 1"
            found.append(
                examination.finding(
                    "fail", text, where=_caller(examination, place), hint="Take the sigmoid or softmax of the scores first."
                )
            )
            continue
        if squashes and bool(((given >= 0) & (given <= 1)).all()):
            if made_by_probabilities(examination, given):
                text = f"{place} squashes its input, and is given values between 0 and 1 that were squashed before"
                found.append(examination.finding("unsure", text, where=_caller(examination, place)))
            continue
        if not squashes:
            found += _of_itself(examination, place, call, others[0], masks[0])
    boxes = _boxes(examination)
    found, looked = found + boxes[1], looked + boxes[0]
    if not looked:
        return examination.skipped("no overlap of masks or boxes is computed")
    return found or examination.passed("an overlap of a mask with itself is complete", functions=float(looked))


def _direction(examination: Examination, place: str, call: FunctionCall, soft: str, hard: str) -> list[Evidence]:
    """Raise what an overlap gives: the loss must fall with an overlap, and rise with the loss of one."""
    mask = call.arguments[hard]

    def value(given: Tensor) -> Tensor | None:
        result = examination.quiet(lambda: call.again(call.arguments | {soft: given}))
        return result if isinstance(result, Tensor) else None

    with torch.no_grad():
        whole, none = value(mask.clone()), value(1 - mask)
    holder = named(examination, place)
    if holder is None or whole is None or none is None or whole.shape != call.result.shape:
        return []
    rises = float((whole - none).mean())
    if not abs(rises) > 0.3:
        return []
    values = []
    for shift in (0.0, 0.1):
        model, batch = examination.probe, examination.batch()
        setattr(holder[0], holder[1], lambda *a, _shift=shift, **k: holder[2](*a, **k) + _shift)
        try:
            with torch.no_grad():
                values.append(float(examination.loss(model, batch)))
        finally:
            setattr(holder[0], holder[1], holder[2])
    change = values[1] - values[0]
    if change * rises > 0 and abs(change) > 1e-6:
        kind = "an overlap, and the loss rises with it" if rises > 0 else "the loss of an overlap, and the loss falls with it"
        text = f"{place} is {kind}: training drives outputs and masks apart"
        return [examination.finding("fail", text, where=_caller(examination, place), hint="Look at the sign of the term.")]
    return []


def _boxes(examination: Examination) -> tuple[int, list[Evidence]]:
    """Hold an overlap of two boxes against a box and itself, and against a box far away."""
    found, looked = [], 0
    for place, call in _calls(examination, BOXES):
        pair = [name for name, value in call.arguments.items() if isinstance(value, Tensor) and value.ndim >= 1 and value.shape[-1] == 4]
        if len(pair) != 2 or not isinstance(call.result, Tensor) or len(call.arguments) != 2:
            continue
        shape = [call.arguments[name].shape for name in pair]
        near, far = torch.tensor([1.0, 1.0, 2.0, 2.0]), torch.tensor([10.0, 10.0, 12.0, 12.0])
        with torch.no_grad():
            itself = examination.quiet(lambda: call.again(dict(zip(pair, (near.expand(shape[0]), near.expand(shape[1])), strict=True))))  # noqa: B023
            apart = examination.quiet(lambda: call.again(dict(zip(pair, (near.expand(shape[0]), far.expand(shape[1])), strict=True))))  # noqa: B023
        if not isinstance(itself, Tensor) or not isinstance(apart, Tensor) or itself.numel() == 0:
            continue
        looked += 1
        one, two = float(itself.flatten()[0]), float(apart.flatten()[0])
        fine = (abs(one - 1) < 0.02 and two < 0.02) or (abs(one) < 0.02 and two > 0.98)
        if not fine:
            text = f"{place} of a box with itself is {one:.3g}, and with a box far away {two:.3g}: it is 1, and 0 or less (as a loss 0, and 1 or more)"
            found.append(
                examination.finding(
                    "fail", text, where=place, hint="Look at the sides of intersection, union and hull, and at the sign of the penalty."
                )
            )
    return looked, found


def made_by_probabilities(examination: Examination, given: Tensor) -> bool:
    """Say whether a tensor came out of a sigmoid or softmax."""
    return made_by(given) in ("Sigmoid", "Softmax")


def _of_itself(examination: Examination, place: str, call: FunctionCall, soft: str, hard: str) -> list[Evidence]:
    shape = call.arguments[hard].shape
    mask = (torch.rand(shape, generator=torch.Generator().manual_seed(0)) < 0.5).to(call.arguments[soft].dtype)
    with torch.no_grad():
        value = examination.quiet(lambda: call.again(call.arguments | {soft: mask.clone(), hard: mask.clone()}))
    if not isinstance(value, Tensor) or not bool(value.isfinite().all()):
        return []
    off = float((value - value.round()).abs().max())
    if off < 0.05:
        return []
    text = f"{place} of a mask with itself is {float(value.flatten()[0]):.3g}, and a complete overlap is 1 (as a loss, 0)"
    return [
        examination.finding("fail", text, where=place, hint="Look at the factor 2, at the sums below the fraction, and at the smoothing.")
    ]


def _caller(examination: Examination, place: str) -> str:
    """Return the function that calls another one, "loss" where several do."""
    name = place.removesuffix(".forward").rpartition(".")[2]
    callers = [
        found for found in examination.source.holding(rf"\b{re.escape(name)}\(") if found != place and not found.endswith("__init__")
    ]
    return callers[0] if len(callers) == 1 else "loss"


def likelihood(examination: Examination) -> Evidence | list[Evidence]:
    """Find the spread at which a likelihood of (target, mean, spread) is best: it is the distance of target and mean, in the spread's own terms."""
    found, looked = [], 0
    for place, call in _calls(examination, re.compile(".")):
        spread, kind = next(((n, k) for n in call.arguments if (k := _spread(n)) is not None), (None, None))
        mean = next((name for name in call.arguments if name in MEANS), None)
        target = next((name for name in call.arguments if name in TARGETS), None)
        if spread is None or mean is None or target is None or not isinstance(call.result, Tensor):
            continue
        if not all(
            isinstance(call.arguments[name], Tensor) and call.arguments[name].is_floating_point() for name in (spread, mean, target)
        ):
            continue
        slopes = _slopes(examination, call, mean, target, spread, str(kind))
        if slopes is None:
            continue
        looked += 1
        wrong = [name for name, (below, at, above) in slopes.items() if name == "stated" and below * above > 0 and abs(at) > 1e-6]
        if wrong:
            text = f"{place} is not best where {spread} is that of the distance between {target} and {mean}: its slope along {spread} has no change of sign there"
            found.append(
                examination.finding(
                    "fail",
                    text,
                    where=place,
                    path=spread,
                    hint="Is the spread a variance, a deviation or a logarithm of one? Each has its own factor.",
                )
            )
    if not looked:
        return examination.skipped("no likelihood of a target, a mean and a spread is computed")
    return found or examination.passed("the likelihood is best at the true spread", functions=float(looked))


def _spread(name: str) -> str | None:
    """Return what a name says of a spread: "log variance", "log deviation", "variance", "deviation"; None where it is none."""
    plain = name.lower().replace("_", "")
    logarithm = plain.startswith("log")
    rest = plain.removeprefix("log")
    if rest in ("var", "variance", "sigma2", "sigmasquared", "variances"):
        return "log variance" if logarithm else "variance"
    if rest in ("std", "sigma", "deviation", "stddev", "sd"):
        return "log deviation" if logarithm else "deviation"
    return None


def _slopes(
    examination: Examination, call: FunctionCall, mean: str, target: str, spread: str, kind: str
) -> dict[str, tuple[float, float, float]] | None:
    """Return the slope along the spread below, at and above the distance's own; None for what is no function of target minus mean."""
    shape, other = call.arguments[mean].shape, call.arguments[target].shape
    if shape != other or call.arguments[spread].numel() not in (1, call.arguments[mean].numel()):
        return None
    distance = 3.0
    best = {"log variance": 2.197225, "log deviation": 1.098612, "variance": 9.0, "deviation": 3.0}[kind]

    def value(mean_at: float, spread_at: float) -> tuple[float, float] | None:
        given = call.arguments | {
            mean: torch.full(shape, mean_at),
            target: torch.full(shape, mean_at + distance),
            spread: torch.full(call.arguments[spread].shape, spread_at).requires_grad_(),
        }
        result = examination.quiet(lambda: call.again(given))
        if not isinstance(result, Tensor) or not result.requires_grad:
            return None
        (slope,) = torch.autograd.grad(result.sum(), given[spread], allow_unused=True)
        return None if slope is None else (float(result.detach().sum()), float(slope.sum()))

    points = [value(0.0, best), value(5.0, best), value(0.0, 0.85 * best), value(0.0, 1.15 * best)]
    if any(point is None for point in points):
        return None
    here, moved, below, above = [point for point in points if point is not None]
    if abs(here[0] - moved[0]) > 1e-4 * max(1.0, abs(here[0])):
        return None  # it is no function of their difference
    if max(abs(below[1]), abs(above[1])) < 1e-6:
        return None
    return {"stated": (below[1], here[1], above[1])}


def quantiles(examination: Examination) -> Evidence | list[Evidence]:
    """Take the slopes of a quantile loss far below and far above the target: they are -q and 1-q, for the stated levels in their order."""
    found, looked = [], 0
    for place, call in _calls(examination, QUANTILE):
        soft = [name for name in call.through if isinstance(call.arguments[name], Tensor)]
        fixed = [name for name, value in call.arguments.items() if isinstance(value, Tensor) and name not in soft]
        if not any(call.arguments[name].numel() > 1 and call.arguments[name].is_floating_point() for name in fixed):
            continue  # it is given a difference, whose sense is not known
        levels = _levels(examination, call)
        if len(soft) != 1 or not levels or not isinstance(call.result, Tensor):
            continue
        seen = _implied(examination, call, soft[0], len(levels))
        if seen is None:
            continue
        looked += 1
        if all(abs(a - b) < 0.02 for a, b in zip(seen, levels, strict=True)):
            continue
        mirrored = all(abs(a - (1 - b)) < 0.02 for a, b in zip(seen, levels, strict=True)) or all(
            abs(a - b) < 0.02 for a, b in zip(seen, levels[::-1], strict=True)
        )
        text = f"the slopes of {place} are those of the levels {', '.join(f'{q:.2g}' for q in seen)}, and its levels are {', '.join(f'{q:g}' for q in levels)}"
        found.append(
            examination.finding(
                "fail" if mirrored else "unsure",
                text,
                where=place,
                hint="The error is target minus prediction, and its cost max(q e, (q-1) e).",
            )
        )
    if not looked:
        return examination.skipped("no quantile loss with known levels is computed")
    return found or examination.passed("the quantile loss has the slopes of its levels", functions=float(looked))


def _levels(examination: Examination, call: FunctionCall) -> list[float]:
    """Return the levels that a call was given, or that a constant of the file holds: one or more numbers strictly between 0 and 1."""
    for value in (*call.arguments.values(), *(v for k, v in vars(examination.module).items() if re.search(r"(?i)quant|level|tau", k))):
        if isinstance(value, Tensor) and (value.numel() > 32 or value.ndim > 1 or value.requires_grad):
            continue
        items = value.tolist() if isinstance(value, Tensor) else list(value) if isinstance(value, list | tuple) else [value]
        items = items if isinstance(items, list) else [items]
        if items and all(isinstance(item, float) and 0 < item < 1 for item in items) and len(set(items)) == len(items):
            return [float(item) for item in items]
    return []


def _implied(examination: Examination, call: FunctionCall, name: str, count: int) -> list[float] | None:
    slopes = []
    for far in (-FAR, FAR):
        at = (torch.zeros_like(call.arguments[name]) + far).requires_grad_()
        result = examination.quiet(lambda: call.again(call.arguments | {name: at}))  # noqa: B023
        if not isinstance(result, Tensor) or not result.requires_grad:
            return None
        (slope,) = torch.autograd.grad(result.sum(), at, allow_unused=True)
        if slope is None:
            return None
        slopes.append(slope)
    if count == 1:
        below, above = (float(slope.sum()) for slope in slopes)
        return [-below / (above - below)] if above != below else None
    axes = [axis for axis, size in enumerate(slopes[0].shape) if size == count]
    if not axes:
        return None
    low, high = (slope.movedim(axes[-1], 0).flatten(1).sum(dim=1) for slope in slopes)
    if not bool(((high - low).abs() > 0).all()):
        return None
    return [float(q) for q in -low / (high - low)]


def alignment(examination: Examination) -> Evidence | list[Evidence]:
    """Look at what connectionist temporal classification is given: logarithms of probabilities, targets without the blank, real lengths."""
    recorder = Recorder(examination.source, frozenset({"ctc_loss"}))
    model = examination.perturbed()
    with recorder:
        examination.loss(model, examination.batch())
    calls = [call for call in recorder.calls if len(call.arguments) >= 4]
    if not calls:
        return examination.skipped("no connectionist temporal classification is computed")
    call, found = calls[0], []
    scores, targets, inputs, lengths = call.arguments[:4]
    blank = call.named.get("blank", call.arguments[4] if len(call.arguments) > 4 else 0)
    where = call.where or "loss"
    squashing = [place for place in examination.source.holding(r"softmax") if place != where]
    if not bool(((scores.detach().exp().sum(dim=-1) - 1).abs() < 1e-2).all()):
        text = "connectionist temporal classification is given scores whose exponentials do not sum to 1 over the classes"
        found.append(
            examination.finding(
                "fail", text, where=squashing[0] if len(squashing) == 1 else where, hint="Take log_softmax over the classes, the last axis."
            )
        )
    if isinstance(targets, Tensor) and targets.ndim == 2 and isinstance(lengths, Tensor):
        real = torch.arange(targets.shape[1])[None] < lengths[:, None]
        if bool((targets[real] == blank).any()):
            text = f"the blank is class {blank}, and {blank} is among the targets"
            found.append(examination.finding("fail", text, where=where, hint="The blank is a class of its own, never a label."))
    batch = examination.batch()
    stated = [
        key for key, value in batch.items() if "len" in key.lower() and is_integer(value) and value.ndim == 1 and len(value.unique()) > 1
    ]
    stated = [key for key in stated if isinstance(lengths, Tensor) and not torch.equal(batch[key], lengths.to(batch[key].dtype))]
    same = isinstance(inputs, Tensor) and len(inputs.unique()) == 1 and int(inputs[0]) == scores.shape[0]
    if stated and same:
        text = f"every sequence is said to have {scores.shape[0]} frames, and {stated[0]} says that their lengths differ: padding is aligned too"
        found.append(examination.finding("fail", text, where=where, path=stated[0], hint="Give it the lengths after subsampling."))
    return found or examination.passed("the alignment loss is given what it needs")


OVERLAPS = Check(
    name="overlap",
    family="loss",
    finds="An overlap (Dice, Jaccard, Tversky) that is given scores for memberships, or is not complete for a mask and itself.",
    uses=(),
    misled_by="Overlaps of boxes and of generalised kinds are left alone; only functions named after an overlap are looked at.",
    cost="forward",
    function=overlap,
)
SPREAD = Check(
    name="likelihood spread",
    family="loss",
    finds="A likelihood that takes a variance for a deviation, or a logarithm for the number: it is not best at the true spread.",
    uses=(),
    misled_by="Functions that do not depend on target minus mean are left alone.",
    cost="forward",
    function=likelihood,
)
QUANTILES = Check(
    name="quantiles",
    family="loss",
    finds="A quantile loss whose slopes are those of the mirrored levels.",
    uses=(),
    misled_by="Levels that are no constants of the file and no arguments: skipped.",
    cost="forward",
    function=quantiles,
)
ALIGNMENT = Check(
    name="alignment",
    family="loss",
    finds="An alignment loss given no logarithms of probabilities, a blank among the targets, or padding for frames.",
    uses=(),
    misled_by="Sequences that are all as long as the batch: their lengths say nothing.",
    cost="forward",
    function=alignment,
)
