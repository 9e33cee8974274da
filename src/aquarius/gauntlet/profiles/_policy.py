"""Policies with discrete actions: the entropy, the baseline, the clipped ratio and the advantages, seen through the scores of the actions."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._functions import called
from .._inputs import Batch, is_integer
from ..stated._quantities import Evaluation, evaluated
from ._reinforcement import REWARDS, entry

FAR = 0.405  # the logarithm of 1.5: a ratio beyond every usual range of clipping, and within that of a second bound


@dataclass(frozen=True)
class Scores:
    """The scores of the actions and the values of the states in one evaluation of the loss."""

    evaluation: Evaluation
    whole: Tensor  # as the model gave them
    scores: Tensor  # those of the states in which an action was taken
    action: Tensor
    values: tuple[Tensor, ...]

    @property
    def chosen(self) -> Tensor:
        """The log-probability of the actions taken."""
        return self.scores.log_softmax(dim=-1).gather(-1, self.action.long()[..., None]).squeeze(-1)


def policy_scores(examination: Examination, model: nn.Module, batch: Batch, seed: int = 0) -> Scores | None:
    """Evaluate the loss and find the scores of the actions in it; None where rewards and whole-numbered actions are no entries of the batch."""
    action = entry(batch, ("action",))
    if action is None or not is_integer(batch[action]) or entry(batch, REWARDS) is None:
        return None
    taken = batch[action]
    seen = examination.quiet(lambda: evaluated(examination, model, batch, seed))
    if seen is None or not seen.value.requires_grad:
        return None
    found: list[Tensor] = []
    for _, tensors in seen.outputs:
        for tensor in tensors:
            if tensor.requires_grad and tensor.ndim == taken.ndim + 1 and tensor.shape[-1] > int(taken.max()) and tensor.shape[-1] > 1:
                cut = tensor[tuple(slice(size) for size in taken.shape)]  # one step more than actions: the state after the last
                if cut.shape[:-1] == taken.shape and all(tensor is not other for other in found):
                    found.append(tensor)
    for tensor in reversed(found):
        cut = tensor[tuple(slice(size) for size in taken.shape)]
        log = cut.detach().log_softmax(dim=-1)
        if seen.slope(tensor) is not None and seen.equal(log.gather(-1, taken.long()[..., None]).squeeze(-1)):
            values = [
                other for _, tensors in seen.outputs for other in tensors
                if other.requires_grad and other.numel() in (tensor.shape[:-1].numel(), taken.numel()) and other is not tensor
                and other.ndim in (taken.ndim, taken.ndim + 1) and seen.slope(other) is not None
            ]  # fmt: skip
            return Scores(seen, tensor, cut.detach(), taken, tuple(values))
    return None


SKIPPED = "no policy over whole-numbered actions with rewards is seen in the loss"


def entropy_sign(examination: Examination) -> Evidence:
    """Find the entropy of the policy among what the loss computes: the loss must fall where it rises, by the stated coefficient."""
    model = examination.perturbed()
    seen = policy_scores(examination, model, examination.batch())
    if seen is None:
        return _gaussian_entropy(examination, model)
    log = seen.scores.log_softmax(dim=-1)
    entropy = -(log.exp() * log).sum(dim=-1)
    for tensor, where, sign in seen.evaluation.equal(entropy):
        slope = seen.evaluation.slope(tensor)
        if slope is None or float(slope.abs().max()) == 0.0:
            continue
        total = sign * float(slope.sum())
        if total > 0:
            return examination.finding(
                "fail",
                f"the loss rises with the entropy of the policy ({total:.3g} for each unit), so exploration is punished",
                where=where or "loss",
                hint="Look at the sign of the entropy's term: a bonus is subtracted from a loss.",
                values={"slope": total},
            )
        stated = examination.number("entropy_coefficient")
        largest = float(slope.abs().max())
        if stated is not None and min(abs(-total - stated), abs(largest - stated)) > 0.02 * stated:
            if any(abs(-total / length - stated) <= 0.02 * stated for length in slope.shape if length > 1) and not _mean_stated(
                examination
            ):
                return examination.unsure("the entropy counts as stated where it is summed over one axis and averaged over another")
            return examination.finding(
                "fail",
                f"the entropy's coefficient is {-total:.4g} over the mean, and {stated:.4g} is stated",
                where=where or "loss",
                hint="Look at the factor of the entropy and at the axis over which it is averaged.",
                values={"coefficient": -total},
            )
        return examination.passed("the loss falls where the policy's entropy rises", slope=total)
    return _by_slopes(examination, seen)


def _mean_stated(examination: Examination) -> bool:
    """Say whether the loss is stated to be a mean, and no sum over an axis beside it."""
    words = examination.words("loss").lower()
    return "mean" in words and not re.search(r"\bsum", words)


def _by_slopes(examination: Examination, seen: Scores) -> Evidence:
    """Take what pulls on the action taken out of the gradient on the scores: the rest is one multiple of the entropy's gradient, or of a mistake's."""
    slope = seen.evaluation.slope(seen.whole)
    if slope is None or examination.number("entropy_coefficient") is None or seen.scores.shape[-1] < 3:
        return examination.skipped("the entropy of the policy is not seen in the loss")
    cut = slope[tuple(slice(size) for size in seen.action.shape)].double().flatten(0, -2)
    scores = seen.scores.double().flatten(0, -2).requires_grad_()
    log = scores.log_softmax(dim=-1)
    taken = torch.nn.functional.one_hot(seen.action.long().flatten(), scores.shape[-1]).double() - log.exp().detach()
    forms = {
        "": -(log.exp() * log),
        "minus the sum of the logarithms, which are not weighted by their probabilities": -log,
        "one minus the sum of the squares": -(log.exp() ** 2),
        "the sum of the roots": log.exp().sqrt(),
    }
    for words, form in forms.items():
        (pull,) = torch.autograd.grad(form.sum(), scores, retain_graph=True)
        basis = torch.stack([taken, pull], dim=-1)
        fitted = torch.linalg.lstsq(basis, cut[..., None]).solution
        rest = float((basis @ fitted - cut[..., None]).abs().max())
        share = fitted[:, 1, 0]
        even = float(share.std()) < 0.02 * float(share.mean().abs()) and rest < 1e-3 * float(cut.abs().max())
        if even and not words:
            return examination.passed("what pulls on all actions is the gradient of the policy's entropy")
        if even:
            message = f"what stands for the policy's entropy is {words}"
            return examination.finding("fail", message, where="loss", hint="The entropy is minus the sum of p log p over the actions.")
    return examination.skipped("the entropy of the policy is not seen in the loss")


def _gaussian_entropy(examination: Examination, model: nn.Module) -> Evidence:
    """The same for a Gaussian policy whose log-deviation is a parameter: its entropy is the sum of log-deviation + log(2 pi e) / 2."""
    spread = next((p for name, p in model.named_parameters() if re.search(r"log_?(std|sigma|deviation)$", name)), None)
    if spread is None or entry(examination.batch(), REWARDS) is None:
        return examination.skipped(SKIPPED)
    seen = examination.quiet(lambda: evaluated(examination, model, examination.batch()))
    if seen is None:
        return examination.skipped(SKIPPED)
    each = (spread + 0.5 * math.log(2 * math.pi * math.e)).detach()
    for tensor, where in seen.results:
        forms = (each.sum(), each.expand(tensor.shape) if tensor.shape[-1:] == each.shape else each.sum().expand(tensor.shape))
        if tensor.requires_grad and any(tensor.shape == form.shape and torch.allclose(tensor, form, atol=1e-5) for form in forms):
            slope = seen.slope(tensor)
            if slope is None or float(slope.abs().max()) == 0:
                continue
            total = float(slope.sum())
            if total > 0:
                message = f"the loss rises with the entropy of the Gaussian policy ({total:.3g} for each unit), so exploration is punished"
                return examination.finding(
                    "fail", message, where=where or "loss", hint="A bonus is subtracted from a loss.", values={"slope": total}
                )
            return examination.passed("the loss falls where the policy's entropy rises", slope=total)
    return examination.skipped("the entropy of the policy is not seen in the loss")


def baseline_gradient(examination: Examination) -> Evidence:
    """Differentiate the loss by the values, and that by the scores: an advantage that is a constant leaves nothing."""
    model = examination.perturbed()
    seen = policy_scores(examination, model, examination.batch())
    if seen is None or not seen.values:
        return examination.skipped(SKIPPED if seen is None else "no value of the states stands beside the scores")
    for value in seen.values:
        (slope,) = torch.autograd.grad(seen.evaluation.value, value, create_graph=True, allow_unused=True)
        if slope is None or not slope.requires_grad:
            continue
        (mixed,) = torch.autograd.grad(slope.square().sum(), seen.whole, allow_unused=True, retain_graph=True)
        if mixed is not None and float(mixed.abs().max()) > 1e-6 * float(slope.detach().square().mean().clamp(min=1e-12)):
            return examination.finding(
                "fail",
                "the gradient on the value of the states depends on the policy's scores: the advantage is not a constant in the policy's term",
                where="loss",
                hint="Detach the advantage (and the value in it) before it multiplies the log-probability.",
                values={"mixed": float(mixed.abs().max())},
            )
    return examination.passed("the advantage is a constant in the policy's term")


def _log_slopes(seen: Scores) -> Tensor | None:
    """Return the derivative of the loss by the log-probabilities of the actions taken; None where it cannot be told from others."""
    for tensor, _, sign in seen.evaluation.equal(seen.chosen):
        slope = seen.evaluation.slope(tensor)
        if slope is not None and float(slope.abs().max()) > 0:
            return sign * slope
    return None


def old_log_probabilities(batch: Batch) -> str | None:
    """Return the entry with the log-probabilities under the policy that acted: by its name, and none of them above zero."""
    name = entry(batch, ("old_log", "old_prob", "log_prob", "logprob", "behaviour_log", "behavior_log"))
    name = name or next((key for key in batch if key.lower() in ("old", "behaviour", "behavior", "logp", "old_logp")), None)
    if name is None or not isinstance(batch[name], Tensor) or not batch[name].is_floating_point():
        return None
    return name if float(batch[name].max()) <= 0 else None


def clipped_ratio(examination: Examination) -> Evidence:
    """Set the old log-probabilities so that every ratio is 1.5, then two thirds: gains stop counting, losses do not."""
    batch = examination.batch()
    old = old_log_probabilities(batch)
    if old is None or entry(batch, (*REWARDS, "adv")) is None:
        return examination.skipped("no old log-probabilities beside rewards are in the batch")
    if not examination.number("clip") and not examination.source.holding(r"clamp|clip\("):
        return examination.skipped("no clipping of a ratio is stated or written")
    found = ratio_slopes(examination, examination.perturbed(), old, (0.0, FAR, -FAR))
    if found is None:
        return examination.unsure("the logarithm of the ratio is not seen alone in the loss, or has no gradient")
    return _pessimism(examination, *found)


def ratio_slopes(examination: Examination, model: nn.Module, old: str, shifts: tuple[float, ...]) -> list[Tensor] | None:
    """Return the derivatives of the loss by the logarithm of the ratio, where it is made to be the shifts; None where it is not seen."""
    batch = examination.batch()
    pair = examination.quiet(lambda: [evaluated(examination, model, examination.batch() | {old: batch[old] - by}) for by in (0.0, FAR)])
    place = None if pair is None else _log_ratio(pair[0], pair[1], batch[old])
    if pair is None or place is None:
        return None
    new = batch[old] + pair[0].results[place][0].detach()
    slopes = []
    for shift in shifts:
        again = evaluated(examination, model, examination.batch() | {old: new - shift})
        slopes.append(again.slope(again.results[place][0]) if len(again.results) == len(pair[0].results) else None)
    return [slope for slope in slopes if slope is not None] if all(slope is not None for slope in slopes) else None


def used_advantages(examination: Examination) -> Tensor | None:
    """Return what weights the gradient of each log-probability, at ratios of one: the advantages as the loss uses them, over their number."""
    model, batch = examination.perturbed(), examination.batch()
    old = old_log_probabilities(batch)
    seen = policy_scores(examination, model, batch)
    if seen is not None and old is not None and batch[old].shape == seen.chosen.shape:
        seen = policy_scores(examination, model, batch | {old: seen.chosen.clone()})
    slopes = _log_slopes(seen) if seen is not None else None
    if slopes is None and old is not None and entry(batch, REWARDS) is not None:
        found = ratio_slopes(examination, model, old, (0.0,))  # a policy over numbers that are not whole
        slopes = found[0] if found else None
    return None if slopes is None else -slopes


def _log_ratio(plain: Evaluation, shifted: Evaluation, old: Tensor) -> int | None:
    """Return which result grows by what the old log-probabilities fall, in every place: new minus old."""
    if len(plain.results) != len(shifted.results):
        return None
    for place, ((one, _), (two, _)) in enumerate(zip(plain.results, shifted.results, strict=True)):
        if one.shape == old.shape and one.requires_grad and float(((two - one).detach() - FAR).abs().max()) < 1e-4:
            return place
    return None


def _pessimism(examination: Examination, level: Tensor, above: Tensor, below: Tensor) -> Evidence:
    size = float(level.abs().max())
    gain, cost = level < -1e-4 * size, level > 1e-4 * size  # the loss falls with the log-probability: a positive advantage
    if size == 0 or not bool(gain.any()) or not bool(cost.any()):
        return examination.unsure("the advantages are all of one sign")

    def share(slopes: Tensor, where: Tensor) -> float:
        return float((slopes[where].abs() > 1e-4 * level[where].abs()).float().mean())

    values = {
        "gains above": share(above, gain), "gains below": share(below, gain),
        "losses above": share(above, cost), "losses below": share(below, cost),
    }  # fmt: skip
    wanted = {"gains above": 0.0, "gains below": 1.0, "losses above": 1.0, "losses below": 0.0}
    if values == wanted:
        return examination.passed("gains beyond the range of the ratio stop counting, losses do not", **values)
    if all(value == 1.0 for value in values.values()):
        stated = examination.number("clip")
        if stated is None or stated >= 0.33:
            return examination.unsure("no ratio is clipped at 1.5")
        message = "a ratio of 1.5 and one of 2/3 change the gradient nowhere: nothing is clipped"
    elif values == {"gains above": 1.0, "gains below": 0.0, "losses above": 0.0, "losses below": 1.0}:
        message = "losses stop counting beyond the range of the ratio and gains do not: the larger of the two terms is taken"
    elif all(value == 0.0 for value in values.values()):
        message = "beyond the range of the ratio nothing counts, not even losses: the smaller of the two terms is not taken"
    else:
        return examination.unsure("beyond the range of the ratio some gradients stop and others do not, in no usual way")
    makers = [name for name in examination.source.holding(r"(?:clamp|clip)_?\(") if name not in ("batch", "step", "build")]
    where = makers[0] if len(makers) == 1 else "loss"
    return examination.finding(
        "fail", message, where=where, hint="Take the minimum of the plain and the clipped term, each times the advantage.", values=values
    )


def advantages_normalised(examination: Examination) -> Evidence:
    """Read the advantages off the gradient by the log-probabilities, at ratios of one: mean 0, deviation 1 where that is stated."""
    if examination.facts.get("advantage_normalised") is not True:
        return examination.skipped("nothing is stated of the advantages")
    slopes = used_advantages(examination)
    if slopes is None:
        return examination.skipped(SKIPPED)
    if old_log_probabilities(examination.batch()) is None and float((slopes == 0).float().mean()) > 0:
        return examination.unsure("some of the policy's gradients are zero, so that not every advantage can be read off")
    advantage = slopes * slopes.numel()
    mean, deviation = float(advantage.mean()), float(advantage.std())
    if abs(mean) > 0.02 * deviation:
        message = (
            f"the advantages in the policy's term have the mean {mean:.3g} at a deviation of {deviation:.3g}, and are stated to be shifted"
        )
    elif abs(deviation - 1) > 0.1 and abs(deviation / slopes.numel() - 1) > 0.1:
        message = f"the advantages in the policy's term have the deviation {deviation:.3g}, and are stated to be scaled to 1"
    else:
        return examination.passed("the advantages have mean 0 and deviation 1", mean=mean, deviation=deviation)
    return examination.finding(
        "fail",
        message,
        where="loss",
        hint="Subtract the mean and divide by the deviation, over the whole batch.",
        values={"mean": mean, "deviation": deviation},
    )


def group_advantages(examination: Examination) -> list[Evidence]:
    """A function that makes advantages within groups, by its name, leaves the mean zero within each group and not over the groups."""
    found = []
    for name, calls in called(examination).items():
        call = calls[0]
        reward = next((value for key, value in call.arguments.items() if "reward" in key.lower() and isinstance(value, Tensor)), None)
        if not re.search("group|relative", name.lower()) or reward is None or reward.ndim != 2 or not isinstance(call.result, Tensor):
            continue
        if call.result.shape != reward.shape:
            continue
        samples = examination.layout.size
        inner = 1 if reward.shape[0] == samples else 0
        within, across = (float(call.result.detach().mean(dim=axis).abs().max()) for axis in (inner, 1 - inner))
        if within > 1e-3 and across < 1e-4:
            message = f"{name}: the mean is zero over the batch at each place of a group, and not within a group"
            found.append(examination.finding("fail", message, where=name, hint="Take mean and deviation along the axis of the group."))
        else:
            found.append(examination.passed(f"{name} compares within groups", within=within))
    return found or [examination.skipped("no function makes advantages within groups")]


ENTROPY = card(
    "reinforcement",
    "entropy bonus",
    "An entropy term that punishes exploration, or has another coefficient than stated.",
    ("entropy_coefficient",),
    "An entropy that is lowered on purpose; only batches with actions and rewards are looked at.",
    entropy_sign,
)
BASELINE = card(
    "reinforcement",
    "baseline",
    "An advantage through which the policy's term moves the value of the states.",
    (),
    "Objectives that train the value through the policy on purpose: discrete actions, scores and values of one model only.",
    baseline_gradient,
)
RATIO = card(
    "reinforcement",
    "clipped ratio",
    "A clipped surrogate that takes the larger term, clips losses too, or clips nothing.",
    ("clip",),
    "Other ways to bound the step (a penalty, a second bound below 1.5): 'unsure'.",
    clipped_ratio,
)
ADVANTAGES = card(
    "reinforcement",
    "advantages",
    "Advantages that are stated to be normalised and are not.",
    ("advantage_normalised",),
    "A loss that weights steps: the gradient by the log-probability is taken for the advantage.",
    advantages_normalised,
)
GROUPS = card(
    "reinforcement",
    "group advantages",
    "Advantages of answers compared across prompts in place of within one.",
    (),
    "Functions with such a name that compare across the batch on purpose.",
    group_advantages,
)
