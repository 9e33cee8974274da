"""Variational autoencoders: how the code is drawn from its mean and deviation, and whether the divergence means the same two."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ...core import Evidence
from .._check import card
from .._examination import Examination, no_dropout
from .._functions import called
from .._trace import tensors
from ..stated._quantities import Results

NORMAL = frozenset(["randn", "randn_like", "normal", "normal_"])
TOLERANCE = 1e-3


class FixedNoise(TorchFunctionMode):
    """Inside the block every normal draw gives the same number in every place, in units of its deviation."""

    def __init__(self, number: float, names: frozenset[str] = NORMAL) -> None:
        super().__init__()
        self.number, self.names, self.draws = number, names, 0

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name not in self.names or not isinstance(result, Tensor):
            return result
        self.draws += 1
        if name == "normal_":
            return result.fill_(self.number) if len(args) < 2 and not kwargs else result
        if name == "normal" and args and isinstance(args[0], Tensor):
            deviation = args[1] if len(args) > 1 else (kwargs or {}).get("std", 1.0)
            return args[0] + deviation * self.number
        return torch.full_like(result, self.number)


@dataclass(frozen=True)
class Run:
    """One evaluation of the loss with fixed noise: what went into the module that reads the code, and everything on the way."""

    value: Tensor
    inputs: list[tuple[str, Tensor]]
    results: list[tuple[Tensor, str | None]]
    draws: int


def _run(
    examination: Examination, model: nn.Module, number: float, fixed: tuple[int, Tensor] | None = None, names: frozenset[str] = NORMAL
) -> Run:
    """Evaluate the loss; `fixed` replaces the input of one call, by its place in the order of calls."""
    inputs: list[tuple[str, Tensor]] = []

    def look(path: str, module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...] | None:
        found = [value for value in tensors(list(given)) if value.is_floating_point()]
        if not found:
            return None
        inputs.append((path, found[0]))
        if fixed is not None and len(inputs) - 1 == fixed[0] and isinstance(given[0], Tensor):
            return (fixed[1], *given[1:])
        return None

    handles = [
        module.register_forward_pre_hook(lambda module, given, path=path: look(path, module, given))
        for path, module in model.named_modules()
    ]
    recorder, noise = Results(examination.source), FixedNoise(number, names)
    try:
        with no_dropout(model), recorder, noise:
            value = examination.loss(model, examination.batch(), seed=1)
    finally:
        for handle in handles:
            handle.remove()
    return Run(value, inputs, recorder.kept, noise.draws)


@dataclass(frozen=True)
class Code:
    """The drawn code: in which call it is read, its mean and deviation as they are used."""

    place: int
    path: str
    mean: Tensor
    deviation: Tensor


def drawn_inputs(examination: Examination, model: nn.Module, seed: int) -> list[Tensor]:
    """Evaluate the loss with its own noise, and return what each module was given, in the order of calls as in `Code.place`."""
    inputs: list[Tensor] = []

    def look(given: tuple[Any, ...]) -> None:
        inputs.extend([value for value in tensors(list(given)) if value.is_floating_point()][:1])

    handles = [module.register_forward_pre_hook(lambda _, given: look(given)) for module in model.modules()]
    try:
        with no_dropout(model):
            examination.loss(model, examination.batch(), seed=seed)
    finally:
        for handle in handles:
            handle.remove()
    return inputs


def drawn_code(examination: Examination, model: nn.Module, names: frozenset[str] = NORMAL) -> Code | None:
    """Find the first module whose input moves with the noise: by one deviation where the noise goes from zero to one everywhere."""
    none, one, two = (_run(examination, model, number, names=names) for number in (0.0, 1.0, 2.0))
    if one.draws == 0 or not len(none.inputs) == len(one.inputs) == len(two.inputs):
        return None
    for place, ((path, mean), (_, moved), (_, twice)) in enumerate(zip(none.inputs, one.inputs, two.inputs, strict=True)):
        if mean.shape != moved.shape or float((moved - mean).detach().abs().max()) < 1e-7:
            continue
        deviation = (moved - mean).detach()
        linear = float((twice.detach() - mean.detach() - 2 * deviation).abs().max()) < 1e-3 * float(deviation.abs().max())
        if not linear or not mean.requires_grad or float(deviation.min()) <= 0 or float(deviation.std()) < 1e-4 * float(deviation.mean()):
            return None  # noise of one size on everything is no code that is drawn
        return Code(place, path, mean.detach(), deviation)
    return None


READINGS = (
    ("a log-variance", lambda v: (0.5 * v).exp(), lambda v: 0.5 * (v.exp() - 1)),
    ("a log-deviation", lambda v: v.exp(), lambda v: (2 * v).exp() - 1),
    ("a deviation", lambda v: v, lambda v: v - 1 / v),
    ("a variance", lambda v: v.clamp(min=0).sqrt(), lambda v: 0.5 * (1 - 1 / v)),
)


def divergence(examination: Examination) -> Evidence | list[Evidence]:
    """Hold the code fixed: what is left of the gradient on its mean and spread is the divergence, of the same mean and spread."""
    model = examination.perturbed(training=True)
    with torch.no_grad():  # spreads of a usual size
        for parameter in model.parameters():
            parameter.mul_(0.7)
    code = examination.quiet(lambda: drawn_code(examination, model))
    if code is None:
        return examination.skipped("no code is drawn from a mean and a deviation of its own")
    held = _run(examination, model, 1.0, (code.place, code.mean.clone()))
    means = [(tensor, where) for tensor, where in held.results if _same(tensor, code.mean)]
    spreads = [
        (reading, tensor, where)
        for tensor, where in held.results  # in their order: the head itself comes before what is made of it
        for reading in READINGS
        if tensor.requires_grad and tensor.shape == code.deviation.shape and _same(reading[1](tensor.detach()), code.deviation, False)
    ]
    spreads = [item for item in spreads if not _same(item[1], code.mean)]
    if not means or not spreads or not held.value.requires_grad:
        return examination.skipped("the mean and the spread of the code are not seen")
    pull = _slope(held, [tensor for tensor, _ in means])
    where = next(
        (name for name in examination.source.holding(r"log_?var|\.exp\(\)") if "kl" in name.lower() or "diverg" in name.lower()), "loss"
    )
    for (words, _, shape), tensor, _ in spreads:
        push = _slope(held, [tensor])
        if push is None:
            continue
        return _judged(examination, words, shape(tensor.detach()), push, pull, code, tensor.detach(), where)
    floored = any(re.search(r"clamp|max\(|maximum|relu|free", examination.source.code(name)) for name in ("loss", where))
    if pull is None and examination.number("beta") and not floored:  # below its floor a divergence has no slope
        return examination.finding("fail", "the loss holds no divergence of the code, and its factor is stated", where="loss")
    return examination.unsure("no divergence of the code's spread is seen in the loss")


def _same(tensor: Tensor, wanted: Tensor, grad: bool = True) -> bool:
    if tensor.shape != wanted.shape or (grad and not tensor.requires_grad):
        return False
    return float((tensor.detach() - wanted).abs().max()) <= 1e-5 * max(1.0, float(wanted.abs().max()))


def _slope(run: Run, candidates: list[Tensor]) -> Tensor | None:
    """Return the first gradient that is not zero."""
    for tensor in candidates:
        (found,) = torch.autograd.grad(run.value, tensor, retain_graph=True, allow_unused=True)
        if found is not None and float(found.abs().max()) > 1e-12:
            return found.detach()
    return None


def _fit(got: Tensor, form: Tensor) -> float | None:
    """Return the factor with which a form gives what was got, None where none does."""
    factor = float((got * form).sum() / form.square().sum().clamp(min=1e-12))
    return factor if float((got - factor * form).abs().max()) < TOLERANCE * float(got.abs().max()) else None


def _judged(
    examination: Examination, words: str, form: Tensor, push: Tensor, pull: Tensor | None, code: Code, spread: Tensor, where: str
) -> Evidence:
    by_spread, by_mean = _fit(push, form), _fit(pull, code.mean) if pull is not None else 0.0
    if by_spread is None:
        scale = {"a log-variance": 1.0, "a log-deviation": 2.0}.get(words, 0.0)
        for what, wrong in (("with the logarithm's sign turned", 1.0), ("without its logarithm", 0.0)) if scale else ():
            if (factor := _fit(push, (scale * spread).exp() + wrong)) is not None and by_mean and factor > 0:
                message = f"the divergence is that of {words} {what}"
                return examination.finding("fail", message, where=where, hint="It is half the sum of mean^2 + variance - 1 - log variance.")
        for other, _, shape in READINGS:
            factor = _fit(push, shape(spread)) if other != words else None
            if factor is not None and factor > 0 and by_mean:
                message = f"the code is drawn with its second head as {words}, and the divergence takes it for {other}"
                hint = "The deviation is exp(log-variance / 2); use one meaning in both places."
                return examination.finding("fail", message, where=_drawing(examination), hint=hint)
        return examination.unsure(f"the divergence is not that of {words} from the standard normal distribution")
    if by_mean is None:
        return examination.unsure("the divergence pulls the mean elsewhere than to zero")
    values = {"by spread": by_spread, "by mean": by_mean}
    if by_spread < 0 or by_mean < 0:
        results = [call.result for call in called(examination).get(where, []) if isinstance(call.result, Tensor)]
        if by_spread < 0 and by_mean < 0 and results and all(float(result.mean()) > 0 for result in results):
            where = "loss"  # the divergence itself is positive: its sign is turned where it is added
        message = "the loss falls with the divergence of the code from the standard normal distribution"
        return examination.finding("fail", message, where=where, hint="Look at the signs of the divergence and its terms.", values=values)
    if abs(by_spread - by_mean) > 5 * TOLERANCE * by_spread:
        message = (
            f"the divergence pulls the mean {by_mean / by_spread:.3g} times as hard as the Kullback-Leibler divergence, against its spread"
        )
        hint = "It is half the sum of mean^2 + variance - 1 - log variance."
        return examination.finding("fail", message, where=where, hint=hint, values=values)
    return _factor(examination, by_mean, where, values)


def _factor(examination: Examination, factor: float, where: str, values: dict[str, float]) -> Evidence:
    """Compare the factor of the divergence with the stated beta, where the loss is stated to be a sum within samples and a mean over them."""
    stated, words = examination.number("beta"), examination.words("loss")
    samples = examination.layout.size
    if stated and "sum" in words and "mean over samples" in words and abs(factor * samples / stated - 1) > 0.01:
        message = f"the divergence has the factor {factor * samples:.4g} in the mean over samples, and {stated:.4g} is stated"
        return examination.finding("fail", message, where=where, hint="Sum it over the code and average over samples.", values=values)
    return examination.passed("the code is drawn from the mean and spread whose divergence is in the loss", **values)


def _drawing(examination: Examination) -> str:
    found = examination.source.holding(r"randn|rsample|normal")
    found = [name for name in found if name not in ("build", "batch")]
    return found[0] if len(found) == 1 else next((name for name in found if "." in name), "loss")


DIVERGENCE = card(
    "generative",
    "divergence",
    "A code drawn with another deviation than the divergence means, a divergence with a wrong sign, factor or half of its terms.",
    ("beta", "loss"),
    "Divergences from other priors, free bits, bounds: 'unsure'.",
    divergence,
)
