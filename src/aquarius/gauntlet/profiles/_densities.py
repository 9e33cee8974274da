"""Drawn actions and distributions: the density of a squashed sample, the sign of its entropy, mass and mean of a projected distribution."""

from __future__ import annotations

import math
import re
from contextlib import ExitStack

import torch
from torch import Tensor

from ...core import Evidence
from .._calls import FunctionCall, named, recorded
from .._check import card
from .._examination import Examination, seed_all
from .._functions import called, own_functions
from ._reinforcement import ENDS, REWARDS, entry, negated

DRAWS = 96
FITS = 2e-2


def _is_drawn(call: FunctionCall) -> bool:
    """Say whether a call gave an action between -1 and 1 and one number for each sample."""
    result = call.result
    if not isinstance(result, tuple) or len(result) < 2 or not all(isinstance(item, Tensor) for item in result[:2]):
        return False
    action, density = result[:2]
    if action.ndim != 2 or not action.is_floating_point() or density.numel() != len(action) or not density.is_floating_point():
        return False
    return bool(action.abs().max() <= 1) and float(action.std()) > 1e-3


def squashed_density(examination: Examination) -> list[Evidence]:
    """Draw often: log density + sum log(1 - a^2) of a squashed Gaussian is a quadratic of artanh(a), sample by sample."""
    found = []
    for name, calls in called(examination).items():
        if not _is_drawn(calls[0]) or "tanh" not in examination.source.code(name):
            continue
        actions, densities = [], []
        for seed in range(DRAWS):
            seed_all(seed)
            with torch.no_grad():
                action, density = calls[0].again(dict(calls[0].arguments))[:2]
            actions.append(action.double())
            densities.append(density.double().reshape(len(action)))
        found.append(_density(examination, name, torch.stack(actions, 1), torch.stack(densities, 1)))
    return found or [examination.skipped("no function draws squashed actions with their densities")]


def _density(examination: Examination, name: str, actions: Tensor, densities: Tensor) -> Evidence:
    if float((densities - densities[:, :1]).abs().max()) < 1e-6:
        return examination.skipped(f"{name} gives one density for all draws")
    gaps: dict[float, list[float]] = {1.0: [], 0.0: [], -1.0: []}
    for action, density in zip(actions, densities, strict=True):
        kept = (action.abs() < 0.99).all(dim=1)
        if int(kept.sum()) < 6 * action.shape[1] + 6:
            continue
        raw = torch.atanh(action[kept])
        correction = torch.log(1 - action[kept] ** 2).sum(dim=1)
        basis = torch.cat([torch.ones(len(raw), 1, dtype=raw.dtype), raw, raw**2], dim=1)
        for sign, kind in gaps.items():
            wanted = (density[kept] + sign * correction)[:, None]
            rest = wanted - basis @ torch.linalg.lstsq(basis, wanted).solution
            kind.append(float(rest.abs().max()) / max(1e-6, float((density[kept] - density[kept].mean()).abs().max())))
    if len(gaps[1.0]) < 2:
        return examination.unsure(f"{name} draws too near its bounds")
    fits = {sign: max(kind) < FITS for sign, kind in gaps.items()}
    if fits[1.0]:
        return examination.passed(f"{name} gives the density of its squashed draws")
    hint = "Subtract the sum of log(1 - tanh(u)^2) from the density of u."
    if fits[-1.0]:
        return examination.finding("fail", f"{name} adds the correction of the squashing to the log density", where=name, hint=hint)
    if fits[0.0]:
        return examination.finding(
            "fail", f"{name} squashes its draw and gives the log density of what was not squashed", where=name, hint=hint
        )
    return examination.unsure(f"{name} is no squashed Gaussian with independent parts")


