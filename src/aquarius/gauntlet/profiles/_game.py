"""Adversarial players: with one of them held still, what the other does to the discriminator's scores of real and made samples."""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._training import Training

JUDGES = ("discriminator", "critic", "disc")
MAKERS = ("generator", "gen")
STEPS = 24


def opposite_aims(examination: Examination) -> Evidence:
    """Train each player alone: the judge draws real and made apart, and the maker moves its samples to where the real ones are."""
    model = examination.build()
    children = dict(model.named_children())
    judge = next((name for name in JUDGES if name in children), None)
    maker = next((name for name in MAKERS if name in children), None)
    if judge is None or maker is None or not examination.has("step"):
        return examination.skipped("no two children are called generator and discriminator, or the subject has no step")
    drawn, moved, apart = 0.0, 0.0, 0.0
    for hurried in (False, True):  # small weights and rates hardly move: then with noise on the weights and twenty times the rate
        first, last = _scores(examination, judge, maker, hurried)
        before, after = _scores(examination, judge, judge, hurried)
        if first is None or last is None or before is None or after is None:
            return examination.skipped("the discriminator's scores of real and of made samples are not seen")
        apart = last[0] - last[1]
        drawn, moved = apart - (first[0] - first[1]), after[1] - before[1]
        if abs(drawn) >= 0.02 * max(abs(last[0]), abs(last[1]), 0.1) and abs(moved) >= 1e-4 and drawn * moved > 0:
            break  # a penalty on the slope may be all that the first steps follow: two against each other are looked at again
    values = {"judge": drawn, "maker": moved}
    if abs(drawn) < 1e-3 or abs(moved) < 1e-4:
        return examination.unsure("a player alone hardly moves the scores", **values)
    if drawn * apart < 0:
        return examination.unsure("the discriminator has not drawn real and made samples apart", **values)
    if drawn * moved < 0:
        return examination.finding(
            "fail",
            f"training the discriminator alone moves real above made samples by {drawn:.3g}, and the generator alone moves its samples by {moved:.3g}:"
            " both want the same",
            where=_place(examination, maker) if drawn > 0 else _place(examination, judge),  # a judge is to put the real ones higher
            hint="Look at the labels or signs in the two losses.",
            values=values,
        )
    return examination.passed("the generator moves its samples to where the discriminator puts the real ones", **values)


def _place(examination: Examination, player: str) -> str:
    """Return the function of a player's loss by its name, else step where it calls the players itself, else loss."""
    own = [
        name
        for name in examination.source.functions
        if player in name.lower() or ("loss" in name.lower() and name.lower().startswith(player[0]))
    ]
    if own:
        return own[0]
    return "step" if re.search(r"model\.\w+\(|softplus|binary_cross|mean\(", examination.source.code("step")) else "loss"


Pair = tuple[float, float] | None


def _scores(examination: Examination, judge: str, still: str, hurried: bool) -> tuple[Pair, Pair]:
    """Train with one player held still, and return its mean scores (real, made) at the begin and at the end."""
    model = examination.perturbed(training=True) if hurried else examination.build()
    training = Training(examination, model)
    if not isinstance(training.made, dict):
        return None, None
    held = {id(p) for p in model.get_submodule(still).parameters()}
    for optimizer in training.optimizers:
        for group in optimizer.param_groups:
            group["lr"] *= 0.0 if any(id(p) in held for p in group["params"]) else 20.0 if hurried else 1.0
    found: list[Pair] = []
    for _ in range(STEPS):
        batch = examination.batch()
        known = [value for value in batch.values() if isinstance(value, Tensor) and value.is_floating_point()]
        real: list[float] = []
        made: list[float] = []

        def look(
            _: nn.Module,
            given: tuple[object, ...],
            output: object,
            known: list[Tensor] = known,
            real: list[float] = real,
            made: list[float] = made,
        ) -> None:
            first = next((value for value in given if isinstance(value, Tensor)), None)
            if first is not None and isinstance(output, Tensor):
                is_real = any(value.shape == first.shape and torch.equal(value, first.detach()) for value in known)
                (real if is_real else made).append(float(output.detach().mean()))

        handle = model.get_submodule(judge).register_forward_hook(look)
        try:
            training.step(batch, seed=0)  # the same noise each time
        finally:
            handle.remove()
        found.append((real[0], made[0]) if real and made else None)
    return found[1], found[-1]  # the first step may clip weights


AIMS = card(
    "generative",
    "opposite aims",
    "A generator that is trained away from what the discriminator takes for real.",
    (),
    "Players whose scores hardly move in two dozen steps: 'unsure'.",
    opposite_aims,
)
