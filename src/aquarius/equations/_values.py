"""Random legal values for declared inputs, stand-ins for functions that the paper defines elsewhere, and comparison."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ._symbols import Symbols
from ._typed import Output, Sizes, terms


def draw(symbols: Symbols, sizes: Sizes, seed: int = 0, kind: str = "random") -> dict[str, Any]:
    """Values for every input and constant. Inputs without a domain follow `kind`; declared domains hold always."""
    generator = torch.Generator().manual_seed(1000 + seed)
    values: dict[str, Any] = {}
    for name, dims in symbols.inputs.items():
        shape = tuple(sizes.of(dim) for dim in dims)
        values[name] = _one(symbols.domains.get(name, "normal"), shape, sizes, generator, kind)
    for name, value in symbols.constants.items():
        values[name] = sizes.of(value) if isinstance(value, str) else value
    return values


def _one(domain: str, shape: tuple[int, ...], sizes: Sizes, generator: torch.Generator, kind: str) -> Tensor:
    """One input of a domain. The kinds beside random, positive and whole are probes: the edges and extremes that the domain allows."""

    def uniform(*extent: int) -> Tensor:
        return torch.rand(extent, generator=generator, dtype=torch.float64)

    normal = torch.randn(shape, generator=generator, dtype=torch.float64)
    if domain in {"normal", "wide"}:
        return _free(normal, uniform(*shape), 3.0 if domain == "wide" else 1.0, kind)
    if domain == "pos":
        spread = {"tiny": (1e-6, 1e-3), "zero": (1e-12, 1e-11), "large": (1.0, 60.0)}.get(kind, (0.1, 1.9))
        return 10 ** (uniform(*shape) * 14 - 12) if kind == "mixed" else uniform(*shape) * spread[1] + spread[0]
    if domain == "prob":
        low, wide = {"tiny": (1e-4, 1e-3), "large": (0.999, 9e-4), "mixed": (1e-3, 0.998)}.get(kind, (0.05, 0.9))
        return uniform(*shape) * wide + low
    if domain == "simplex":
        return torch.softmax(normal * {"zero": 0.0, "large": 6.0, "mixed": 4.0}.get(kind, 1.0), -1)
    if domain == "unit":
        return normal / normal.norm(dim=-1, keepdim=True)
    if domain == "corr":
        return torch.tanh(normal * {"large": 3.0, "tiny": 1e-3, "zero": 0.0}.get(kind, 1.0))
    if domain == "diagpos":
        return torch.diag(uniform(shape[0]) * 2 + 0.5)
    return _discrete(domain, shape, sizes, uniform(*shape), uniform, kind)


def _free(normal: Tensor, uniform: Tensor, scale: float, kind: str) -> Tensor:
    shaped = {
        "random": normal * scale,
        "positive": uniform * 0.8 + 0.1,
        "whole": torch.round(normal * 1.5),
        "zero": torch.zeros_like(normal),
        "tiny": normal * 1e-4,
        "large": normal * (150.0 / normal.abs().max().clamp(min=1e-3)) if normal.numel() else normal,
        "negative": -uniform * 2 - 0.1,
        "offset": 5.0 + normal * 1e-3,
    }
    if kind == "mixed":  # magnitudes far apart in one tensor, a few exact zeros
        return torch.where(uniform < 0.15, 0.0, normal * 10 ** (torch.floor(uniform * 5) * 2.5 - 7))
    return shaped[kind]


def _discrete(domain: str, shape: tuple[int, ...], sizes: Sizes, uniform: Tensor, more: Callable[..., Tensor], kind: str) -> Tensor:
    """Flags, edges, classes and labels; on the probes all of them at one end."""
    end = {"zero": 0.0, "large": 1.0 - 1e-9}.get(kind)
    if domain == "binary":
        return ((uniform if end is None else torch.full(shape, end, dtype=torch.float64)) > 0.5).to(torch.float64)
    if domain == "adj":
        edges = (uniform > 0.5).to(torch.float64) if end is None else torch.full(shape, round(end), dtype=torch.float64)
        return (((edges + edges.mT) > 0).to(torch.float64)).fill_diagonal_(1.0)
    if domain == "onehot":
        places = more(*shape[:-1]) if end is None else torch.full(shape[:-1], end, dtype=torch.float64)
        return torch.nn.functional.one_hot((places * shape[-1]).long(), shape[-1]).to(torch.float64)
    limit = max(sizes.of(domain.removeprefix("int:")), 1)
    return ((uniform if end is None else torch.full(shape, end, dtype=torch.float64)) * limit).long()


def stand_in(
    name: str,
    rank_of: int | None,
    joined: tuple[int, int] | None = None,
    probable: bool = False,
    fixed: tuple[int, ...] | None = None,
) -> Callable[..., Any]:
    """A smooth function of all its arguments (`probable`: between 0.1 and 0.9): a number (None), of the shape of argument `rank_of`, rows and columns of two arguments, or of a `fixed` shape."""
    salt = 0.3 + (zlib.crc32(name.encode()) % 97) / 97.0

    def value(*arguments: Any) -> Any:
        tensors = [torch.as_tensor(argument, dtype=torch.float64) for argument in arguments]
        weights = [(torch.arange(tensor.numel(), dtype=torch.float64) * 0.37 + salt + place).sin() for place, tensor in enumerate(tensors)]
        total = sum((torch.tanh(tensor.reshape(-1)) * weight).sum() for tensor, weight in zip(tensors, weights, strict=True))
        if joined is not None:
            left, right = tensors[joined[0]], tensors[joined[1]]
            result = torch.tanh(left.sum(dim=1, keepdim=True) * salt) + torch.tanh(right.sum(dim=0, keepdim=True)) + 0.1 * total
        elif fixed is not None:
            places = torch.arange(math.prod(fixed), dtype=torch.float64).reshape(fixed)
            result = torch.tanh((places + 1.0 + salt).sin() + 0.3 * torch.as_tensor(total))
        elif rank_of is None:
            result = 0.5 * torch.tanh(torch.as_tensor(total)) + 1.2
        else:
            result = torch.tanh(tensors[rank_of] * salt + 0.2) + 0.1 * torch.as_tensor(total)
        return 0.5 + 0.4 * torch.tanh(result - 0.8 if rank_of is None else result) if probable else result

    return value


def stand_ins(outputs: list[Output], kind: str = "random", sizes: Sizes | None = None) -> dict[str, Callable[..., Any]]:
    """Stand-ins whose results have the shapes that one reading supposes."""
    found: dict[str, Callable[..., Any]] = {}
    probable = kind == "positive"
    for output in outputs:
        for rule in output.rules:
            for term in terms(rule.body):
                if term.op != "call" or term.data[0] in found:
                    continue
                shapes = [item.shape for item in term.args]
                if not term.shape:
                    found[term.data[0]] = stand_in(term.data[0], None, None, probable)
                elif term.shape in shapes:
                    found[term.data[0]] = stand_in(term.data[0], shapes.index(term.shape), None, probable)
                else:
                    matrices = [place for place, shape in enumerate(shapes) if len(shape) == 2]
                    if matrices and term.shape == (shapes[matrices[0]][0], shapes[matrices[-1]][1]):
                        found[term.data[0]] = stand_in(term.data[0], None, (matrices[0], matrices[-1]), probable)
                    else:
                        fixed = tuple(sizes.of(dim) for dim in term.shape) if sizes is not None else ()
                        found[term.data[0]] = stand_in(term.data[0], None, None, probable, fixed)
    return found


def close(left: Tensor, right: Tensor, relative: float = 1e-7, absolute: float = 1e-9) -> bool:
    """Equal shapes and values; what is not a number on one side is not on the other."""
    if left.shape != right.shape:
        return False
    return torch.allclose(left.to(torch.float64), right.to(torch.float64), rtol=relative, atol=absolute, equal_nan=True)
