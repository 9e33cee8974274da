"""The penalty on the weights inside a loss: what is left of the loss's gradient when the model's output is held still."""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination
from ._pinned import pinned

SAME = 1e-3


def weight_penalty(examination: Examination) -> list[Evidence]:
    """Hold the output still: what still moves the weights must shrink them, by the stated coefficient, and all of those that are stated."""
    stated = examination.number("regularisation")
    model = examination.perturbed()
    seen = pinned(examination, model, examination.batch())
    if seen is None or not seen.holds():
        return [examination.skipped("the loss is no function of the model's output")]
    value = seen.loss([tuple(part.detach() for part in out) if isinstance(out, tuple) else out.detach() for out in seen.outputs])
    weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    if value is None or not value.requires_grad:
        if stated and not _elsewhere(examination):
            text = f"a penalty with coefficient {stated:g} is stated, and with its output held still the loss has no gradient"
            return [examination.finding("fail", text, where="loss", hint="Is the penalty added, and made of the parameters themselves?")]
        return [examination.skipped("the loss has no part that the output does not carry")]
    slopes = torch.autograd.grad(value, list(weights.values()), allow_unused=True)
    ratios = {
        name: _ratio(slope, weight)
        for (name, weight), slope in zip(weights.items(), slopes, strict=True)
        if slope is not None and bool(slope.any())
    }
    known = {name: ratio for name, ratio in ratios.items() if ratio is not None}
    if not known or len(known) < len(ratios):
        return [examination.skipped("what the output does not carry is no square of whole parameters")]
    least, largest = min(known.values()), max(known.values())
    values = {"least": least, "largest": largest}
    if largest < 0:
        text = f"the penalty makes weights grow: its gradient is {largest:.3g} times the weight"
        return [examination.finding("fail", text, where="loss", hint="A penalty is added to what is minimised.", values=values)]
    found = _coefficient(examination, stated, least, largest) + _left_out(examination, model, known)
    return found or [examination.passed("the penalty shrinks the weights", **values)]


def _ratio(slope: Tensor, weight: Tensor) -> float | None:
    """Return c of a gradient c times the weight, None for any other gradient."""
    size = float((weight * weight).sum())
    if size < 1e-12:
        return None
    ratio = float((slope * weight).sum()) / size
    return ratio if float((slope - ratio * weight).abs().max()) <= SAME * abs(ratio) * float(weight.abs().max()) else None


def _coefficient(examination: Examination, stated: float | None, least: float, largest: float) -> list[Evidence]:
    """Compare with the stated coefficient: the gradient of lambda times the square is twice it, that of half the square once."""
    if stated is None or stated <= 0:
        return []
    equation = _penalty_of(examination)
    squares, halves = "^2" in equation, bool(re.search(r"\\frac\s*\{?\s*(?:1|\\lambda)\s*\}?\s*\{?\s*2", equation))
    meant = [2.0] if squares and not halves else [1.0] if squares else [1.0, 2.0]
    if any(abs(value / stated - factor) < 0.01 for value in (least, largest) for factor in meant):
        return []
    text = f"the penalty's gradient is {largest / stated:.3g} times the stated {stated:g} times the weight, and {' or '.join(f'{f:g}' for f in meant)} times is that of its square"
    return [
        examination.finding("fail", text, where="loss", hint="Look at the coefficient, at a mean for a sum, and at a norm for its square.")
    ]


def _left_out(examination: Examination, model: nn.Module, known: dict[str, float]) -> list[Evidence]:
    """Where a sum over layers is stated, the matrices of one kind of layer are all in it or none."""
    if not re.search(r"\\sum_\{?[a-z].*\\\|\s*(?:W|w)", _penalty_of(examination)):
        return []
    layers = [
        f"{path}.weight".lstrip(".") for path, module in model.named_modules() if isinstance(module, nn.Linear | nn.modules.conv._ConvNd)
    ]
    free = [name for name in layers if name not in known]
    if not free or not any(name in known for name in layers):
        return []
    text = f"the penalty leaves {', '.join(free[:3])} out, and is stated as a sum over the layers"
    return [examination.finding("fail", text, where="loss", path=free[0], hint="Does the sum go over all layers?")]


def _penalty_of(examination: Examination) -> str:
    """Return what follows the penalty's coefficient in the stated loss, with the coefficient, "" where it is not there."""
    equations = examination.facts.get("equations")
    latex = equations.get("loss") if isinstance(equations, dict) else None
    found = re.search(r"(?:\\frac\s*\{?\s*)?\\lambda(?![a-zA-Z]).*$", latex) if isinstance(latex, str) else None
    return found[0] if found else ""


def _elsewhere(examination: Examination) -> bool:
    """Say whether what is stated as regularisation may be in the optimiser, or may be no penalty on weights."""
    equation = _penalty_of(examination)
    return not re.search(r"\\\|\s*(?:W|w|\\theta|\\mathbf)", equation)


WEIGHT_PENALTY = card(
    "loss",
    "weight penalty",
    "A penalty on the weights with the wrong sign, another coefficient than stated, layers left out, or none where one is stated.",
    ("regularisation", "equations"),
    "Penalties that are no squares of whole parameters (of rows that a batch looks up, of outputs) are skipped.",
    weight_penalty,
)
