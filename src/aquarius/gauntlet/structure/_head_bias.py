"""The start of the last bias, which sets what a fresh model answers before it has seen anything."""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination
from ._initialisation import number

NEAR = 1e-2


def head_bias(examination: Examination) -> Evidence:
    """Look for a bias with the stated start; where there is none, the last layer that runs is to blame."""
    stated = _stated(examination)
    if stated is None:
        return examination.skipped("no start of the last bias is stated as a number")
    model = examination.build()
    path = _last(examination, model)
    if path is None:
        return examination.unsure("no layer with a bias gives the output")
    bias = dict(model.named_parameters())[f"{path}.bias".lstrip(".")].detach()
    off = float((bias - stated).abs().max())
    for name, parameter in model.named_parameters():  # of several heads, one starts so
        if name.endswith("bias") and float((parameter.detach() - stated).abs().max()) <= NEAR * max(1.0, abs(stated)):
            return examination.finding("pass", f"{name} starts at {stated:.4g}", path=name)
    text = f"{path}.bias starts at {float(bias.flatten()[0]):.4g}, and {stated:.4g} is stated"
    if float((bias + stated).abs().max()) <= NEAR * max(1.0, abs(stated)):
        text += ": its sign is turned"
    hint = "With a prior p of the rare class the bias is -log((1-p)/p); look at what initialises it afterwards."
    return examination.finding("fail", text, where=_where(examination, model, path), path=f"{path}.bias", hint=hint, values={"off": off})


def _stated(examination: Examination) -> float | None:
    """Return the stated number, or the value of a stated formula such as -log((1-0.01)/0.01)."""
    value = examination.facts.get("head_bias")
    if isinstance(value, str):
        if prior := re.fullmatch(r"(.*?),?\s+(?:with|where|for)\s+(?:a prior\s+)?([a-z]+)\s*=\s*([\d.]+)", value.strip()):
            value = re.sub(rf"(?<![a-z]){prior[2]}(?![a-z])", prior[3], prior[1])
        value = re.sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", value)
        found = re.fullmatch(r"\s*(-?)\s*\\?(?:log|ln)\s*(\(.*\))\s*", value)
        inside = number(found[2], {}) if found else None
        if found and inside is not None and inside > 0:
            return (-1.0 if found[1] else 1.0) * float(torch.tensor(inside).log())
        return number(value, {})
    return examination.number("head_bias")


def _last(examination: Examination, model: nn.Module) -> str | None:
    """Return the last layer with a bias that ran before the output was there."""
    ran: list[str] = []
    handles = [
        module.register_forward_hook(lambda _, given, output, path=path: ran.append(path))
        for path, module in model.named_modules()
        if isinstance(module, nn.Linear | nn.modules.conv._ConvNd) and isinstance(module.bias, Tensor)
    ]
    try:
        with torch.no_grad():
            examination.forward(model.eval(), examination.batch())
    finally:
        for handle in handles:
            handle.remove()
    return ran[-1] if ran else None


def _where(examination: Examination, model: nn.Module, path: str) -> str:
    places = [
        place for place in examination.source.holding(r"bias") if re.search(r"init|fill_|constant_|log\(", examination.source.code(place))
    ]
    owner = examination.where(model, path.rpartition(".")[0], "__init__")
    return owner if owner in places or len(places) != 1 else places[0]


HEAD_BIAS = card(
    "initialisation",
    "head bias",
    "No bias that starts where the last one is stated to: its sign is turned, or it is initialised again.",
    ("head_bias",),
    "Models whose last layer to run is not the one that gives the output.",
    head_bias,
)
