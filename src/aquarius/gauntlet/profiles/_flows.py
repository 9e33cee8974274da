"""Invertible maps and quantisers: an inverse that undoes its forward, a log-determinant that is one, the nearest code."""

from __future__ import annotations

import inspect
import math
import re
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._trace import tensors

INVERSES = ("inverse", "reverse", "invert", "inv")
LARGEST = 48  # numbers in a sample whose Jacobian is taken whole
DETERMINANT = r"log_?det|log_?abs_?det|ldj|log_determinant|jacobian|determinant"


def _works(examination: Examination, model: nn.Module) -> list[tuple[str, nn.Module, tuple[Any, ...], Any]]:
    """Run the loss and return (path, module, inputs, output) of every module of the subject's own classes, each once."""
    seen: dict[str, tuple[str, nn.Module, tuple[Any, ...], Any]] = {}
    handles = [
        module.register_forward_hook(lambda module, given, output, path=path: seen.setdefault(path, (path, module, given, output)) and None)
        for path, module in model.named_modules()
        if examination.source.owns(type(module))
    ]
    try:
        examination.quiet(lambda: examination.loss(model, examination.batch(), seed=1))
        examination.quiet(lambda: examination.forward(model, examination.batch(), seed=1))
    finally:
        for handle in handles:
            handle.remove()
    return list(seen.values())


def _first(value: Any) -> Tensor | None:
    return next((item for item in tensors(value) if item.is_floating_point()), None)


