"""The residual stream with every branch set to zero: which normalisations still stand on it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._trace import tensors
from ._normalisation import NORMS

Given = tuple[tuple[Any, ...], dict[str, Any]]


def stream(examination: Examination) -> Evidence | list[Evidence]:
    """Set all of a block but its normalisations to zero: before (pre) none of them may scale what comes out, after (post) each must."""
    stated = examination.words("norm")
    if stated not in ("pre", "post"):
        return examination.skipped("the place of the normalisation is not stated")
    model = examination.perturbed()
    found: list[Evidence] = []
    looked, done = 0, set[str]()
    for path, block, given in _blocks(examination, model):
        acting = _acting(examination, block, given)
        if acting is None:
            continue
        looked += 1
        wrong = [name for name, acts in acting.items() if acts == (stated == "pre")]
        if stated == "pre":
            wrong = [name for name in wrong if len(acting) == 1 or not _closes(block, name, given)]
        where = examination.where(model, path)
        if not wrong or where in done or (stated == "post" and not all(_on_the_way(block, name, given, [*acting]) for name in wrong)):
            continue
        done.add(where)
        text = f"{stated}-norm is stated; with all else in {path} at 0, {wrong[0]} " + (
            "still scales what comes out: it stands on the residual stream" if stated == "pre" else "no longer scales what comes out"
        )
        hint = "x + f(norm(x)) is pre-norm, norm(x + f(x)) is post-norm."
        found.append(examination.finding("fail", text, where=where, path=f"{path}.{wrong[0]}", hint=hint))
    if not looked:
        return examination.skipped("no repeated block with normalisations of its own keeps the shape of its input")
    return found[:2] or examination.passed(f"blocks are {stated}-norm with their branches at 0", blocks=float(looked))


def _blocks(examination: Examination, model: nn.Module) -> list[tuple[str, nn.Module, Given]]:
    """Return the modules of the file's classes in lists of blocks that hold a normalisation, with what they were given first."""
    inside = {
        f"{path}.{name}".strip(".")
        for path, module in model.named_modules()
        if isinstance(module, nn.ModuleList | nn.Sequential)
        for name, child in module.named_children()
        if examination.source.owns(type(child)) and any(isinstance(part, NORMS) for part in child.children())
    }
    seen: dict[str, Given] = {}
    handles = [
        model.get_submodule(path).register_forward_pre_hook(
            lambda _, positional, named, path=path: seen.setdefault(path, (positional, named)) and None, with_kwargs=True
        )
        for path in sorted(inside)
    ]
    try:
        with torch.no_grad():
            examination.forward(model, examination.batch())
    finally:
        for handle in handles:
            handle.remove()
    return [(path, model.get_submodule(path), given) for path, given in seen.items()]


def _acting(examination: Examination, block: nn.Module, given: Given) -> dict[str, bool] | None:
    """Return for each own normalisation whether its gain changes the output of the emptied block; None where it cannot be said."""
    norms = {name: part for name, part in block.named_children() if isinstance(part, NORMS) and isinstance(part.weight, Tensor)}
    kept = [parameter.clone() for parameter in block.parameters()]
    own = {id(parameter) for part in norms.values() for parameter in part.parameters()}
    first = next(iter(tensors([given[0], given[1]])), None)
    if not norms or first is None or len(own) == len(kept):
        return None
    try:
        with torch.no_grad():
            for parameter in block.parameters():
                if id(parameter) not in own:
                    parameter.zero_()
            plain = _output(examination, block, given)
            if plain is None or plain.shape != first.shape or distance(plain, torch.zeros_like(plain)) < 1e-6:
                return None
            acting = {}
            for name, part in norms.items():
                gain: Tensor = part.weight  # type: ignore[assignment]
                gain.mul_(1.5)
                changed = _output(examination, block, given)
                gain.div_(1.5)
                acting[name] = changed is not None and distance(plain, changed) > 1e-4
            return acting
    finally:
        with torch.no_grad():
            for parameter, value in zip(block.parameters(), kept, strict=True):
                parameter.copy_(value)


def _output(examination: Examination, block: nn.Module, given: Given) -> Tensor | None:
    value = examination.quiet(lambda: block(*given[0], **given[1]))
    return next(iter(tensors(value)), None)


def _closes(block: nn.Module, name: str, given: Given) -> bool:
    """Say whether a normalisation gives what the block gives: one that closes a block is stated of neither place."""
    seen: list[Tensor] = []
    handle = block.get_submodule(name).register_forward_hook(lambda _, positional, output: seen.append(output))
    try:
        with torch.no_grad():
            value = next(iter(tensors(block(*given[0], **given[1]))))
    finally:
        handle.remove()
    return any(output.shape == value.shape and torch.equal(output, value) for output in seen)


def _on_the_way(block: nn.Module, name: str, given: Given, norms: list[str]) -> bool:
    """Say whether a normalisation is given the very values that the block is given, or that another one gives, in whatever order of axes."""
    stream = [next(iter(tensors([given[0], given[1]])))]
    seen: list[Tensor] = []
    handles = [
        block.get_submodule(other).register_forward_hook(lambda _, positional, output: stream.append(output))
        for other in norms
        if other != name
    ]
    handles.append(block.get_submodule(name).register_forward_pre_hook(lambda _, positional: seen.append(positional[0])))
    try:
        with torch.no_grad():
            block(*given[0], **given[1])
    finally:
        for handle in handles:
            handle.remove()
    order = lambda value: value.flatten().sort().values
    return any(value.numel() == first.numel() and torch.equal(order(value), order(first)) for value in seen for first in stream)


STREAM = card(
    "architecture",
    "norm stream",
    "A normalisation on the residual stream where pre-norm is stated, or one inside a branch where post-norm is.",
    ("norm",),
    "Blocks that change the shape, and normalisations without a gain, are passed over.",
    stream,
)
