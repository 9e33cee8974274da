"""Critics that give one number for a state and an action, or for a state: what they are trained towards, and which way the actor goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._training import Training
from ..stated._quantities import Evaluation, evaluated
from ._reinforcement import REWARDS, continuing, copies, ending, entry, reader

ROWS = 96  # ends are rare
MOST_SEEDS = 6
EXACT = 2e-3
ALONG = 0.9  # cosine above which two gradients count as one direction

Form = tuple[bool, str, Tensor]  # is it right, what it is in words, what the discount multiplies


def critic_target(examination: Examination) -> Evidence:
    """Read the targets off the gradient on each critic's values: the reward plus a discount times a usual form of what follows, or a known mistake."""
    batch = examination.quiet(lambda: examination.batch(ROWS)) or examination.batch()
    reward, end, on = entry(batch, REWARDS), ending(batch), continuing(batch)
    if (
        reward is None
        or (end is None and on is None)
        or not batch[reward].is_floating_point()
        or not 8 <= batch[reward].numel() == len(batch[reward])
    ):
        return examination.skipped("no rewards of single steps and ends of episodes are in the batch")
    ended = batch[str(end)].double().flatten() if end else 1 - batch[str(on)].double().flatten()
    rewards = batch[reward].double().flatten()
    trained: list[tuple[Tensor, Tensor]] = []
    others: list[tuple[str, Tensor]] = []
    for seed in range(1, MOST_SEEDS):  # until neither of two critics is the greater one everywhere
        model = examination.perturbed(seed)
        seen = examination.quiet(lambda model=model: evaluated(examination, model, batch))  # type: ignore[misc]
        if seen is None or len(ended) != len(rewards):
            return examination.skipped("the loss is refused, or ends do not belong to rewards one by one")
        trained, others = _values(seen, len(rewards))
        slow = [value.detach().flatten() for path, value in others if path.split(".")[0] in copies(model)]
        if len(slow) < 2 or len(torch.stack(slow).argmin(0).unique()) > 1:
            break
    if (leak := _leak(trained, ended)) is not None:
        message = (
            f"a gradient flows through the value of the next state too, {leak:.3g} times that through the value of the state, until an end"
        )
        hint = "Take what a value is trained towards without gradients."
        place = reader(examination, str(end or on), entry(batch, ("next",)) or "next")
        return examination.finding("fail", message, where=place, hint=hint, values={"share": leak})
    found = [told for value, slope in trained if (told := _told(examination, model, (value, slope), others, rewards, ended)) is not None]
    if not found:
        return examination.skipped("no critic is seen that is trained towards a reward and what follows")
    where = reader(examination, str(end or on), entry(batch, ("next",)) or "next")
    stated = examination.number("discount")
    for right, what, discount in sorted(found, key=lambda told: told[0]):
        message = f"a critic is trained towards the reward plus {discount:.4g} times {what}"
        values = {"discount": discount}
        if not right or not 0 < discount <= 1 + EXACT:
            return examination.finding("fail", message, where=where, hint="Look at the target's formula.", values=values)
        if stated is not None and abs(discount - stated) > EXACT:
            return examination.finding(
                "fail", f"{message}, and {stated:.4g} is stated", where=where, hint="Look at the discount.", values=values
            )
    return examination.passed(message, discount=discount)


def _values(seen: Evaluation, rows: int) -> tuple[list[tuple[Tensor, Tensor]], list[tuple[str, Tensor]]]:
    """Return (values with their slopes) of what the loss trains, and (path, values) of all else that is one number for each row."""
    trained: list[tuple[Tensor, Tensor]] = []
    others: list[tuple[str, Tensor]] = []
    for path, outputs in seen.outputs:
        for output in outputs:
            if output.numel() != rows or len(output) != rows or not output.is_floating_point():
                continue
            slope = seen.slope(output)
            if slope is not None and float(slope.abs().max()) > 0:
                trained.append((output.detach().double().flatten(), slope.double().flatten()))
            if all(other is not output for _, other in others):
                others.append((path, output))
    return trained, others


def _leak(trained: list[tuple[Tensor, Tensor]], ended: Tensor) -> float | None:
    """Return the discount d where the slopes of two trained values are s and -d (1 - end) s: the second is part of the first one's target."""
    going = ended == 0
    for number, (_, one) in enumerate(trained):
        for other, (_, two) in enumerate(trained):
            if number == other or bool(going.all()) or not bool((one != 0).all()) or bool((two[~going] != 0).any()):
                continue
            share = -two[going] / one[going]
            if 0.05 < float(share.mean()) <= 1 + EXACT and float(share.max() - share.min()) < EXACT:
                return float(share.mean())
    return None


