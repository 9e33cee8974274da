"""Reinforcement learning: rewards pull in the right direction, nothing is worth anything after the end, targets stand still between copies."""

from __future__ import annotations

import itertools
import re

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination, distance
from .._functions import called
from .._inputs import Batch, copy, is_integer
from .._objective import objective
from .._training import Training
from ..structure._gradient import COPIES

REWARDS = ("reward", "return", "advantage")
ENDS = ("terminal", "done", "terminated")
MOST_UPDATES = 40
FEW_UPDATES = 6
LETTERS = {"reward": ("r",), "action": ("a",), "done": ("d",), "next_state": ("s2", "s_next", "ns", "sp", "t"), "state": ("s",)}
FOLLOWING = ("target", "ema", "average", "momentum", "shadow", "slow")  # a teacher or a reference may stand still
_FOLLOWS = r"zip\(.*(?:parameters|state_dict)|lerp_|load_state_dict"


def entry(batch: Batch, words: tuple[str, ...]) -> str | None:
    """Return the first tensor of a batch in whose name one of the words stands, in the words' order."""
    found = next((key for word in words for key, value in batch.items() if word in key.lower() and isinstance(value, Tensor)), None)
    if found is None and {"r", "a"} <= set(batch):  # a transition in single letters
        letters = [letter for word in words for letter in LETTERS.get(word, ())]
        found = next((letter for letter in letters if isinstance(batch.get(letter), Tensor)), None)
    return found


def negated(name: str) -> bool:
    """Say whether a name says that something is not so: not_done, nonterminal."""
    return bool(re.match(r"(not|non|un)_?(?=done|term|end)", name.lower()))


def ending(batch: Batch) -> str | None:
    """Return the entry that marks the ends of episodes, None where there is none or it marks the opposite."""
    names = [key for key in batch if re.match("(next|last)_", key) and any(word in key for word in ENDS)]
    name = names[0] if names else entry(batch, ENDS)  # that of the state after the last belongs to what follows
    return None if name is None or negated(name) else name


def continuing(batch: Batch) -> str | None:
    """Return the entry that marks the steps after which an episode goes on: one that says that it has not ended."""
    return next(
        (key for key, value in batch.items() if isinstance(value, Tensor) and negated(key) and any(w in key.lower() for w in ENDS)), None
    )


