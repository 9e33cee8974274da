"""Rollouts: the state after the last step, the scale of what values are trained towards, advantages of one mean, transitions that move."""

from __future__ import annotations

import re

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._functions import called
from .._inputs import Batch, copy
from ..stated._quantities import evaluated
from ._policy import SKIPPED, used_advantages
from ._reinforcement import REWARDS, ending, entry, maker

EXACT = 1e-3


def standing_still(examination: Examination) -> Evidence:
    """Compare the state after each step with the one before: not all of them may be equal."""
    batch = examination.batch()
    if entry(batch, REWARDS) is None:
        return examination.skipped("no rewards are in the batch")
    for key, after in batch.items():
        found = re.match(r"(?:next|following)_(\w+)", key)
        before = batch.get(found[1]) if found else None
        if isinstance(before, Tensor) and isinstance(after, Tensor) and before.shape == after.shape and before.numel() > 1:
            if torch.equal(before, after):
                hint = "Look at which state is stored as the one that follows."
                return examination.finding("fail", f"{key} equals {found and found[1]} in every row", where="batch", path=key, hint=hint)
            return examination.passed(f"{key} differs from {found and found[1]}")
    return examination.skipped("no state and next state are in the batch")


# --- the state after the last step ----------------------------------------------------------------------------------


def last_state(examination: Examination) -> Evidence:
    """Change the one state that a rollout has more than rewards: what is expected after the last step must change the loss."""
    batch = examination.batch()
    reward, end = entry(batch, REWARDS), ending(batch)
    if reward is None or not batch[reward].is_floating_point() or batch[reward].ndim != 2:
        return examination.skipped("no rewards over time are in the batch")
    longer = [(key, axis) for key, value in batch.items() for axis in (0, 1) if _one_more(value, batch[reward], axis)]
    if len(longer) != 1:
        return examination.skipped("not one entry of the batch is a step longer than the rewards")
    (key, axis), model = longer[0], examination.probe
    if end is not None and batch[end].shape == batch[reward].shape and bool(batch[end].select(axis, -1).bool().all()):
        return examination.skipped("every episode ends with the last step")
    changed = batch | {key: batch[key].clone()}
    part = changed[key].select(axis, -1)
    part.copy_(part.roll(1, 0) + torch.randn(part.shape, generator=torch.Generator().manual_seed(3)))
    with torch.no_grad():
        before, after = examination.loss(model, copy(batch), seed=1), examination.loss(model, changed, seed=1)
    change = distance(before, after)
    if change > 0:
        return examination.passed(f"the last of {key} matters", change=change)
    return examination.finding(
        "fail",
        f"{key} has one step more than {reward}, and the last of it changes nothing in the loss: nothing is expected after the last step",
        where="loss",
        path=key,
        hint="Look at which state the value at the end of the rollout is taken of.",
    )


def _one_more(value: object, reward: Tensor, axis: int) -> bool:
    if not isinstance(value, Tensor) or not value.is_floating_point() or value.ndim < 2 or value.shape[1 - axis] != reward.shape[1 - axis]:
        return False
    return value.shape[axis] == reward.shape[axis] + 1


# --- what values and advantages are made of -------------------------------------------------------------------------