def drawn_entropy(examination: Examination) -> Evidence:
    """Differentiate the loss by the log density of actions drawn with a gradient: it must not fall where the density rises."""
    batch = examination.batch()
    if entry(batch, REWARDS) is None:
        return examination.skipped("no rewards are in the batch")
    model = examination.perturbed()
    with ExitStack() as stack:
        calls = {name: stack.enter_context(recorded(*place)) for name in own_functions(examination) if (place := named(examination, name))}
        value = examination.quiet(lambda: examination.loss(model, batch, seed=1))
    if value is None or not value.requires_grad:
        return examination.skipped("the loss is refused")
    for name, some in calls.items():
        for call in some:
            if not _is_drawn(call) or not call.result[1].requires_grad or not call.result[0].requires_grad:
                continue
            (slope,) = torch.autograd.grad(value, call.result[1], allow_unused=True, retain_graph=True)
            if slope is None or float(slope.abs().max()) == 0 or float(slope.std()) > 1e-3 * float(slope.abs().mean()):
                continue
            if float(slope.mean()) < 0:
                users = [
                    other
                    for other in examination.source.holding(rf"\b{name.rpartition('.')[2]}\(")
                    if re.search("actor|policy", other.lower())
                ]
                return examination.finding(
                    "fail",
                    "the loss falls where the log density of a drawn action rises: entropy is punished",
                    where=users[0] if users else "loss",
                    hint="The actor's loss is temperature times log density minus the value.",
                    values={"slope": float(slope.sum())},
                )
            return examination.passed("the loss rises with the log density of drawn actions", slope=float(slope.sum()))
    return examination.skipped("no action is drawn with its density and a gradient")


def projected_mass(examination: Examination) -> list[Evidence]:
    """A function that turns distributions into distributions over the same atoms keeps their mass; after an end its mean is the reward."""
    found = []
    for name, calls in called(examination).items():
        call = calls[0]
        given = next((key for key, value in call.arguments.items() if _is_distribution(value)), None)
        rewards = next((key for key in call.arguments if any(word in key.lower() for word in REWARDS[:1])), None)
        if given is None or rewards is None or not isinstance(call.result, Tensor) or call.result.shape != call.arguments[given].shape:
            continue
        mass = call.result.double().sum(dim=-1)
        if float((mass - 1).abs().max()) > 1e-3:
            message = f"{name} gives distributions whose mass is between {float(mass.min()):.3g} and {float(mass.max()):.3g}"
            hint = "Where an atom falls on another exactly, both of its neighbours are the same one."
            found.append(examination.finding("fail", message, where=name, hint=hint, values={"least": float(mass.min())}))
        else:
            found.append(_mean(examination, name, call, rewards) or examination.passed(f"{name} keeps the mass of distributions"))
    return found or [examination.skipped("no function projects distributions by rewards")]


def _is_distribution(value: object) -> bool:
    if not isinstance(value, Tensor) or not value.is_floating_point() or value.ndim != 2 or value.shape[1] < 5:
        return False
    return bool(value.min() >= 0) and float((value.double().sum(dim=-1) - 1).abs().max()) < 1e-4


def _mean(examination: Examination, name: str, call: FunctionCall, rewards: str) -> Evidence | None:
    """Set all ends to one: every atom moves to the reward, within the range of the atoms."""
    atoms = next(
        (v for k, v in call.arguments.items() if isinstance(v, Tensor) and v.ndim == 1 and v.shape[0] == call.result.shape[1]), None
    )
    ends = next((key for key in call.arguments if any(word in key.lower() for word in ENDS) and not negated(key)), None)
    if atoms is None or ends is None or not bool((atoms.diff() > 0).all()) or call.arguments[rewards].ndim != 1:
        return None
    given = call.arguments | {ends: torch.ones_like(call.arguments[ends])}
    with torch.no_grad():
        result = examination.quiet(lambda: call.again(given))
    if not isinstance(result, Tensor) or result.shape != call.result.shape:
        return None
    wanted = call.arguments[rewards].clamp(float(atoms.min()), float(atoms.max()))
    gap = float(((result * atoms).sum(dim=-1) - wanted).abs().max())
    if gap > 1e-3 * float(atoms.max() - atoms.min()) and math.isfinite(gap):
        message = f"{name}: after an end the mean of a distribution is off the reward by {gap:.3g}"
        return examination.finding("fail", message, where=name, hint="The nearer atom gets the larger share.", values={"difference": gap})
    return None


DENSITY = card(
    "reinforcement",
    "squashed density",
    "A log density of a squashed action with a correction of the wrong sign, or none.",
    (),
    "Densities of other forms: 'unsure'.",
    squashed_density,
)
DRAWN_ENTROPY = card(
    "reinforcement",
    "drawn entropy",
    "An actor's loss that punishes the entropy of its draws.",
    (),
    "Losses in which the density weights something else: only a slope that is equal for all samples is judged.",
    drawn_entropy,
)
MASS = card(
    "reinforcement",
    "projected mass",
    "A projection of distributions that loses mass, or moves it to the wrong atoms.",
    (),
    "Distributions that are cut on purpose.",
    projected_mass,
)
