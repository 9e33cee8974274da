"""What is given and never used: a condition of the model, a target network."""

from __future__ import annotations

import inspect
import re

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._training import Training
from ..profiles._reinforcement import copies

TIMES = r"^(t|time\w*|sigma\w*|noise\w*|z|latent|level)$"  # beside these a label is a condition, and elsewhere it may only be for a loss
CONDITIONS = r"^(t|ts|time|times|timestep|timesteps|step|steps|sigma|sigmas|noise_level|level|label|labels|class_\w*|condition|cond|goal|returns?_to_go|speaker|style)$"


def conditions(examination: Examination) -> list[Evidence]:
    """Exchange between samples what a model is conditioned on, by its argument's name: its output must change."""
    found: dict[str, Evidence] = {}
    for training in (False, True):
        model = examination.perturbed(training=training)
        seen = _seen(examination, model)
        for path, (module, given, output) in seen.items():
            for name, value in zip(list(inspect.signature(module.forward).parameters), given, strict=False):
                names = list(inspect.signature(module.forward).parameters)
                meant = re.match(CONDITIONS, name) and (not name.startswith("label") or any(re.match(TIMES, other) for other in names))
                if isinstance(value, Tensor) and value.ndim == 1 and len(value) > 3 and meant:
                    _vary(examination, model, path, module, given, name, output, found)
    return list(found.values()) or [examination.skipped("no model is given a condition by its name")]


Seen = dict[str, tuple[nn.Module, tuple[object, ...], object]]


def _seen(examination: Examination, model: nn.Module) -> Seen:
    """Run the loss and return what each module of the subject's own classes was given and gave first."""
    seen: Seen = {}
    handles = [
        module.register_forward_hook(lambda module, given, output, path=path: seen.setdefault(path, (module, given, output)) and None)
        for path, module in model.named_modules()
        if examination.source.owns(type(module))
    ]
    try:
        examination.quiet(lambda: examination.loss(model, examination.batch(), seed=1))
    finally:
        for handle in handles:
            handle.remove()
    return seen


def _vary(
    examination: Examination,
    model: nn.Module,
    path: str,
    module: nn.Module,
    given: tuple[object, ...],
    name: str,
    output: object,
    found: dict[str, Evidence],
) -> None:
    value = next(v for n, v in zip(list(inspect.signature(module.forward).parameters), given, strict=False) if n == name)
    first = (
        output
        if isinstance(output, Tensor)
        else next((item for item in output if isinstance(item, Tensor)), None)
        if isinstance(output, tuple)
        else None
    )
    if first is None or not isinstance(value, Tensor) or bool((value == value[0]).all()):
        return
    results = []
    for condition in (value, value.roll(1), value.flip(0)):
        torch.manual_seed(3)
        changed = [condition if item is value else item for item in given]
        with torch.no_grad():
            again = examination.quiet(lambda changed=changed: module(*changed))  # type: ignore[misc]
        again = (
            again
            if isinstance(again, Tensor)
            else next((item for item in again if isinstance(item, Tensor)), None)
            if isinstance(again, tuple)
            else None
        )
        if again is None:
            return
        results.append(again)
    kind = type(module).__qualname__
    key = f"{kind}.{name}"
    if all(distance(results[0], other) < 1e-7 for other in results[1:]):
        if key not in found:
            message = f"{kind} is given {name}, and its output does not depend on it"
            found[key] = examination.finding(
                "fail", message, where=examination.where(model, path), path=path, hint=f"Follow {name} through the forward."
            )
    else:
        found[key] = examination.passed(f"{kind} depends on {name}")


def idle_target(examination: Examination) -> Evidence:
    """Run forward, loss and step: a child that is named a target and follows another network is asked for something."""
    model = examination.build()
    names = [name for name in copies(model) if "target" in name.lower()]
    names += [
        name
        for name, child in model.named_children()
        if re.search("teacher", name.lower()) and not any(parameter.requires_grad for parameter in child.parameters())
    ]
    if not names:
        return examination.skipped("no child of the model is named a target or a teacher")
    asked: set[str] = set()
    handles = [
        module.register_forward_pre_hook(lambda _, given, name=name: asked.update([name]))
        for name in names
        for module in model.get_submodule(name).modules()
    ]
    try:
        for training in (False, True):
            model.train(training)
            examination.quiet(lambda: examination.forward(model, examination.batch(), seed=1))
            examination.quiet(lambda: examination.loss(model, examination.batch(), seed=1))
        if examination.has("step"):
            trained = Training(examination, model)
            for number in range(3):
                trained.step(examination.batch(seed=number), seed=number)
    finally:
        for handle in handles:
            handle.remove()
    idle = [name for name in names if name not in asked]
    if not idle:
        return examination.passed("every target network is asked for something")
    if any(
        re.search(rf"functional_call|state_dict\(\)|\.{name}\b.*parameters", examination.source.code(place))
        for name in idle
        for place in ("loss", "forward")
    ):
        return examination.unsure(f"{idle[0]} is not called itself, and its weights are read")
    word = idle[0].lower().replace("target", "").strip("_")
    functions = [name for name in examination.source.holding(r"no_grad|detach") if name not in ("build", "batch", "step")]
    exact = [name for name in functions if "." not in name and re.search(r"next_|follow", examination.source.code(name))]
    return examination.finding(
        "fail",
        f"{idle[0]} is a target or a teacher by its name, and neither forward nor loss nor step asks it for anything",
        where=exact[0] if exact else "loss",
        path=idle[0],
        hint=f"What stands for the future should come from {idle[0]}, not from the trained {word or 'network'}.",
    )


def idle_queue(examination: Examination) -> Evidence:
    """Step twice: a buffer that is named a queue or a memory has new contents."""
    model = examination.build()
    names = [name for name, buffer in model.named_buffers() if re.search(r"(^|\.|_)(queue|memory|bank)$", name) and buffer.numel() > 4]
    if not names or not examination.has("step"):
        return examination.skipped("no buffer is named a queue, or the subject has no step of its own")
    before = {name: buffer.clone() for name, buffer in model.named_buffers() if name in names}
    training = Training(examination, model)
    for seed in range(2):
        training.step(examination.batch(seed=seed), seed=seed)
    still = [name for name, buffer in model.named_buffers() if name in before and torch.equal(buffer, before[name])]
    if not still:
        return examination.passed("queues are filled")
    own = [name for name in examination.source.holding(rf"{still[0].rpartition('.')[2]}\b") if re.search("enqueue|push|update|fill", name)]
    return examination.finding(
        "fail",
        f"{still[0]} has the same contents after two steps",
        where=own[0] if own else "step",
        path=still[0],
        hint="Look at what is written to: the buffer itself or a copy of it.",
    )


CONDITION = card(
    "generative",
    "conditions",
    "A model whose output does not depend on the time, noise level or label that it is given.",
    (),
    "A condition that only acts at certain values: it is exchanged between the samples of one batch.",
    conditions,
)
IDLE_TARGET = card(
    "reinforcement",
    "idle target",
    "A target network or a frozen teacher that is kept and never asked, so that the trained network is its own target.",
    ("target_update",),
    "Copies that only serve after training, under the name of a target.",
    idle_target,
)
IDLE_QUEUE = card(
    "contrastive",
    "idle queue",
    "A queue or memory that no step fills.",
    (),
    "Memories that are filled elsewhere, once for each epoch.",
    idle_queue,
)
