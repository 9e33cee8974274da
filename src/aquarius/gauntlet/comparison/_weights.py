"""The weights of one implementation laid onto another: in order of use, by shape, tied ones once, transposes from how each was used."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .._trace import tensors

PRODUCTS = frozenset({"matmul", "__matmul__", "mm", "bmm"})
AS_STORED = frozenset({"embedding", "multi_head_attention_forward", "lstm", "gru", "rnn_tanh", "rnn_relu", "conv1d", "conv2d", "conv3d"})
FUSED = range(2, 9)  # how many matrices of one implementation may lie in one of the other


@dataclass(frozen=True)
class Use:
    """A parameter, where it was first used."""

    name: str
    shape: tuple[int, ...]  # without axes of length one
    call: int  # the torch call that first used it; those of one call stay together
    turned: bool | None  # True: input size first (x @ W); False: output size first; None: not told by the call

    @property
    def form(self) -> tuple[int, ...]:
        """The shape with the output size first, as far as it is known."""
        return self.shape[::-1] if self.turned and len(self.shape) == 2 else self.shape


@dataclass(frozen=True)
class Pair:
    """One parameter of the second implementation, and what of the first fills it, stacked along the output size."""

    second: Use
    firsts: tuple[Use, ...]
    flip: bool = False  # transposed beyond what the uses say
    rows: tuple[int, ...] = ()  # the order in which the output's rows are taken; () as they are
    columns: tuple[int, ...] = ()

    @property
    def open(self) -> bool:
        """Say whether only trying tells if it must be transposed: a square matrix in a use that does not say."""
        square = len(self.second.shape) == 2 and self.second.shape[0] == self.second.shape[1]
        return square and len(self.firsts) == 1 and None in (self.second.turned, self.firsts[0].turned)


class Uses(TorchFunctionMode):
    """Record, inside its block, in which order the parameters of a model are used, and which side of a product they are on."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.views: dict[int, tuple[Tensor, str, bool]] = {id(value): (value, name, False) for name, value in model.named_parameters()}
        self.unused = {name: _bare(value.shape) for name, value in model.named_parameters()}
        self.found: list[Use] = []
        self.calls = 0

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        operands = tensors([args, list((kwargs or {}).values())])
        self.calls += 1
        for place, operand in enumerate(operands):
            known = self.views.get(id(operand))
            if known is None or self._is_view(result, *known):
                continue
            if known[1] in self.unused and name != "__get__":
                self.found.append(Use(known[1], self.unused.pop(known[1]), self.calls, _turned(name, place, known[2])))
        return result

    def _is_view(self, result: Any, operand: Tensor, name: str, flipped: bool) -> bool:
        """Say whether a call gave the parameter again, as it is or transposed, and remember that."""
        if not isinstance(result, Tensor) or result.data_ptr() != operand.data_ptr() or result.numel() != operand.numel():
            return False
        same = result.shape == operand.shape and result.stride() == operand.stride()
        turned = result.ndim == 2 and result.shape == operand.shape[::-1] and result.stride() == operand.stride()[::-1]
        if same or turned:
            self.views[id(result)] = (result, name, flipped != (turned and not same))
        return same or turned

    def order(self) -> list[Use]:
        """Return every parameter: the used ones in their order, then the others in the order of their names in the model."""
        return self.found + [Use(name, shape, self.calls + 1 + i, None) for i, (name, shape) in enumerate(self.unused.items())]


def _bare(shape: torch.Size) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _turned(name: str, place: int, flipped: bool) -> bool | None:
    if name == "linear" and place == 1:
        return flipped
    if name in PRODUCTS or name == "addmm":
        return not flipped if place == (2 if name == "addmm" else 1) else flipped
    return False if name in AS_STORED else None


def pair(first: Sequence[Use], second: Sequence[Use]) -> tuple[list[Pair], list[Use], list[Use]]:
    """Pair the parameters of two implementations; return the pairs and what is left over in each."""
    left, pairs, missing = list(first), [], []
    for use in second:  # walked in order of use, so that equal shapes meet in that order
        whole = [one for one in left if _fits(one, use)][:1]
        stacked = _stack(use, left)
        earlier = stacked and (
            not whole or left.index(stacked[0]) < left.index(whole[0])
        )  # what is used first belongs to what is used first
        firsts = stacked if earlier else whole
        if not firsts:
            missing.append(use)
            continue
        left = [one for one in left if one not in firsts]
        pairs.append(Pair(use, tuple(firsts), flip=len(firsts) == 1 and firsts[0].form != use.form))
    return pairs, left, missing


