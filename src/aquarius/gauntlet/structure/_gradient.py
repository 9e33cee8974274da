"""Gradient: it reaches every parameter, it is finite, and it is the derivative of the loss."""

from __future__ import annotations

import copy as copying
import re
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination, distance, perturb
from .._inputs import Batch
from .._trace import watching
from .._training import Training

CUTS = r"\.detach\(|no_grad\(|\.data\b|\.item\(|\.numpy\(|inference_mode|requires_grad_?\(?False|torch\.tensor\("
COPIES = ("target", "ema", "average", "teacher", "momentum", "shadow", "slow", "copy", "old", "reference")  # networks that follow another
ATTEMPTS = 4
UPDATES = 4


def cut_places(examination: Examination) -> list[str]:
    """Return the functions of the subject's file that hold something which cuts a gradient off; constructors freeze, they do not cut."""
    return [place for place in examination.source.holding(CUTS) if place != "step" and not place.endswith("__init__")]


def gradient_reaches(examination: Examination) -> Evidence | list[Evidence]:
    """Backpropagate the loss of perturbed models on several batches; name what never gets a gradient though it asks for one."""
    reached: set[str] = set()
    zero: set[str] = set()  # there is a gradient, and it is exactly 0
    called: set[str] = set()
    stale: set[str] = set()
    names: list[str] = []
    for attempt in range(ATTEMPTS):
        model = examination.build(seed=attempt)
        names = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
        if attempt:
            perturb(model, attempt)
        model.train()
        with watching(model) as events:
            value = examination.loss(model, examination.batch(seed=attempt), seed=attempt)
        called |= {path for _, path, _ in events}
        value.backward()
        for name, parameter in model.named_parameters():
            if parameter.grad is None:
                continue
            if not bool(torch.isfinite(parameter.grad).all()):
                return _not_finite(examination, model, name, attempt)
            (reached if bool(parameter.grad.abs().max() > 0) else zero).add(name)
        stale = set(names) - reached
        if attempt >= 1 and not stale:
            break
    if stale and examination.has("step") and examination.has("optimizer"):
        stale -= _reached_by_step(examination)
    left = [name for name in names if name in stale]
    if not left:
        slices = _empty_slices(examination)
        if slices:
            return slices
        return examination.passed(f"a gradient reaches each of {len(names)} parameters", parameters=len(names))
    inert = {name for name in zero - reached if _may_cancel(name, reached) or not _moves_loss(examination, name)}
    return _unreached(examination, left, reached, called, inert)


def _may_cancel(name: str, reached: set[str]) -> bool:
    """Say whether a layer's bias has a gradient that sums to 0 while its weight has one that does not, as in a critic's hinge loss."""
    owner, _, last = name.rpartition(".")
    return bool(owner) and last == "bias" and any(other.startswith(owner + ".") and "weight" in other for other in reached)


def _moves_loss(examination: Examination, name: str) -> bool:
    """Say whether another value of a parameter changes the loss; what cancels out, as a bias in a difference, does not."""
    model = examination.perturbed()
    with torch.no_grad():
        before = examination.loss(model, examination.batch())
        parameter = dict(model.named_parameters())[name]
        parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2)))
        after = examination.loss(model, examination.batch())
    return distance(before, after) > 1e-6


def _not_finite(examination: Examination, model: nn.Module, name: str, attempt: int) -> Evidence:
    message = f"the gradient of {name} is not finite"
    if attempt:  # under noise of our own, not at the subject's start
        return examination.unsure(f"{message} after its parameters were perturbed; at their start it is finite")
    return examination.finding(
        "fail",
        f"{message} on a fresh model",
        where=examination.where_parameter(model, name),
        path=name,
        hint="Look for a root or logarithm at 0, a division by 0, or a row that is masked out completely.",
    )


