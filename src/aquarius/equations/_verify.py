"""Readings against one another, and emitted code against the interpreter, on random inputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from ..core import BadInput
from ._foreign import from_library
from ._interpret import Interpreter, Unfit
from ._libraries import double_precision, library_values
from ._symbols import Symbols
from ._tokens import Refusal
from ._translate import Reading, wanted_names
from ._values import close, draw, stand_ins

_STEPS = 100_000  # of the interpreter, for one verification
_MORE_DRAWS = ((3, "negative"), (4, "random"), (5, "whole"), (6, "random"))
_DRAWS = ((0, "random"), (1, "positive"), (2, "random"))


def as_values(symbols: Symbols, values: Mapping[str, Any]) -> dict[str, Any]:
    """The given values as float64 tensors (labels stay whole numbers), constants filled in.

    Raises:
        BadInput: an input is missing or is not a tensor, array or number.
    """
    missing = [name for name in symbols.inputs if name not in values]
    if missing:
        raise BadInput(f"The equation needs a value for {', '.join(missing)}.")
    ready: dict[str, Any] = dict(symbols.constants)
    for name, value in values.items():
        if name in symbols.inputs:
            try:
                tensor = torch.as_tensor(value)
            except (TypeError, ValueError, RuntimeError):
                raise BadInput(f"The value of {name} is not a tensor, an array or a number.") from None
            whole = symbols.domains.get(name, "").startswith("int:")
            ready[name] = tensor.long() if whole else tensor.to(torch.float64)
        else:
            ready[name] = value
    return ready


def agreed(symbols: Symbols, survivors: list[Reading]) -> list[Reading]:
    """One reading for every supposition about foreign functions; readings that differ in value are a refusal.

    Raises:
        Refusal: two readings survive and differ, or none can be evaluated.
    """
    groups: dict[tuple[tuple[str, str], ...], list[tuple[Reading, list[dict[str, Tensor]]]]] = {}
    reason: Refusal | None = None
    for reading in survivors:
        try:
            results = _results(symbols, reading)
        except Refusal as refusal:
            reason = reason or refusal
            continue
        groups.setdefault(reading.supposed, []).append((reading, results))
    if not groups:
        raise reason or Refusal("no reading can be evaluated", 0)
    chosen: list[Reading] = []
    for members in groups.values():
        first, results = members[0]
        if len(members) > 1:  # max_i x_i b: two readings that agree where b is positive
            for draw_of in _MORE_DRAWS:
                try:
                    members = [(reading, [*found, *_results(symbols, reading, (draw_of,))]) for reading, found in members]
                except Refusal:
                    continue
            results = members[0][1]
        other = next((reading for reading, found in members[1:] if not _agree(symbols, first, results, found)), None)
        if other is None:
            chosen.append(first)
        else:
            reason = Refusal(_difference(first, other), first.outputs[-1].rules[0].body.at)
    if not chosen:
        raise reason or Refusal("two readings differ", 0)
    return chosen


def _results(symbols: Symbols, reading: Reading, draws: tuple[tuple[int, str], ...] = _DRAWS) -> list[dict[str, Tensor]]:
    found = []
    finite = False
    for seed, kind in draws:
        values = draw(symbols, reading.sizes, seed, kind)
        try:
            outputs = Interpreter(symbols, values, stand_ins(reading.outputs, kind, reading.sizes), reading.sizes, _STEPS).run(
                reading.outputs
            )
        except Unfit as unfit:
            raise Refusal(str(unfit), 0) from None
        except (RuntimeError, ValueError, IndexError, ZeroDivisionError, OverflowError) as error:
            raise Refusal(f"the display cannot be evaluated: {str(error).splitlines()[0]}", 0) from None
        found.append(outputs)
        finite = finite or any(bool(torch.isfinite(value).any()) for value in outputs.values())
    if not finite:
        raise Refusal("no legal inputs are known: declare their domains", 0)
    return found


def _agree(symbols: Symbols, reading: Reading, left: list[dict[str, Tensor]], right: list[dict[str, Tensor]]) -> bool:
    names = wanted_names(symbols, reading)
    return all(name in b and close(a[name], b[name]) for a, b in zip(left, right, strict=True) for name in names)


def _difference(first: Reading, other: Reading) -> str:
    for name, label in first.labels.items():
        if other.labels.get(name, label) != label:
            return f"{name} can be read as '{label}' or as '{other.labels[name]}', with different values: set brackets or declare the shape of the result"
    return "two readings survive and differ"


def verified(symbols: Symbols, reading: Reading, code: str, parameters: list[tuple[str, str]], backend: str = "torch") -> None:
    """Run the emitted text alone, in its own library, and compare it with the interpreter.

    Raises:
        Refusal: they differ, so the text is not shown.
    """
    try:
        function = compiled(code)
    except SyntaxError:
        raise Refusal("the emitted code is not valid", 0) from None
    for seed, kind in _DRAWS:
        functions = stand_ins(reading.outputs, kind, reading.sizes)
        values = draw(symbols, reading.sizes, seed, kind)
        want = Interpreter(symbols, values, functions, reading.sizes, _STEPS).run(reading.outputs)
        try:
            with double_precision(backend):
                got = run(function, parameters, *library_values(values, functions, backend), reading)
            found = [torch.as_tensor(from_library(value), dtype=torch.float64) for value in got]
        except (RuntimeError, ValueError, TypeError, IndexError, NameError, AttributeError, OverflowError, ZeroDivisionError) as error:
            raise Refusal(f"the emitted code fails where the interpreter does not ({str(error).splitlines()[0]})", 0) from None
        for name, value in zip(wanted_names(symbols, reading), found, strict=True):
            if not close(value, want[name].to(torch.float64)):
                raise Refusal(f"the emitted code differs from the interpreter in {name}", 0)


def compiled(code: str) -> Callable[..., Any]:
    """Compile emitted text by itself and return its function."""
    space: dict[str, Any] = {}
    exec(compile(code, "<equation>", "exec"), space)
    return last_function(space)


def last_function(space: Mapping[str, Any]) -> Callable[..., Any]:
    """The function that the executed text defines last: the equation's own."""
    names = [name for name, value in space.items() if callable(value) and not name.startswith("__")]
    return space[names[-1]]  # type: ignore[no-any-return]


def run(
    function: Callable[..., Any],
    parameters: list[tuple[str, str]],
    values: Mapping[str, Any],
    functions: Mapping[str, Any],
    reading: Reading,
) -> tuple[Any, ...]:
    """Call an emitted function with values by LaTeX name; always a tuple."""
    arguments = {}
    for latex, python in parameters:
        if latex.startswith("size:"):
            arguments[python] = reading.sizes.of(latex[5:])
        else:
            arguments[python] = functions[latex] if latex in functions else values[latex]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = function(**arguments)
    return result if isinstance(result, tuple) else (result,)
