"""Functions that average weights: called by themselves with two models whose weights are known."""

from __future__ import annotations

import copy
import inspect
import re
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._calls import named
from .._check import card
from .._examination import Examination, perturb
from .._functions import own_functions

NAMES = re.compile(
    r"(?i)(update|move|track|step)_?(the_?)?(average|averages|ema|shadow|teacher|target|slow|momentum)|(^|_)(ema|polyak)(_|$)|soft_update|average_weights"
)
SLOW = re.compile(r"(?i)average|avg|ema|shadow|slow|teacher|target|momentum")
SAME = 1e-4


def averaging(examination: Examination) -> list[Evidence]:
    """Give the function an average and a model: the average keeps its stated share of itself, and the model stays as it is."""
    found = []
    for name in own_functions(examination):
        place = named(examination, name)
        if place is None or "." in name:
            continue
        sides = _sides(inspect.signature(place[2]))
        if sides is not None and (NAMES.search(name) or _equation_of_average(examination, name)):
            found.append(_judged(examination, name, sides))
    return found or [examination.skipped("no function is named, or stated, as an average of weights and takes two models")]


def _equation_of_average(examination: Examination, name: str) -> bool:
    """Say whether the equation stated for a function has an average of the parameters on its left."""
    equations = examination.facts.get("equations")
    latex = equations.get(name) if isinstance(equations, dict) else None
    return (
        isinstance(latex, str)
        and re.match(
            r"\s*(?:\\(?:bar|tilde|hat)\s*\{?\s*\\(?:theta|phi|xi|psi)|\\(?:theta|phi|xi)\s*(?:'|_\{?\\?(?:text|mathrm)?\{?(?:ema|target|slow)|\^))",
            latex,
        )
        is not None
    )


def _sides(signature: inspect.Signature) -> tuple[str, str] | None:
    """Return (the average's argument, the model's) where exactly two arguments have no default and one is named after an average."""
    required = [name for name, parameter in signature.parameters.items() if parameter.default is inspect.Parameter.empty]
    slow = [name for name in required[:2] if SLOW.search(name)]
    if len(required) < 2 or len(slow) != 1:
        return None
    return slow[0], next(name for name in required[:2] if name != slow[0])


def _judged(examination: Examination, name: str, sides: tuple[str, str]) -> Evidence:
    stated = examination.number("ema")
    for form in (lambda model: model, _by_name, _in_order):  # averages are kept as models, by name, or in order
        slow, fast = copy.deepcopy(examination.perturbed(1)), examination.perturbed(2)
        perturb(slow, 3)
        kept = form(slow)
        before, model = _weights(kept), _weights(fast)
        given = _given(examination, name, sides, kept, fast)
        if given is None:
            return examination.unsure(f"{name} asks for a number that nothing states")
        try:
            examination.call(name, *given)
        except Exception:
            examination.calling = None
            continue
        return _seen(examination, name, stated, before, _weights(kept), model, _weights(fast))
    return examination.unsure(f"{name} cannot be called with an average and a model")


def _given(examination: Examination, name: str, sides: tuple[str, str], slow: Any, fast: nn.Module) -> list[Any] | None:
    """Return the arguments without a default in their order, a decay being the stated one; None where something else is asked for."""
    given: dict[str, Any] = dict(zip(sides, (slow, fast), strict=True))
    for other, parameter in inspect.signature(examination.module.__dict__[name]).parameters.items():
        if parameter.default is inspect.Parameter.empty and other not in given:
            if examination.number("ema") is None or not re.search(r"(?i)decay|ema|mu|beta|momentum|rate", other):
                return None
            given[other] = examination.number("ema")
    return [given[other] for other in inspect.signature(examination.module.__dict__[name]).parameters if other in given]


def _by_name(model: nn.Module) -> dict[str, Tensor]:
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def _in_order(model: nn.Module) -> list[Tensor]:
    return [parameter.detach() for parameter in model.parameters()]


def _seen(
    examination: Examination,
    name: str,
    stated: float | None,
    before: list[Tensor],
    after: list[Tensor],
    model: list[Tensor],
    moved: list[Tensor],
) -> Evidence:
    if any(not torch.equal(a, b) for a, b in zip(model, moved, strict=True)):
        text = f"{name} changes the model that it takes the average of"
        return examination.finding("fail", text, where=name, hint="Which of the two is the average?")
    shares = [_share(old, new, source) for old, new, source in zip(before, after, model, strict=True)]
    if any(share is None for share in shares):
        return examination.unsure(f"{name} gives no mixture of the average and the model")
    kept = [float(share) for share in shares if share is not None]
    values = {"least": min(kept), "largest": max(kept)}
    hint = "The average keeps the large share: average = decay * average + (1 - decay) * model, in place."
    if min(kept) > 1 - 1e-7:
        return examination.finding("fail", f"{name} leaves the average as it is", where=name, hint=hint, values=values)
    if max(kept) - min(kept) > 1e-3:
        text = f"{name} keeps {min(kept):.4g} of the average in one parameter and {max(kept):.4g} in another"
        return examination.finding("fail" if stated is not None else "unsure", text, where=name, hint=hint, values=values)
    if stated is not None and 0 < stated < 1 and abs(kept[0] - stated) > 2e-3 * min(stated, 1 - stated) + 1e-5:
        growing = kept[0] < stated and kept[0] != 0.0 and bool(re.search(r"min\(|warm|step|count", examination.source.code(name)))
        text = f"{name} keeps {kept[0]:.4g} of the average, and {stated:g} is stated"
        return examination.finding("unsure" if growing else "fail", text, where=name, hint=hint, values=values)
    if stated is None and 1e-3 < kept[0] < 0.12:
        text = f"{name} keeps {kept[0]:.3g} of the average and takes the rest anew: the two shares are exchanged"
        return examination.finding("fail", text, where=name, hint=hint, values=values)
    return examination.passed(f"{name} keeps {kept[0]:.4g} of the average", **values)


def _weights(model: Any) -> list[Tensor]:
    kept = model.parameters() if isinstance(model, nn.Module) else model.values() if isinstance(model, dict) else model
    return [parameter.detach().clone() for parameter in kept]


def _share(old: Tensor, new: Tensor, source: Tensor) -> float | None:
    """Return s with new = s old + (1 - s) source; None where there is none."""
    gap = (old - source).double()
    size = float((gap * gap).sum())
    if size < 1e-12:
        return None
    share = float(((new - source).double() * gap).sum()) / size
    off = float((new - (source + share * gap.to(new.dtype))).abs().max())
    return share if off < SAME * max(1.0, float(gap.abs().max())) else None


AVERAGING = card(
    "optimisation",
    "averaging function",
    "A function that averages weights and does not move the average, moves the model, or exchanges the two shares.",
    ("ema",),
    "Decays that grow with the number of steps: 'unsure'. Without a statement only shares of the average below an eighth fail; a plain copy passes.",
    averaging,
)
