"""Diffusion and flow matching: how signal and noise are mixed, the embedding of time, and what the loss gives the model."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
from torch import Tensor

from ...core import Evidence
from .._calls import FunctionCall
from .._check import card
from .._examination import Examination, no_dropout
from .._functions import called
from .._inputs import is_integer
from .._trace import tensors
from ..sequences._tables import table_error
from ..stated._quantities import evaluated
from ._noise_tables import BETAS, noise_tables
from ._variational import FixedNoise

NOISES = ("noise", "eps", "epsilon", "z")
TOLERANCE = 1e-3


def mixtures(examination: Examination) -> Iterator[tuple[str, FunctionCall, str, str]]:
    """Yield (function, call, its signal's argument, its noise's argument) for functions that mix two arrays of one shape into one."""
    for name, calls in called(examination).items():
        call = calls[0]
        noise = next((key for key in call.arguments if any(key.lower().startswith(word) for word in NOISES[:3])), None)
        if noise is None or not isinstance(call.arguments[noise], Tensor):
            continue
        shape = call.arguments[noise].shape
        signals = [
            key for key, value in call.arguments.items()
            if key != noise and isinstance(value, Tensor) and value.shape == shape and value.is_floating_point() and value.ndim > 1
        ]  # fmt: skip
        if len(signals) == 1 and _first(call.result) is not None and _first(call.result).shape == shape:  # type: ignore[union-attr]
            yield name, call, signals[0], noise


def _first(value: object) -> Tensor | None:
    return next(iter(tensors(value)), None) if isinstance(value, Tensor | tuple | list) else None


def _shares(
    examination: Examination, call: FunctionCall, signal: str, noise: str, more: dict[str, Tensor] | None = None
) -> tuple[Tensor, Tensor] | None:
    """Return (share of the signal, share of the noise) for each sample; None where the mixture is not linear with one number each."""
    ones, none = torch.ones_like(call.arguments[signal]), torch.zeros_like(call.arguments[signal])
    found = []
    for pair in ((ones, none), (none, ones), (ones, ones)):
        given = call.arguments | (more or {}) | {signal: pair[0], noise: pair[1]}
        with torch.no_grad():
            value = _first(examination.quiet(lambda given=given: call.again(dict(given))))  # type: ignore[misc]
        if value is None or value.shape != ones.shape:
            return None
        flat = value.flatten(1)
        if float((flat - flat[:, :1]).abs().max()) > 1e-5:
            return None
        found.append(flat[:, 0].double())
    return (found[0], found[1]) if float((found[0] + found[1] - found[2]).abs().max()) < 1e-5 else None


def mixture(examination: Examination) -> list[Evidence]:
    """Mix ones with zeros, and zeros with ones: the shares of signal and noise keep the variance, or the sum, or the signal."""
    found = []
    for name, call, signal, noise in mixtures(examination):
        shares = _shares(examination, call, signal, noise)
        if shares is None:
            found.append(examination.unsure(f"{name} is no linear mixture of {signal} and {noise}"))
            continue
        found.append(
            _mixed(examination, name, call, *shares)
            or _not_the_product(examination, name, call, shares[0])
            or _ordered(examination, name, call, signal, noise)
        )
    return found or [examination.skipped("no function mixes a signal with noise")]


def _mixed(examination: Examination, name: str, call: FunctionCall, signal: Tensor, noise: Tensor) -> Evidence | None:
    def constant(value: Tensor) -> bool:
        return float((value - 1).abs().max()) < TOLERANCE

    a, b = signal.abs(), noise.abs()
    steps = any(is_integer(value) for value in call.arguments.values())
    if constant(a**2 + b**2) or constant(a) or float(a.max() - a.min()) < TOLERANCE:
        return None
    hint = "The signal is multiplied by the root of the share of its variance, the noise by the root of the rest."
    wrong = {
        "the signal's share is not the root of one minus the square of the noise's": constant(a + b**2),
        "the noise's share is not the root of one minus the square of the signal's": constant(a**2 + b),
        "signal and noise are mixed by shares of variance without their roots": steps and constant(a + b) and not _straight(call, a),
    }
    for message, matches in wrong.items():
        if matches:
            return examination.finding(
                "fail", f"{name}: {message}", where=name, hint=hint, values={"signal": float(a[0]), "noise": float(b[0])}
            )
    if constant(a + b):
        return None
    return examination.unsure(f"{name} keeps neither variance nor sum")


def _not_the_product(examination: Examination, name: str, call: FunctionCall, signal: Tensor) -> Evidence | None:
    """Hold the square of the signal's share at each step against the tables: it is the product of one minus beta, not one factor of it."""
    steps = [value for value in call.arguments.values() if is_integer(value) and value.ndim == 1 and len(value) == len(signal)]
    betas = [table.double() for key, table in noise_tables(examination).items() if BETAS.fullmatch(key.rpartition(".")[2].lower())]
    if len(steps) != 1 or len(betas) != 1 or int(steps[0].min()) < 0 or int(steps[0].max()) >= len(betas[0]):
        return None
    factor, product = (1 - betas[0])[steps[0]], (1 - betas[0]).cumprod(0)[steps[0]]
    near = lambda value: float((signal.square() - value).abs().max()) < TOLERANCE
    if near(factor) and not near(product):
        message = f"{name}: the signal's share at a step is the root of one minus its beta, not of the product over all steps before"
        return examination.finding("fail", message, where=name, hint="Use the running product of the alphas.")
    return None


