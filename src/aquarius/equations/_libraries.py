"""Emitted text in the library it is written for: arrays in, arrays out, and the run that decides whether the text is shown."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ._dialects import Parameters, Place, Ranks, respelled, watched
from ._foreign import foreign, to_library
from ._symbols import Symbols
from ._translate import Reading
from ._values import draw, stand_ins


def other_text(symbols: Symbols, reading: Reading, code: str, parameters: Parameters, backend: str) -> tuple[str, Parameters, bool]:
    """The text for another library from the verified PyTorch text; whether it was run itself, which needs the library.

    Raises:
        Refusal: the library lacks a function, or the text differs from the interpreter.
    """
    from ._verify import verified

    text, renamed = respelled(code, parameters, backend, ranks(symbols, reading, code, parameters))
    if not installed(backend):
        compile(text, "<equation>", "exec")
        return text, renamed, False
    verified(symbols, reading, text, renamed, backend)
    return text, renamed, True


def installed(backend: str) -> bool:
    """Whether the library of a backend is at hand."""
    return find_spec(backend) is not None


def ranks(symbols: Symbols, reading: Reading, code: str, parameters: Parameters) -> Ranks:
    """How many axes the operands of every product and transpose have, from one run of the PyTorch text."""
    from ._verify import last_function, run

    found: dict[Place, dict[int, int]] = {}

    def note(place: Place, position: int, operand: Any) -> Any:
        found.setdefault(place, {})[position] = operand.dim()
        return operand

    space: dict[str, Any] = {"__note__": note}
    exec(compile(watched(code), "<equation>", "exec"), space)
    run(last_function(space), parameters, draw(symbols, reading.sizes), stand_ins(reading.outputs, "random", reading.sizes), reading)
    return Ranks({place: tuple(rank for _, rank in sorted(operands.items())) for place, operands in found.items()})


@contextmanager
def double_precision(backend: str) -> Iterator[None]:
    """JAX computes in single precision unless told otherwise; warnings of arithmetic are the caller's values, not a fault."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if backend != "jax":
            yield
            return
        settings = import_module("jax").config
        before = settings.jax_enable_x64
        settings.update("jax_enable_x64", True)
        try:
            yield
        finally:
            settings.update("jax_enable_x64", before)


def library_values(
    values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]], backend: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values and functions for one library."""
    return (
        {name: to_library(value, backend) for name, value in values.items()},
        {name: foreign(function, backend) for name, function in functions.items()},
    )