def value_target(examination: Examination) -> Evidence:
    """Triple the rewards, with no values stored: what the value of a state is trained towards grows with them, whatever the advantages do."""
    if examination.facts.get("advantage_normalised") is not True:
        return examination.skipped("nothing is stated of the advantages")
    if re.search(
        r"normali[sz]ed? (?:returns?|rewards?)|(?:returns?|rewards?) (?:are )?(?:normali|standardi|scaled)", str(examination.facts).lower()
    ):
        return examination.skipped("rewards or returns are stated to be scaled")
    model, batch = examination.perturbed(), examination.batch()
    reward = entry(batch, REWARDS)
    if reward is None or not batch[reward].is_floating_point():
        return examination.skipped("no rewards are in the batch")
    empty = {key: torch.zeros_like(value) for key, value in batch.items() if _is_value(key, value)}
    slopes = [_value_slope(examination, model, batch | empty | {reward: factor * batch[reward]}) for factor in (1.0, 3.0)]
    other = _value_slope(examination, model, batch | empty | {reward: batch[reward].flip(0)})
    one, three = slopes
    if one is None or three is None or other is None:
        return examination.skipped("no value of the states is seen in the loss")
    scale = float(one.abs().max())
    grown, moved = float((three - one).abs().max()) / scale, float((other - one).abs().max()) / scale
    if moved > 0.01 and grown < EXACT:
        return examination.finding(
            "fail",
            "three times the rewards leave what the values are trained towards as it is: returns are made of normalised advantages",
            where="loss",
            hint="Make the returns before the advantages are normalised.",
            values={"grown": grown, "moved": moved},
        )
    return examination.passed("what values are trained towards grows with the rewards", grown=grown)


def _is_value(key: str, value: object) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and bool(re.search(r"value|(?:^|_)v(?:$|_)|baseline", key.lower()))


def _value_slope(examination: Examination, model: torch.nn.Module, batch: Batch) -> Tensor | None:
    """Return the slope of the loss by the values of the states: what a module gives one number each for, as many as rewards."""
    seen = examination.quiet(lambda: evaluated(examination, model, batch))
    rewards = batch[str(entry(batch, REWARDS))]
    for path, tensors in seen.outputs if seen is not None else []:
        for value in tensors:
            single = value.numel() == rewards.numel() and value.shape[: rewards.ndim] == rewards.shape
            if single and re.search(r"value|critic|baseline", path) and (slope := seen.slope(value)) is not None and bool(slope.any()):  # type: ignore[union-attr]
                return slope
    return None


def value_coefficient(examination: Examination) -> Evidence:
    """Differentiate the loss twice by the values of the states: twice the coefficient over their number, or once for half a square."""
    stated = examination.number("value_coefficient")
    batch = examination.batch()
    if not stated or entry(batch, REWARDS) is None:
        return examination.skipped("no coefficient of the values' term is stated")
    seen = examination.quiet(lambda: evaluated(examination, examination.perturbed(), batch))
    for path, given in seen.outputs if seen is not None else []:
        for value in given:
            if (
                not re.search(r"value|critic|baseline", path)
                or not value.requires_grad
                or not _single(value, batch[str(entry(batch, REWARDS))])
            ):
                continue
            bend = _curvature(seen.value, value)  # type: ignore[union-attr]
            if bend is None:
                continue
            counts, level = (batch[str(entry(batch, REWARDS))].numel(), bend.numel()), float(bend.mean())  # padding has no part in a mean
            if float((bend - level).abs().max()) > 1e-3 * abs(level):
                return examination.unsure("the loss bends by the values of the states in several ways")
            found = level * counts[0] / 2
            if any(abs(factor * level / 2 / stated - 1) < 0.02 for count in counts for factor in (count, 2 * count, 1, 2)):
                return examination.passed(f"the values' term counts {stated:g} times", coefficient=found)
            steps = [length for length in batch[str(entry(batch, REWARDS))].shape if length > 1]
            if any(abs(factor * found / length / stated - 1) < 0.02 for length in steps for factor in (1, 2)):
                return examination.unsure("the values' term counts as stated where it is summed over one axis and averaged over another")
            message = f"the values' term counts {found:.4g} times a mean square, and {stated:g} is stated"
            return examination.finding(
                "fail", message, where="loss", hint="Look at the factor of the values' term.", values={"coefficient": found}
            )
    return examination.skipped("no square of the values of the states is seen in the loss")


def _single(value: Tensor, rewards: Tensor) -> bool:
    """Say whether a tensor has one number for each reward, or one step more."""
    shape = value.shape[:-1] if value.ndim == rewards.ndim + 1 and value.shape[-1] == 1 else value.shape
    return len(shape) == rewards.ndim and all(0 <= a - b <= 1 for a, b in zip(shape, rewards.shape, strict=True))


