"""Random legal values for declared inputs, stand-ins for functions that the paper defines elsewhere, and comparison."""

from __future__ import annotations

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
    def uniform(*extent: int) -> Tensor:
        return torch.rand(extent, generator=generator, dtype=torch.float64)

    normal = torch.randn(shape, generator=generator, dtype=torch.float64)
    if domain in {"normal", "wide"}:
        scale = 3.0 if domain == "wide" else 1.0
        shaped = {
            "random": normal * scale,
            "positive": uniform(*shape) * 0.8 + 0.1,
            "whole": torch.round(normal * 1.5),
            "zero": torch.zeros(shape, dtype=torch.float64),
            "tiny": normal * 1e-4,
            "large": normal * 40.0,
            "negative": -uniform(*shape) * 2 - 0.1,
        }
        return shaped[kind]
    if domain == "pos":
        return uniform(*shape) * (1e-3 if kind == "tiny" else 1.9) + (1e-6 if kind == "tiny" else 0.1)
    if domain == "prob":
        return uniform(*shape) * 0.9 + 0.05
    if domain == "simplex":
        return torch.softmax(normal, -1)
    if domain == "unit":
        return normal / normal.norm(dim=-1, keepdim=True)
    if domain == "binary":
        return (uniform(*shape) > 0.5).to(torch.float64)
    if domain == "corr":
        return torch.tanh(normal)
    if domain == "diagpos":
        return torch.diag(uniform(shape[0]) * 2 + 0.5)
    if domain == "adj":
        edges = (uniform(*shape) > 0.5).to(torch.float64)
        return (((edges + edges.mT) > 0).to(torch.float64)).fill_diagonal_(1.0)
    if domain == "onehot":
        return torch.nn.functional.one_hot((uniform(*shape[:-1]) * shape[-1]).long(), shape[-1]).to(torch.float64)
    top = domain.removeprefix("int:")
    limit = sizes.of(top)
    return (uniform(*shape) * max(limit, 1)).long()


def stand_in(name: str, rank_of: int | None, joined: tuple[int, int] | None = None, probable: bool = False) -> Callable[..., Any]:
    """A smooth function of all its arguments (`probable`: between 0.1 and 0.9): a number (None), of the shape of argument `rank_of`, or rows and columns of two arguments."""
    salt = 0.3 + (zlib.crc32(name.encode()) % 97) / 97.0

    def value(*arguments: Any) -> Any:
        tensors = [torch.as_tensor(argument, dtype=torch.float64) for argument in arguments]
        weights = [(torch.arange(tensor.numel(), dtype=torch.float64) * 0.37 + salt + place).sin() for place, tensor in enumerate(tensors)]
        total = sum((torch.tanh(tensor.reshape(-1)) * weight).sum() for tensor, weight in zip(tensors, weights, strict=True))
        if joined is not None:
            left, right = tensors[joined[0]], tensors[joined[1]]
            result = torch.tanh(left.sum(dim=1, keepdim=True) * salt) + torch.tanh(right.sum(dim=0, keepdim=True)) + 0.1 * total
        elif rank_of is None:
            result = 0.5 * torch.tanh(torch.as_tensor(total)) + 1.2
        else:
            result = torch.tanh(tensors[rank_of] * salt + 0.2) + 0.1 * torch.as_tensor(total)
        return 0.5 + 0.4 * torch.tanh(result - 0.8 if rank_of is None else result) if probable else result

    return value


def stand_ins(outputs: list[Output], kind: str = "random") -> dict[str, Callable[..., Any]]:
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
                    found[term.data[0]] = stand_in(term.data[0], None, (matrices[0], matrices[-1]), probable)
    return found


def close(left: Tensor, right: Tensor, relative: float = 1e-7, absolute: float = 1e-9) -> bool:
    """Equal shapes and values; what is not a number on one side is not on the other."""
    if left.shape != right.shape:
        return False
    return torch.allclose(left.to(torch.float64), right.to(torch.float64), rtol=relative, atol=absolute, equal_nan=True)
