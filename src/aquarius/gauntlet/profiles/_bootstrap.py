"""Values of discrete actions learned from one step: which action's value is trained, and towards what."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._inputs import Batch, is_integer
from ..stated._quantities import Evaluation, evaluated
from ._reinforcement import REWARDS, copies, ending, entry, maker, reader

ROWS = 96  # ends are rare
NEXT = ("next_state", "next_obs", "next_observation", "next")
EXACT = 2e-3


def _values(examination: Examination, model: nn.Module, batch: Batch) -> tuple[Evaluation, Tensor, Tensor] | None:
    """Return (evaluation, values of the actions as some module gave them, slope of the loss by them)."""
    action = entry(batch, ("action",))
    if action is None or not is_integer(batch[action]) or batch[action].ndim != 1 or entry(batch, REWARDS) is None:
        return None
    seen = examination.quiet(lambda: evaluated(examination, model, batch))
    if seen is None or not seen.value.requires_grad:
        return None
    for _, outputs in reversed(seen.outputs):
        for output in outputs:
            fits = output.requires_grad and output.ndim in (2, 3) and len(output) == len(batch[action])
            if fits and output.shape[1] > int(batch[action].max()) and output.shape[1] > 1:
                slope = seen.slope(output)
                if slope is not None and float(slope.abs().max()) > 0:
                    return seen, output, slope
    return None


def trained_action(examination: Examination) -> Evidence:
    """Where the loss has a gradient on the value of one action for each state, that is the action taken."""
    model, batch = examination.perturbed(), examination.batch(ROWS)
    found = _values(examination, model, batch)
    if found is None:
        return examination.skipped("no values of whole-numbered actions with rewards are seen in the loss")
    moved = found[2].flatten(2).abs().amax(dim=2) > 0 if found[2].ndim == 3 else found[2].abs() > 0
    taken = batch[entry(batch, ("action",))].long()  # type: ignore[index]
    single = moved.sum(dim=1) == 1
    if float(single.float().mean()) < 0.5 or bool((moved.sum(dim=1) > 1).any()):
        return examination.skipped("the loss moves the values of several actions of a state")
    wrong = float((moved.int().argmax(dim=1)[single] != taken[single]).float().mean())
    if wrong > 0.2:
        return examination.finding(
            "fail",
            f"for {wrong:.0%} of the states the loss moves the value of another action than the one taken",
            where="loss",
            hint="Gather the values of the batch's actions, along the axis of actions.",
            values={"wrong": wrong},
        )
    return examination.passed("the loss moves the value of the action taken")


def bootstrapped_target(examination: Examination) -> Evidence:
    """Read the targets off the gradient, and compare them with the usual ones and with known mistakes, each computed from the subject's networks."""
    model, batch = examination.perturbed(), examination.batch(ROWS)
    found = _values(examination, model, batch)
    after, end = entry(batch, NEXT), ending(batch)
    names = copies(model)
    if found is None or after is None or end is None or found[1].ndim != 2 or batch[end].ndim != 1 or not names:
        return examination.skipped("no values of actions with rewards, ends, next states and a target network are seen")
    _, values, slope = found
    rewards = batch[entry(batch, REWARDS)].double()  # type: ignore[index]
    taken = batch[entry(batch, ("action",))].long()[:, None]  # type: ignore[index]
    value, pull = (tensor.detach().gather(1, taken).squeeze(1).double() for tensor in (values, slope))
    forms = list(_following(examination, model, names[0], batch[after]))
    stated = examination.number("discount")
    if not forms or not (rewards.shape == value.shape or (stated and rewards.ndim == 2 and len(rewards) == len(value))):
        return examination.skipped("the networks do not take the next states, or rewards are not those of single steps")
    ended = batch[end].double()
    best: tuple[bool, str, float] | None = None
    several = rewards.shape[1] if rewards.ndim == 2 else 1
    weights = [
        entry_
        for key, entry_ in batch.items()
        if isinstance(entry_, Tensor) and ("weight" in key.lower() or key == "w") and entry_.shape == value.shape
    ]
    if weights and bool((weights[0] > 0).all()):
        pull = pull / weights[0].double()
    for scale in (len(value) / 2, float(len(value)), 0.5, 1.0):
        target = value - scale * pull
        inside = pull.abs() * len(value) < 0.99 if scale == len(value) else torch.ones_like(pull, dtype=torch.bool)  # within Huber's square
        for right, what, expected in _targets(forms, ended, _demanded(examination)):
            for fine, sum_, earned in _earned(rewards, stated):
                discount = _fitted(target, earned, expected, inside)
                if discount is not None and abs(discount) > 0.05 and (best is None or (right and fine) > best[0]):
                    best = (right and fine, sum_ + what, discount)
    if best is None:
        return examination.unsure("the targets are none of the forms known")
    right, what, discount = best
    stated = stated**several if stated is not None else None
    message = f"the target is the reward plus {discount:.4g} times {what}"
    where = reader(examination, end, after) if what[:1] != "(" else next(iter(maker(examination)), "loss")
    if not right or not 0 < discount <= 1 + EXACT:
        return examination.finding("fail", message, where=where, hint="Look at the target's formula.", values={"discount": discount})
    if stated is not None and abs(discount - stated) > EXACT:
        message += f", and the stated discount {f'over {several} steps ' if several > 1 else ''}is {stated:.4g}"
        return examination.finding("fail", message, where=where, hint="Look at the discount.", values={"discount": discount})
    return examination.passed(message, discount=discount)


