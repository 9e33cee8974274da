"""Residual branches: with one layer set to zero the rest still carries the signal; no tensor is joined to itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..core import Evidence
from ._check import Check
from ._examination import Examination, distance
from ._trace import Recorder

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
    dead = []
    with torch.no_grad():
        if distance(examination.forward(model, batch), examination.forward(model, other)) == 0:
            return examination.skipped("the output does not follow the batch")
        for path, layer in layers:
            kept = [parameter.clone() for parameter in layer.parameters()]
            for parameter in layer.parameters():
                parameter.zero_()
            one, two = examination.forward(model, batch), examination.forward(model, other)
            for parameter, value in zip(layer.parameters(), kept, strict=True):
                parameter.copy_(value)
            if one.shape == two.shape and distance(one, two) <= 1e-6:
                dead.append(path)
    if not dead:
        return examination.passed("with any one layer of a block set to zero the output still follows the input", layers=len(layers))
    if len(dead) > len(layers) // 2:
        return examination.unsure("most layers stand in the only way from input to output, so the blocks may be of another kind")
    return examination.finding(
        "fail",
        f"with {dead[0]} set to zero the output no longer follows the input at all: no residual connection leads around it",
        where=examination.where(model, dead[0].rpartition(".")[0]),
        path=dead[0],
        hint="x + f(x): look for the x that was left out.",
        values={"layers": float(len(dead))},
    )


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
