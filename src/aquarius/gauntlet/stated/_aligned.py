"""Values on named axes: arrays laid along the axes of their sizes, and an expression's value on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ._expressions import Node, Unreadable, label


@dataclass(frozen=True)
class Axes:
    """The sizes that arrays have, in order: each is one axis, at which an array of that size lies."""

    sizes: tuple[int, ...]
    time: int | None = None  # the axis along which t+1 is the next element; an array may be longer there by one

    def laid(self, value: Tensor, shift: int = 0) -> Tensor | None:
        """Lay an array along the axes, None where two of its axes are one; with time, cut to the elements that have a next one."""
        places = []
        for size in value.shape:
            place = next((k for k, own in enumerate(self.sizes) if size == own or (k == self.time and size == own + 1)), None)
            place = place if size > 1 else -1
            if place is None or (place in places and place >= 0):
                return None
            places.append(place)
        value = value.reshape([size for size in value.shape if size > 1])
        kept = [place for place in places if place >= 0]
        value = value.permute(sorted(range(len(kept)), key=lambda k: kept[k])) if len(kept) > 1 else value
        shape = [1] * len(self.sizes)
        for place, size in zip(sorted(kept), value.shape, strict=True):
            shape[place] = size
        value = value.reshape(shape)
        if self.time is not None and self.time in kept:
            return value.narrow(self.time, shift, self.sizes[self.time] - 1)
        return value


def sizes_of(values: list[Tensor]) -> tuple[int, ...] | None:
    """Return the different sizes of all axes, the first array's first; None where they are too many or one array has one of them twice."""
    found: list[int] = []
    for value in values:
        sizes = [size for size in value.shape if size > 1]
        if len(set(sizes)) < len(sizes):
            return None
        found += [size for size in sizes if size not in found]
    return tuple(found) if len(found) <= 4 else None


def evaluate(node: Node, values: Mapping[tuple[str, int], Tensor], axes: Mapping[str, tuple[int, ...]]) -> Tensor:
    """Return an expression's value; `axes` gives the axes of each index of a reduction.

    Raises:
        Unreadable: an atom has no value, or an operation cannot be done.
    """
    if node.kind == "number":
        return torch.tensor(float(node.name), dtype=torch.float64)
    if node.kind == "atom":
        found = values.get((label(node), node.shift))
        if found is None:
            if label(node) == "\\pi|":
                return torch.tensor(math.pi, dtype=torch.float64)
            raise Unreadable(label(node))
        return found
    parts = [evaluate(part, values, axes) for part in node.parts]
    if node.kind == "add":
        total = node.signs[0] * parts[0]
        for sign, part in zip(node.signs[1:], parts[1:], strict=True):
            total = total + sign * part
        return total
    if node.kind == "mul":
        product = parts[0]
        for part in parts[1:]:
            product = product * part
        return product
    if node.kind == "div":
        return parts[0] / parts[1]
    if node.kind == "pow":
        return parts[0] ** parts[1]
    if node.kind in ("max", "min"):
        best = parts[0]
        for part in parts[1:]:
            best = torch.maximum(best, part) if node.kind == "max" else torch.minimum(best, part)
        return best
    if node.kind == "less":
        return (parts[0] < parts[1]).double()
    if node.kind in ("sum", "mean", "norm", "prod"):
        return _reduced(node, parts[0], axes[node.index])
    return _called(node, parts[0], axes)


def _reduced(node: Node, value: Tensor, along: tuple[int, ...]) -> Tensor:
    if value.ndim == 0 or any(value.shape[axis] == 1 for axis in along):
        raise Unreadable("nothing to sum over")
    if node.kind == "mean":
        return value.mean(along, keepdim=True)
    if node.kind == "prod":
        if len(along) != 1:
            raise Unreadable("a product over several axes")
        return value.cumprod(along[0]) if node.name else value.prod(along[0], keepdim=True)
    if node.kind == "norm":
        square = value.square().sum(along, keepdim=True)
        return square if node.name == "square" else square.sqrt()
    total = value.sum(along, keepdim=True)
    return total - value if node.other else total


def _called(node: Node, value: Tensor, axes: Mapping[str, tuple[int, ...]]) -> Tensor:
    if node.index:
        (axis,) = axes[node.index]
        if value.ndim == 0 or value.shape[axis] == 1:
            raise Unreadable("nothing to normalise over")
        return {"softmax": torch.softmax, "log_softmax": torch.log_softmax, "logsumexp": lambda v, a: torch.logsumexp(v, a, keepdim=True)}[
            node.name
        ](value, axis)
    functions: dict[str, Callable[[Tensor], Tensor]] = {
        "log": torch.log,
        "exp": torch.exp,
        "sqrt": torch.sqrt,
        "tanh": torch.tanh,
        "sin": torch.sin,
        "cos": torch.cos,
    }
    functions |= {"sigmoid": torch.sigmoid, "abs": torch.abs, "sign": torch.sign, "relu": torch.relu}
    if node.name == "softplus":
        return torch.nn.functional.softplus(value)
    if node.name not in functions:
        raise Unreadable(node.name)
    return functions[node.name](value)