def _straight(call: FunctionCall, share: Tensor) -> bool:
    """Say whether a share is a straight line in the step."""
    steps = next(value for value in call.arguments.values() if is_integer(value)).double().flatten()
    if len(steps) != len(share) or float(steps.std()) == 0:
        return True
    slope = ((steps - steps.mean()) * (share - share.mean())).sum() / (steps - steps.mean()).square().sum()
    return float((share - share.mean() - slope * (steps - steps.mean())).abs().max()) < TOLERANCE


def _ordered(examination: Examination, name: str, call: FunctionCall, signal: str, noise: str) -> Evidence:
    """At step 0 of a table the signal outweighs the noise, and later it is less."""
    steps = [key for key, value in call.arguments.items() if is_integer(value) and value.ndim == 1]
    if len(steps) != 1:
        return examination.passed(f"{name} keeps the variance, the sum or the signal")
    first = _shares(examination, call, signal, noise, {steps[0]: torch.zeros_like(call.arguments[steps[0]])})
    last = _shares(
        examination, call, signal, noise, {steps[0]: torch.full_like(call.arguments[steps[0]], int(call.arguments[steps[0]].max()))}
    )
    if first is not None and last is not None:
        early, late = float(first[0].abs()[0]), float(last[0].abs()[0])
        middle = _shares(
            examination, call, signal, noise, {steps[0]: (call.arguments[steps[0]].max() // 2).expand_as(call.arguments[steps[0]])}
        )
        sums = [shares[0].abs()[0] + shares[1].abs()[0] for shares in (first, middle) if shares is not None]
        flow = all(abs(float(total) - 1) < TOLERANCE for total in sums)  # straight paths may begin at the noise
        velocity = flow or bool((first[0] * first[1] < 0).all()) or bool((last[0] * last[1] < 0).all())  # noise minus signal
        if early < float(first[1].abs()[0]) and early < late - TOLERANCE and not velocity:
            message = f"{name}: at step 0 the signal's share is {early:.3g}, and it grows with the step"
            return examination.finding("fail", message, where=name, hint="Noise grows with the step: exchange the two shares.")
    return examination.passed(f"{name} keeps the variance, the sum or the signal")


def time_embedding(examination: Examination) -> list[Evidence]:
    """A sinusoidal embedding of a number holds the sine and the cosine of each angle: the squares of a row add up to half its length."""
    found = []
    for name, calls in called(examination).items():
        result, given = calls[0].result, [value for value in calls[0].arguments.values() if isinstance(value, Tensor)]
        code = examination.source.code(name)
        if len(given) != 1 or given[0].ndim != 1 or not isinstance(result, Tensor) or result.ndim != 2 or len(result) != len(given[0]):
            continue
        if (
            not re.search(r"\bsin\b|\bcos\b", code)
            or re.search("rand|weight|[Ll]inear", code)
            or result.requires_grad
            or float(result.abs().max()) > 1.001
        ):
            continue
        if (wrong := _other_base(examination, name, calls[0])) is not None:
            found.append(wrong)
            continue
        squares = result.double().square().sum(dim=1)
        half = result.shape[1] // 2
        if float((squares - half).abs().max()) < 1e-3 * half:
            found.append(examination.passed(f"{name} holds sine and cosine of each angle"))
        elif len(re.findall(r"\bsin\b", code)) != len(re.findall(r"\bcos\b", code)):
            message = f"{name}: the squares of an embedding add up to {float(squares.min()):.3g} to {float(squares.max()):.3g}, and {half} is half its length"
            found.append(
                examination.finding(
                    "fail", f"{message}: one of sine and cosine is missing", where=name, hint="Take the sine and the cosine of every angle."
                )
            )
        else:
            found.append(examination.unsure(f"{name} is no plain sinusoidal embedding"))
    return found or [examination.skipped("no function embeds a number by sines")]


BASES = (10.0, 100.0, 1e3, 1e4, 1e5, 1e6)


def _other_base(examination: Examination, name: str, call: FunctionCall) -> Evidence | None:
    """Embed the steps 0, 1, 2, ...: the table is the usual one of another base, or of another exponent, than the one that is stated."""
    equations = examination.facts.get("equations")
    printed = str(equations.get(name, "")) if isinstance(equations, dict) else ""
    stated = re.search(r"(?:base\s*)(\d{2,})", examination.words("time_embedding")) or re.search(r"(?<![\d.])(\d{2,})\s*\}?\s*\^", printed)
    key = next(key for key, value in call.arguments.items() if isinstance(value, Tensor))
    if stated is None:
        return None
    base = float(stated[1])
    steps = torch.arange(24).to(call.arguments[key].dtype)
    with torch.no_grad():
        table = _first(examination.quiet(lambda: call.again(call.arguments | {key: steps})))
    if table is None or table.ndim != 2 or len(table) != len(steps):
        return None
    table = table.double()
    if table_error(table, base) < 1e-3:
        return None
    for other in (*BASES, base**0.5, base**2, base**0.25, 1 / base):
        if abs(other - base) > 1e-9 * base and table_error(table, other) < 1e-3:
            message = f"{name} is a sinusoidal embedding of base {other:g}, and base {base:g} is stated"
            return examination.finding("fail", message, where=name, hint="Look at the base and at the exponent, 2i/d.")
    return None


def constant_input(examination: Examination) -> Evidence:
    """Compare what `forward` and `loss` give the model: an input that differs between samples in one is no constant in the other."""
    model = examination.perturbed(training=True)

    def given(function: str) -> dict[tuple[str, int], Tensor]:
        seen: dict[tuple[str, int], Tensor] = {}
        handles = []
        for path, module in model.named_modules():
            if path == "" or examination.source.owns(type(module)):
                look = lambda _, args, path=path: (
                    [
                        seen.setdefault((path, place), value.detach().clone())
                        for place, value in enumerate(args)
                        if isinstance(value, Tensor)
                    ]
                    and None
                )
                handles.append(module.register_forward_pre_hook(look))
        try:
            examination.quiet(lambda: getattr(examination, function)(model, examination.batch(), seed=1))
        finally:
            for handle in handles:
                handle.remove()
        return seen

    one, two = given("forward"), given("loss")
    for key in sorted(one.keys() & two.keys()):
        a, b = one[key], two[key]
        if a.shape != b.shape or a.ndim == 0 or len(a) < 4 or a.dtype == torch.bool or a.numel() != len(a):
            continue
        if bool((a != a[:1]).any()) and bool((b == b.flatten()[0]).all()):
            path, place = key
            message = f"input {place + 1} of {path or 'the model'} differs between samples in forward, and is {float(b.flatten()[0]):g} for all in loss"
            return examination.finding("fail", message, where="loss", path=path, hint="Give the model in the loss what it is given in use.")
    return (
        examination.passed("loss gives the model what forward gives it")
        if one.keys() & two.keys()
        else examination.skipped("loss and forward call nothing alike")
    )


def path_velocity(examination: Examination) -> list[Evidence]:
    """A function that gives a point at a time and its velocity: the second is the derivative of the first by the time."""
    found = []
    for name, calls in called(examination).items():
        call = calls[0]
        times = [key for key, value in call.arguments.items() if key in ("t", "time", "times") and _is_time(value)]
        pair = call.result if isinstance(call.result, tuple | list) and len(call.result) == 2 else None
        if len(times) != 1 or pair is None or not all(isinstance(item, Tensor) for item in pair) or pair[0].shape != pair[1].shape:
            continue
        step, when = 1e-3, times[0]
        later, earlier = (_at(examination, call, when, by) for by in (step, -step))
        if later is None or earlier is None:
            continue
        slope = (later[0].detach().double() - earlier[0].detach().double()) / (2 * step)
        velocity = pair[1].detach().double()
        scale = float(velocity.abs().max().clamp(min=1e-6))
        if float((slope + velocity).abs().max()) < 1e-2 * scale:
            message = f"{name}: the velocity is minus the derivative of the point by {when}"
            found.append(
                examination.finding("fail", message, where=name, hint="A path from noise at 0 to data at 1 moves by data minus noise.")
            )
        elif float((slope - velocity).abs().max()) < 1e-2 * scale:
            found.append(examination.passed(f"{name}: the velocity is the derivative of the point"))
        else:
            found.append(examination.unsure(f"{name}: its second result is no derivative of the first"))
    return found or [examination.skipped("no function gives a point on a path and its velocity")]


def _at(examination: Examination, call: FunctionCall, when: str, by: float) -> tuple[Tensor, Tensor] | None:
    """Call again a little later."""
    value: tuple[Tensor, Tensor] | None = examination.quiet(lambda: call.again(call.arguments | {when: call.arguments[when] + by}))
    return value


def _is_time(value: object) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and value.ndim >= 1 and bool(value.min() >= 0) and bool(value.max() <= 1)


TARGETS = {"noise": r"noise|eps", "clean data": r"clean|data|x_?0|sample|image", "velocity": r"velocity|flow"}


def stated_prediction(examination: Examination) -> Evidence:
    """Draw the noise as ones and read the target off the gradient: it is what the network is stated to predict."""
    words = examination.words("prediction")
    stated = next((kind for kind, pattern in TARGETS.items() if re.search(pattern, words)), None)
    if stated is None:
        return examination.skipped("what the network predicts is not stated")
    model, batch = examination.perturbed(training=True), examination.batch()
    with no_dropout(model), FixedNoise(1.0) as noise:
        seen = examination.quiet(lambda: evaluated(examination, model, batch))
    given = [value for key, value in batch.items() if key.lower() in NOISES[:3] and isinstance(value, Tensor)] if not noise.draws else []
    if seen is None or (noise.draws == 0 and not given):
        return examination.skipped("the loss draws no noise, and no entry of the batch is noise")
    for key, clean in batch.items():
        if not isinstance(clean, Tensor) or not clean.is_floating_point() or clean.ndim < 2 or any(clean is value for value in given):
            continue
        for _, outputs in reversed(seen.outputs):
            for output in outputs:
                slope = seen.slope(output) if output.shape == clean.shape else None
                if slope is None or float(slope.abs().max()) == 0:
                    continue
                ones = next((value for value in given if value.shape == clean.shape), torch.ones_like(clean))
                targets = {"noise": ones, "clean data": clean, "velocity": ones - clean}
                found = [kind for kind, target in targets.items() if _proportional(output.detach() - target, slope)]
                found += ["velocity"] if _proportional(output.detach() - (clean - ones), slope) else []
                if stated in found:
                    return examination.passed(f"the network is trained towards the {stated}")
                if found:
                    message = f"the network is trained towards the {found[0]} ({key}), and is stated to predict the {stated}"
                    return examination.finding("fail", message, where="loss", hint="Look at the loss's target.")
    return examination.unsure("what the loss compares the output with is not seen")


def _proportional(gap: Tensor, slope: Tensor) -> bool:
    factor = float((gap * slope).sum() / slope.square().sum())
    return factor > 0 and float((gap - factor * slope).abs().max()) < 1e-3 * float(gap.abs().max().clamp(min=1e-6))


MIXTURE = card(
    "generative",
    "mixture of noise",
    "Signal and noise mixed by shares without their roots, or exchanged.",
    (),
    "Mixtures by other rules: only exact known mistakes fail.",
    mixture,
)
TIME_EMBEDDING = card(
    "generative",
    "time embedding",
    "An embedding of a number that holds the sine or the cosine twice.",
    (),
    "Embeddings that leave one out on purpose, or scale: 'unsure' where the code names both alike.",
    time_embedding,
)
CONSTANT_INPUT = card(
    "generative",
    "constant input",
    "A condition, such as time or a label, that the loss gives the model as one constant.",
    (),
    "A loss that leaves a condition out on purpose for all samples.",
    constant_input,
)
PATH = card(
    "generative",
    "path velocity",
    "A velocity that is minus the derivative of its path.",
    (),
    "A second result that is no velocity: 'unsure'.",
    path_velocity,
)
PREDICTION = card(
    "generative",
    "stated prediction",
    "A denoiser that is trained towards noise, data or velocity where another is stated.",
    ("prediction",),
    "Losses that weight by the noise level, or compare something else: 'unsure'.",
    stated_prediction,
)