def _curvature(loss: Tensor, value: Tensor) -> Tensor | None:
    """Return the second derivatives by each value that has one, None where there are none."""
    (slope,) = torch.autograd.grad(loss, value, create_graph=True, allow_unused=True)
    if slope is None or not slope.requires_grad:
        return None
    (bend,) = torch.autograd.grad(slope.sum(), value, retain_graph=True, allow_unused=True)
    kept = None if bend is None else bend[bend.abs() > 1e-12]
    return kept if kept is not None and kept.numel() > 1 else None


def one_normalisation(examination: Examination) -> Evidence:
    """Read the advantages off the policy's gradient: all of the function's advantages, shifted and scaled by the same two numbers."""
    if examination.facts.get("advantage_normalised") is not True:
        return examination.skipped("nothing is stated of the advantages")
    read = used_advantages(examination)
    made = [(name, called(examination)[name][0].result) for name in maker(examination)]
    made = [(name, result[0] if isinstance(result, tuple) else result) for name, result in made]
    if read is None or read.ndim != 2 or len(made) != 1 or not isinstance(made[0][1], Tensor) or made[0][1].shape != read.shape:
        return examination.skipped(SKIPPED if read is None else "no one function makes advantages of the rewards")
    raw, used = made[0][1].detach().double(), read.double() * read.numel()
    whole = _misfit(raw.flatten()[None], used.flatten()[None])
    apart = {axis: _misfit(raw.movedim(axis, 1), used.movedim(axis, 1)) for axis in (0, 1) if raw.shape[axis] > 3}
    for axis, misfit in apart.items():
        rows = used.movedim(axis, 1)
        level = bool(((rows.std(1) / rows.std(1).mean() - 1).abs() < 0.01).all()) and bool((rows.mean(1).abs() < 0.01 * rows.std(1)).all())
        if misfit < EXACT and whole > 0.02 and level:  # weights on steps would leave rows of different spread
            message = (
                f"the advantages of {made[0][0]} are normalised along axis {axis} for each element of the other apart, not over the batch"
            )
            return examination.finding("fail", message, where="loss", hint="Take mean and deviation over all steps and samples.")
    if whole < EXACT:
        return examination.passed(f"the advantages of {made[0][0]} are shifted and scaled alike")
    return examination.unsure("what weights the policy's gradient is no shift and scale of the function's advantages")


def _misfit(raw: Tensor, used: Tensor) -> float:
    """Return how far the rows of one are from a shift and a scale of the rows of the other."""
    x, y = raw - raw.mean(1, keepdim=True), used - used.mean(1, keepdim=True)
    scale = (x * y).sum(1, keepdim=True) / x.square().sum(1, keepdim=True).clamp(min=1e-12)
    return float((y - scale * x).abs().max() / y.abs().max().clamp(min=1e-12))


STANDING = card(
    "reinforcement",
    "standing still",
    "A next state that is the state itself.",
    (),
    "Games in which no step changes anything.",
    standing_still,
)
LAST_STATE = card(
    "reinforcement",
    "last state",
    "A rollout whose last state is not looked at, so that nothing is expected after the last step.",
    (),
    "Returns that end with the rollout on purpose, although one more state is stored.",
    last_state,
)
VALUE_TARGET = card(
    "reinforcement",
    "value target",
    "Values trained towards returns that were made of normalised advantages.",
    ("advantage_normalised",),
    "Rewards or returns that are scaled on purpose: skipped where that is stated.",
    value_target,
)
COEFFICIENT = card(
    "reinforcement",
    "value coefficient",
    "A term of the values that counts more or less than stated.",
    ("value_coefficient",),
    "Means and sums, squares and half squares are all taken; a loss that bends unevenly by the values is 'unsure'.",
    value_coefficient,
)
ONE_NORMALISATION = card(
    "reinforcement",
    "one normalisation",
    "Advantages normalised for each step or each sample apart where the batch is stated.",
    ("advantage_normalised",),
    "Weights on single steps: only a shift and scale of every row that is exact fails.",
    one_normalisation,
)