def inverse(examination: Examination) -> list[Evidence]:
    """Give the inverse what forward gave: the input comes back."""
    model = examination.perturbed()
    found: dict[str, Evidence] = {}
    for path, module, given, output in _works(examination, model):
        name = next((name for name in INVERSES if callable(getattr(type(module), name, None))), None)
        start, there = _first(list(given)), _first(output)
        kind = type(module).__qualname__
        if name is None or start is None or there is None or start.shape != there.shape or kind in found:
            continue
        method = getattr(module, name)
        needed = [p for p in inspect.signature(method).parameters.values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
        if len(needed) != len(given):
            continue
        with torch.no_grad():
            begin, end = start.detach().double(), None
            twin = module.double()
            again = examination.quiet(lambda twin=twin, begin=begin, given=given: twin(begin, *given[1:]))  # type: ignore[misc]
            there = _first(again) if again is not None else None
            if there is not None and bool(there.isfinite().all()):
                end = _first(examination.quiet(lambda method=method, there=there, given=given: method(there, *given[1:])))  # type: ignore[misc]
            module.float()
        if end is None or end.shape != begin.shape or there is None:
            continue
        scale = max(1.0, float(begin.abs().max()))
        gap = float((end - begin).abs().max()) / scale
        if not gap <= 1e-3:
            found[kind] = examination.finding(
                "fail",
                f"{kind}.{name} does not undo {kind}.forward: an input comes back changed by {gap:.3g} of its size",
                where=f"{kind}.{name}",
                path=path,
                hint="Undo the steps in the opposite order, each by its own inverse.",
                values={"difference": gap},
            )
        else:
            found[kind] = examination.passed(f"{kind}.{name} undoes {kind}.forward", difference=gap)
    fails = [finding for finding in found.values() if finding.status == "fail"]  # an inverse of several is wrong where one of them is
    return fails[:1] or list(found.values()) or [examination.skipped("no class has an inverse beside its forward")]


def log_determinant(examination: Examination) -> list[Evidence]:
    """Compare the number that a map returns for each sample, under a name of a log-determinant, with the Jacobian's."""
    model = examination.perturbed()
    found: dict[str, Evidence] = {}
    for path, module, given, output in _works(examination, model):  # inner maps first
        kind = type(module).__qualname__
        start = _first(list(given))
        if kind in found or start is None or not isinstance(output, tuple) or len(output) != 2 or not isinstance(output[0], Tensor):
            continue
        told = output[1]
        if (
            output[0].shape != start.shape
            or not isinstance(told, Tensor)
            or told.numel() not in (1, len(start))
            or start[0].numel() > LARGEST
        ):
            continue
        if start.ndim < 2 or not re.search(DETERMINANT, examination.source.text):
            continue
        gap = _gap(examination, module, start.detach()[:3].double(), given[1:])
        module.float()
        if gap is None:
            continue
        if gap > 1e-2:
            where = examination.where(model, path)
            message = f"what {kind} returns as the log-determinant is not that of its Jacobian: off by {gap:.3g}"
            found[kind] = examination.finding(
                "fail",
                message,
                where=where,
                path=path,
                hint="Sum over the parts of a sample; mind the sign and the direction.",
                values={"difference": gap},
            )
        else:
            found[kind] = examination.passed(f"{kind} returns the log-determinant of its Jacobian", difference=gap)
    fails = [finding for finding in found.values() if finding.status == "fail"]
    return fails[:1] or list(found.values()) or [examination.skipped("no map returns a log-determinant")]


def _jacobian(function: Any, sample: Tensor) -> Tensor:
    jacobian: Tensor = torch.autograd.functional.jacobian(lambda x: function(x.reshape(1, *sample.shape)).flatten(), sample)
    return jacobian.reshape(jacobian.shape[0], -1)


def _gap(examination: Examination, module: nn.Module, samples: Tensor, more: tuple[Any, ...]) -> float | None:
    """Return the distance of what is told from the log-determinant of the map or of its inverse, whichever is nearer; None where it is refused."""
    module.double()
    more = tuple(
        value[: len(samples)] if isinstance(value, Tensor) and value.ndim and len(value) > len(samples) else value for value in more
    )
    if any(isinstance(value, Tensor) for value in more):
        return None
    worst = 0.0
    for sample in samples:
        told = examination.quiet(lambda sample=sample: module(sample[None], *more)[1])  # type: ignore[misc]
        jacobian = examination.quiet(lambda sample=sample: _jacobian(lambda x: module(x, *more)[0], sample))  # type: ignore[misc]
        if told is None or jacobian is None or jacobian.shape[0] != jacobian.shape[1]:
            return None
        real = float(torch.linalg.slogdet(jacobian)[1])
        value = float(told.detach().flatten()[0])
        if not math.isfinite(real) or not math.isfinite(value):
            return None
        worst = max(worst, min(abs(value - real), abs(value + real)))
    return worst


def likelihood(examination: Examination) -> list[Evidence]:
    """Make the log-likelihood again: the standard normal density of the code plus the Jacobian's log-determinant."""
    return _likelihood(examination) or [examination.skipped("no likelihood of an invertible map is computed")]


def _likelihood(examination: Examination) -> list[Evidence]:
    model = examination.perturbed()
    kind = type(model).__qualname__
    name = next(
        (n for n in ("log_likelihood", "log_prob", "log_density", "log_probability") if callable(getattr(type(model), n, None))), None
    )
    work = next((item for item in _works(examination, model) if item[0] == ""), None)
    if (
        name is None
        or work is None
        or not examination.source.owns(type(model))
        or not re.search(DETERMINANT, examination.source.code(kind))
    ):
        return []
    start, there = _first(list(work[2])), _first(work[3])
    if start is None or there is None or start.shape != there.shape or start.ndim < 2 or start[0].numel() > LARGEST or len(work[2]) > 1:
        return []
    model.double()
    right, wrong = [], []
    for sample in start.detach()[:4].double():
        told = examination.quiet(lambda sample=sample: getattr(model, name)(sample[None]))  # type: ignore[misc]
        code = _first(examination.quiet(lambda sample=sample: model(sample[None])))  # type: ignore[misc]
        jacobian = examination.quiet(lambda sample=sample: _jacobian(lambda x: _first(model(x)), sample))  # type: ignore[misc]
        if not isinstance(told, Tensor) or told.numel() != 1 or code is None or jacobian is None or jacobian.shape[0] != jacobian.shape[1]:
            return []
        prior = -0.5 * float(code.detach().square().sum())
        volume = float(torch.linalg.slogdet(jacobian)[1])
        right.append(float(told) - prior - volume)
        wrong.append(float(told) - prior + volume)
    where = f"{kind}.{name}"
    constant = lambda values: max(values) - min(values) < 1e-3 * max(1.0, abs(values[0]))
    if constant(right):
        return [examination.passed(f"{where} is the density of the code plus the log-determinant")]
    if constant(wrong):
        message = f"{where} subtracts the log-determinant of the map from data to code"
        hint = "The density of the data is that of the code times the determinant of d code / d data."
        return [examination.finding("fail", message, where=where, hint=hint)]
    return [examination.unsure(f"{where} is not the standard normal density of the code with a log-determinant")]


def nearest_code(examination: Examination) -> list[Evidence]:
    """Where a module replaces vectors by rows of its table, each is the nearest row, and the gradient goes past the choice."""
    model = examination.perturbed(training=True)
    found = []
    for path, module, given, output in _works(examination, model):
        start, there = _first(list(given)), _first(output)
        table = next((p for p in module.parameters() if p.ndim == 2 and len(p) > 2), None)
        if (
            start is None
            or there is None
            or start.shape != there.shape
            or table is None
            or not re.search("arg(min|max)", examination.source.code(type(module).__qualname__))
        ):
            continue
        axes = [axis for axis in range(1, start.ndim) if start.shape[axis] == table.shape[1]]
        if len(axes) != 1:
            continue
        vectors, chosen = (value.detach().movedim(axes[0], -1).reshape(-1, table.shape[1]) for value in (start, there))
        rows = table.detach()
        distances = torch.cdist(chosen.double(), rows.double())
        if float(distances.min(dim=1).values.max()) > 1e-3 * float(rows.abs().max()):
            continue  # not rows of the table
        found.append(
            _chosen(examination, model, path, vectors, distances.argmin(dim=1), rows) or _passed_by(examination, model, path, start, there)
        )
    return found or [examination.skipped("no module replaces vectors by rows of a table")]


def _chosen(examination: Examination, model: nn.Module, path: str, vectors: Tensor, index: Tensor, rows: Tensor) -> Evidence | None:
    spans = torch.cdist(vectors.double(), rows.double())
    angles = -nn.functional.normalize(vectors, dim=1) @ nn.functional.normalize(rows, dim=1).T
    taken = spans.gather(1, index[:, None]).squeeze(1)
    wrong = float((taken > spans.min(dim=1).values * 1.001 + 1e-6).float().mean())
    by_angle = float((angles.gather(1, index[:, None]).squeeze(1) > angles.min(dim=1).values + 1e-4).float().mean())
    if min(wrong, by_angle) > 0.02:
        return examination.finding(
            "fail",
            f"{wrong:.0%} of the vectors are replaced by a row of the table that is not the nearest",
            where=examination.where(model, path),
            path=path,
            hint="Look at the distance's terms, at argmin, and at the axes on the way to it.",
            values={"wrong": wrong},
        )
    return None


def _passed_by(examination: Examination, model: nn.Module, path: str, start: Tensor, there: Tensor) -> Evidence:
    if not start.requires_grad:
        return examination.passed("each vector is replaced by the nearest row of the table")
    slope = torch.autograd.grad(there.sum(), start, retain_graph=True, allow_unused=True)[0] if there.requires_grad else None
    if slope is None or float(slope.abs().max()) == 0:
        return examination.finding(
            "fail",
            "no gradient passes from the chosen row back to the vector that it replaces",
            where=examination.where(model, path),
            path=path,
            hint="Return z + (chosen - z).detach().",
        )
    return examination.passed("each vector is replaced by the nearest row of the table, and the gradient passes by the choice")


INVERSE = card("generative", "inverse", "An inverse that does not undo its forward.", (), "Maps that lose something on purpose.", inverse)
LOG_DETERMINANT = card(
    "generative",
    "log-determinant",
    "A log-determinant that is not that of the map, in size or sign, or a likelihood that subtracts it.",
    (),
    "A second result under such a name that is something else.",
    log_determinant,
)
LIKELIHOOD = card(
    "generative",
    "likelihood",
    "A likelihood that subtracts the log-determinant.",
    (),
    "Priors other than the standard normal: 'unsure'.",
    likelihood,
)
NEAREST_CODE = card(
    "generative",
    "nearest code",
    "A quantiser that does not take the nearest row, or lets no gradient past.",
    (),
    "Quantisers that choose by another distance than Euclid's or the cosine.",
    nearest_code,
)