def _told(
    examination: Examination,
    model: nn.Module,
    value: tuple[Tensor, Tensor],
    others: list[tuple[str, Tensor]],
    rewards: Tensor,
    ended: Tensor,
) -> tuple[bool, str, float] | None:
    best: tuple[bool, str, float] | None = None
    own, slope = value
    rows = slope.abs() < 0.98 * slope.abs().max()  # a robust error's lines carry no target
    for right, what, form in _forms(examination, copies(model), others, ended, own):
        for kept in (torch.ones_like(rows), rows):
            discount = _fitted(own - rewards, slope, form, kept)
            if discount is not None and abs(discount) > 0.05 and (best is None or right > best[0]):
                best = (right, what, discount)
    return best


def _forms(examination: Examination, names: list[str], others: list[tuple[str, Tensor]], ended: Tensor, own: Tensor) -> Iterator[Form]:
    slow = [(path, value) for path, value in others if path.split(".")[0] in names]
    flat = lambda pairs: [value.detach().double().flatten() for _, value in pairs]
    single = [value for value in flat(slow or others) if not torch.equal(value, own)]
    text = str(examination.facts.get("equations", ""))
    least = re.search(r"\\min", text) is not None
    plain: list[Form] = [(not (least and len(single) > 1), "one critic's value of what follows", value) for value in single]
    if slow:
        critics = {path for path, _ in slow}
        fast = [(path, value) for path, value in others if path not in critics and not torch.equal(value.detach().double().flatten(), own)]
        plain += [(False, "the trained critic's own value of what follows, where a target critic is kept", value) for value in flat(fast)]
    if len(slow) > 1:
        stack = torch.stack(flat(slow))
        plain.append((True, "the least of the critics' values of what follows", stack.min(0).values))
        plain.append((False, "the greatest of the critics' values of what follows", stack.max(0).values))
        plain.append((not least, "the mean of the critics' values of what follows", stack.mean(0)))
    for right, what, form in plain:
        yield right, f"{what}, until an end", (1 - ended) * form
        if bool(ended.any()):
            yield False, f"{what}, past ends too", form
            yield False, f"{what}, only at ends", ended * form


def _fitted(gap: Tensor, slope: Tensor, form: Tensor, rows: Tensor) -> float | None:
    """Return the discount d with which gap = scale * slope + d * form on all rows: value minus reward is what is missing plus what follows."""
    basis, wanted = torch.stack([slope[rows], form[rows]], dim=1), gap[rows, None]
    if int(rows.sum()) < 8 or float(form[rows].square().sum()) < 1e-8 or torch.linalg.matrix_rank(basis) < 2:
        return None
    solved = torch.linalg.lstsq(basis, wanted).solution
    fits = float((basis @ solved - wanted).abs().max()) < EXACT * float(wanted.abs().max().clamp(min=0.1))
    return float(solved[1]) if fits and float(solved[0]) > 0 else None


# --- values over time ---------------------------------------------------------------------------------------------


def rewards_alone(examination: Examination) -> Evidence:
    """Where what follows counts by a stated discount, no value of a state is trained towards the reward of its own step alone."""
    batch = examination.batch()
    reward, discount = entry(batch, REWARDS), examination.number("discount")
    if reward is None or not discount or not batch[reward].is_floating_point() or batch[reward].numel() < 8:
        return examination.skipped("no rewards are in the batch, or no discount is stated")
    seen = examination.quiet(lambda: evaluated(examination, examination.perturbed(), batch))
    looked, rewards = 0, batch[reward].double()
    for path, outputs in seen.outputs if seen is not None else []:
        for value in outputs:
            if value.numel() != rewards.numel() or value.shape[: rewards.ndim] != rewards.shape:
                continue
            slope = seen.slope(value)  # type: ignore[union-attr]
            if slope is None or not bool(slope.any()):
                continue
            looked += 1
            gap, by = value.detach().double().flatten() - rewards.flatten(), slope.double().flatten()
            scale = float((gap * by).sum() / by.square().sum())
            if scale > 0 and float((gap - scale * by).abs().max()) < EXACT * float(gap.abs().max()):
                message = f"the values of {path or 'the model'} are trained towards the rewards of single steps, and a discount of {discount:g} is stated"
                return examination.finding("fail", message, where="loss", path=path, hint="Train values towards returns.")
    if not looked:
        return examination.skipped("no values of the states of the rewards are seen in the loss")
    return examination.passed("values are trained towards more than rewards of single steps")


