"""Registration: the model owns what it computes with, no more and no less than is stated, and the optimiser has all of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination, distance
from .._training import Training
from ..profiles._reinforcement import copies


def plain_attributes(examination: Examination) -> Evidence | list[Evidence]:
    """Look through the attributes of every module for modules and trainable tensors that torch does not know of."""
    model = examination.build()
    known = {id(module) for module in model.modules()}
    parameters = {id(parameter) for parameter in model.parameters()}
    found = []
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if name.startswith("_") and name in vars(nn.Module()):
                continue
            for item in _inside(value):
                hidden = isinstance(item, nn.Module) and id(item) not in known and any(p.requires_grad for p in item.parameters())
                loose = isinstance(item, Tensor) and item.requires_grad and id(item) not in parameters and item.is_leaf
                if hidden or loose:
                    what = f"modules ({type(item).__name__})" if hidden else "trainable tensors"
                    found.append(
                        examination.finding(
                            "fail",
                            f"{name} of {type(module).__name__} holds {what} that are not registered: no optimiser, device or checkpoint sees them",
                            where=examination.where(model, path, "__init__"),
                            path=f"{path}.{name}".strip("."),
                            hint="Use nn.ModuleList, nn.ModuleDict, nn.ParameterList or nn.Parameter.",
                        )
                    )
                    break
    found = found or _drawn(examination, model)
    return found[:3] or examination.passed("no module or trainable tensor hides in a plain attribute")


def _drawn(examination: Examination, model: nn.Module) -> list[Evidence]:
    """Find random numbers in plain attributes that the output follows: they are drawn anew for every model, never trained and never saved."""
    other = dict(examination.build(seed=1).named_modules())
    found = []
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            twin = getattr(other.get(path), name, None)
            if not isinstance(value, Tensor) or not isinstance(twin, Tensor) or name.startswith("_") or value.grad_fn is not None:
                continue
            drawn = value.is_floating_point() and value.numel() >= 4 and value.shape == twin.shape and not torch.equal(value, twin)
            if not drawn or not _follows(examination, path, name):
                continue
            found.append(
                examination.finding(
                    "fail",
                    f"{name} of {type(module).__name__} holds {value.numel()} random numbers, and the output follows them: as a plain attribute they"
                    " are neither trained nor saved",
                    where=examination.where(model, path, "__init__"),
                    path=f"{path}.{name}".strip("."),
                    hint="Use nn.Parameter, or register_buffer where they are meant to stay as drawn.",
                )
            )
    return found


def _follows(examination: Examination, path: str, name: str) -> bool:
    """Say whether the output changes with a plain attribute."""
    model = examination.perturbed()
    module = model.get_submodule(path)
    with torch.no_grad():
        before = examination.forward(model, examination.batch())
        value = getattr(module, name)
        setattr(module, name, value + torch.randn(value.shape, generator=torch.Generator().manual_seed(5)))
        after = examination.quiet(lambda: examination.forward(model, examination.batch()))
    return after is not None and distance(before, after) > 1e-5


def _inside(value: Any, depth: int = 0) -> Iterator[Any]:
    if isinstance(value, nn.Module | Tensor):
        yield value
    elif isinstance(value, dict) and depth < 3:
        for item in value.values():
            yield from _inside(item, depth + 1)
    elif isinstance(value, list | tuple | set) and depth < 3 and len(value) < 1000:
        for item in value:
            yield from _inside(item, depth + 1)


def parameter_count(examination: Examination) -> Evidence | list[Evidence]:
    """Count parameters, tied ones once, all and trainable; compare what is frozen and what is tied with what is stated."""
    stated = [key for key in ("parameters", "trainable_parameters", "frozen", "tied") if key in examination.facts]
    if not stated:
        return examination.skipped("no count, frozen or tied parameter is stated")
    model = examination.build()
    named = dict(model.named_parameters())
    found = []
    for key, count in (
        ("parameters", sum(p.numel() for p in named.values())),
        ("trainable_parameters", sum(p.numel() for p in named.values() if p.requires_grad)),
    ):
        number = examination.number(key)
        if number is not None and number != count:
            found.append(
                examination.finding(
                    "fail",
                    f"{key.replace('_', ' ')}: {count:,} here, {number:,.0f} stated ({count - number:+,.0f})",
                    where=_odd_place(examination, model, int(count - number)),
                    hint="Look for a layer that is missing, doubled or unregistered, for a bias too many, and for weights that should be shared.",
                    values={"counted": float(count), "stated": number},
                )
            )
    found += _frozen(examination, model, named) + _tied(examination, model)
    return found or examination.passed(f"{', '.join(stated)} as stated", parameters=sum(p.numel() for p in named.values()))


def _odd_place(examination: Examination, model: nn.Module, surplus: int) -> str:
    """Name the class whose own parameters account for the difference, else the model's."""
    for path, module in model.named_modules():
        sizes = [parameter.numel() for parameter in module.parameters(recurse=False)]
        if path and surplus > 0 and surplus in (*sizes, sum(sizes)):
            return examination.where(model, path.rpartition(".")[0], "__init__")
    return examination.where(model, "", "__init__")


