"""The penalty on a discriminator's slope: of each sample's own norm, at points between real and made ones, with the stated factor."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._trace import tensors

LENGTHS = (0.5, 1.5, 2.5, 4.0)
SAME = 1e-3


@dataclass
class Asked:
    """What was seen of one run: the points whose slope is taken, who asks, and what the discriminator was given."""

    points: Tensor | None = None
    where: str = "loss"
    given: list[tuple[str, Tensor]] = field(default_factory=list)


@contextmanager
def _asking(examination: Examination, model: nn.Module, linear: Tensor | None = None, judge: str = "") -> Iterator[Asked]:
    """Note where a slope with its own graph is asked for; with `linear`, the judge's scores are the products with that vector."""
    seen, original = Asked(), torch.autograd.grad

    def grad(outputs: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
        points = tensors([inputs])
        if named.get("create_graph") and len(points) == 1 and points[0].ndim > 1 and len(points[0]) == examination.layout.size:
            seen.points, seen.where = points[0], examination.source.where_now() or "loss"
        return original(outputs, inputs, *rest, **named)

    def look(path: str, given: tuple[Any, ...], output: Any) -> Any:
        if given and isinstance(given[0], Tensor):
            seen.given.append((path, given[0]))
            if linear is not None and path == judge and isinstance(output, Tensor):
                return (given[0].flatten(1) @ linear).reshape(output.shape)
        return None

    handles = [m.register_forward_hook(lambda _, given, output, path=path: look(path, given, output)) for path, m in model.named_modules()]
    torch.autograd.grad = grad
    try:
        yield seen
    finally:
        torch.autograd.grad = original
        for handle in handles:
            handle.remove()


def slope_penalty(examination: Examination) -> Evidence | list[Evidence]:
    """Put a linear function in the discriminator's place: its slope has one length, and the penalty is a known function of that length."""
    if not examination.source.holding(r"autograd\.grad\("):
        return examination.skipped("no slope is asked for by name")
    model = examination.perturbed(training=True)
    with _asking(examination, model) as seen:
        value = examination.quiet(lambda: examination.loss(model, examination.batch(), seed=4))
    judge = min((path for path, given in seen.given if given is seen.points), key=len, default=None)  # the whole, not its first layer
    if value is None or seen.points is None or judge is None:
        return examination.skipped("the loss takes no slope at the points that a module is given")
    own = [given for path, given in seen.given if path == judge and given is not seen.points and given.shape == seen.points.shape]
    found = _between(examination, seen, [given.detach() for given in own])
    return found or _of_length(examination, model, judge, seen)


def _between(examination: Examination, seen: Asked, own: list[Tensor]) -> Evidence | None:
    """Find the shares of real and made samples in the points: each sample has one of its own."""
    assert seen.points is not None
    points, size = seen.points.detach().flatten(1), len(seen.points)
    known = [value for value in examination.batch().values() if isinstance(value, Tensor) and value.is_floating_point()]
    real = [x.flatten(1) for x in own if any(v.shape == x.shape and torch.equal(v, x) for v in known)]
    made = [x.flatten(1) for x in own if not any(v.shape == x.shape and torch.equal(v, x) for v in known)]
    if not real or not made or torch.equal(points, real[0]):
        return None
    if torch.equal(points, made[0]):
        if not re.search(r"\b(?:on|at|of) (?:the )?real", examination.words("loss")):
            return None
        message = "the slope is taken at the made samples, and at the real ones is stated"
        return examination.finding("fail", message, where=seen.where, hint="Look at which samples the penalty is given.")
    way = real[0] - made[0]
    share = ((points - made[0]) * way).sum(1) / way.square().sum(1).clamp(min=1e-12)
    off = float((made[0] + share[:, None] * way - points).abs().max())
    if off > 1e-3 * max(1.0, float(points.abs().max())):
        each = (points - made[0]) / torch.where(way.abs() < 1e-6, torch.nan, way)
        inside = each[each.isfinite()]
        if bool(((inside > -1e-4) & (inside < 1 + 1e-4)).all()):
            message = (
                "each element of a point has a share of its own of the real and the made sample: the points are on no line between them"
            )
            return examination.finding("fail", message, where=seen.where, hint="Draw one share for each sample, and broadcast it.")
        return None
    if size > 3 and float(share.max() - share.min()) < 1e-5:
        if not re.search(r"hat ?\{?x|tilde ?\{?x|U\(0|line|uniform", f"{examination.facts.get('equations')} {examination.words('loss')}"):
            return examination.unsure("all points have one share of the real samples, and nothing is stated of it")
        message = f"all points have one share of {float(share[0]):.3g} of the real samples: it is to be drawn for each sample"
        return examination.finding("fail", message, where=seen.where, hint="Draw one share for each sample: rand(n, 1).")
    if float(share.min()) < -1e-3 or float(share.max()) > 1 + 1e-3:
        message = "points lie beyond the real and the made samples, where shares between 0 and 1 lie between them"
        return examination.finding("fail", message, where=seen.where, hint="Draw the shares uniformly between 0 and 1.")
    return None


Form = Callable[[float], float]


def _forms(size: int, unit: Tensor) -> tuple[dict[str, Form], dict[str, Form]]:
    """Return the usual penalties of a slope of length r that is the same at all points, and the known mistakes."""
    root = size**0.5
    right: dict[str, Form] = {
        "one": lambda r: (r - 1) ** 2,
        "zero": lambda r: r**2,
        "above one": lambda r: max(0.0, r - 1) ** 2,
    }
    wrong: dict[str, Form] = {
        "takes its norms over the samples": lambda r: float((root * r * unit.abs() - 1).square().mean()),
        "takes one norm over the whole batch": lambda r: (root * r - 1) ** 2,
        "takes the slope of the mean of the scores, not of their sum": lambda r: (r / size - 1) ** 2,
        "lacks the root of its norm": lambda r: (r**2 - 1) ** 2,
        "lacks its square": lambda r: r - 1,
        "takes each element for itself, not the norm": lambda r: float((r * unit - 1).square().mean()),
    }
    return right, wrong


def _of_length(examination: Examination, model: nn.Module, judge: str, seen: Asked) -> Evidence:
    assert seen.points is not None
    width = seen.points[0].numel()
    unit = torch.nn.functional.normalize(torch.randn(width, generator=torch.Generator().manual_seed(6)), dim=0)
    values = []
    for length in LENGTHS:
        pair = []
        for sign in (1.0, -1.0):  # the mean scores cancel
            with _asking(examination, model, sign * length * unit, judge):
                found = examination.quiet(lambda: examination.loss(model, examination.batch(), seed=4))
            if found is None or not bool(found.isfinite()):
                return examination.unsure("the loss does not take a linear discriminator")
            pair.append(float(found.detach().double()))
        values.append(sum(pair) / 2)
    right, wrong = _forms(examination.layout.size, unit)
    for name, form in right.items():
        if (factor := _fit(values, form)) is not None:
            return _factor(examination, name, factor, seen.where)
    for words, form in wrong.items():
        if (factor := _fit(values, form)) is not None and factor > 0:
            hint = "The slope of the sum of scores has one norm for each sample: grad.flatten(1).norm(dim=1)."
            return examination.finding("fail", f"the penalty on the slope {words}", where=seen.where, hint=hint, values={"factor": factor})
    return examination.unsure("the loss of a linear discriminator is no usual penalty on the length of its slope")


def _fit(values: list[float], form: Form) -> float | None:
    """Return the factor with which a form and a constant give the values, None where they do not."""
    shape = torch.tensor([form(length) for length in LENGTHS], dtype=torch.float64)
    wanted = torch.tensor(values, dtype=torch.float64)
    a, b = shape - shape.mean(), wanted - wanted.mean()
    factor = float((a * b).sum() / a.square().sum())
    scale = float(b.abs().max())
    return factor if scale > 1e-6 and float((b - factor * a).abs().max()) < SAME * scale else None


def _factor(examination: Examination, name: str, factor: float, where: str) -> Evidence:
    stated = examination.number("regularisation")
    halves = (1.0, 0.5) if name == "zero" else (1.0,)  # gamma/2 times the square is printed as often
    if stated and not any(abs(factor / (half * stated) - 1) < 0.01 for half in halves):
        message = f"the penalty on the slope has the factor {factor:.4g}, and {stated:g} is stated"
        return examination.finding(
            "fail", message, where=where, hint="Look at its coefficient and its reduction.", values={"factor": factor}
        )
    text = " ".join(str(value) for value in (examination.facts.get("equations") or {}).values()) if name == "zero" else ""
    if "nabla" in text and "-1)^2" in text.replace(" ", "").replace("\\right", ""):
        message = "the penalty on the slope is its square, and the square of its distance from one is stated"
        return examination.finding("fail", message, where=where, hint="Subtract one from the norm before the square.")
    return examination.passed(f"the penalty is the square of the slope's distance from {name}", factor=factor)


SLOPE_PENALTY = card(
    "generative",
    "slope penalty",
    "A penalty on a discriminator's slope with a norm over the wrong axes, without its square or root, with another factor than stated, or at"
    " points that are not between real and made samples.",
    ("regularisation", "equations"),
    "Further terms of the loss that are no line in the scores (hinge, cross-entropy): 'unsure' of the length; the points are looked at all the same.",
    slope_penalty,
)