def _reached_by_step(examination: Examination) -> set[str]:
    """Return the parameters whose gradient is there when an optimiser takes its step: some losses live in `step` alone."""
    model = examination.perturbed(training=True)
    training = Training(examination, model)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    reached: set[str] = set()

    def look(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None and bool(parameter.grad.abs().max() > 0):
                    reached.add(names.get(id(parameter), ""))

    for optimizer in training.optimizers:
        optimizer.register_step_pre_hook(look)
    for seed in range(UPDATES):  # one player may take its step every few updates only
        examination.quiet(lambda: training.step(examination.batch(seed=seed), seed=seed))  # noqa: B023
    return reached


def _unreached(examination: Examination, left: list[str], reached: set[str], called: set[str], inert: set[str]) -> list[Evidence]:
    model = examination.build()
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    found = []
    for owner in dict.fromkeys(name.rpartition(".")[0] for name in left):
        own = [name for name in left if name.rpartition(".")[0] == owner]
        reason = _excuse(own[0], left, reached, shapes)
        if reason is None and all(name in inert for name in own):
            reason = "it has one that is exactly 0, so its parts may cancel out"
        last = reason is None and _is_called(owner, called) and _last_of_list(own[0], reached)
        if last and not any(_moves_loss(examination, name) for name in own):  # cut off, another value would still change the loss
            reason = "it is in the last item of a list, and nothing reads what it makes there"
        if (
            reason is None
            and examination.facts.get("stop_gradient")
            and not _is_called(owner, called)
            and _works_elsewhere(examination, owner)
        ):
            reason = "a stop-gradient is stated, and it works in forward or step"
        path = own[0]
        if reason is None and _named_in(examination.words("stop_gradient"), owner):
            reason = "a stop-gradient through it is stated"
        if reason is not None:
            found.append(examination.finding("unsure", f"no gradient reaches {', '.join(own)}: {reason}", path=path))
            continue
        runs = _is_called(owner, called)
        cuts = cut_places(examination)
        where = cuts[0] if runs and len(cuts) == 1 else examination.where_parameter(model, path)
        what = "is computed with, and its gradient is cut off" if runs else "is never used"
        found.append(
            examination.finding(
                "fail",
                f"no gradient reaches {', '.join(own)} over {ATTEMPTS} batches: it {what}",
                where=where,
                path=path,
                hint="Look for detach, no_grad or .data on the way to the loss."
                if runs
                else "Look for a layer that is built and not called.",
            )
        )
    fails = [finding for finding in found if finding.status == "fail"]
    return fails[:3] or found[:3]


def _named_in(words: str, owner: str) -> bool:
    """Say whether a text names a module by the first part of its path, in one or several."""
    first = owner.split(".")[0].rstrip("s").lower()
    return len(first) > 2 and re.search(rf"\bthrough\b.*\b{re.escape(first)}s?\b", words) is not None


def _works_elsewhere(examination: Examination, owner: str) -> bool:
    """Say whether a module runs in forward or in a step, though the loss does not call it."""
    model = examination.build()
    with watching(model) as events:
        for training in (False, True):
            model.train(training)
            examination.quiet(lambda: examination.forward(model, examination.batch(), seed=1))
        if examination.has("step"):
            examination.quiet(lambda: Training(examination, model).step(examination.batch()))
    return _is_called(owner, {path for _, path, _ in events})


def _is_called(owner: str, called: set[str]) -> bool:
    return owner in called or any(path.startswith(owner + ".") for path in called if owner)


def _excuse(name: str, left: list[str], reached: set[str], shapes: dict[str, tuple[int, ...]]) -> str | None:
    """Return why a parameter without a gradient may be meant: an idle one among equals, or a copy of a network that is trained."""
    parts = name.split(".")
    for place, part in enumerate(parts):
        if part.isdigit():  # one of a list: do its equals get a gradient?
            rest = (parts[:place], parts[place + 1 :])
            equals = [
                other
                for other in reached
                if (split := other.split("."))[:place] == rest[0] and split[place + 1 :] == rest[1] and split[place].isdigit()
            ]
            few = 1 if "expert" in name.lower() else 2
            if any(shapes[other] == shapes[name] for other in equals) and len(equals) >= few:
                return "others of its list get one, so it may be chosen rarely"
    top = parts[0]
    tail = {other.partition(".")[2]: shapes[other] for other in shapes if other.split(".")[0] == top}
    several = len({other.rpartition(".")[0] for other in shapes if other.split(".")[0] == top}) > 1
    named = any(word in top.lower() for word in COPIES)
    if (several or named) and all(other in left for other in shapes if other.split(".")[0] == top) and len(parts) > 1:
        for twin in {other.split(".")[0] for other in reached} - {top}:
            if {other.partition(".")[2]: shapes[other] for other in shapes if other.split(".")[0] == twin} == tail:
                return f"{top} has the form of {twin}, which is trained: it may be a copy that follows"
    return None


def _last_of_list(name: str, reached: set[str]) -> bool:
    """Say whether the same parameter of an item before this one in a list gets a gradient."""
    parts = name.split(".")
    return any(
        part.isdigit() and part != "0" and ".".join([*parts[:place], str(int(part) - 1), *parts[place + 1 :]]) in reached
        for place, part in enumerate(parts)
    )


def _empty_slices(examination: Examination) -> list[Evidence]:
    """Look into joint projections of query, key and value: each third must get a gradient."""
    model = examination.perturbed(training=True)
    examination.loss(model, examination.batch()).backward()
    found = []
    for name, parameter in model.named_parameters():
        joint = "in_proj" in name or "qkv" in name.lower()
        if not joint or parameter.ndim != 2 or parameter.shape[0] != 3 * parameter.shape[1] or parameter.grad is None:
            continue
        silent = [
            part for part, chunk in zip(["query", "key", "value"], parameter.grad.chunk(3), strict=True) if not bool(chunk.abs().max() > 0)
        ]
        if silent and len(silent) < 3:
            where = examination.where_parameter(model, name)
            found.append(
                examination.finding("fail", f"no gradient reaches the {' and '.join(silent)} part of {name}", where=where, path=name)
            )
    return found


INTENDED = ("stop_gradient", "truncation", "discount", "gae_lambda", "players", "target_update", "ema", "experts", "top_k")


def gradient_is_derivative(examination: Examination) -> Evidence:
    """Compare the gradient with central differences of the loss in double precision along random directions."""
    model = examination.build()
    perturb(model, 1)
    model = copying.deepcopy(model).double().eval()
    batch = {
        key: value.double() if isinstance(value, Tensor) and value.is_floating_point() else value
        for key, value in examination.batch().items()
    }
    value = examination.quiet(lambda: examination.loss(model, batch))
    if value is None or not value.requires_grad or value.dtype != torch.float64:
        return examination.skipped("the subject does not run in double precision, which finite differences need")
    parameters = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    gradients = torch.autograd.grad(value, [parameter for _, parameter in parameters], allow_unused=True)
    pairs = [(name, parameter, gradient) for (name, parameter), gradient in zip(parameters, gradients, strict=True) if gradient is not None]
    rows = {id(m.weight): m.padding_idx for m in model.modules() if isinstance(m, nn.Embedding) and m.padding_idx is not None}
    total = _compare(examination, model, batch, pairs, rows)
    if total is None:
        return examination.unsure("the loss has a kink or a jump here, so differences do not settle")
    if _agree(*total):
        return examination.passed(
            "the gradient is the derivative of the loss along random directions", differences=total[0], gradient=total[1]
        )
    apart = []
    for pair in pairs:
        one = _compare(examination, model, batch, [pair], rows)
        if one is not None and not _agree(*one):
            apart.append((pair[0], one))
        if len(apart) >= 8:
            break
    if not apart:
        return examination.unsure("along all parameters together gradient and differences part, along each alone they agree")
    name, (difference, gradient) = apart[0]
    stated = [key for key in INTENDED if key in examination.facts and not _frozen_anyway(examination, model, key)]
    words = re.search(
        r"straight|quanti[sz]|codebook|binari[sz]|\.round\(|\.sign\(|revers(e|al)",
        str(examination.facts).lower() + examination.source.text.lower(),
    )
    custom = "autograd.Function" in examination.source.text
    cuts = cut_places(examination)
    message = f"along {name} the loss changes by {difference:.4g} and its gradient says {gradient:.4g}: a path is cut off from it"
    if stated or not examination.facts or words or custom or not cuts:
        reason = f"which {', '.join(stated)} may intend" if stated else "which may be intended"
        return examination.finding("unsure", f"{message}, {reason}", path=name)
    return examination.finding(
        "fail",
        message,
        where=cuts[0] if len(cuts) == 1 else examination.where_parameter(model, name),
        path=name,
        hint="Look for detach, no_grad or .data on one of the ways from this parameter to the loss.",
        values={"differences": difference, "gradient": gradient, "parameters": len(apart)},
    )


def _frozen_anyway(examination: Examination, model: nn.Module, key: str) -> bool:
    """Say whether what a statement stops, or averages, is a child that is frozen, so that nothing else of the loss may be cut off."""
    frozen = [
        name.lower()
        for name, child in model.named_children()
        if (own := list(child.parameters())) and not any(p.requires_grad for p in own)
    ]
    if key == "ema":  # where what is stopped is stated too, an average stops nothing more
        return "stop_gradient" in examination.facts and any(word in name for name in frozen for word in COPIES)
    return key == "stop_gradient" and any(word in name for name in frozen for word in re.findall(r"target|teacher", examination.words(key)))


def _compare(
    examination: Examination, model: nn.Module, batch: Batch, pairs: Sequence[tuple[str, Tensor, Tensor]], rows: dict[int, int]
) -> tuple[float, float] | None:
    """Return (central difference, gradient) along one random direction; None where two step sizes do not agree."""
    generator = torch.Generator().manual_seed(7)
    directions = []
    for _, parameter, _ in pairs:
        direction = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
        if id(parameter) in rows:
            direction[rows[id(parameter)]] = 0.0  # the row of padding gets no gradient on purpose
        directions.append(direction)
    slope = sum(float((gradient * direction).sum()) for (_, _, gradient), direction in zip(pairs, directions, strict=True))

    def at(step: float) -> float:
        with torch.no_grad():
            for (_, parameter, _), direction in zip(pairs, directions, strict=True):
                parameter.add_(direction, alpha=step)
            value = float(examination.loss(model, batch))
            for (_, parameter, _), direction in zip(pairs, directions, strict=True):
                parameter.add_(direction, alpha=-step)
        return value

    coarse, fine = ((at(step) - at(-step)) / (2 * step) for step in (1e-5, 2e-6))
    return (fine, slope) if _agree(coarse, fine) else None


def _agree(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-3 * (abs(a) + abs(b)) + 1e-6


GRADIENT = Check(
    name="gradient",
    family="gradient",
    finds="A parameter that asks for a gradient and gets none over several steps, a silent part of a joint projection, a gradient that is not finite.",
    uses=("stop_gradient",),
    misled_by="Experts that are chosen rarely and copies that follow another network: they give 'unsure'.",
    cost="forward",
    function=gradient_reaches,
)
DERIVATIVE = Check(
    name="derivative",
    family="gradient",
    finds="A path through which the loss depends on a parameter and no gradient flows.",
    uses=INTENDED,
    misled_by="Stop-gradients and straight-through estimators: 'unsure' where one is stated, and where nothing is stated at all.",
    cost="forward",
    function=gradient_is_derivative,
)
