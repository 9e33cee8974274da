"""Residual branches: with one layer set to zero the rest still carries the signal; no tensor is joined to itself."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination, distance, main_output
from .._inputs import Batch, is_integer, is_mask
from .._trace import Recorder

MOST = 48  # layers that are set to zero, one at a time


def residual(examination: Examination) -> Evidence | list[Evidence]:
    """Set each layer inside the repeated blocks to zero: with residual branches stated, the output still follows the input."""
    joined = _joined(examination)
    if joined is not None:
        return joined
    if examination.words("norm") not in ("pre", "post"):
        return examination.skipped("no residual branches are stated")
    if examination.random_evaluation or not examination.layout.rows:
        return examination.skipped("evaluation is random, or samples are not rows of a batch")
    model = examination.perturbed()
    layers = _inside_blocks(model)[:MOST]
    if not layers:
        return examination.skipped("no repeated blocks are found")
    batch, other = examination.batch(), examination.batch(seed=1)
    if not _follows(examination, model, batch, other):
        return examination.skipped("the output does not follow the batch")
    single = [mixed for mixed in _one_entry_changed(examination) if _follows(examination, model, batch, mixed)]
    dead = []
    with torch.no_grad():
        for path, layer in layers:
            kept = [parameter.clone() for parameter in layer.parameters()]
            for parameter in layer.parameters():
                parameter.zero_()
            if not _follows(examination, model, batch, other) or (
                not all(_follows(examination, model, batch, mixed) for mixed in single) and _shuts(examination, model, path)
            ):
                dead.append(path)
            for parameter, value in zip(layer.parameters(), kept, strict=True):
                parameter.copy_(value)
    if not dead:
        return examination.passed("with any one layer of a block set to zero the output still follows the input", layers=len(layers))
    if len(dead) > len(layers) // 2:
        return examination.unsure("most layers stand in the only way from input to output, so the blocks may be of another kind")
    return examination.finding(
        "fail",
        f"with {dead[0]} set to zero the output no longer follows the input at all: no residual connection leads around it",
        where=examination.where(model, _block(model, dead[0]) or dead[0].rpartition(".")[0]),
        path=dead[0],
        hint="x + f(x): look for the x that was left out.",
        values={"layers": float(len(dead))},
    )


def _follows(examination: Examination, model: nn.Module, batch: Batch, other: Batch) -> bool:
    with torch.no_grad():
        one, two = examination.forward(model, batch), examination.forward(model, other)
    return one.shape != two.shape or distance(one, two) > 1e-6


def _one_entry_changed(examination: Examination) -> list[Batch]:
    """Return batches in which one of several entries is another's, with padding where it was; none where the model is given one entry."""
    batch, padding = examination.batch(), examination.facts.get("padding_index")
    keys = [
        key
        for key, value in batch.items()
        if isinstance(value, Tensor) and value.ndim > 1 and not is_mask(value) and examination.reads(key)
    ]
    changed = []
    for key in keys if len(keys) > 1 else ():
        value = batch[key].clone()
        real = value != padding if is_integer(value) and isinstance(padding, int) else torch.ones_like(value, dtype=torch.bool)
        items = value[real]
        value[real] = items[torch.randperm(len(items), generator=torch.Generator().manual_seed(2))]
        changed.append(batch | {key: value})
    return changed


def _block(model: nn.Module, path: str) -> str | None:
    """Return the path of the outermost item of a list that holds a layer; None where it is in none."""
    lists = [
        name for name, module in model.named_modules() if isinstance(module, nn.ModuleList | nn.Sequential) and path.startswith(f"{name}.")
    ]
    around = min(lists, key=len, default=None)
    return None if around is None else f"{around}.{path[len(around) + 1 :].split('.')[0]}"


def _shuts(examination: Examination, model: nn.Module, path: str) -> bool:
    """Say whether the block around a layer, which is set to zero, gives one and the same output whatever its first input is."""
    around = _block(model, path)
    if around is None:
        return False
    block = model.get_submodule(around)
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    handle = block.register_forward_pre_hook(lambda _, given, named: calls.append((given, named)), with_kwargs=True)
    with torch.no_grad():
        examination.forward(model, examination.batch())
        handle.remove()
        if not calls or not calls[0][0] or not isinstance(calls[0][0][0], Tensor) or not calls[0][0][0].is_floating_point():
            return False
        (x, *rest), named = calls[0]
        moved = x + x.std() * torch.randn(x.shape, generator=torch.Generator().manual_seed(3))
        one, two = (examination.quiet(lambda x=x: block(x, *rest, **named)) for x in (x, moved))  # type: ignore[misc]
    return one is not None and two is not None and distance(main_output(one), main_output(two)) <= 1e-6


def _inside_blocks(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the linear layers and convolutions inside the lists of several blocks of one class."""
    found: dict[str, nn.Module] = {}
    for path, module in model.named_modules():
        blocks = list(module.named_children()) if isinstance(module, nn.ModuleList | nn.Sequential) else []
        if (
            len(blocks) < 2
            or len({type(block) for _, block in blocks}) != 1
            or isinstance(blocks[0][1], nn.Linear | nn.modules.conv._ConvNd)
        ):
            continue
        for name, block in blocks:
            for inner, layer in block.named_modules():
                if inner and isinstance(layer, nn.Linear | nn.modules.conv._ConvNd):
                    found[f"{path}.{name}.{inner}".strip(".")] = layer
    return list(found.items())


def _joined(examination: Examination) -> Evidence | None:
    """Find a trained tensor that is joined to itself along the axis of its features."""
    recorder = Recorder(examination.source, frozenset({"cat", "concat", "concatenate"}))
    model = examination.probe
    with recorder:
        examination.quiet(lambda: examination.forward(model, examination.batch()))
    for call in recorder.calls:
        items = call.arguments[0] if call.arguments and isinstance(call.arguments[0], list | tuple) else ()
        axis = call.named.get("dim", call.named.get("axis", call.arguments[1] if len(call.arguments) > 1 else 0))
        if len(items) != 2 or not all(isinstance(item, Tensor) and item.requires_grad and item.ndim >= 2 for item in items):
            continue
        first, second = items
        features = {1, first.ndim - 1} if first.ndim == 4 else {first.ndim - 1}
        if axis % first.ndim in features and first.shape == second.shape and first.numel() > 1 and torch.equal(first, second):
            return examination.finding(
                "fail",
                f"a tensor of shape {tuple(first.shape)} is joined to itself along its features: the second half says nothing new",
                where=call.where,
                hint="Look for the tensor that was meant as the other half.",
            )
    return None


RESIDUAL = Check(
    name="residual",
    family="architecture",
    finds="A layer without a residual connection around it where residual branches are stated, a tensor that is joined to itself.",
    uses=("norm",),
    misled_by="Blocks that change the width between branches by one layer; where most layers are like that it is unsure.",
    cost="forward",
    function=residual,
)
