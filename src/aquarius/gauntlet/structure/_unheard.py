"""Layers that are called and not heard, and factors that start at zero together and never leave it."""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check, card
from .._examination import Examination, distance
from .._training import Training

MOST_LAYERS = 80
STEPS = 3


def unheard_layers(examination: Examination) -> Evidence | list[Evidence]:
    """Add noise to what each layer with a matrix of weights gives: output or loss changes somewhere."""
    if examination.random_evaluation:
        return examination.skipped("the output is random in evaluation mode")
    model = examination.probe
    layers = [
        (path, module)
        for path, module in model.named_modules()
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Embedding) and not list(module.children())
    ]
    if not layers or len(layers) > MOST_LAYERS:
        return examination.skipped("there are no layers to listen to, or too many")
    plain = _answers(examination, model)
    silent, heard_paths = [], []
    for path, module in layers:
        called, with_gradient = [0], [0]

        def shake(_: nn.Module, given: object, output: object, called: list[int] = called, heard: list[int] = with_gradient) -> object:
            if not isinstance(output, Tensor) or not output.numel():
                return None
            called[0] += 1
            heard[0] += torch.is_grad_enabled()
            noise = torch.randn(output.shape, generator=torch.Generator().manual_seed(1))
            return output + noise * (output.detach().abs().mean() + 1)

        handle = module.register_forward_hook(shake)
        try:
            shaken = _answers(examination, model)
        finally:
            handle.remove()
        if (
            called[0]
            and with_gradient[0]
            and len(shaken) == len(plain)
            and all(distance(a, b) == 0 for a, b in zip(plain, shaken, strict=True))
        ):
            silent.append(path)
        elif called[0]:
            heard_paths.append(_kind(path))
    alone = [path for path in silent if _kind(path) in heard_paths]
    silent = [path for path in silent if path not in alone]
    if alone and not silent:
        return examination.unsure(
            f"{alone[0]} is not heard, and its twins are: the last of a row, or an expert, may be left idle on purpose"
        )
    if not silent:
        return examination.passed("every layer that is called is heard", layers=float(len(layers)))
    return [
        examination.finding(
            "fail",
            f"{path} is called, and whatever it gives changes neither output nor loss",
            where=examination.where(model, path.rpartition(".")[0]),
            path=path,
            hint="Is its result overwritten, multiplied by zero, or another one used in its place?",
        )
        for path in silent[:3]
    ]


def _kind(path: str) -> str:
    """Return a path without its numbers: what twins in a list have in common."""
    return re.sub(r"\.\d+\.", ".*.", f".{path}.")


def _answers(examination: Examination, model: nn.Module) -> list[Tensor]:
    """Return all that forward gives, and the loss, in evaluation mode with gradients."""
    found: list[Tensor] = []
    value = examination.quiet(lambda: examination.call("forward", model, examination.batch(), seed=1))
    items = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else (value,)
    found += [item.detach() for item in items if isinstance(item, Tensor)]
    loss = examination.quiet(lambda: examination.loss(model, examination.batch(), seed=1))
    return found + ([loss.detach()] if isinstance(loss, Tensor) else [])


def dead_start(examination: Examination) -> Evidence:
    """Take a few steps: two matrices of one module that start at zero throughout have moved, unless each waits for the other."""
    model = examination.build()
    empty: dict[str, list[str]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and parameter.ndim >= 2 and not bool(parameter.any()):
            empty.setdefault(name.rpartition(".")[0], []).append(name)
    pairs = {path: names for path, names in empty.items() if len(names) > 1}
    if not pairs:
        return examination.skipped("no module has two matrices that start at zero")
    training = Training(examination, model)
    for seed in range(STEPS):
        training.step(examination.batch(seed=seed), seed=seed)
    for path, names in pairs.items():
        if not any(bool(model.get_parameter(name).any()) for name in names):
            return examination.finding(
                "fail",
                f"{' and '.join(names[:2])} start at zero, and after {STEPS} steps are zero still: each gets its gradient through the other",
                where=examination.where(model, path, "__init__"),
                path=names[0],
                hint="Start one of the two factors with random values.",
            )
    return examination.passed("what starts at zero moves")


UNHEARD = Check(
    name="unheard layers",
    family="architecture",
    finds="A layer with weights, trained or frozen, that is called and whose output changes neither the model's output nor the loss.",
    uses=(),
    misled_by="The last of a row of layers, or an idle expert, whose twins are heard: unsure.",
    cost="forward",
    function=unheard_layers,
)
DEAD_START = card(
    "initialisation",
    "dead start",
    "Two factors of a product that both start at zero, so that no gradient ever reaches either.",
    (),
    "Nothing: the subject's own steps are taken and the matrices looked at.",
    dead_start,
)