def _earned(rewards: Tensor, discount: float | None) -> Iterator[tuple[bool, str, Tensor]]:
    """Yield (is it right, in words, rewards until the next state): the one, or the discounted sum of several steps and its known mistakes."""
    if rewards.ndim == 1 or discount is None:
        yield True, "", rewards if rewards.ndim == 1 else rewards[:, 0]
        return
    powers = discount ** torch.arange(rewards.shape[1], dtype=rewards.dtype)
    yield True, "", (rewards * powers).sum(dim=1)
    yield False, "(rewards discounted from the first on) ", discount * (rewards * powers).sum(dim=1)
    yield False, "(rewards discounted backwards) ", (rewards * powers.flip(0)).sum(dim=1)
    yield False, "(rewards of several steps that are not discounted) ", rewards.sum(dim=1)
    yield False, "(the first reward of several steps alone) ", rewards[:, 0]


def _following(examination: Examination, model: nn.Module, name: str, state: Tensor) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Yield ("", values by the target network, values by the trained network) of the next states."""
    target = model.get_submodule(name)
    shapes = [p.shape for p in target.parameters()]
    for other, child in model.named_children():
        if other != name and [p.shape for p in child.parameters()] == shapes:
            with torch.no_grad():
                pair = examination.quiet(lambda child=child: (target(state), child(state)))  # type: ignore[misc]
            if pair is not None and all(isinstance(value, Tensor) and value.ndim == 2 for value in pair):
                yield other, pair[0].double(), pair[1].double()


def _demanded(examination: Examination) -> str:
    """Return "double" or "plain" where a stated equation takes the best action or the greatest value of the next state, "" where none does."""
    stated = examination.facts.get("equations")
    text = " ".join(str(latex) for latex in stated.values()) if isinstance(stated, dict) else ""
    return "double" if re.search(r"arg\s*\}?\s*\\?max", text) else "plain" if re.search(r"\\max_\{?a", text) else ""


def _targets(forms: list[tuple[str, Tensor, Tensor]], ended: Tensor, demanded: str) -> Iterator[tuple[bool, str, Tensor]]:
    """Yield (is it right, in words, what the discount multiplies)."""
    for _, slow, fast in forms:
        double = slow.gather(1, fast.argmax(dim=1, keepdim=True)).squeeze(1)
        greatest = slow.max(dim=1).values
        for right, what, value in (
            (demanded != "double", "the greatest value by the target network", greatest),
            (demanded != "plain", "the target network's value of the trained network's best action", double),
            (False, "the greatest value by the trained network itself", fast.max(dim=1).values),
            (False, "the trained network's value of the target network's best action", fast.gather(1, slow.argmax(1, True)).squeeze(1)),
            (False, "the least value by the target network", slow.min(dim=1).values),
            (False, "the mean value by the target network", slow.mean(dim=1)),
        ):
            yield right, f"{what}, until an end", (1 - ended) * value
            if bool(ended.any()):
                yield False, f"{what}, past ends too", value
                yield False, f"{what}, only at ends", ended * value


def _fitted(target: Tensor, rewards: Tensor, expected: Tensor, rows: Tensor) -> float | None:
    """Return the discount with which the target is reward + discount * expected on all rows, None where there is none."""
    gap, by = (target - rewards)[rows], expected[rows]
    if len(gap) < 8 or float(by.square().sum()) < 1e-8:
        return None
    discount = float((gap * by).sum() / by.square().sum())
    return discount if float((gap - discount * by).abs().max()) < EXACT * float(gap.abs().max().clamp(min=0.1)) else None


def climbing_actor(examination: Examination) -> Evidence:
    """Find the critic's values of the actor's own actions: the loss must fall where they rise."""
    model = examination.perturbed()
    batch = examination.batch()
    children = dict(model.named_children())
    actor = next((name for name in ("actor", "policy", "pi") if name in children), None)
    judges = [name for name in children if re.match(r"critics?\d?$|q_?(net|function|values?)?s?\d?$|qf\d?$", name.lower())]
    if actor is None or not judges or entry(batch, REWARDS) is None:
        return examination.skipped("no children are called actor and critic, or no rewards are in the batch")
    seen = examination.quiet(lambda: evaluated(examination, model, batch, 1))
    weights = [p for p in children[actor].parameters() if p.requires_grad]
    if seen is None or not weights:
        return examination.skipped("the loss is refused, or the actor is not trained")
    slopes = []
    for path, outputs in seen.outputs:
        if path.split(".")[0] not in judges or path not in _outermost(examination, model, judges):
            continue
        for output in outputs:
            if output.requires_grad and output.shape.numel() == len(output):
                by_actor = torch.autograd.grad(output.sum(), weights, retain_graph=True, allow_unused=True)
                slope = seen.slope(output)
                if slope is not None and any(g is not None and float(g.abs().max()) > 0 for g in by_actor):
                    slopes.append(float(slope.sum()))
    if not any(slopes):
        return examination.skipped("no value of the actor's own actions is in the loss")
    if sum(slopes) > 0 and min(slopes) >= 0:
        own = [name for name in examination.source.functions if re.search("actor|policy", name) and "loss" in name]
        return examination.finding(
            "fail",
            "the loss rises with the critic's value of the actor's own actions: the actor is trained to be worse",
            where=own[0] if own else "loss",
            hint="The actor's loss is minus the critic's value.",
            values={"slope": sum(slopes)},
        )
    return examination.passed("the loss falls where the critic's value of the actor's actions rises", slope=sum(slopes))


def _outermost(examination: Examination, model: nn.Module, names: list[str]) -> set[str]:
    """Return the paths of whole critics: the child itself, or the members of a list of them."""
    found = set()
    for name in names:
        child = model.get_submodule(name)
        found |= {f"{name}.{part}" for part, _ in child.named_children()} if isinstance(child, nn.ModuleList) else {name}
    return found


ACTION = card(
    "reinforcement",
    "trained action",
    "A loss that moves the value of another action than the one taken.",
    (),
    "Losses that compare several actions: skipped.",
    trained_action,
)
BOOTSTRAP = card(
    "reinforcement",
    "bootstrapped target",
    "A target past ends, by the trained network where a target network exists, of the least value, or with another discount than stated.",
    ("discount",),
    "Methods that take one of these on purpose: only a target that equals a known mistake exactly fails, any other is 'unsure'.",
    bootstrapped_target,
)
CLIMBING = card(
    "reinforcement",
    "climbing actor",
    "An actor that is trained to lower the critic's value of its actions.",
    (),
    "Critics of costs: only children called actor and critic, beside rewards, are looked at.",
    climbing_actor,
)
