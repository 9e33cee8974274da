"""Slow copies of trained parts: where a step moves one part of the copy after its original, it moves all of them."""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._training import Training

STEPS = 6


def _twins(model: nn.Module) -> list[tuple[str, str]]:
    """Return (frozen, trained) names of parameters that a fresh model has equal: the one is a copy of the other."""
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad and _told(p)]
    return [
        (name, other)
        for name, p in model.named_parameters()
        if not p.requires_grad and _told(p)
        for other, q in trained
        if p.shape == q.shape and torch.equal(p, q)
    ]


def _told(parameter: Tensor) -> bool:
    """Say whether a parameter's values are enough to know it by: zeros and ones are everywhere."""
    return parameter.numel() > 3 and len(parameter.unique()) > 3


def followed(examination: Examination) -> Evidence:
    """Take some steps: of the copies whose originals move, all follow or none does."""
    if not examination.has("step"):
        return examination.skipped("the subject has no step of its own")
    model = examination.build()
    twins = _twins(model)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    if len(twins) < 2:
        return examination.skipped("no frozen copies of trained parameters are in the model")
    training = Training(examination, model)
    for seed in range(STEPS):
        training.step(examination.batch(seed=seed), seed=seed)
    moved = {name: not torch.equal(before[name], p.detach()) for name, p in model.named_parameters()}
    live = [(copy, original) for copy, original in twins if moved[original]]
    still = [copy for copy, _ in live if not moved[copy]]
    if not still or len(still) == len(live):
        return examination.passed("all copies follow their originals, or none does so yet", copies=float(len(live)))
    places = examination.source.holding(r"lerp_|\.mul_\(|copy_\(|\.data\s*=")
    places = [place for place in places if not place.endswith("__init__") and re.search(r"zip|for ", examination.source.code(place))]
    text = (
        f"{still[0]} is a copy of a weight that is trained, and never moves, while {next(c for c, _ in live if moved[c])} follows its own"
    )
    return examination.finding(
        "fail", text, where=places[0] if len(places) == 1 else "step", path=still[0], hint="Update every part of the copy."
    )


FOLLOWED = card(
    "optimisation",
    "followed copies",
    "A slow copy of which a part is never updated, while another part follows what is trained.",
    (),
    "A part that is to stay as it was at the start although its original is trained.",
    followed,
)
