"""Gradients of an implementation beside those of the equation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ._typed import Sizes, terms
from ._values import draw

if TYPE_CHECKING:
    from ._compare import Comparison

_FREE = {"normal", "wide", "pos", "prob", "corr"}  # domains in which every element may move on its own
_BOUND = {"simplex", "unit"}  # domains in which only some directions are legal
_STEPS = {"floor", "ceil", "sign"}
_TOLERANCE = {False: 1e-5, True: 5e-3}


def gradient_gap(state: Comparison) -> tuple[float | None, str]:
    """The largest difference of gradients against the tolerance and the input it is of; None where they cannot be compared.

    They are not where the equation is itself a gradient, where the function gives none at all or works in its inputs' own memory (an
    optimiser's step), nor by an input that it copies into a layer of its own.
    """
    body = [term for output in state.reading.outputs for rule in output.rules for term in terms(rule.body)]
    names = [name for name in state.symbols.inputs if state.symbols.domains.get(name, "normal") in _FREE | _BOUND and name in state.binding]
    if not names or any(term.op == "gradient" for term in body):
        return None, ""
    jumps = any(term.op in {"compare", "cases"} or (term.op == "unary" and term.data[0] in _STEPS) for term in body)
    worst: tuple[float | None, str] = (None, "")
    for seed in (0, 1):
        sides = _both(state, names, seed)
        if sides is None:
            continue
        values, wanted, given, copies = sides
        for name, want, got in zip(names, wanted, given, strict=True):
            if jumps and (want is None or not bool(want.any())):
                continue  # a step has no slope: what code passes on instead (straight through) is its own affair
            if got is None and copies:
                continue
            gap = _gap(want, got, values[name], state.symbols.domains.get(name, "normal"), state.single)
            if gap is not None and (worst[0] is None or gap > worst[0]):
                worst = (gap, name)
    return worst


_Sides = tuple[dict[str, Any], list[Tensor | None], list[Tensor | None], bool]


def _both(state: Comparison, names: list[str], seed: int) -> _Sides | None:
    """Gradients by the equation and by the function of one weighted sum of the outputs."""
    sizes = Sizes(state.symbols, state.pools[0])
    slopes: list[list[Tensor | None]] = []
    values: dict[str, Any] = {}
    copies = False
    for side in ("oracle", "code"):
        values = draw(state.symbols, sizes, seed)
        leaves = {name: values[name].requires_grad_(True) for name in names}
        try:
            if side == "oracle":
                found = state.oracle(values, sizes, "random")
            else:
                called = state.caller.call(values, draw(state.symbols, sizes, seed + 500), sizes, state.functions("random"))
                if called.overwritten:
                    return None
                found = called.results
            total = sum((_weighted(found[name]) for name in state.names), torch.zeros((), dtype=torch.float64))
            if not total.requires_grad:
                return None
            copies = _own_leaves(total, list(leaves.values()))
            slopes.append(list(torch.autograd.grad(total, list(leaves.values()), allow_unused=True)))
        except Exception:  # a stranger's code: no gradient, no comparison
            return None
    return values, slopes[0], slopes[1], copies


def _own_leaves(total: Tensor, leaves: list[Tensor]) -> bool:
    """Whether the result hangs on parameters that the function made itself."""
    seen: set[Any] = set()
    waiting = [total.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if variable is not None and all(variable is not leaf for leaf in leaves):
            return True
        waiting += [following for following, _ in node.next_functions]
    return False


def _weighted(value: Tensor) -> Tensor:
    flat = value.to(torch.float64).reshape(-1)
    return (flat * torch.linspace(0.5, 1.5, max(flat.numel(), 1), dtype=torch.float64)[: flat.numel()]).sum()


def _gap(want: Tensor | None, got: Tensor | None, at: Tensor, domain: str, single: bool) -> float | None:
    if want is None and got is None:
        return None
    left = torch.zeros_like(at) if want is None else want.detach().to(torch.float64)
    right = torch.zeros_like(at) if got is None else got.detach().to(torch.float64)
    if domain == "simplex":  # only directions along which the sum stays one
        left, right = left - left.mean(-1, keepdim=True), right - right.mean(-1, keepdim=True)
    if domain == "unit":
        point = at.detach()
        left, right = (slope - (slope * point).sum(-1, keepdim=True) * point for slope in (left, right))
    usable = torch.isfinite(left)
    if not bool(usable.any()) or not bool(torch.isfinite(right[usable]).all()):
        return None
    scale = max(float(left[usable].abs().max()), 1e-6)
    return float((left - right).abs()[usable].max()) / scale / _TOLERANCE[single]