def _frozen(examination: Examination, model: nn.Module, named: dict[str, nn.Parameter]) -> list[Evidence]:
    globs = examination.facts.get("frozen")
    if not isinstance(globs, list | tuple):
        return []
    found = []
    for name, parameter in named.items():
        meant = any(fnmatchcase(name, str(glob)) for glob in globs)
        if meant == parameter.requires_grad:
            state = "is trained and stated to be frozen" if meant else "is frozen and not stated to be"
            where = examination.where_parameter(model, name, "__init__")
            found.append(examination.finding("fail", f"{name} {state}", where=where, path=name, hint="Look at requires_grad."))
    return found[:3]


def _tied(examination: Examination, model: nn.Module) -> list[Evidence]:
    pairs = examination.facts.get("tied")
    everything = dict(model.named_parameters(remove_duplicate=False))
    found = []
    for pair in pairs if isinstance(pairs, list | tuple) else ():
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(name in everything for name in pair):
            continue
        if everything[pair[0]] is not everything[pair[1]]:
            where = examination.where(model, "", "__init__")
            message = f"{pair[0]} and {pair[1]} are stated to be one parameter, and are two"
            found.append(examination.finding("fail", message, where=where, path=pair[1], hint="Assign the parameter, not its values."))
    return found


def optimizer_covers(examination: Examination) -> Evidence | list[Evidence]:
    """Compare what the optimiser was given with what the loss gives a gradient to."""
    if not examination.has("optimizer"):
        return examination.skipped("the subject names no optimiser")
    model = examination.perturbed(training=True)
    training = Training(examination, model)
    given = {id(p) for optimizer in training.optimizers for group in optimizer.param_groups for p in group["params"]}
    named = dict(model.named_parameters())
    foreign = given - {id(parameter) for parameter in named.values()}
    if foreign and not given & {id(parameter) for parameter in named.values()}:
        message = "the optimiser holds none of the model's parameters: it trains another model"
        return examination.finding("fail", message, where="optimizer", hint="Make the optimiser from the model it is given.")
    examination.loss(model, examination.batch()).backward()
    left = [
        name
        for name, parameter in named.items()
        if id(parameter) not in given and parameter.requires_grad and parameter.grad is not None and bool(parameter.grad.abs().max() > 0)
    ]
    following = copies(model) if any(key in examination.facts for key in ("ema", "target_update")) else []
    left = [name for name in left if name.split(".")[0] not in following]
    if not left:
        return examination.passed("the optimiser has every parameter that gets a gradient", parameters=len(given))
    return examination.finding(
        "fail" if "players" not in examination.facts or isinstance(training.made, dict) else "unsure",
        f"{', '.join(left[:4])}{' and others' if len(left) > 4 else ''} get a gradient, and the optimiser does not have them",
        where="optimizer",
        path=left[0],
        hint="Give the optimiser all of model.parameters(), or freeze what is not to be trained.",
        values={"left out": float(len(left))},
    )


