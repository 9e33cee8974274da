"""Functions that are written with others: ELU, inverse hyperbolic functions, remainders, factorials and binomial coefficients."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ._arithmetic import unary
from ._tokens import Refusal
from ._typed import Term, constant

if TYPE_CHECKING:
    from ._resolve import Resolver

COMPOSED = {
    **dict.fromkeys(("ELU", "elu"), "elu"),
    **dict.fromkeys(("Mish", "mish"), "mish"),
    **dict.fromkeys(("softsign", "Softsign", "SoftSign"), "softsign"),
    **dict.fromkeys(("arcosh", "arccosh", "acosh"), "arcosh"),
    **dict.fromkeys(("arsinh", "arcsinh", "asinh"), "arsinh"),
    **dict.fromkeys(("artanh", "arctanh", "atanh"), "artanh"),
    **dict.fromkeys(("mod", "Mod"), "mod"),
    "!": "factorial",
    "binom": "binomial",
}


def composed(resolver: Resolver, name: str, arguments: list[Term], at: int) -> Term:
    """Apply one of these functions.

    Source: ELU: Clevert et al. 2016, Eq. 15, with alpha = 1; Mish: Misra 2019, Eq. 1; n! = Gamma(n + 1).

    Raises:
        Refusal: it has another number of arguments.
    """
    count = 2 if name in {"mod", "binomial"} else 1
    if len(arguments) != count:
        raise Refusal(f"{name} takes {'two arguments' if count == 2 else 'one argument'}, not {len(arguments)}", at)
    if any(term.rank > 1 for term in arguments) and name in {"arcosh", "arsinh", "artanh"}:
        resolver.refuse_matrix_function(name, next(term for term in arguments if term.rank > 1))
    return _WRITTEN[name](resolver, arguments, at)


def _elu(resolver: Resolver, arguments: list[Term], at: int) -> Term:
    (value,) = arguments
    below = resolver.arithmetic.elementwise("minimum", value, constant(0, at), "ELU", at)
    return resolver.arithmetic.add([unary("relu", value, at), unary("exp", below, at), constant(1, at)], ["+", "+", "-"], at)


def _mish(resolver: Resolver, arguments: list[Term], at: int) -> Term:
    (value,) = arguments
    return resolver.arithmetic.elementwise("multiply", value, unary("tanh", unary("softplus", value, at), at), "Mish", at)


def _softsign(resolver: Resolver, arguments: list[Term], at: int) -> Term:
    (value,) = arguments
    return resolver.arithmetic.elementwise("divide", value, _plus(resolver, unary("abs", value, at), 1.0, at), "softsign", at)


def _inverse_hyperbolic(shift: float) -> Callable[[Resolver, list[Term], int], Term]:
    def written(resolver: Resolver, arguments: list[Term], at: int) -> Term:
        (value,) = arguments
        square = resolver.arithmetic.elementwise("multiply", value, value, "a square", at)
        root = unary("sqrt", _plus(resolver, square, shift, at), at)
        return unary("log", resolver.arithmetic.add([value, root], ["+", "+"], at), at)

    return written


def _artanh(resolver: Resolver, arguments: list[Term], at: int) -> Term:
    (value,) = arguments
    above, below = (resolver.arithmetic.add([constant(1, at), value], ["+", sign], at) for sign in "+-")
    logarithm = unary("log", resolver.arithmetic.elementwise("divide", above, below, "artanh", at), at)
    return resolver.arithmetic.multiply("", constant(0.5, at), logarithm, at)


def _mod(resolver: Resolver, arguments: list[Term], at: int) -> Term:
    value, period = arguments
    if period.rank:
        raise Refusal("a remainder by a value with axes is not understood", at)
    whole = unary("floor", resolver.arithmetic.divide(value, period, at), at)
    return resolver.arithmetic.add([value, resolver.arithmetic.multiply("", period, whole, at)], ["+", "-"], at)


def _factorial(resolver: Resolver, arguments: list[Term], at: int) -> Term:
    return unary("exp", _log_factorial(resolver, arguments[0], at), at)


def _binomial(resolver: Resolver, arguments: list[Term], at: int) -> Term:
    above, below = arguments
    rest = resolver.arithmetic.add([above, below], ["+", "-"], at)
    parts = [_log_factorial(resolver, item, at) for item in (above, below, rest)]
    return unary("exp", resolver.arithmetic.add(parts, ["+", "-", "-"], at), at)


def _log_factorial(resolver: Resolver, term: Term, at: int) -> Term:
    if term.rank > 1:
        raise Refusal("a factorial of a value with several axes is not understood", at)
    return unary("lgamma", _plus(resolver, term, 1.0, at), at)


def _plus(resolver: Resolver, term: Term, number: float, at: int) -> Term:
    sign = "+" if number >= 0 else "-"
    return resolver.arithmetic.add([term, constant(abs(number), at)], ["+", sign], at)


_WRITTEN: dict[str, Callable[[Resolver, list[Term], int], Term]] = {
    "elu": _elu,
    "mish": _mish,
    "softsign": _softsign,
    "arcosh": _inverse_hyperbolic(-1.0),
    "arsinh": _inverse_hyperbolic(1.0),
    "artanh": _artanh,
    "mod": _mod,
    "factorial": _factorial,
    "binomial": _binomial,
}