# --- the actor ------------------------------------------------------------------------------------------------------


def actor_step(examination: Examination) -> Evidence:
    """When an optimiser steps the actor, compare its gradient with that of the critic's value of the actor's own actions: they must be opposed."""
    model = examination.perturbed(training=True)
    children = dict(model.named_children())
    actor = next((name for name in ("actor", "policy", "pi") if name in children), None)
    critic = next((name for name in children if re.match(r"critics?_?1?$|q_?(net|function)?_?1?$|qf_?1?$", name.lower())), None)
    batch = examination.batch()
    state = entry(batch, ("state", "obs"))
    if actor is None or critic is None or state is None or entry(batch, REWARDS) is None or not examination.has("step"):
        return examination.skipped("no children are called actor and critic beside rewards, or the subject has no step of its own")
    training, cosines = Training(examination, model), []
    weights = [p for p in children[actor].parameters() if p.requires_grad]
    owned = {id(p) for p in weights}

    def look(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if not any(id(p) in owned for group in optimizer.param_groups for p in group["params"]) or not any(
            p.grad is not None and bool(p.grad.any()) for p in weights
        ):
            return
        climb = _climb(examination, children[actor], children[critic], batch[state], weights)
        if climb is not None:
            cosines.append(_cosine(climb, [torch.zeros_like(p) if p.grad is None else p.grad for p in weights]))

    for optimizer in training.optimizers:
        optimizer.register_step_pre_hook(look)
    for seed in range(4):  # the actor may take its step every few updates only
        examination.quiet(lambda seed=seed: training.step(batch, seed=seed))  # type: ignore[misc]
    if not cosines:
        return examination.skipped("the critic does not take the actor's own actions, or the actor takes no step")
    if min(cosines) > ALONG:
        own = [name for name in examination.source.functions if re.search("actor|policy", name) and "loss" in name]
        message = "the actor's step lowers the critic's value of its own actions"
        hint = "The actor's loss is minus the critic's value."
        return examination.finding("fail", message, where=own[0] if own else "step", hint=hint, values={"cosine": min(cosines)})
    if max(cosines) < 0:
        return examination.passed("the actor's step raises the critic's value of its own actions", cosine=max(cosines))
    return examination.unsure("the actor's step is not along the critic's value of its own actions", cosine=max(cosines))


def _climb(
    examination: Examination, actor: nn.Module, critic: nn.Module, state: Tensor, weights: list[nn.Parameter]
) -> list[Tensor] | None:
    """Return the gradient of the critic's mean value of the actor's actions by the actor's parameters."""
    with torch.enable_grad():
        action = examination.quiet(lambda: actor(state))
        value = examination.quiet(lambda: critic(state, action)) if isinstance(action, Tensor) else None
        if value is None and isinstance(action, Tensor):
            value = examination.quiet(lambda: critic(torch.cat([state, action], dim=-1)))
        value = value[0] if isinstance(value, tuple) else value
        if not isinstance(value, Tensor) or not value.requires_grad:
            return None
        found = torch.autograd.grad(value.mean(), weights, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for p, g in zip(weights, found, strict=True)]


def _cosine(one: list[Tensor], two: list[Tensor]) -> float:
    a, b = (torch.cat([part.flatten().double() for part in parts]) for parts in (one, two))
    return float(a @ b / (a.norm() * b.norm()).clamp(min=1e-30))


TARGETS = card(
    "reinforcement",
    "critic target",
    "A critic trained past ends, towards the greater of two critics, its own values where a target is kept, or with another discount than stated.",
    ("discount", "equations"),
    "Methods that take one of these on purpose: only a target that equals a known mistake exactly fails; targets with further terms are skipped.",
    critic_target,
)
ALONE = card(
    "reinforcement",
    "rewards alone",
    "Values trained towards the reward of one step where a discount is stated.",
    ("discount",),
    "Models of rewards beside values: what has one number for each reward and is trained to be it.",
    rewards_alone,
)
ACTOR = card(
    "reinforcement",
    "actor's step",
    "A step of the actor that lowers the critic's value of its actions.",
    (),
    "Critics of costs: only children called actor and critic, beside rewards, are looked at.",
    actor_step,
)
