"""Stated stop-gradients: what is named in the statement carries no gradient to the loss."""

from __future__ import annotations

import re
import sys
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination

# what is too general a name to be recognised by: a policy is trained although a reference policy is not
GENERAL = frozenset(
    [
        "loss",
        "value",
        "values",
        "policy",
        "model",
        "network",
        "output",
        "branch",
        "side",
        "other",
        "the",
        "of",
        "part",
        "terms",
        "term",
        "input",
        "critic",
        "actor",
    ]
)
MADE = re.compile(r"generated|fake|made|sampled|generator")  # what a generator gives goes by these names
SHORT = {"ref": "reference", "adv": "advantage", "advantages": "advantage", "targets": "target", "weight": "weights", "ratios": "ratio"}


def stopped(examination: Examination) -> Evidence:
    """Look at the local variables of forward and loss, and at what functions give: one named as what is stopped passes no gradient on to the loss."""
    phrases = _phrases(examination.words("stop_gradient"))
    if not phrases:
        return examination.skipped("no stop-gradient is stated")
    model = examination.perturbed(training=True)
    frozen = [name for name, child in model.named_children() if not any(p.requires_grad for p in child.parameters())]
    parts = frozenset(word for name in frozen for word in name.lower().split("_") if word)
    seen: dict[tuple[str, str], Tensor] = {}
    value = examination.quiet(lambda: _watched(examination, model, seen))
    if value is None or not value.requires_grad:
        return examination.skipped("the loss cannot be differentiated")
    found = []
    for (place, name), tensor in seen.items():
        phrase = next((phrase for phrase in phrases if _names(name, phrase, parts)), None)
        if MADE.search(phrase or "") and (re.search(r"gen|g_loss|loss_g|step", place.lower()) or not _from_generator(model, tensor)):
            continue  # where the generator learns, or what the other player makes of its samples
        if phrase is None or not tensor.is_floating_point() or tensor.numel() == 0:
            continue
        if not tensor.requires_grad:
            found.append(name)
            continue
        if re.search(rf"(?<![\w.]){re.escape(name)}(?:\[[^\]]*\])?\.(?:detach|data)\b", examination.source.code(place)):
            continue  # a detached copy is used where it matters
        (gradient,) = torch.autograd.grad(value, [tensor], retain_graph=True, allow_unused=True)
        if gradient is not None and bool(gradient.abs().max() > 0):
            return examination.finding(
                "fail",
                f"a gradient flows through {name} in {place}, and the statement says that it is stopped at {phrase}",
                where=place,
                hint="Look for a detach or a no_grad that is missing where it is made or used.",
            )
    if found:
        return examination.passed(f"no gradient flows through {', '.join(sorted(set(found)))}")
    return examination.skipped("no variable has the name of what is stopped")


def _from_generator(model: Any, tensor: Tensor) -> bool:
    """Say whether a gradient flows from a tensor to a child of the model that is named a generator."""
    own = [p for name, child in model.named_children() if name.lower().startswith(("gen", "g_")) or name == "G" for p in child.parameters()]
    own = [parameter for parameter in own if parameter.requires_grad]
    if not own or not tensor.requires_grad:
        return False
    return any(slope is not None for slope in torch.autograd.grad(tensor.sum(), own, retain_graph=True, allow_unused=True))


def _phrases(text: str) -> list[str]:
    """Return what is stopped, piece by piece; a piece with a place in it ("... in the policy's loss") says too little."""
    pieces = [piece.strip() for piece in re.split(r"[,;:()]|(?<![a-z])(?:and|through|is|are|as)(?![a-z])", text)]
    return [
        re.sub(r"^(?:the|a|all|every)\s+", "", piece)
        for piece in pieces
        if piece and not re.search(r"(?<![a-z])(?:in|for|when|of|from|to)(?![a-z])", piece)
    ]


def _names(name: str, phrase: str, parts: frozenset[str] = frozenset()) -> bool:
    """Say whether a variable's words all stand in a phrase and hold its last word, which must not be a general one.

    A phrase that says whose ("teacher's logits", or "teacher logits" of a model with a frozen part of that name) is held to name
    no variable that leaves this out: the other network's may have the same name.
    """
    if MADE.search(phrase) and re.fullmatch(r"(x_)?(fake|generated|made)s?(_(x|samples?|images?|data))?", name.lower()):
        return True
    own = {SHORT.get(word, word) for word in re.sub(r"\d+", "", name.lower()).split("_") if word}
    words = [word for word in re.split(r"[\s-]+", phrase) if word]
    bare = [re.sub(r"['\u2019]s?$", "", word) for word in words]
    printed = [SHORT.get(word, word) for word in bare]
    owners = {SHORT.get(plain, plain) for word, plain in zip(words[:-1], bare[:-1], strict=True) if plain != word or plain in parts}
    if not owners <= own:
        return False
    # a letter alone is named in many places: what is made of it elsewhere may well be trained
    return bool(own) and max(map(len, own)) > 1 and own <= set(printed) and printed[-1] in own and printed[-1] not in GENERAL


def _watched(examination: Examination, model: Any, seen: dict[tuple[str, str], Tensor]) -> Tensor:
    """Run the loss and keep the local tensors of the subject's functions as they are when these return."""
    file = examination.module.__file__

    def look(frame: FrameType, event: str, result: Any) -> None:
        if event == "return" and frame.f_code.co_filename == file:
            place = frame.f_code.co_qualname if hasattr(frame.f_code, "co_qualname") else frame.f_code.co_name
            given = frame.f_code.co_varnames[: frame.f_code.co_argcount]
            if isinstance(result, Tensor):  # what a function gives goes by the function's name
                seen.setdefault((place, frame.f_code.co_name), result)
            for name, value in frame.f_locals.items():
                if isinstance(value, Tensor) and name not in given:
                    seen.setdefault((place, name), value)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        return examination.loss(model, examination.batch(), seed=2)
    finally:
        sys.setprofile(before)


STOPPED = card(
    "gradient",
    "stated stop-gradient",
    "A variable of the loss, named as what the statement says is stopped, through which a gradient flows.",
    ("stop_gradient",),
    "A variable that is detached where it is used: passed over; a name that only resembles the statement is not looked at.",
    stopped,
)