def _fits(one: Use, other: Use) -> bool:
    if None in (one.turned, other.turned) and len(one.shape) == 2:
        return other.shape in (one.shape, one.shape[::-1])
    return one.form == other.form


def _stack(use: Use, left: Sequence[Use]) -> list[Use]:
    """Return the first parameters that fill another one when they are stacked along the output size, [] where none do."""
    if not use.form:
        return []
    for count in FUSED:
        size, rest = divmod(use.form[0], count)
        found = [one for one in left if one.form == (size, *use.form[1:])][:count]
        if not rest and len(found) == count:
            return found
    return []


def lay(pairs: Sequence[Pair], first: nn.Module, second: nn.Module) -> None:
    """Copy the first implementation's weights into the second one's."""
    source, target = dict(first.named_parameters()), dict(second.named_parameters())
    with torch.no_grad():
        for one in pairs:
            value = (
                torch.cat([_upright(source[use.name], use) for use in one.firsts]) if one.firsts[0].shape else source[one.firsts[0].name]
            )
            value = value.T if one.flip else value
            value = value[list(one.rows)] if one.rows else value
            value = value[:, list(one.columns)] if one.columns else value
            value = value.T if one.second.turned and value.ndim == 2 else value
            target[one.second.name].copy_(value.reshape(target[one.second.name].shape))


def _upright(value: Tensor, use: Use) -> Tensor:
    value = value.reshape(use.shape)
    return value.T if use.turned and value.ndim == 2 else value


def alternatives(pairs: Sequence[Pair], near: Collection[str]) -> Iterator[list[Pair]]:
    """Give the maps that differ from this one in one open transpose, one exchange or one rotation of three that touches `near`.

    `near` names parameters of the first implementation. What lies wholly among them comes first.
    """
    for at, one in enumerate(pairs):
        if one.open and one.firsts[0].name in near:
            yield _with(pairs, {at: replace(one, flip=not one.flip)})
    calls: dict[int, list[Use]] = {}
    for use in sorted((use for one in pairs for use in one.firsts), key=lambda use: use.call):
        calls.setdefault(use.call, []).append(use)
    units = [tuple(unit) for unit in calls.values()]
    close = [unit for unit in units if any(use.name in near for use in unit)]
    yield from _exchanges(pairs, combinations(close, 2))
    for unit, two, three in zip(close, close[1:], close[2:], strict=False):
        if _alike(unit, two) and _alike(two, three):
            yield _exchanged(pairs, dict(zip((*unit, *two, *three), (*two, *three, *unit), strict=True)))
            yield _exchanged(pairs, dict(zip((*unit, *two, *three), (*three, *unit, *two), strict=True)))
    single = [(use,) for unit in close if len(unit) > 1 for use in unit]
    yield from _exchanges(pairs, combinations(single, 2))
    yield from _exchanges(pairs, ((mine, other) for mine in close for other in units if other not in close))


def _exchanges(pairs: Sequence[Pair], chosen: Iterable[tuple[tuple[Use, ...], tuple[Use, ...]]]) -> Iterator[list[Pair]]:
    for one, two in chosen:
        if _alike(one, two):
            yield _exchanged(pairs, dict(zip((*one, *two), (*two, *one), strict=True)))


def _alike(one: tuple[Use, ...], two: tuple[Use, ...]) -> bool:
    return not set(one) & set(two) and [use.form for use in one] == [use.form for use in two]


def _exchanged(pairs: Sequence[Pair], other: dict[Use, Use]) -> list[Pair]:
    return [replace(one, firsts=tuple(other.get(use, use) for use in one.firsts)) for one in pairs]


def _with(pairs: Sequence[Pair], changed: dict[int, Pair]) -> list[Pair]:
    return [changed.get(at, one) for at, one in enumerate(pairs)]