def reward_direction(examination: Examination) -> Evidence:
    """Raise single rewards: the gradient on the score of the action that earned it must fall, so that descent raises the score."""
    batch = examination.batch()
    reward, action = entry(batch, REWARDS), entry(batch, ("action",))
    if reward is None or action is None or not is_integer(batch[action]) or batch[action].numel() == 0:
        return examination.skipped("no entries of the batch are called reward and action, with actions as whole numbers")
    if examination.reads(reward):
        return examination.skipped(f"the model is given {reward}, so it may be conditioned on it")
    model = examination.perturbed()
    chosen = batch[action]

    shares: list[Tensor] = []

    def slopes(changed: Batch) -> Tensor | None:
        seen = objective(examination, model, changed)
        outputs = [
            output
            for output in seen.outputs
            if output.requires_grad and output.shape[:-1] == chosen.shape and output.shape[-1] > int(chosen.max())
        ]
        if not outputs:
            return None
        (gradient,) = torch.autograd.grad(seen.value, outputs[0], allow_unused=True)
        shares.append(outputs[0].detach().softmax(dim=-1).reshape(-1, outputs[0].shape[-1]))
        return gradient

    before = slopes(copy(batch))
    if before is None or before.shape[:-1] != batch[reward].shape:
        return _by_model(examination, model, batch, reward, action)
    change, along, tried = 0.0, 0, 0
    for place in range(0, chosen.numel(), max(1, chosen.numel() // 16)):
        raised = copy(batch)
        raised[reward].view(-1)[place] += 0.5
        after = slopes(raised)
        assert after is not None
        moved = (after - before).reshape(-1, before.shape[-1])[place]
        change += float(moved[chosen.reshape(-1)[place]])
        every = shares[0].shape[-1] * shares[0][place] - 1  # the sum of all actions' log-probabilities, not of one
        tried += bool(moved.any())
        along += float(torch.cosine_similarity(moved.double(), every.double(), dim=0)) > 0.9999
    if tried > 3 and along == tried and before.shape[-1] > 2:
        message = "raising the reward of an action pushes up the scores of all actions, and not of the one taken against the others"
        return examination.finding("fail", message, where="loss", hint="Take the log-probability of the action taken.")
    return _direction(examination, change)


def _by_model(examination: Examination, model: nn.Module, batch: Batch, reward: str, action: str) -> Evidence:
    """Where the loss calls the model itself, look at the scores through a hook on it."""
    scores: list[Tensor] = []

    def keep(_: nn.Module, inputs: object, output: object) -> None:
        first = output[0] if isinstance(output, tuple) else output
        if (
            isinstance(first, Tensor)
            and first.requires_grad
            and first.shape[:-1] == batch[action].shape
            and first.shape[-1] > int(batch[action].max())
        ):
            scores.append(first)

    change = 0.0
    handle = model.register_forward_hook(keep)
    try:
        base: Tensor | None = None
        places = range(0, batch[action].numel(), max(1, batch[action].numel() // 16))
        for place in (None, *places):
            changed = copy(batch)
            if place is not None:
                changed[reward].view(-1)[place] += 0.5
            scores.clear()
            value = examination.loss(model, changed)
            if len(scores) != 1 or batch[reward].shape != batch[action].shape:
                return examination.skipped("the scores of the actions are not seen, or rewards do not belong to single actions")
            (gradient,) = torch.autograd.grad(value, scores[0], allow_unused=True)
            if gradient is None:
                return examination.skipped("the loss has no gradient on the scores of the actions")
            found = gradient.gather(-1, batch[action][..., None]).squeeze(-1).reshape(-1)
            if base is None or place is None:
                base = found
            else:
                change += float((found - base)[place])
    finally:
        handle.remove()
    return _direction(examination, change)


def _direction(examination: Examination, change: float) -> Evidence:
    if change > 1e-7:
        return examination.finding(
            "fail",
            "raising the reward of an action pushes its score down",
            where="loss",
            hint="Look at the sign of the objective, and at the sign of the advantage or of the temporal difference.",
            values={"change": change},
        )
    if change >= -1e-9:
        return examination.unsure("raising the reward of an action does not move its score", change=change)
    return examination.passed("raising the reward of an action pushes its score up", change=change)


def after_the_end(examination: Examination) -> Evidence | list[Evidence]:
    """Change what follows the last state of an episode: the loss must not know of it."""
    batch = examination.batch(96) if not examination.layout.graph else examination.batch()
    end = ending(batch) or continuing(batch)
    following = entry(batch, ("next_state", "next_obs", "next_observation", "last_value", "next_value", "next"))
    if end is None or following is None or entry(batch, REWARDS) is None:
        return examination.skipped("no entries of the batch are called reward, terminal and next state")
    if examination.number("discount") is None and "value" not in following and _predicted(examination, following):
        return examination.skipped(f"a gradient reaches {following}, so it may be what is predicted")
    ended, after = batch[end].bool() ^ negated(end), batch[following]
    if ended.ndim == after.ndim + 1:
        ended = ended[-1]  # axis 0 is time: what follows the last step
    if ended.ndim == 2 and after.ndim == 2 and ended.shape[1] == 1 and len(ended) == len(after):
        ended = ended[:, 0]
    if ended.shape != after.shape[: ended.ndim]:
        return examination.skipped("ends and what follows them do not belong together one by one")
    while ended.ndim < after.ndim:
        ended = ended.unsqueeze(-1)
    if not bool(ended.any()) or bool(ended.all()):
        return examination.skipped("no episode ends in a batch, or all do")
    model = examination.probe
    noise = torch.randn(after.shape, generator=torch.Generator().manual_seed(6)) * 3

    def change(where: Tensor) -> float:
        altered = copy(batch) | {following: torch.where(where, after + noise, after)}
        with torch.no_grad():
            return distance(examination.loss(model, copy(batch), seed=1), examination.loss(model, altered, seed=1))

    ended_change, other_change = change(ended), change(~ended)
    values = {"after the end": ended_change, "elsewhere": other_change}
    cut = next(
        (value.bool() for key, value in batch.items() if re.match("trunc|time_?limit|timeout", key.lower()) and isinstance(value, Tensor)),
        None,
    )
    fits = cut is not None and cut.ndim == after.ndim == ended.ndim and cut.shape == ended.shape and bool((cut & ~ended).any())
    if cut is not None and fits and ended_change == 0 and other_change > 0 and change(cut & ~ended) == 0:
        message = f"{following} where an episode was cut off changes nothing in the loss: a cut is taken for an end"
        hint = "Expect what follows a cut; only an end has nothing after it."
        return examination.finding("fail", message, where=reader(examination, end, following), hint=hint)
    if ended_change > 1e-6:
        where = reader(examination, end, following)
        return examination.finding(
            "fail",
            f"{following} after an end ({end}) changes the loss",
            where=where,
            hint="Multiply what is expected afterwards by one minus the end.",
            values=values,
        )
    if other_change == 0:
        return examination.finding("unsure", f"{following} changes nothing anywhere", values=values)
    return examination.finding("pass", "nothing is worth anything after the end of an episode", values=values)


def reader(examination: Examination, end: str, following: str) -> str:
    """Return the function that makes advantages or targets, else the one that reads the ends or what follows, else loss."""
    functions = list(examination.source.functions)
    made = [name for name in functions if "advantage" in name.lower() or ("target" in name.lower() and name != "target")]
    readers = [name for name in examination.source.holding(rf"[\"']{re.escape(end)}[\"']") if name != "batch"]
    readers = readers or [name for name in examination.source.holding(rf"[\"']{re.escape(following)}[\"']") if name != "batch"]
    made = [name for name in made if re.search(rf"\b({'|'.join(ENDS)})", examination.source.code(name))] or made
    made = made or [name for name in maker(examination) if re.search("|".join(ENDS), examination.source.code(name))]
    return made[0] if made else readers[0] if len(readers) == 1 else "loss"


def maker(examination: Examination) -> list[str]:
    """Return the functions and methods that the loss calls with rewards: they make the targets, returns or advantages."""
    return [
        name
        for name, calls in called(examination).items()
        if any(re.search(r"reward|^r$", argument.lower()) for argument in calls[0].arguments)
    ]


def _writers(examination: Examination) -> str:
    """Return the one function that writes to a following network, "step" in doubt."""
    found = [
        name for name in examination.source.holding(_FOLLOWS + r"|copy_\(") if name not in ("build", "loss") and "__init__" not in name
    ]
    return found[0] if len(found) == 1 else "step"


def _predicted(examination: Examination, following: str) -> bool:
    """Say whether the loss has a gradient by what follows: then it is an input or a target of a model, and no value of it is taken."""
    batch = examination.batch()
    if not batch[following].is_floating_point():
        return True
    batch[following].requires_grad_()
    value = examination.loss(examination.probe, batch, seed=1)
    return value.requires_grad and torch.autograd.grad(value, batch[following], allow_unused=True)[0] is not None


def copies(model: nn.Module) -> list[str]:
    """Return the children that are named after following another of their form."""
    shapes = {name: [p.shape for p in child.parameters()] for name, child in model.named_children()}
    return [
        name
        for name, own in shapes.items()
        if own and any(word in name.lower() for word in COPIES) and any(other != name and shapes[other] == own for other in shapes)
    ]


def target_network(examination: Examination) -> Evidence | list[Evidence]:
    """Step often enough to see two copies: the target stands still in between, gets no gradient, and equals the trained network when copied."""
    period = examination.number("target_update")
    model = examination.perturbed(training=True)
    names = copies(model)
    if not names:
        return examination.skipped("no child of the model is named after a copy of another")
    if period is None:
        return _still(examination, model, names)
    child = model.get_submodule(names[0])
    examination.loss(model, examination.batch()).backward()
    if any(p.grad is not None and bool(p.grad.abs().max() > 0) for p in child.parameters()):
        return examination.finding(
            "fail",
            f"a gradient flows into {names[0]}, which follows another network",
            where="loss",
            path=names[0],
            hint="Take the target without gradients.",
        )
    if not examination.has("step") or not 1 <= period <= MOST_UPDATES:
        return examination.skipped("the subject has no step of its own, or copies too rarely to wait for")
    moved = _moves(examination, model, child, 2 * int(period) + 1)
    gaps = [b - a for a, b in itertools.pairwise(moved)]
    if not moved or moved[0] > period + 1 or any(gap != period for gap in gaps):
        told = f"changes after updates {', '.join(map(str, moved[:5]))}" if moved else "never changes"
        return examination.finding(
            "fail",
            f"{names[0]} is stated to be copied every {period:g} updates, and {told}",
            where=_writers(examination),
            path=names[0],
            hint="Look at the counter and at what is copied.",
        )
    return examination.passed(f"{names[0]} is copied every {period:g} updates", copies=float(len(moved)))


def _moves(examination: Examination, model: nn.Module, child: nn.Module, updates: int) -> list[int]:
    """Return after which updates a child has changed."""
    training = Training(examination, model)
    moved = []
    before = [p.detach().clone() for p in child.parameters()]
    for number in range(1, updates + 1):
        training.step(examination.batch(seed=number), seed=number)
        now = [p.detach().clone() for p in child.parameters()]
        if any(not torch.equal(a, b) for a, b in zip(before, now, strict=True)):
            moved.append(number)
        before = now
    return moved


def _still(examination: Examination, model: nn.Module, names: list[str]) -> Evidence:
    """Without a stated period: a copy that `step` is there to move, by a name that says so, moves within some updates."""
    names = [name for name in names if any(word in name.lower() for word in FOLLOWING)]
    if not names or not examination.has("step"):
        return examination.skipped("no child is named after one that follows, or the subject has no step of its own")
    original = examination.build()
    if not names or any(p.requires_grad for p in original.get_submodule(names[0]).parameters()):
        return examination.skipped("the child that is named after a copy is trained like any other")
    moved = _moves(examination, model, model.get_submodule(names[0]), FEW_UPDATES)
    others = [name for name in names[1:] if not any(p.requires_grad for p in original.get_submodule(name).parameters())]
    for name in others:
        again = examination.perturbed(training=True)
        follows = bool(_moves(examination, again, again.get_submodule(name), FEW_UPDATES))
        if follows != bool(moved):
            still, moving = (names[0], name) if follows else (name, names[0])
            message = f"{moving} follows another network, and {still} does not move in {FEW_UPDATES} updates"
            return examination.finding(
                "fail", message, where=_writers(examination), path=still, hint="Move every target in the same update."
            )
    if moved:
        return examination.passed(f"{names[0]} moves", first=float(moved[0]))
    writers = ["step", *examination.source.holding(_FOLLOWS)]
    if examination.source.holding(r"%") or any(re.search(r"\bif\b", examination.source.code(name)) for name in writers if name != "build"):
        return examination.unsure(f"{names[0]} does not move in {FEW_UPDATES} updates, and something decides when it does")
    where = next((name for name in examination.source.holding(_FOLLOWS) if name not in ("build", "loss")), "step")
    return examination.finding(
        "fail",
        f"{names[0]} follows another network by its name, and does not move in {FEW_UPDATES} updates",
        where=where,
        path=names[0],
        hint="Look at which of the two is written to, and whether a name is bound anew in place of its values.",
    )


REWARD = Check(
    name="reward direction",
    family="reinforcement",
    finds="An objective that lowers the score of an action for its reward.",
    uses=(),
    misled_by="Rewards that are costs by another name: the entry must be called reward, return or advantage.",
    cost="forward",
    function=reward_direction,
)
ENDING = Check(
    name="after the end",
    family="reinforcement",
    finds="A value of what follows the last state of an episode that enters the loss.",
    uses=("discount",),
    misled_by="Entries that mark a truncation and not an end, under a name of an end.",
    cost="forward",
    function=after_the_end,
)
TARGET = Check(
    name="target network",
    family="reinforcement",
    finds="A target network that gets a gradient, is copied at other times than stated, or never.",
    uses=("target_update",),
    misled_by="A target that is kept outside the model is not seen: skipped.",
    cost="forward",
    function=target_network,
)
