"""Which parameter of an implementation takes which symbol: what the caller says, then equal names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..core import BadInput, did_you_mean
from ._translate import Translation

TURNED = ".T"  # "weight.T" takes the symbol's transpose


def bindings(translation: Translation, implementation: Callable[..., Any], given: Mapping[str, str]) -> dict[str, str]:
    """Check the given binding against the declarations and the implementation's signature; what it leaves open is bound by name.

    Names are equal as they stand (x_hat_t for \\hat{x}_t), else without case and underscores where only one symbol and one parameter fit.
    A module's own parameters ("fc.weight") can be bound too.

    Raises:
        BadInput: a name is not declared, a parameter does not exist, or a required parameter stands for nothing.
    """
    symbols = translation.symbols
    sizes = [name[5:] for name, _ in translation.signature if name.startswith("size:")]
    known = [*symbols.inputs, *symbols.constants, *symbols.functions, *sizes]
    for name in given:
        if name not in known:
            raise BadInput(f"The binding names {name!r}, which the equation does not declare.{did_you_mean(name, known)}")
    try:
        parameters = dict(inspect.signature(getattr(implementation, "forward", implementation)).parameters)
    except (TypeError, ValueError):
        return dict(given)
    own = _own_parameters(implementation)
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    for name, wanted in given.items():
        parameter = wanted.removesuffix(TURNED)
        if parameter not in parameters and parameter not in own and not open_ended:
            near = did_you_mean(parameter, [*parameters, *own])
            raise BadInput(f"The binding gives {name} to the parameter {parameter!r}, which the implementation does not have.{near}")
    bound = _by_name(translation, given, parameters)
    taken = {parameter.removesuffix(TURNED) for parameter in bound.values()}
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    required = [name for name, item in parameters.items() if item.default is item.empty and item.kind not in kinds and name not in taken]
    if required:
        left = [name for name in known if name not in bound]
        open_symbols = f" Not bound yet: {', '.join(left)}." if left else " Every symbol is bound already."
        raise BadInput(
            f"Nothing is bound to the implementation's parameter {required[0]!r}: name the LaTeX symbol it stands for in the binding, "
            f"as SYMBOL={required[0]}.{open_symbols}"
        )
    return bound


def _by_name(translation: Translation, given: Mapping[str, str], parameters: Iterable[str]) -> dict[str, str]:
    bound = dict(given)
    free = [name for name in parameters if name not in {item.removesuffix(TURNED) for item in bound.values()}]
    names = {name.removeprefix("size:"): python for name, python in translation.signature}
    for latex, python in names.items():
        for parameter in (python, latex):
            if latex not in bound and parameter in free:
                bound[latex] = parameter
                free.remove(parameter)
    for parameter in list(free):  # q for Q, where nothing else could be meant
        near = [latex for latex, python in names.items() if latex not in bound and _plain(parameter) in {_plain(python), _plain(latex)}]
        if len(near) == 1 and [_plain(other) for other in free].count(_plain(parameter)) == 1:
            bound[near[0]] = parameter
            free.remove(parameter)
    return bound


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _own_parameters(implementation: Callable[..., Any]) -> list[str]:
    """Names of the parameters of a module, or of the module a method belongs to."""
    owner: Any = getattr(implementation, "__self__", implementation)
    if isinstance(owner, type) or not hasattr(owner, "named_parameters"):
        return []
    return [name for name, _ in (*owner.named_parameters(), *getattr(owner, "named_buffers", tuple)())]
