"""Code held against an equation: values and gradients on random and extreme inputs, and the nearest known deviation where they differ."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core import BadInput, did_you_mean
from ._symbols import Symbols, declarations
from ._translate import Translation, translate


@dataclass(frozen=True)
class Conformance:
    """Whether an implementation computes what the equation says.

    `verdict` is conforms, differs or unsure; errors are the largest relative ones met, None where nothing was compared.
    `counterexample` holds the smallest inputs found on which they differ, by LaTeX name, with what was expected and what came.
    """

    verdict: str
    reason: str
    max_error: float | None = None
    max_gradient_error: float | None = None
    draws: int = 0
    counterexample: dict[str, Any] | None = None
    explanation: str = ""


def conform(
    latex: str,
    symbols: Mapping[str, Any] | Symbols | None,
    implementation: Callable[..., Any],
    *,
    binding: Mapping[str, str] | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> Conformance:
    """Hold an implementation against an equation. `binding` maps LaTeX names to the implementation's parameters.

    Functions that the paper defines elsewhere are passed on where they are bound; without any given, smooth stand-ins are used for both sides.

    Raises:
        BadInput: the declarations or the binding are malformed.
    """
    table = declarations(symbols)
    if not callable(implementation):
        raise BadInput(f"The implementation is a function, not a {type(implementation).__name__}.")
    translation = translate(latex, table)
    if translation.status != "ok":
        return Conformance("unsure", f"the equation cannot be read: {translation.reason} (byte {translation.offset})")
    bound = _binding(translation, implementation, binding or {})
    from ._compare import compare

    return compare(translation, implementation, bound, functions)


def assert_conforms(
    latex: str,
    symbols: Mapping[str, Any] | Symbols | None,
    implementation: Callable[..., Any],
    *,
    binding: Mapping[str, str] | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> None:
    """For test files: fail with the explanation and the counterexample unless the implementation conforms.

    Raises:
        AssertionError: the verdict is differs or unsure.
    """
    found = conform(latex, symbols, implementation, binding=binding, functions=functions)
    if found.verdict != "conforms":
        raise AssertionError(
            f"{found.verdict}: {found.reason}" + (f"; {found.explanation}" if found.explanation else "") + f"\n{found.counterexample}"
        )


def _binding(translation: Translation, implementation: Callable[..., Any], binding: Mapping[str, str]) -> dict[str, str]:
    """Check the binding against the declarations and the implementation's signature; what it leaves open is bound by equal names."""
    symbols = translation.symbols
    known = [
        *symbols.inputs,
        *symbols.constants,
        *symbols.functions,
        *(name[5:] for name, _ in translation.signature if name.startswith("size:")),
    ]
    for name in binding:
        if name not in known:
            raise BadInput(f"The binding names {name!r}, which the equation does not declare.{did_you_mean(name, known)}")
    try:
        parameters = inspect.signature(implementation).parameters
    except (TypeError, ValueError):
        return dict(binding)
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    for name, parameter in binding.items():
        if parameter not in parameters and not open_ended:
            raise BadInput(
                f"The binding gives {name} to the parameter {parameter!r}, which the implementation does not have.{did_you_mean(parameter, parameters)}"
            )
    bound = dict(binding)
    for name, python in translation.signature:  # what the binding leaves open goes to the parameter of the same name
        latex = name.removeprefix("size:")
        for parameter in (python, latex):
            if latex not in bound and parameter in parameters and parameter not in bound.values():
                bound[latex] = parameter
    required = [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}
        and name not in bound.values()
    ]
    if required:
        raise BadInput(
            f"Nothing is bound to the implementation's parameter {required[0]!r}: name the LaTeX symbol it stands for in the binding."
        )
    return bound
