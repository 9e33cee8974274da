"""Text of numbers, names, arithmetic and functions: one writer for each kind of term."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ._alike import chained, one_over
from ._code import ATOM, POWER, PRODUCT, SIGN, SUM, Code, clamped, summed, tensor_text
from ._stable import log_of_quotient, turned
from ._typed import Term
from ._write_reductions import log_of_sum

if TYPE_CHECKING:
    from ._emit import Emitter


def _pair(emitter: Emitter, term: Term) -> tuple[Code, Code]:
    return emitter.term(term.args[0]), emitter.term(term.args[1])


def _number(emitter: Emitter, term: Term) -> Code:
    value = term.data[0]
    if value == 3.141592653589793 or value == 2.718281828459045:
        emitter.math = True
        return Code("math.pi" if value > 3 else "math.e", ATOM, True)
    if value in (float("inf"), float("-inf")):
        emitter.math = True
        return Code("math.inf" if value > 0 else "-math.inf", ATOM if value > 0 else SIGN, True)
    text = str(int(value)) if float(value).is_integer() and abs(value) < 1e16 else repr(value)
    return Code(text, ATOM if value >= 0 else SIGN, True)


def _input(emitter: Emitter, term: Term) -> Code:
    return Code(emitter.names.of(term.data[0]))


def _constant(emitter: Emitter, term: Term) -> Code:
    return Code(emitter.names.of(term.data[0]), ATOM, True)


def _size(emitter: Emitter, term: Term) -> Code:
    return emitter.size(term.data[0])


def _index(emitter: Emitter, term: Term) -> Code:
    variable = term.data[0]
    name = emitter.loop(variable)
    return Code(f"{name} + {variable.base}", SUM, True) if variable.base else Code(name, ATOM, True)


def _position(emitter: Emitter, term: Term) -> Code:
    return Code(emitter.position(term.args[0], int(term.data[0])), ATOM, True)


def _local(emitter: Emitter, term: Term) -> Code:
    return Code(emitter.names.of("local:" + term.data[0]), ATOM, term.data[0] in emitter.plain)


def _hole(emitter: Emitter, term: Term) -> Code:
    return Code(emitter.names.of(f"hole:{id(term.data[0])}", "point"))


def _element(emitter: Emitter, term: Term) -> Code:
    places = ", ".join(emitter.position(item, base) for item, base in zip(term.args[1:], term.data, strict=True))
    return Code(f"{emitter.term(term.args[0]).at(ATOM)}[{places}]")


def _select(emitter: Emitter, term: Term) -> Code:
    axis, base = term.data
    return Code(f"{emitter.term(term.args[0]).at(ATOM)}[{':, ' * axis}{emitter.position(term.args[1], base)}]")


def _add(emitter: Emitter, term: Term) -> Code:
    places = emitter.index_sum(term)
    if places is not None:
        return places
    return summed([(sign, emitter.term(item)) for sign, item in zip(term.data, term.args, strict=True)])


def _negate(emitter: Emitter, term: Term) -> Code:
    rest = log_of_quotient(term.args[0])
    if rest is not None:
        return emitter.term(turned(rest))
    code = emitter.term(term.args[0])
    return Code("-" + code.at(PRODUCT), SIGN if code.level >= SIGN else PRODUCT, code.plain)


def _multiply(emitter: Emitter, term: Term) -> Code:
    under = one_over(term.args[1])
    if under is not None and term.args[0].op != "number":
        return _divide(emitter, replace(term, args=(term.args[0], under)))
    left, right = _pair(emitter, term)
    return Code(f"{left.at(PRODUCT)} * {right.at(PRODUCT if chained(term.args[1]) else SIGN)}", PRODUCT, left.plain and right.plain)


def _divide(emitter: Emitter, term: Term) -> Code:
    if all(item.op == "number" for item in term.args) and term.args[1].data[0]:
        quotient = float(term.args[0].data[0] / term.args[1].data[0])
        if not quotient.is_integer() and round(quotient, 3) == quotient:  # 0.5, and 1 / 3 as it is printed
            return Code(repr(quotient), ATOM if quotient > 0 else SIGN, True)
    left, right = _pair(emitter, term)
    return Code(f"{left.at(PRODUCT)} / {right.at(SIGN)}", PRODUCT, left.plain and right.plain)


def _matmul(emitter: Emitter, term: Term) -> Code:
    left, right = _pair(emitter, term)
    return Code(f"{left.at(PRODUCT)} @ {right.at(SIGN)}", PRODUCT)


def _power(emitter: Emitter, term: Term) -> Code:
    left, right = _pair(emitter, term)
    exponent = term.args[1]
    small = exponent.op == "number" and abs(exponent.data[0]) <= 16
    if left.text.isdigit() and right.plain and not small:
        left = Code(f"{left.text}.0", ATOM, True)  # whole numbers in Python grow without bound
    return Code(f"{left.at(ATOM)} ** {right.at(SIGN)}", POWER, left.plain and right.plain)


def _matrix_power(emitter: Emitter, term: Term) -> Code:
    base, exponent = term.args
    code = emitter.term(base)
    if (exponent.op == "number" and exponent.data[0] == -1) or (
        exponent.op == "negate" and exponent.args[0].op == "number" and exponent.args[0].data[0] == 1
    ):
        return Code(f"torch.linalg.inv({code.text})")
    if exponent.op in {"number", "constant", "size", "index"}:
        return Code(f"torch.linalg.matrix_power({code.text}, {emitter.term(exponent).text})")
    if (base.op == "input" and emitter.symbols.domains.get(base.data[0]) == "diagpos") or base.op == "local":
        power = emitter.term(exponent)
        return Code(f"torch.diag(torch.diagonal({code.text}) ** {power.at(SIGN)})")
    if exponent.op == "divide" or (
        exponent.op == "negate" and exponent.args[0].op == "divide"
    ):  # by the eigenvalues, as it must be symmetric
        power = emitter.term(exponent)
        return Code(f"(lambda values, vectors: (vectors * values ** {power.at(SIGN)}) @ vectors.T)(*torch.linalg.eigh({code.text}))")
    return Code(f"torch.linalg.matrix_power({code.text}, {emitter.term(exponent).text})")


def _kronecker(emitter: Emitter, term: Term) -> Code:
    left, right = _pair(emitter, term)
    return Code(f"torch.kron({left.text}, {right.text})")


def _outer(emitter: Emitter, term: Term) -> Code:
    left, right = _pair(emitter, term)
    return Code(f"torch.outer({left.text}, {right.text})")


def _transpose(emitter: Emitter, term: Term) -> Code:
    return Code(f"{emitter.term(term.args[0]).at(ATOM)}.mT" if term.rank > 2 else f"{emitter.term(term.args[0]).at(ATOM)}.T")


def _pseudo_inverse(emitter: Emitter, term: Term) -> Code:
    return Code(f"torch.linalg.pinv({emitter.term(term.args[0]).text})")


def _unary(emitter: Emitter, term: Term) -> Code:
    name = term.data[0]
    inner = term.args[0]
    if name == "log" and inner.op == "softmax" and inner.data[0] == "softmax":
        return Code(f"torch.log_softmax({emitter.term(inner.args[0]).text}, dim=-1)")
    if name == "log" and inner.op == "unary" and inner.data[0] == "sigmoid":
        emitter.functional = True
        return Code(f"F.logsigmoid({tensor_text(emitter.term(inner.args[0]))})")
    rest = log_of_quotient(term)
    if rest is not None:
        return emitter.term(rest)
    whole = log_of_sum(emitter, inner) if name == "log" and inner.op == "reduce" else None
    if whole is not None:
        return whole
    code = emitter.term(inner)
    if code.plain and name in {"exp", "log", "sin", "cos", "tan", "tanh", "sqrt", "floor", "ceil", "sinh", "cosh", "erf", "lgamma"}:
        emitter.math = True
        return Code(f"math.{name}({code.text})", ATOM, True)
    if code.plain and name == "abs":
        return Code(f"abs({code.text})", ATOM, True)
    text = tensor_text(code)
    if name in {"gelu", "silu", "softplus"}:
        emitter.functional = True
        return Code(f"F.{name}({text})")
    if name == "logit":
        return Code(f"torch.logit({text})")
    if name == "abs":
        return Code(f"{code.at(ATOM)}.abs()" if not code.plain else f"abs({code.text})")
    spelled = {"arctan": "atan", "arcsin": "asin", "arccos": "acos"}.get(name, name)
    return Code(f"torch.{spelled}({text})")


def _extreme(emitter: Emitter, term: Term, python: str, torch_name: str, limit: str) -> Code:
    left, right = _pair(emitter, term)
    if left.plain and right.plain:
        return Code(f"{python}({left.text}, {right.text})", ATOM, True)
    if left.plain or right.plain:
        number, tensor = (left, right) if left.plain else (right, left)
        if number.text == "0" and limit == "min":
            return Code(f"torch.relu({tensor.text})")
        return Code(clamped(tensor.text, limit, number.text))
    if term.args[0].shape != term.args[1].shape:
        return Code(f"torch.{torch_name}(*torch.broadcast_tensors({left.text}, {right.text}))")
    return Code(f"torch.{torch_name}({left.text}, {right.text})")


def _maximum(emitter: Emitter, term: Term) -> Code:
    return _extreme(emitter, term, "max", "maximum", "min")


def _minimum(emitter: Emitter, term: Term) -> Code:
    return _extreme(emitter, term, "min", "minimum", "max")


def _softmax(emitter: Emitter, term: Term) -> Code:
    name = "softmax" if term.data[0] == "softmax" else "log_softmax"
    return Code(f"torch.{name}({emitter.term(term.args[0]).text}, dim=-1)")


def _norm(emitter: Emitter, term: Term) -> Code:
    code, order = emitter.term(term.args[0]), term.data[0]
    if order == 2.0:
        return Code(f"torch.linalg.vector_norm({code.text})")
    if order == 1.0:
        return Code(f"{code.at(ATOM)}.abs().sum()")
    return Code(f"({code.at(ATOM)} != 0).sum()" if order == 0.0 else f"{code.at(ATOM)}.abs().max()")


def _call(emitter: Emitter, term: Term) -> Code:
    return Code(f"{emitter.names.of(term.data[0])}({', '.join(emitter.term(item).text for item in term.args)})")


def _gradient(emitter: Emitter, term: Term) -> Code:
    point = emitter.term(term.args[0])
    hole = emitter.names.of(f"hole:{id(term.data[0].data[0])}", "point")
    value = emitter.term(term.args[1]).text
    bare = re.fullmatch(rf"(\w+)\({hole}\)", value)  # f itself, not a lambda that calls it
    return Code(f"torch.func.grad({bare.group(1) if bare else f'lambda {hole}: {value}'})({point.text})")


VALUES: dict[str, Callable[[Emitter, Term], Code]] = {
    "number": _number,
    "input": _input,
    "constant": _constant,
    "size": _size,
    "index": _index,
    "position": _position,
    "local": _local,
    "hole": _hole,
    "element": _element,
    "select": _select,
    "add": _add,
    "negate": _negate,
    "multiply": _multiply,
    "divide": _divide,
    "matmul": _matmul,
    "power": _power,
    "matrix-power": _matrix_power,
    "kronecker": _kronecker,
    "outer": _outer,
    "transpose": _transpose,
    "pseudo-inverse": _pseudo_inverse,
    "unary": _unary,
    "maximum": _maximum,
    "minimum": _minimum,
    "softmax": _softmax,
    "norm": _norm,
    "call": _call,
    "gradient": _gradient,
}
