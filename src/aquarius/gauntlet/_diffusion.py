"""Diffusion and flow matching: how signal and noise are mixed, the tables behind it, the embedding of time, and what the loss gives the model."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
from torch import Tensor

from ..core import Evidence
from ._calls import FunctionCall
from ._check import card
from ._examination import Examination, no_dropout
from ._functions import called
from ._inputs import is_integer
from ._quantities import evaluated
from ._trace import tensors
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
        found.append(_mixed(examination, name, call, *shares) or _ordered(examination, name, call, signal, noise))
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
        flow = abs(early + float(first[1].abs()[0]) - 1) < TOLERANCE  # straight paths may begin at the noise
        velocity = flow or bool((first[0] * first[1] < 0).all()) or bool((last[0] * last[1] < 0).all())  # noise minus signal
        if early < float(first[1].abs()[0]) and early < late - TOLERANCE and not velocity:
            message = f"{name}: at step 0 the signal's share is {early:.3g}, and it grows with the step"
            return examination.finding("fail", message, where=name, hint="Noise grows with the step: exchange the two shares.")
    return examination.passed(f"{name} keeps the variance, the sum or the signal")


def _tables(examination: Examination) -> dict[str, Tensor]:
    """Return the one-dimensional tables of numbers that the model holds or the file defines, by their last name."""
    named: dict[str, Tensor] = {
        key: value for key, value in vars(examination.module).items() if isinstance(value, Tensor) and value.ndim == 1 and len(value) > 3
    }
    model = examination.probe
    for path, module in model.named_modules():
        values = dict(module.named_buffers(recurse=False)) | {k: v for k, v in vars(module).items() if isinstance(v, Tensor)}
        named |= {f"{path}.{k}".strip("."): v for k, v in values.items() if v.ndim == 1 and len(v) > 3 and v.is_floating_point()}
    return named


def noise_schedule(examination: Examination) -> Evidence:
    """Look at tables named after betas and the product of alphas: in range, in order, and one the product of the other."""
    tables = _tables(examination)
    betas = {key: value for key, value in tables.items() if re.fullmatch(r"betas?", key.rpartition(".")[2].lower())}
    bars = {
        key: value for key, value in tables.items()
        if re.fullmatch(r"(alphas?_?)(bars?|hats?|cumprod|cum|product|prod)|a_?bars?|abar", key.rpartition(".")[2].lower())
    }  # fmt: skip
    if not bars and "betas" not in examination.facts:
        return examination.skipped("no tables of a noise schedule")
    where = examination.where(examination.probe, next(iter([*bars, *betas]), "").rpartition(".")[0], "__init__")
    for key, bar in bars.items():
        if bool((bar.diff() > 1e-7).any()) or float(bar.max()) > 1 + 1e-6 or float(bar.min()) < -1e-6:
            message = f"{key} goes from {float(bar[0]):.4g} to {float(bar[-1]):.4g}, and a product of alphas falls from 1 towards 0"
            return examination.finding("fail", message, where=where, path=key, hint="It is the running product of one minus beta.")
        for other, beta in betas.items():
            product = (1 - beta.double()).cumprod(0)
            if beta.shape == bar.shape and float((product - bar.double()).abs().max()) > 1e-3:
                message = f"{key} is not the running product of one minus {other}: its last value is {float(bar[-1]):.4g}, the product's {float(product[-1]):.4g}"
                return examination.finding("fail", message, where=where, path=key, hint="Take cumprod of 1 - betas, over the steps.")
    for key, beta in betas.items():
        if not bool(((beta > 0) & (beta < 1)).all()) or bool((beta.diff() < -1e-7).all()):
            message = f"{key} goes from {float(beta[0]):.4g} to {float(beta[-1]):.4g}, and betas lie between 0 and 1 and grow"
            return examination.finding("fail", message, where=where, path=key, hint="Look at the ends of the schedule.")
    return (
        examination.passed("the tables of the noise schedule agree")
        if bars or betas
        else examination.skipped("no tables of a noise schedule")
    )


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
    if seen is None or noise.draws == 0:
        return examination.skipped("the loss draws no noise")
    for key, clean in batch.items():
        if not isinstance(clean, Tensor) or not clean.is_floating_point() or clean.ndim < 2:
            continue
        for _, outputs in reversed(seen.outputs):
            for output in outputs:
                slope = seen.slope(output) if output.shape == clean.shape else None
                if slope is None or float(slope.abs().max()) == 0:
                    continue
                ones = torch.ones_like(clean)
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
NOISE_SCHEDULE = card(
    "generative",
    "noise schedule",
    "Tables of betas and products of alphas that are out of range, out of order, or do not belong together.",
    (),
    "Tables under these names that are something else.",
    noise_schedule,
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
