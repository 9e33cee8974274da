"""Two linear layers with nothing between them, where others of the same class have a nonlinearity between."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ...core import Evidence
from .._check import card
from .._examination import Examination

LINEAR = (nn.Linear, nn.modules.conv._ConvNd)
# what keeps a linear map linear: moves, and multiplies by constants
KEEPS = frozenset(
    [
        "dropout",
        "dropout1d",
        "dropout2d",
        "view",
        "reshape",
        "flatten",
        "squeeze",
        "unsqueeze",
        "transpose",
        "permute",
        "contiguous",
        "t",
        "to",
        "float",
    ]
)
BENDS = frozenset(
    [
        "relu",
        "relu_",
        "gelu",
        "silu",
        "tanh",
        "sigmoid",
        "elu",
        "elu_",
        "selu",
        "leaky_relu",
        "leaky_relu_",
        "softplus",
        "mish",
        "hardtanh",
        "relu6",
        "hardswish",
    ]
)


class _Line(TorchFunctionMode):
    """Follow, inside its block, which tensor is the plain output of which layer, and which is one after a nonlinearity."""

    def __init__(self) -> None:
        super().__init__()
        self.plain: dict[int, tuple[Tensor, str]] = {}
        self.bent: dict[int, tuple[Tensor, str]] = {}

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if args and isinstance(args[0], Tensor) and isinstance(result, Tensor):
            for table in (self.plain, self.bent):
                if name in KEEPS and id(args[0]) in table:
                    table[id(result)] = (result, table[id(args[0])][1])
            if name in BENDS and id(args[0]) in self.plain:
                self.bent[id(result)] = (result, self.plain[id(args[0])][1])
                if result is args[0]:
                    del self.plain[id(result)]
        return result


def linear_chain(examination: Examination) -> Evidence:
    """Follow each linear layer's output into the next: where one class bends some on the way, one that it does not bend is a nonlinearity forgotten."""
    if not examination.words("activation"):
        return examination.skipped("no nonlinearity is stated")
    model = examination.probe
    straight, bent = _followed(examination, model)
    for first, second in straight:
        parent = _holder(examination, model, first)
        if parent is None or parent != _holder(examination, model, second) or _narrow(model, first, second):
            continue
        owner = type(model.get_submodule(parent))
        if any(_holder(examination, model, one) == parent == _holder(examination, model, two) for one, two in bent):
            text = f"{second} is given what {first} gives as it is: two linear layers in a row are one, and others of {owner.__name__} have a nonlinearity between"
            where = examination.where(model, parent)
            return examination.finding(
                "fail", text, where=where, path=second, hint=f"Is {examination.words('activation')} forgotten after {first}?"
            )
    return examination.passed("no linear layer is given another one's output as it is", pairs=float(len(bent)))


def _holder(examination: Examination, model: nn.Module, path: str) -> str | None:
    """Return the nearest module above a layer whose class stands in the file: containers of torch are passed over."""
    while path:
        path = path.rpartition(".")[0]
        if examination.source.owns(type(model.get_submodule(path))):
            return path
    return None


def _followed(examination: Examination, model: nn.Module) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the pairs of layers with nothing, and those with a nonlinearity, between them."""
    line = _Line()
    straight: list[tuple[str, str]] = []
    bent: list[tuple[str, str]] = []

    def before(path: str, given: tuple[Any, ...]) -> None:
        if given and isinstance(given[0], Tensor):
            for table, pairs in ((line.plain, straight), (line.bent, bent)):
                if id(given[0]) in table and (table[id(given[0])][1], path) not in pairs:
                    pairs.append((table[id(given[0])][1], path))

    def after(path: str, output: Any) -> None:
        if isinstance(output, Tensor):
            line.plain[id(output)] = (output, path)

    handles = []
    for path, module in model.named_modules():
        if isinstance(module, LINEAR):
            handles.append(module.register_forward_pre_hook(lambda _, given, path=path: before(path, given)))
            handles.append(module.register_forward_hook(lambda _, given, output, path=path: after(path, output)))
    try:
        with torch.no_grad(), line:
            examination.forward(model, examination.batch())
    finally:
        for handle in handles:
            handle.remove()
    return straight, bent


def _narrow(model: nn.Module, first: str, second: str) -> bool:
    """Say whether what goes between is smaller than both ends (a code, a low rank), or the layers are convolutions of a factored or enlarging kind."""
    one, two = model.get_submodule(first), model.get_submodule(second)
    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
    if isinstance(one, kinds) and isinstance(two, kinds):
        return one.groups > 1 or two.groups > 1 or one.out_channels < 8 or one.out_channels < min(one.in_channels, two.out_channels)
    if not isinstance(one, nn.Linear) or not isinstance(two, nn.Linear):
        return True
    return one.out_features < min(one.in_features, two.out_features) or one.out_features < 8


LINEAR_CHAIN = card(
    "architecture",
    "linear chain",
    "Two linear layers of one class with nothing between them, where the class bends others: a nonlinearity is forgotten.",
    ("activation",),
    "Narrow layers between wider ones (codes, low ranks), depthwise and transposed convolutions are left alone.",
    linear_chain,
)
