"""Code held against an equation: values and gradients on random and extreme inputs, and the nearest known deviation where they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core import BadInput
from ._binding import bindings
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
    explain: bool = True,
) -> Conformance:
    """Hold an implementation against an equation. `binding` maps LaTeX names to the implementation's parameters.

    Functions that the paper defines elsewhere are passed on where they are bound; without any given, smooth stand-ins are used for both sides.
    `explain=False` leaves the search for the nearest deviation and for smaller inputs out, which takes most of the time where code differs.

    Raises:
        BadInput: the declarations or the binding are malformed.
    """
    table = declarations(symbols)
    if isinstance(implementation, type):
        raise BadInput(
            f"The implementation is a function or an object that can be called; {implementation.__name__} is a class: make one of it."
        )
    if not callable(implementation):
        raise BadInput(f"The implementation is a function, not a {type(implementation).__name__}.")
    return hold(translate(latex, table), implementation, binding, functions, explain)


def hold(
    translation: Translation,
    implementation: Callable[..., Any],
    binding: Mapping[str, str] | None,
    functions: Mapping[str, Callable[..., Any]] | None,
    explain: bool,
) -> Conformance:
    """Hold an implementation against an equation that was translated before.

    Raises:
        BadInput: the binding is malformed.
    """
    if translation.status != "ok":
        return Conformance("unsure", f"the equation cannot be read: {translation.reason} (byte {translation.offset})")
    bound = bindings(translation, implementation, binding or {})
    from ._compare import compare

    return compare(translation, implementation, bound, functions, explain)


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