def twins(examination: Examination) -> Evidence | list[Evidence]:
    """Look for layers of one list that are one object, or start with equal random numbers; build twice with different seeds."""
    model, other = examination.build(seed=0), examination.build(seed=1)
    named, again = dict(model.named_parameters()), dict(other.named_parameters())
    varied = {name: parameter for name, parameter in named.items() if parameter.numel() > 8 and len(parameter.detach().unique()) > 4}
    if varied and all(name in again and torch.equal(varied[name], again[name]) for name in varied):
        return examination.finding(
            "fail",
            "two seeds give one and the same model",
            where="build",
            hint="Look for a seed that is set inside build or a constructor.",
        )
    found = []
    for path, module in model.named_modules():
        if not isinstance(module, nn.ModuleList | nn.Sequential) or type(
            model.get_submodule(path.rpartition(".")[0])
        ).__module__.startswith("torch."):
            continue
        items = [item for item in module if any(parameter.numel() > 8 for parameter in item.parameters())]
        for first, second in itertools.pairwise(items):
            if first is second:
                if not _sharing_stated(examination):
                    found.append(examination.unsure(f"{path} calls one layer several times, so its layers share their weights"))
                break
            pairs = list(zip(first.parameters(), second.parameters(), strict=False))
            random = [pair for pair in pairs if len(pair[0].detach().unique()) > 4]
            if random and all(a is not b and a.shape == b.shape and torch.equal(a, b) for a, b in random):
                where = examination.where(model, path.rpartition(".")[0], "__init__")
                message = f"the layers of {path} start with equal random numbers"
                hint = "Build each layer, do not copy one."
                found.append(examination.finding("fail", message, where=where, path=path, hint=hint))
                break
    for name, parameter in named.items():
        if name in again and _equal_matrices(model, name, parameter) and not torch.equal(parameter, again[name]):
            message = f"the {len(parameter)} matrices that {name} stacks start with equal random numbers"
            where = examination.where_parameter(model, name, "__init__")
            hint = "Draw the whole stack, do not repeat one matrix."
            found.append(examination.finding("fail", message, where=where, path=name, hint=hint))
    return found or examination.passed("seeds matter, and no two layers of a list are equal")


def _equal_matrices(model: nn.Module, name: str, parameter: Tensor) -> bool:
    """Say whether a stack of matrices, such as one for each expert, holds one and the same matrix several times; a convolution's kernel is none."""
    owner = model.get_submodule(name.rpartition(".")[0])
    if parameter.ndim != 3 or len(parameter) < 2 or min(parameter.shape[1:]) < 4 or isinstance(owner, nn.modules.conv._ConvNd):
        return False
    return len(parameter[0].detach().unique()) > 4 and torch.equal(parameter.detach(), parameter[:1].detach().expand_as(parameter))


def _sharing_stated(examination: Examination) -> bool:
    return bool(examination.facts.get("tied") or examination.facts.get("shared_weights"))


PLAIN_ATTRIBUTES = Check(
    name="plain attributes",
    family="registration",
    finds="Modules and trainable tensors in plain lists, dictionaries and attributes, and random numbers that the output follows.",
    uses=(),
    misled_by="A frozen network that is hidden in a list on purpose: only what asks for a gradient, or is drawn anew for each model, counts.",
    cost="instant",
    function=plain_attributes,
)
PARAMETERS = Check(
    name="parameters",
    family="registration",
    finds="A count of parameters, a set of frozen ones or a pair of tied ones that is not as stated.",
    uses=("parameters", "trainable_parameters", "frozen", "tied"),
    misled_by="Nothing: the facts are compared as they stand.",
    cost="instant",
    function=parameter_count,
)
COVERS = Check(
    name="optimiser covers",
    family="registration",
    finds="Parameters that get a gradient and no optimiser has, an optimiser that trains another model.",
    uses=("players", "ema", "target_update"),
    misled_by="Several networks trained in turn: 'unsure' where that is stated.",
    cost="forward",
    function=optimizer_covers,
)
TWINS = Check(
    name="twins",
    family="registration",
    finds="Layers, or matrices of a stack, that start equal, a seed that is set inside the subject.",
    uses=("tied", "shared_weights"),
    misled_by="Copies that follow another network are no list, and are not looked at; torch's own encoder copies its layers and is left out.",
    cost="instant",
    function=twins,
)
